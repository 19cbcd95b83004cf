# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the life of a service from every ansible-core that is promised, against lab hosts.

    python3 scripts/controllers.py                     every version
    python3 scripts/controllers.py 2.16 2.21           these
    python3 scripts/controllers.py --quick             the oldest, 2.18, 2.19 and the newest: for `make test`

Each version has a virtual environment in .work/controllers/. From each of them: setup, a new release,
the same again (nothing may change), a check with its diff, a configuration-only change, a bad release, a
rollback, status, removal. A warning of deprecation, or any other warning of Ansible's, is a failure.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".work" / "controllers"
FLEET = "controllers"
HOSTS = 2

# The oldest is what Ubuntu 24.04 and RHEL 10 ship. The Python is the oldest that each of them supports.
VERSIONS = {
    "2.16": (3, 10),
    "2.17": (3, 10),
    "2.18": (3, 11),
    "2.19": (3, 11),
    "2.20": (3, 12),
    "2.21": (3, 12),
}
QUICK = ("2.16", "2.18", "2.19", "2.21")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# Each core lists the newest Python that it was made for; 2.16 and 2.17 do not know 3.13.
NEWEST_PYTHON = {"2.16": (3, 12), "2.17": (3, 12)}
WARNING = re.compile(r"^\[?(DEPRECATION WARNING|WARNING|DEPRECATED).*", re.MULTILINE)


def main() -> None:
    chosen = parsed()
    lab("up", FLEET, "--hosts", str(HOSTS))
    try:
        build_services()
        rows = [(version, *timed(version)) for version in chosen]
    finally:
        lab("down", FLEET)
    for version, problem, seconds in rows:
        print(f"ansible-core {version:5} {'ok' if not problem else 'FAILED'}, {seconds:.0f} s")
        if problem:
            print(problem)
    passed = sum(not problem for _version, problem, _seconds in rows)
    print(f"{passed} passed, {len(rows) - passed} failed")
    sys.exit(passed != len(rows))


def parsed() -> list[str]:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "versions", nargs="*", choices=[[], *VERSIONS], metavar="VERSION", help=", ".join(VERSIONS)
    )
    parser.add_argument("--quick", action="store_true", help=", ".join(QUICK))
    given = parser.parse_args()
    return given.versions or list(QUICK if given.quick else VERSIONS)


def timed(version: str) -> tuple[str, float]:
    start = time.monotonic()
    try:
        Controller(version).live()
        problem = ""
    except Failure as failure:
        problem = str(failure)
    return problem, time.monotonic() - start


class Failure(Exception):
    """What went wrong, with the output that shows it."""


class Controller:
    """One version of ansible-core, and what it is asked to do."""

    def __init__(self, version: str) -> None:
        self.home = WORK / version
        if not (self.home / "installed").exists():
            install(version, self.home)
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "PATH": f"{self.home}/bin:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".work" / "collections"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.home / "cp"),
            "ANSIBLE_HOME": str(self.home / "home"),
        }

    def live(self) -> None:
        """A service's life; each step says what has to come of it."""
        app = "core" + self.home.name.replace(".", "")
        service = {
            "slipway_app": app,
            "slipway_port": 8080,
            "slipway_health": {"path": "/healthz", "deadline": 5},
        }
        good = {**service, "slipway_artifacts": str(WORK / "dist" / f"{app}-1.0.0-linux-amd64.tar.gz")}
        bad = {**service, "slipway_artifacts": str(WORK / "dist" / f"{app}-6.6.6-linux-amd64.tar.gz")}
        unhealthy = {**bad, "slipway_env": {"UNHEALTHY": "1"}}
        self.play("setup", service)
        self.play("deploy", good, expect=r"ok +\S")
        again = self.play("deploy", good)
        if any(int(number) for number in re.findall(r"changed=(\d+)", again)):
            raise Failure(f"the second deploy changed something:\n{again}")
        self.play("deploy", {**good, "slipway_env": {"A": "1"}}, "--check", "--diff", expect="A=")
        self.play("deploy", {**good, "slipway_env": {"A": "1"}}, expect=r"ok +\S")
        self.play("deploy", unhealthy, status=2, expect="rejected")
        self.play("rollback", service, expect=r"ok +\S")
        self.play("status", service, expect="healthy")
        self.play("remove", service)

    def play(self, name: str, variables: dict, *more: str, status: int = 0, expect: str = "") -> str:
        inventory = ROOT / ".work" / "lab" / FLEET / "inventory.yml"
        argv = [
            "ansible-playbook",
            f"slipway.golang.{name}",
            "-i",
            str(inventory),
            "-e",
            json.dumps(variables),
            *more,
        ]
        done = subprocess.run(argv, env=self.env, capture_output=True, text=True, check=False, cwd=WORK)
        output = done.stdout + done.stderr
        if done.returncode != status:
            raise Failure(f"{name} ended with {done.returncode}, not {status}:\n{output[-4000:]}")
        if expect and not re.search(expect, output):
            raise Failure(f"{name} does not say {expect!r}:\n{output[-4000:]}")
        if warning := WARNING.search(output):
            raise Failure(f"{name} warns: {warning[0]}\n{output[-2000:]}")
        return output


def install(version: str, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    run(python_for(version), "-m", "venv", str(home))
    run(
        str(home / "bin" / "pip"),
        "install",
        "--quiet",
        "--disable-pip-version-check",
        f"ansible-core=={version}.*",
    )
    (home / "installed").touch()


def python_for(version: str) -> str:
    """A Python on this machine that this ansible-core runs on."""
    for name in PYTHONS:
        number = tuple(map(int, name.split(".")))
        if VERSIONS[version] <= number <= NEWEST_PYTHON.get(version, (3, 99)):
            found = usable(f"python{name}")
            if found:
                return found
    wanted = ".".join(map(str, VERSIONS[version]))
    sys.exit(f"ansible-core {version} needs Python {wanted} or newer on this machine, with venv")


def usable(name: str) -> str | None:
    """Its path, where it is there and has venv. pyenv's shims answer for versions that are not chosen."""
    versions = sorted(Path.home().glob(f".pyenv/versions/{name.removeprefix('python')}*/bin/{name}"))
    for candidate in filter(None, [*map(str, versions), shutil.which(name)]):
        done = subprocess.run([candidate, "-c", "import ensurepip"], capture_output=True, check=False)
        if done.returncode == 0:
            return candidate
    return None


def build_services() -> None:
    """A good and an unhealthy release for the app of each version."""
    play = WORK / "build.yml"
    WORK.mkdir(parents=True, exist_ok=True)
    tasks = []
    for version in VERSIONS:
        for number in ("1.0.0", "6.6.6"):
            tasks.append(
                {
                    "name": f"Build and package {version} {number}",
                    "block": [
                        {
                            "slipway.golang.build": {
                                "source": str(ROOT / "tests" / "apps" / "unhealthy"),
                                "name": "core" + version.replace(".", ""),
                                "dest": str(WORK / "bin" / number),
                                "version": number,
                                "stamp": {"main.version": "{version}"},
                            },
                            "register": "built",
                        },
                        {
                            "slipway.golang.package": {
                                "artifacts": "{{ built.artifacts }}",
                                "dest": str(WORK / "dist"),
                            }
                        },
                    ],
                }
            )
    play.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    run("ansible-playbook", str(play))


def lab(*arguments: str) -> None:
    run(sys.executable, str(ROOT / "lab" / "lab.py"), *arguments)


def run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{' '.join(argv)} failed:\n{(done.stdout + done.stderr)[-3000:]}")


if __name__ == "__main__":
    main()
