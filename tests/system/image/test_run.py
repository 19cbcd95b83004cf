# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The image in real engines: the bytes that the host runs, without rights and without a place to write."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import socket
import tarfile
import urllib.error
import urllib.parse
import urllib.request

import pytest
from support import lab

from .conftest import APP, FLEET, SECRET, Builder
from .registries import PORTS

# A machine that may not raise limits, and has no systemd, runs it too.
LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
PODMAN = ["podman", "--cgroup-manager", "cgroupfs", "run", "--detach", "--rm", *LIMITS]
CAPABILITIES = (
    "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE "
    "SYS_CHROOT KILL AUDIT_WRITE"
)
STRICT = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]


def client() -> str:
    """The Docker command of the distribution, which its engine accepts."""
    return "/usr/bin/docker" if os.access("/usr/bin/docker", os.X_OK) else shutil.which("docker") or "docker"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def get(port: int, path: str) -> str:
    """What a service answers, once it listens."""

    def answer() -> str:
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=20) as found:
                return found.read().decode()
        except urllib.error.HTTPError as error:
            return "%d %s" % (error.code, error.read().decode())
        except OSError:
            return ""

    return lab.wait_for("an answer to " + path, answer)


class Service:
    """A container that runs; by the port that its service has."""

    def __init__(self, port: int, known) -> None:
        self.port = port
        self.known = known

    def check(self) -> None:
        """Its user, HTTPS out with the CA certificates of the image, files, and a root that is read-only."""
        assert get(self.port, "/healthz") == "caller 1.0.0, user 65532\n"
        url = "https://%s:%d/v2/" % (self.known.address, PORTS["referrers"])
        assert get(self.port, "/call?url=" + urllib.parse.quote(url)) == "401\n"
        assert get(self.port, "/zone?name=Asia/Tokyo") == "32400\n"
        assert get(self.port, "/read?path=/templates/index.html") == "<h1>caller</h1>\n"
        assert get(self.port, "/read?path=/etc/passwd").splitlines()[-1].startswith("nonroot:x:65532:")
        assert get(self.port, "/read?path=/bin/sh").startswith("404 ")


@pytest.fixture(scope="module")
def image(known):
    return {"time_zones": True}


@pytest.fixture(scope="module")
def made(builder, image):
    found = builder.sure(image=image)
    assert found.outcome == "built"
    return found


def document(files: dict[str, bytes], digest: str) -> dict:
    return json.loads(files["blobs/" + digest.replace(":", "/")])


def binary(builder: Builder) -> bytes:
    """The service in the image for amd64."""
    with tarfile.open(builder.dist / (APP + "-1.0.0.oci.tar")) as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive}
    index = document(files, json.loads(files["index.json"])["manifests"][0]["digest"])
    (entry,) = [one for one in index["manifests"] if one["platform"]["architecture"] == "amd64"]
    layer = document(files, entry["digest"])["layers"][-1]["digest"]
    raw = gzip.decompress(files["blobs/" + layer.replace(":", "/")])
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        return archive.extractfile(APP).read()


def test_no_secret_of_the_service_is_in_the_image(builder, made):
    with tarfile.open(builder.dist / (APP + "-1.0.0.oci.tar")) as archive:
        for member in archive:
            content = archive.extractfile(member).read()
            content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
            assert SECRET.encode() not in content


def test_the_host_runs_the_bytes_of_the_image(builder, made, hosts):
    tarball = builder.dist / (APP + "-1.0.0-linux-amd64.tar.gz")
    with tarfile.open(tarball) as archive:
        manifest = json.loads(archive.extractfile(APP + "-1.0.0/manifest.json").read())
    digest = hashlib.sha256(binary(builder)).hexdigest()
    assert digest == manifest["files"]["bin/" + APP]["sha256"]
    builder.sure(playbook="deploy")
    pid = hosts["web1"].sure("systemctl show --value -p MainPID %s.service" % APP).strip()
    assert hosts["web1"].sure("sha256sum </proc/%s/exe" % pid).split()[0] == digest


def test_another_python_on_another_debian_gives_the_same_file(builder, made, hosts):
    """Debian 13 has another Python and another zlib."""
    host = hosts["new1"]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(lab.CHECKOUT / "plugins/module_utils", "c/plugins/module_utils")
        for path in (*sorted(builder.dist.glob("*.tar.gz")), builder.registries.ca_file):
            archive.add(path, path.name)
        archive.add("/usr/share/zoneinfo", "zoneinfo")
    host.sure("rm -rf /work && mkdir /work && tar -x -C /work", data=packed.getvalue())
    tarballs = ["/work/" + path.name for path in sorted(builder.dist.glob("*-1.0.0-*.tar.gz"))]
    options = {
        "artifacts": tarballs,
        "ca_certificates": "/work/ca.crt",
        "time_zones": "/work/zoneinfo",
        "dest": "/work/out",
        "port": 8080,
        "port_variable": "PORT",
        "targets": None,
        "source": None,
    }
    script = (
        "import json, sys; sys.path.insert(0, '/work/c')\n"
        "from plugins.module_utils.builder.image import make, options, request\n"
        "given = {name: spec.get('default') for name, spec in options.OPTIONS.items()}\n"
        "given.update(json.loads(%r))\n"
        "print(sys.version_info[:2], make.make(request.Request(given))['digest'])" % json.dumps(options)
    )
    host.sure("chmod 777 /work")
    said = host.sure("cd /tmp && TZ=Asia/Tokyo setpriv --reuid=65534 python3 -", data=script)
    assert said.split() == ["(3,", "13)", made.digest]
    copied = host.sure("sha256sum /work/out/%s-1.0.0.oci.tar" % APP).split()[0]
    layout = builder.dist / (APP + "-1.0.0.oci.tar")
    assert copied == hashlib.sha256(layout.read_bytes()).hexdigest()


