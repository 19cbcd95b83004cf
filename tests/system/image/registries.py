# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real registries with TLS and a password: Debian's has no referrers API, go-containerregistry's has one."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

from support import lab

USER, PASSWORD = "shop", "correct-horse"
HASHED = "$2b$05$abcdefghijklmnopqrstuuZ0Fx87Pb/Aqb0E90lfvCwzXnaFKUHpS"
HOME = "/etc/registries"
PORTS = {"debian": 5001, "referrers": 5002, "full": 5003, "public": 5004}
ROOM = 1_000_000  # less than the service needs
DEBIAN = f"""
version: 0.1
storage: {{filesystem: {{rootdirectory: /srv/registry}}, delete: {{enabled: true}}}}
http: {{addr: ":5001", tls: {{certificate: {HOME}/server.crt, key: {HOME}/server.key}}}}
auth: {{htpasswd: {{realm: registry, path: {HOME}/htpasswd}}}}
"""
GO = (
    f"/usr/local/bin/registry -certificate {HOME}/server.crt -key {HOME}/server.key "
    f"-user {USER} -password {PASSWORD} -listen :%d"
)
PROGRAMS = {
    "debian": f"/usr/bin/docker-registry serve {HOME}/config.yml",
    "referrers": GO % PORTS["referrers"],
    "full": GO % PORTS["full"] + " -room %d" % ROOM,
    "public": GO % PORTS["public"] + " -public",
}
UNIT = "[Service]\nExecStart=%s\n"
WRITES = re.compile(r"\b(?:PUT|POST|PATCH|DELETE) /v2/")


def program() -> Path:
    """The registry of tests/registry; Go keeps what it has compiled."""
    path = lab.CHECKOUT / ".work" / "programs" / "registry"
    environment = dict(os.environ, CGO_ENABLED="0", GOFLAGS="-trimpath")
    directory = lab.CHECKOUT / "tests" / "registry"
    lab.call([lab.find_go(), "build", "-C", directory, "-o", path, "."], environment=environment)
    return path


class Registries:
    """All of them, on one host; by the names of PORTS."""

    def __init__(self, host: lab.Host, keys: Path) -> None:
        self.host = host
        self.keys = keys
        self.address = host.variables["lab_address"]
        self.ca_file = keys / "ca.crt"
        self._certificates()

    def install(self) -> None:
        self.host.sure(
            "apt-get -q update && apt-get -qy install --no-install-recommends docker-registry && "
            "systemctl disable --now docker-registry; mkdir -p %s /srv/registry" % HOME
        )
        self.host.write("/usr/local/bin/registry", program().read_bytes())
        for name in ("ca.crt", "server.crt", "server.key"):
            self.host.write("%s/%s" % (HOME, name), (self.keys / name).read_bytes())
        self.host.write(HOME + "/config.yml", DEBIAN)
        self.host.write(HOME + "/htpasswd", "%s:%s\n" % (USER, HASHED))
        for name, command in PROGRAMS.items():
            self.host.write("/etc/systemd/system/registry-%s.service" % name, UNIT % command)
        units = " ".join("registry-" + name for name in PROGRAMS)
        answers = "until curl -sSk -o /dev/null https://127.0.0.1:%d/v2/; do sleep 0.1; done"
        self.host.sure(
            "chmod 755 /usr/local/bin/registry; systemctl daemon-reload && systemctl start " + units
        )
        self.host.sure(" && ".join(answers % port for port in PORTS.values()))

    def repository(self, name: str, path: str = "shop/caller") -> str:
        return "%s:%d/%s" % (self.address, PORTS[name], path)

    def users(self, password: str) -> dict:
        word = base64.b64encode(("%s:%s" % (USER, password)).encode()).decode()
        return {"%s:%d" % (self.address, port): {"auth": word} for port in PORTS.values()}

    def cursor(self, name: str) -> str:
        """Where the log of a registry ends."""
        shown = self.host.sure("journalctl --unit=registry-%s --lines=1 --show-cursor --quiet" % name)
        return shown.split("cursor: ")[1].strip()

    def writes(self, name: str, after: str) -> list[str]:
        """The requests since then that may have sent something."""
        lines = self._requests(name, after)
        assert lines, "it was asked something"
        return [line for line in lines if WRITES.search(line)]

    def reads(self, name: str, after: str) -> list[str]:
        """The requests since then that sent nothing."""
        return [line for line in self._requests(name, after) if not WRITES.search(line)]

    def _requests(self, name: str, after: str) -> list[str]:
        argv = "journalctl --unit=registry-%s --output=cat --quiet --after-cursor='%s'" % (name, after)
        return self.host.sure("journalctl --sync; " + argv).splitlines()

    def _certificates(self) -> None:
        """A CA, and the certificate of the registries that it has signed."""
        request = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
        ]
        names = "subjectAltName=IP:%s,IP:127.0.0.1" % self.address
        for name, extensions in (
            ("ca", ["keyUsage=critical,keyCertSign,cRLSign"]),
            ("server", [names, "basicConstraints=critical,CA:FALSE"]),
        ):
            argv = [*request, "-subj", "/CN=%s of the registries" % name]
            argv += ["-keyout", self.keys / (name + ".key"), "-out", self.keys / (name + ".crt")]
            argv += [word for extension in extensions for word in ("-addext", extension)]
            if name != "ca":
                argv += ["-CA", self.keys / "ca.crt", "-CAkey", self.keys / "ca.key"]
            lab.call(argv)
