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
import re
import tarfile
import urllib.error
import urllib.parse
import urllib.request

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder.image import contents
from support import lab

from .conftest import APP, FLEET, SECRET, docker_sdk
from .registries import PORTS

# A machine that may not raise limits, and has no systemd, runs it too.
LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
PODMAN = ["podman", "--cgroup-manager", "cgroupfs", "run", "--detach", "--rm", *LIMITS]
CAPABILITIES = (
    "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE "
    "SYS_CHROOT KILL AUDIT_WRITE"
)
PAGE = (lab.CHECKOUT / "docs/how-to/make-an-image.md").read_text(encoding="utf-8")
# What the page says to run it with.
STRICT = re.search(r"^\$ docker run (.*) -p 8080:8080 ", PAGE, re.M)[1].split()
# Of the Docker engine: started by the lab, or by systemd.
CONTAINERD = ("/var/run/docker/containerd/containerd.sock", "/run/containerd/containerd.sock")
# The same directory, by what another machine, user and shell would do differently.
ELSEWHERE = {
    "web1": "cd / && umask 002 && export TZ=America/Lima LC_ALL=POSIX && setpriv --reuid=4711",
    "new1": "cd /tmp && umask 077 && export TZ=Asia/Tokyo LC_ALL=C.UTF-8 && setpriv --reuid=65534",
}


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
        """Its user, no capability, a root that is read-only, HTTPS out with the CA certificates of the image,
        and its files.
        """
        assert get(self.port, "/healthz") == "caller 1.0.0, user 65532\n"
        status = dict(re.findall(r"^(\w+):\t(\S+)", get(self.port, "/read?path=/proc/self/status"), re.M))
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[kind], 16) == 0, (kind, status)
        assert (status["NoNewPrivs"], status["Uid"]) == ("1", "65532")
        mounts = [line.split() for line in get(self.port, "/read?path=/proc/self/mounts").splitlines()]
        assert [words[3].split(",")[0] for words in mounts if words[1] == "/"][-1:] == ["ro"]
        url = "https://%s:%d/v2/" % (self.known.address, PORTS["referrers"])
        assert get(self.port, "/call?url=" + urllib.parse.quote(url)) == "401\n"
        assert get(self.port, "/zone?name=Asia/Tokyo") == "32400\n"
        assert get(self.port, "/read?path=/templates/index.html") == "<h1>caller</h1>\n"
        assert get(self.port, "/read?path=/etc/passwd").splitlines()[-1].startswith("nonroot:x:65532:")
        assert get(self.port, "/read?path=/bin/sh").startswith("404 ")


@pytest.fixture(scope="module")
def made(builder):
    """The options of an image, and its result."""
    lab.call([*lab.LAB, "install", "tzdata"])
    options = {"time_zones": True}
    return options, builder.image(**options)


@pytest.fixture
def sdk(monkeypatch):
    monkeypatch.syspath_prepend(str(docker_sdk()))


def files_of(path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive if member.isreg()}


def binary(layout: str) -> bytes:
    """The service in the image for amd64."""
    files = files_of(layout)

    def document(digest: str) -> dict:
        return json.loads(files["blobs/" + digest.replace(":", "/")])

    index = document(json.loads(files["index.json"])["manifests"][0]["digest"])
    (entry,) = [one for one in index["manifests"] if one["platform"]["architecture"] == "amd64"]
    layer = document(entry["digest"])["layers"][-1]["digest"]
    raw = gzip.decompress(files["blobs/" + layer.replace(":", "/")])
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        return archive.extractfile(APP).read()


def test_no_secret_of_the_service_is_in_the_image(made):
    for content in files_of(made[1]["layout"]).values():
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        assert SECRET.encode() not in content


