# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the collection's SBOM (CycloneDX 1.5): its files, dependencies and development tools.

It is reproducible: the same checkout gives the same bytes. The SBOM of a service is in the service's tarball.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)(.*?)(?=^[A-Za-z0-9]|\Z)", re.MULTILINE | re.DOTALL)


def main() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    needed = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    collection = {
        "bom-ref": "collection",
        "type": "library",
        "name": "slipway.golang",
        "version": galaxy["version"],
        "licenses": [{"license": {"id": "GPL-3.0-or-later"}}],
    }
    ansible = {
        "bom-ref": "ansible-core",
        "type": "framework",
        "name": "ansible-core",
        "version": needed,
        "purl": "pkg:pypi/ansible-core",
    }
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": collection},
        "components": [ansible, *files(galaxy["build_ignore"]), *tools()],
        "dependencies": [{"ref": "collection", "dependsOn": ["ansible-core"]}],
    }
    print(json.dumps(document, indent=2, sort_keys=True))


def files(ignored: list[str]) -> list[dict]:
    """The components that a user installs."""
    argv = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(argv, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")
    kept = [
        path
        for path in listed
        if path and not any(Path(path).match(word) or path.startswith(word + "/") for word in ignored)
    ]
    return [
        {"bom-ref": "file:" + path, "type": "file", "name": path, "hashes": [digest(ROOT / path)]}
        for path in sorted(kept)
    ]


def tools() -> list[dict]:
    """The development tools: the locked packages, each with the digests of all its files."""
    found = {}
    for path in [*ROOT.glob("requirements-*.txt"), *ROOT.glob("tests/controllers/requirements-*.txt")]:
        for name, version, rest in PINNED.findall(path.read_text(encoding="utf-8")):
            hashes = [
                {"alg": "SHA-256", "content": content}
                for content in re.findall(r"sha256:([0-9a-f]{64})", rest)
            ]
            purl = "pkg:pypi/%s@%s" % (name, version)
            source = {
                "type": "distribution",
                "url": "https://pypi.org/project/%s/%s/" % (name, version),
                "hashes": hashes,
            }
            package = {
                "bom-ref": purl,
                "type": "library",
                "name": name,
                "version": version,
                "purl": purl,
                "scope": "excluded",
            }
            found[purl] = dict(package, externalReferences=[source])
    return [found[purl] for purl in sorted(found)]


def digest(path: Path) -> dict:
    return {"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}


if __name__ == "__main__":
    main()
