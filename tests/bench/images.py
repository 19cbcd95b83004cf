# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Go from source to a pushed image in several ways, and print what that costs, as a table in Markdown.

Every way builds a copy of examples/hello, pushes to a registry on this machine, and has warm caches. `docker`
is the engine of this machine; its image with Go is made from the Go of this machine, as none can be pulled
everywhere. Sizes are those of the image in the registry. What compiles all of Go's library for each change is
measured once.

    make bench-images                         3 rounds
    make bench-images ARGS="--rounds 5"
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "plugins")]

from module_utils.builder.image import registry as oras  # noqa: E402
from support import lab  # noqa: E402
from system.image.registries import program  # noqa: E402

KO = "v0.19.1"
DOCKER = lab.docker()
GO_IMAGE = "slipway-bench-go"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
COLUMNS = (
    "way",
    "MB in the registry",
    "MB unpacked",
    "seconds, nothing changed",
    "seconds, one line changed",
)
EDIT = "\nvar benchEdit = {0}\n\nfunc init() {{ if benchEdit < 0 {{ println({0}) }} }}\n"
# As articles have it: the whole toolchain is in the image.
ONE_STAGE = f"""FROM {GO_IMAGE}
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -ldflags='-s -w' -o /app .
EXPOSE 8080
CMD ["/app"]
"""
TWO_STAGES = f"""FROM {GO_IMAGE} AS build
WORKDIR /src
COPY . .
RUN %sCGO_ENABLED=0 go build -ldflags='-s -w' -o /app .
FROM scratch
COPY --from=build {BUNDLE} {BUNDLE}
COPY --from=build /app /app
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/app"]
"""
UNCACHED = ("`docker build`, two stages", "`docker build`, one stage")
CACHE = "--mount=type=cache,target=/root/.cache/go-build "


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="slipway-bench-images-") as work, Registry() as registry:
        bench = Bench(Path(work), registry)
        try:
            bench.prepare()
            seconds = measure(bench, rounds)
        finally:
            bench.clean()
        rows = [(name, *registry.sizes(way.repository), *seconds[name]) for name, way in bench.ways.items()]
        service = (Path(work) / "dist" / "bin").rglob("hello*")
        size = max(path.stat().st_size for path in service if path.is_file())
    print("The binary has %.2f MB. %d rounds, medians, %d cores.\n" % (size / 1e6, rounds, os.cpu_count()))
    print("\n".join(table(rows)))


def measure(bench, rounds):
    """Name of a way to its medians: nothing changed, one line changed."""
    found = {name: ([], []) for name in bench.ways}
    for turn in range(rounds + 1):  # the first one warms the caches
        for name, way in bench.ways.items():
            if turn > 1 and name in UNCACHED:
                continue
            bench.edit()
            changed = timed(way)
            again = timed(way)
            if turn:
                found[name][0].append(again)
                found[name][1].append(changed)
    return {name: [statistics.median(column) for column in columns] for name, columns in found.items()}


def timed(way):
    began = time.monotonic()
    way()
    return time.monotonic() - began


def table(rows):
    yield "| %s |" % " | ".join(COLUMNS)
    yield "|---" * len(COLUMNS) + "|"
    for name, packed, unpacked, again, changed in rows:
        yield "| %s | %.2f | %.2f | %.1f | %.1f |" % (name, packed / 1e6, unpacked / 1e6, again, changed)


class Registry:
    """The registry of tests/registry, on a free port of this machine."""

    def __enter__(self):
        self.port = lab.free_port()
        argv = [program(), "-listen", "127.0.0.1:%d" % self.port]
        self._process = subprocess.Popen(list(map(str, argv)), stdout=subprocess.DEVNULL)
        lab.wait_for("the registry", self._answers)
        return self

    def __exit__(self, *error):
        self._process.terminate()
        self._process.wait()

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    def sizes(self, repository):
        """Bytes of the configuration and the layers as they travel, and of the layers without compression."""
        manifest = self._manifest(repository, "bench")
        if "manifests" in manifest:
            manifest = self._manifest(repository, manifest["manifests"][0]["digest"])
        layers = [self._get("/v2/%s/blobs/%s" % (repository, one["digest"])) for one in manifest["layers"]]
        packed = sum(map(len, layers)) + manifest["config"]["size"]
        return packed, sum(len(gzip.decompress(layer)) for layer in layers)

    def _manifest(self, repository, reference):
        return json.loads(self._get("/v2/%s/manifests/%s" % (repository, reference)))

    def _get(self, path):
        request = urllib.request.Request("http://%s%s" % (self.address, path), headers={"Accept": MANIFESTS})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def _answers(self):
        try:
            return self._get("/v2/") is not None
        except OSError:
            return False