def test_the_host_runs_the_bytes_of_the_image(builder, made, hosts):
    with tarfile.open(builder.dist / (APP + "-1.0.0-linux-amd64.tar.gz")) as archive:
        manifest = json.loads(archive.extractfile(APP + "-1.0.0/manifest.json").read())
    digest = hashlib.sha256(binary(made[1]["layout"])).hexdigest()
    assert digest == manifest["files"]["bin/" + APP]["sha256"]
    builder.sure("deploy")
    pid = hosts["web1"].sure("systemctl show --value -p MainPID %s.service" % APP).strip()
    assert hosts["web1"].sure("sha256sum </proc/%s/exe" % pid).split()[0] == digest


@pytest.mark.parametrize(("name", "python"), [("web1", "(3, 11)"), ("new1", "(3, 13)")])
def test_another_debian_user_umask_time_zone_and_locale_give_the_same_file(
    builder, hosts, tmp_path, name, python
):
    """Debian 12 and 13: each has another Python and another zlib."""
    host, here = hosts[name], builder.image(dest=str(tmp_path))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(lab.CHECKOUT / "plugins/module_utils", "c/plugins/module_utils")
        for path in (*sorted(builder.dist.glob("*-1.0.0-*.tar.gz")), builder.known.ca_file):
            archive.add(path, path.name)
    host.sure("rm -rf /work && mkdir -m 777 /work && tar -x -C /work", data=packed.getvalue())
    tarballs = ["/work/" + path.name for path in sorted(builder.dist.glob("*-1.0.0-*.tar.gz"))]
    given = {"artifacts": tarballs, "ca_certificates": "/work/ca.crt", "dest": "/work/out", "port": 8080}
    given.update(dict.fromkeys(("targets", "source")), port_variable="PORT")
    script = (
        "import json, sys; sys.path.insert(0, '/work/c')\n"
        "from plugins.module_utils.builder.image import make, options, request\n"
        "given = {name: spec.get('default') for name, spec in options.OPTIONS.items()}\n"
        "given.update(json.loads(%r))\n"
        "print(sys.version_info[:2], make.make(request.Request(given))['digest'])" % json.dumps(given)
    )
    said = host.sure(ELSEWHERE[name] + " python3 -", data=script)
    assert said.strip() == "%s %s" % (python, here["digest"])
    copied = host.sure("sha256sum /work/out/%s-1.0.0.oci.tar" % APP).split()[0]
    with open(here["layout"], "rb") as layout:
        assert copied == hashlib.sha256(layout.read()).hexdigest()


def test_size(builder, made, sdk, tmp_path):
    """With the CA certificates of a distribution, the image is the binary and less than 300 kB."""
    image = {"ca_certificates": "auto", "load": True, "tags": ["size"], "dest": str(tmp_path)}
    assert builder.image(**image)["changed"]
    size = int(lab.call([lab.docker(), "image", "inspect", "--format", "{{.Size}}", APP + ":size"]))
    lab.call([lab.docker(), "image", "rm", APP + ":size"])
    service = len(binary(made[1]["layout"]))
    assert service < size < service + 300_000


def loaded(builder, made, tmp_path, engine, name):
    """Load the image twice: the second time there is nothing to do."""
    options = dict(made[0], load=engine, tags=[name], dest=str(tmp_path))
    announced = builder.image(check_mode=True, **options)
    assert announced["loaded"] and builder.image(**options)["loaded"]
    again = builder.image(**options)
    assert (again["outcome"], again["loaded"]) == ("unchanged", False)
    return again["digest"]


def test_docker(builder, made, known, sdk, tmp_path):
    loaded(builder, made, tmp_path, True, "docker-1.0.0")
    port, name = lab.free_port(), APP + ":docker-1.0.0"
    network = ["--network", "host", "--env", "PORT=%d" % port]
    container = lab.call([lab.docker(), "run", "--detach", "--rm", *STRICT, *network, name]).strip()
    try:
        Service(port, known).check()
    finally:
        lab.call([lab.docker(), "rm", "--force", container])
        lab.call([lab.docker(), "image", "rm", name])


