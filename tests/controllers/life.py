# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of a service, as one controller sees it; each step says what has to come of it.

The app is built from source. Its first release is described by an inventory in YAML, with numbers, truths,
lists and dictionaries. From then on the inventory is an INI file, where every value is text and has to
mean the same.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from core import FLEET, SOURCE_THERE, VERSIONS, WORK, Controller, Failure
from support import lab

HERE = Path(__file__).resolve().parent


class Service:
    """An app of its own for each version, so that several can live on the same hosts."""

    def __init__(self, version: str) -> None:
        self.app = "core" + version.replace(".", "")
        self.home = WORK / version
        self.port = 8100 + list(VERSIONS).index(version)
        self.variables = {
            "slipway_app": self.app,
            "slipway_source": SOURCE_THERE,
            "slipway_dist": str(self.home / "dist"),
            "slipway_version": "1.0.0",
            "slipway_targets": ["linux/amd64"],
            "slipway_stamp": {"main.version": "{version}"},
            "slipway_build": {"trimpath": True, "jobs": 2, "offline": True},
            "slipway_port": self.port,
            "slipway_health": {
                "path": "/healthz",
                "deadline": 5,
                "min_ready_seconds": 1,
                "failure_threshold": 2,
            },
            "slipway_unit": {"memory_max": "200M", "restart_sec": 1, "logs_directory": True},
            "slipway_env": {"A": "1"},
            "slipway_waves": [1, 1],
            "slipway_max_failures": 0,
            "slipway_soak_seconds": 0,
            "slipway_keep": 3,
            "slipway_smoke": True,
            "slipway_lease": True,
            "slipway_lease_seconds": 600,
            "slipway_delta": False,
            "slipway_unhealthy_first": True,
            "slipway_confirm_within_seconds": 0,
            "slipway_adopt": False,
            "slipway_summary": str(self.home / "summary.json"),
            "slipway_domain": [self.app + ".example.test"],
            "slipway_tls": False,
            "slipway_proxy": {"client_max_body_size": "2m", "gzip": False},
            "slipway_image": {"ca_certificates": False, "compression_level": 1, "tags": ["1", "{version}"]},
        }

    def inventory(self, name: str, text: str) -> Path:
        path = self.home / name
        path.write_text(text)
        return path

    def typed(self) -> Path:
        """YAML: JSON is YAML too."""
        hosts = {host: login(host) for host in ("web1", "web2")}
        groups = {"web": {"hosts": hosts, "vars": self.variables}}
        return self.inventory("typed.yml", json.dumps({"all": {"children": groups}}, indent=2))

    def text(self) -> Path:
        """INI: every value of the service is text."""
        address = {host: login(host).pop("ansible_host") for host in ("web1", "web2")}
        lines = ["[web]", *(f"{host} ansible_host={where}" for host, where in address.items()), "[web:vars]"]
        shared = {name: value for name, value in login("web1").items() if name != "ansible_host"}
        lines += [f"{name}={as_text(value)!r}" for name, value in {**shared, **self.variables}.items()]
        return self.inventory("text.ini", "\n".join(lines) + "\n")


def as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def login(host: str) -> dict[str, object]:
    """How the container of the controller reaches a host: by its address in the fleet's network."""
    known = lab.Host(FLEET, host).variables
    names = ("ansible_user", "ansible_ssh_private_key_file", "ansible_ssh_common_args")
    return {
        "ansible_host": known["lab_address"],
        "ansible_python_interpreter": "/usr/bin/python3",
        **{name: known[name] for name in names},
    }