class Way:
    """Commands that build the source and push it to a repository."""

    def __init__(self, repository, directory, environment, *commands):
        self.repository = repository
        self._directory = directory
        self._environment = dict(os.environ, **environment)
        self._commands = [[str(word) for word in argv] for argv in commands]

    def __call__(self):
        for argv in self._commands:
            done = subprocess.run(
                argv, cwd=self._directory, env=self._environment, capture_output=True, check=False
            )
            if done.returncode:
                sys.exit("%s failed:\n%s" % (argv, (done.stdout + done.stderr).decode()[-3000:]))


class Bench:
    """A copy of a service, and the ways to an image of it."""

    def __init__(self, work, registry):
        self.work, self.registry = work, registry
        self.source = work / "source"
        shutil.copytree(ROOT / "examples" / "hello", self.source)
        self.main = self.source / "main.go"
        self.text = self.main.read_text(encoding="utf-8")

    def edit(self):
        """A line that no cache has seen."""
        self.main.write_text(self.text + EDIT.format(time.time_ns() % 10**12), encoding="utf-8")

    def prepare(self):
        """The images below, which are no part of what is measured."""
        lab.call([*lab.LAB, "image", "python"])
        context = self.work / "go"
        context.mkdir()
        lab.call(["tar", "-C", "/", "-chf", context / "go.tar", BUNDLE[1:]])
        goroot = Path(lab.call([lab.find_go(), "env", "GOROOT"]).strip())
        move = "s,^%s,usr/local/go," % goroot.name
        lab.call(["tar", "-C", goroot.parent, "-rf", context / "go.tar", "--transform", move, goroot.name])
        text = "FROM slipway-lab:python\nADD go.tar /\nENV PATH=/usr/local/go/bin:/usr/bin:/bin\n"
        (context / "Dockerfile").write_text(text)
        lab.call([DOCKER, "build", "--quiet", "--tag", GO_IMAGE, context])
        shutil.copy(BUNDLE, self.work / "ca.crt")
        (self.work / "Dockerfile").write_text("FROM scratch\nCOPY ca.crt %s\n" % BUNDLE)
        (self.work / ".dockerignore").write_text("*\n!ca.crt\n")
        base = self.registry.address + "/base:latest"
        lab.call([DOCKER, "build", "--quiet", "--tag", base, self.work])
        lab.call([DOCKER, "push", "--quiet", base])

    def clean(self):
        """Nothing of a bench stays in the engine, but for its cache of builds."""
        listed = lab.call([DOCKER, "image", "ls", "--format", "{{.ID}} {{.Repository}}"]).splitlines()
        own = {
            line.split()[0]
            for line in listed
            if line.split()[1].startswith((self.registry.address, GO_IMAGE))
        }
        lab.run([DOCKER, "image", "rm", "--force", *own])

    @functools.cached_property
    def ways(self):
        return {
            "`slipway.golang.image`": self._slipway(),
            "`ko build`": self._ko(),
            "`docker build`, two stages and a cache": self._docker("cached", TWO_STAGES % CACHE),
            UNCACHED[0]: self._docker("two", TWO_STAGES % ""),
            UNCACHED[1]: self._docker("one", ONE_STAGE),
        }

    def _slipway(self):
        service = {
            "slipway_app": "hello",
            "slipway_source": str(self.source),
            "slipway_dist": str(self.work / "dist"),
            "slipway_version": "1.0.0",
            "slipway_targets": ["linux/amd64"],
            "slipway_build": {"go": lab.find_go()},
            "slipway_image": {
                "to": self.registry.address + "/slipway/hello",
                "oras": str(lab.go_install("oras.land/oras/cmd/oras", oras.VERSION)),
                "plain_http": True,
                "tags": ["bench"],
                "moving": ["bench"],
            },
        }
        inventory = self.work / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": {"web1": service}}}), encoding="utf-8")
        argv = lab.playbook_argv("slipway.golang.image", inventory=inventory, variables={})
        return Way("slipway/hello", ROOT, lab.ansible_environment(), argv)

    def _ko(self):
        ko = lab.go_install("github.com/google/ko", KO)
        (self.work / "ko.yaml").write_text("defaultLdflags: [-s, -w]\n", encoding="utf-8")
        environment = {
            "KO_CONFIG_PATH": str(self.work / "ko.yaml"),
            "KO_DOCKER_REPO": self.registry.address + "/ko/hello",
            "KO_DEFAULTBASEIMAGE": self.registry.address + "/base:latest",
        }
        argv = [ko, "build", "--bare", "--tags", "bench", "--platform", "linux/amd64", "."]
        return Way("ko/hello", self.source, environment, argv)

    def _docker(self, name, text):
        dockerfile = self.work / ("%s.Dockerfile" % name)
        dockerfile.write_text(text, encoding="utf-8")
        reference = "%s/%s/hello:bench" % (self.registry.address, name)
        build = [DOCKER, "build", "--quiet", "--tag", reference, "--file", dockerfile, self.source]
        push = [DOCKER, "push", "--quiet", reference]
        return Way(name + "/hello", self.source, {"DOCKER_BUILDKIT": "1"}, build, push)


if __name__ == "__main__":
    lab.script(main)