def test_podman(builder, made, known, tmp_path):
    lab.call([*lab.LAB, "install", "podman"])
    loaded(builder, made, tmp_path, "podman", "podman-1.0.0")
    port, name = lab.free_port(), "docker.io/library/%s:podman-1.0.0" % APP
    network = ["--network", "host", "--env", "PORT=%d" % port]
    container = lab.call([*PODMAN, *STRICT, *network, name]).strip().splitlines()[-1]
    try:
        Service(port, known).check()
    finally:
        lab.call(["podman", "rm", "--force", container])
        lab.call(["podman", "image", "rm", name])


def test_containerd(builder, made, known, tmp_path, monkeypatch):
    """The containerd of the Docker engine, in a namespace of its own."""
    monkeypatch.setenv("CONTAINERD_ADDRESS", next(path for path in CONTAINERD if os.path.exists(path)))
    monkeypatch.setenv("CONTAINERD_NAMESPACE", FLEET.name)
    digest = loaded(builder, made, tmp_path, "containerd", "containerd-1.0.0")
    port, name = lab.free_port(), "docker.io/library/%s:containerd-1.0.0" % APP
    assert digest in lab.call(["ctr", "images", "list", "name==" + name])
    settings = ["--net-host", "--read-only", "--env", "PORT=%d" % port]
    settings += [word for one in CAPABILITIES.split() for word in ("--cap-drop", "CAP_" + one)]
    lab.call(["ctr", "run", "--detach", *settings, name, "caller"])
    try:
        Service(port, known).check()
    finally:
        lab.run(["ctr", "task", "delete", "--force", "caller"])
        lab.run(["ctr", "container", "delete", "caller"])
        lab.run(["ctr", "images", "remove", "--sync", name])


def without_tests(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """What a build needs of Go."""
    left_out = "/testdata/" in member.name or member.name.endswith("_test.go")
    return None if left_out or member.name.startswith(("usr/local/go/test", "usr/local/go/doc")) else member


def image_with_go(directory) -> str:
    """An image with Go, as none can be pulled."""
    directory.mkdir()
    with tarfile.open(directory / "go.tar", "w") as archive:
        archive.add(lab.call([lab.find_go(), "env", "GOROOT"]).strip(), "usr/local/go", filter=without_tests)
    dockerfile = "FROM slipway-lab:python\nADD go.tar /\nENV PATH=/usr/local/go/bin:/usr/bin:/bin\n"
    (directory / "Dockerfile").write_text(dockerfile)
    lab.call([lab.docker(), "build", "--quiet", "--tag", FLEET.name + "-go", directory])
    return FLEET.name + "-go"


def test_the_dockerfile_builds_the_same_binary(builder, made, tmp_path):
    """By BuildKit in the engine."""
    files = [{"src": str(builder.source / "templates"), "dest": None, "exclude": []}]
    options = dict(made[0], ca_certificates=str(builder.source / "ca.crt"), dest=str(tmp_path / "dist"))
    options.update(dockerfile=True, files=files)
    assert builder.image(**options)["dockerfile"] and not builder.image(**options)["dockerfile"]
    tag = FLEET.name + "-built"
    try:
        argv = [lab.docker(), "build", "--quiet", "--tag", tag]
        argv += ["--build-arg", "GO_IMAGE=" + image_with_go(tmp_path / "go")]
        argv += ["--file", tmp_path / "dist" / (APP + ".Dockerfile"), builder.source]
        lab.call(argv, environment=dict(os.environ, DOCKER_BUILDKIT="1"))
        container = lab.call([lab.docker(), "create", tag]).strip()
        exported = tmp_path / "exported.tar"
        lab.call([lab.docker(), "export", "--output", exported, container])
        lab.call([lab.docker(), "rm", container])
    finally:
        lab.run([lab.docker(), "image", "rm", tag, FLEET.name + "-go"])
    built = files_of(exported)
    assert built[APP] == binary(made[1]["layout"])
    assert built["templates/index.html"] == b"<h1>caller</h1>\n"
    assert built["etc/ssl/certs/ca-certificates.crt"] == builder.known.ca_file.read_bytes()
    assert built["etc/passwd"] == contents.PASSWD and built["etc/group"] == contents.GROUP