def live(controller: Controller, brief: bool = False) -> None:
    """All steps; a brief life leaves out the check mode of new hosts, and second runs of setup and roles."""
    service = Service(controller.version)
    (service.home / "log").write_text("")
    typed, text = service.typed(), service.text()

    def play(name: str, inventory: Path, *flags: str, **more: object) -> str:
        return controller.play(f"slipway.golang.{name}", inventory, *flags, **more)  # type: ignore[arg-type]

    if not brief:
        # On a host where nothing is yet.
        play("setup", typed, "--check", "--diff")
        play(
            "deploy",
            typed,
            "--check",
            "--diff",
            status=2,
            expect="run the playbook slipway.golang.setup first",
        )
        play("setup", typed)
        play("deploy", typed, "--check", "--diff", expect=r"~ +web2 +- +1\.0\.0-\w+ +[0-9.]+ [kM]B +\S")
    done = play("setup", text, "-e", "slipway_tls=false")
    if not brief:
        unchanged(done)
    without_certbot()
    play("deploy", typed, expect=r"web2 .* ok +\S")
    # The same, all as text: nothing may change.
    unchanged(play("deploy", text, "-e", "slipway_smoke=true slipway_keep=3"))
    play("image", typed, expect=": built, ")
    unchanged(play("image", text))
    more = ("-e", json.dumps({"slipway_env": {"A": "2"}}))
    play("deploy", text, *more, "--check", "--diff", expect=r"\+.*A=")
    play("deploy", text, *more, expect=r"web2 .* ok +\S")
    unhealthy = json.dumps({"slipway_version": "6.6.6", "slipway_env": {"UNHEALTHY": "1"}})
    play("deploy", text, "-e", unhealthy, status=2, expect="rejected")
    check_summary(service, ok=False, failures=1)
    play("rollback", text, "-e", "slipway_waves=[1,1]", expect=r"web2 .* ok +\S")
    check_summary(service, ok=True, failures=0)
    play("status", text, expect="healthy")
    asked = "slipway_since=1h slipway_grep=[a-z] slipway_level=debug slipway_lines=500"
    play("logs", text, "-e", asked, expect=r"web2 rollback \S+ \S+ \S+ ok")
    play("logs", text, "-e", "slipway_follow=4 slipway_json=yes", expect="following 2 hosts")
    play("run", text, "-e", "slipway_command=migrate", expect="migrated")
    play("remove", text, "-e", "slipway_remove_data=true")
    roles(controller, service, typed, brief)


def roles(controller: Controller, service: Service, inventory: Path, brief: bool) -> None:
    """The roles alone, in a play of the user's own, beside a service that the playbooks deployed."""
    artifact = next((service.home / "dist").glob("*-1.0.0-*.tar.gz"))
    given = {"app": service.app, "artifact": artifact, "listens_on": service.port}
    flags = [word for name, value in given.items() for word in ("-e", f"{name}={value}")]
    controller.play(HERE / "roles.yml", inventory, *flags)
    if not brief:
        unchanged(controller.play(HERE / "roles.yml", inventory, *flags, "--check", "--diff"))
        unchanged(controller.play(HERE / "roles.yml", inventory, *flags))


def without_certbot() -> None:
    """The text false is false: nobody asked a CA for anything."""
    for name in ("web1", "web2"):
        if lab.Host(FLEET, name).run("command -v certbot || ls -d /etc/letsencrypt").code == 0:
            raise Failure(f"certbot was installed on {name}, and slipway_tls is false")


def check_summary(service: Service, **wanted: object) -> None:
    """The file for other programs has numbers and truths, from every version."""
    found = json.loads((service.home / "summary.json").read_text())
    for host in found["hosts"]:
        if not isinstance(host["failed"], bool) or not isinstance(host["seconds"], (int, float)):
            raise Failure(f"the summary has text: {host}")
    if [found["app"], found["max_failures"]] != [service.app, 0] or any(
        type(found[name]) is not type(value) or found[name] != value for name, value in wanted.items()
    ):
        raise Failure(f"the summary is not {wanted}: {found}")


def unchanged(output: str) -> None:
    if any(int(number) for number in re.findall(r"changed=(\d+)", output)):
        raise Failure(f"the second run changed something:\n{output[-4000:]}")