def test_size(builder, made):
    """With the CA certificates of a distribution, the image is the binary and less than 300 kB."""
    found = builder.sure(image={"ca_certificates": "auto", "load": True, "tags": ["size"]})
    assert found.changed
    size = int(lab.call([client(), "image", "inspect", "--format", "{{.Size}}", APP + ":size"]))
    lab.call([client(), "image", "rm", APP + ":size"])
    assert len(binary(builder)) < size < len(binary(builder)) + 300_000


def test_docker(builder, known, image):
    options = dict(image, load=True, tags=["docker-{version}"])
    loaded = builder.sure(image=options)
    assert loaded.changed
    again = builder.sure(image=options)
    assert (again.outcome, again.changed) == ("unchanged", False)
    port = free_port()
    network = ["--network", "host", "--env", "PORT=%d" % port]
    container = lab.call(
        [client(), "run", "--detach", "--rm", *STRICT, *network, APP + ":docker-1.0.0"]
    ).strip()
    try:
        Service(port, known).check()
    finally:
        lab.call([client(), "rm", "--force", container])
        lab.call([client(), "image", "rm", APP + ":docker-1.0.0"])


def test_podman(builder, known, image):
    lab.call([*lab.LAB, "install", "podman"])
    options = dict(image, load="podman", tags=["podman-{version}"])
    assert builder.sure(image=options).changed
    again = builder.sure(image=options)
    assert (again.outcome, again.changed) == ("unchanged", False)
    port = free_port()
    name = "docker.io/library/%s:podman-1.0.0" % APP
    network = ["--network", "host", "--env", "PORT=%d" % port]
    container = lab.call([*PODMAN, *STRICT, *network, name]).strip().splitlines()[-1]
    try:
        Service(port, known).check()
    finally:
        lab.call(["podman", "rm", "--force", container])
        lab.call(["podman", "image", "rm", name])


def test_containerd(builder, known, image, monkeypatch):
    """The containerd of the Docker engine, in a namespace of its own."""
    monkeypatch.setenv("CONTAINERD_ADDRESS", "/var/run/docker/containerd/containerd.sock")
    monkeypatch.setenv("CONTAINERD_NAMESPACE", FLEET.name)
    options = dict(image, load="containerd", tags=["containerd-{version}"])
    loaded = builder.sure(image=options)
    assert loaded.changed
    again = builder.sure(image=options)
    assert (again.outcome, again.changed) == ("unchanged", False)
    name = "docker.io/library/%s:containerd-1.0.0" % APP
    assert loaded.digest in lab.call(["ctr", "images", "list", "name==" + name])
    port = free_port()
    settings = ["--net-host", "--read-only", "--env", "PORT=%d" % port]
    settings += [word for name in CAPABILITIES.split() for word in ("--cap-drop", "CAP_" + name)]
    lab.call(["ctr", "run", "--detach", *settings, name, "caller"])
    try:
        Service(port, known).check()
    finally:
        lab.run(["ctr", "task", "kill", "--signal", "9", "caller"])
        lab.run(["ctr", "task", "delete", "caller"])
        lab.run(["ctr", "container", "delete", "caller"])
        lab.run(["ctr", "images", "remove", "--sync", name])


def test_the_dockerfile_builds_the_same_binary(builder, image, tmp_path):
    """By BuildKit in the engine, on an image with Go that is made here, as none can be pulled."""
    made = builder.sure(image=dict(image, dockerfile=True))
    assert made.changed and not builder.sure(image=dict(image, dockerfile=True)).changed
    go = lab.call([lab.find_go(), "env", "GOROOT"]).strip()
    bundle = builder.registries.ca_file
    packed = tmp_path / "go.tar"
    with tarfile.open(packed, "w") as archive:
        archive.add(go, "usr/local/go")
        archive.add(bundle, "etc/ssl/certs/ca-certificates.crt")
    build = tmp_path / "Dockerfile"
    build.write_text("FROM slipway-lab:python\nADD go.tar /\nENV PATH=/usr/local/go/bin:/usr/bin:/bin\n")
    tags = [FLEET.name + "-go", FLEET.name + "-built"]
    try:
        lab.call([client(), "build", "--quiet", "--tag", tags[0], tmp_path])
        argv = [client(), "build", "--quiet", "--tag", tags[1], "--build-arg", "GO_IMAGE=" + tags[0]]
        argv += ["--file", builder.dist / (APP + ".Dockerfile"), builder.source]
        lab.call(argv, environment=dict(os.environ, DOCKER_BUILDKIT="1"))
        container = lab.call([client(), "create", tags[1]]).strip()
        lab.call([client(), "cp", "%s:/%s" % (container, APP), tmp_path / APP])
        lab.call([client(), "rm", container])
    finally:
        lab.run([client(), "image", "rm", *reversed(tags)])
    assert (tmp_path / APP).read_bytes() == binary(builder)


def test_load_without_the_sdk(builder, image, monkeypatch):
    monkeypatch.setattr("%s.docker_sdk" % Builder.__module__, lambda: "")
    said = builder.refused(image=dict(image, load=True))
    assert "the Docker SDK for Python is not installed" in said


def test_an_image_that_a_scanner_refuses_is_not_pushed(builder, known, image):
    to = known.repository("referrers", "shop/scanned")
    gate = {"command": ["sh", "-c", 'grep -q caller "$1/index.json" && exit 1', "sh", "{directory}"]}
    options = dict(image, to=to, ca_file=str(known.ca_file), gate=gate)
    assert "found something in the image" in builder.refused(image=options)
    done = builder.oras("resolve", to + ":1.0.0", "--ca-file", str(known.ca_file))
    assert done.code != 0 and "not found" in done.err
