# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the manifests of one service are made of: its variables, checked, and what its unit says."""

from __future__ import annotations

import re

from ...module_utils.common import environment, health, names, placeholders, unit
from ...module_utils.common.errors import InvalidInput, SlipwayError
from .. import kubernetes_options, metrics_options
from ..combinations import port_for
from ..kinds import Place, Unfit
from . import refusals, secrets

# How long a pod goes on serving after it was told to end: until nobody sends requests to it any more.
LEAVE_SECONDS = 5
_QUANTITY = re.compile(r"([1-9][0-9]{0,15})([KMGT]?)")


class Request:
    """``values``: the variables of the service (``variables.read``); ``image``: the reference of its image.

    ``config``: its configuration files, rendered: path to text.
    """

    def __init__(self, values: dict, image: str | None = None, config: dict[str, str] | None = None):
        self.values = values
        self.app = names.check_app(values["slipway_app"])
        self.name = _object_name(self.app)
        self.options = kubernetes_options.filled(values["slipway_kubernetes"])
        self.image = _image(image or self.options["image"])
        self.version = values["slipway_version"]
        self.metrics = metrics_options.filled(values["slipway_metrics"])
        self.scale = self.options["replicas"]
        self._read_environment(config or {})
        self._read_unit(values["slipway_unit"])
        self.check = health.parse(health.given(values["slipway_health"]), default_port=self.port or 8080)
        problems = list(refusals.problems(self))
        if problems:
            raise SlipwayError("\n".join(problems))

    def _read_environment(self, config):
        given = environment.texts(environment.check(self.values["slipway_env"]))
        default = port_for(self.values["slipway_port"], self.values["slipway_health"])
        variable = self.values["slipway_port_variable"]
        template, self.port = environment.with_port(given, variable, default)
        fill = {"config": self.config_directory, "port": str(self.port or "")}
        self.environment = environment.fill(template, **fill)
        self.config = {path: placeholders.fill(content, **fill) for path, content in config.items()}
        readable = {*self.options["public_env"], variable} & set(self.environment)
        self.public = {key: self.environment[key] for key in sorted(readable)}
        secret = {key: value for key, value in self.environment.items() if key not in readable}
        self.secret_environment = secrets.Content(self.name, "env", secret)
        self.secret_config = secrets.Content(self.name, "config", self.config)

    def _read_unit(self, given):
        """What the unit says, taken from the unit: so the two cannot differ."""
        service = unit.sections(self.app, given, binary="/" + self.app)["Service"]
        said = dict(service)
        self.unit = {
            name: spec.get("default") if given.get(name) is None else given[name]
            for name, spec in unit.OPTIONS.items()
        }
        self.unit_environment = dict(value.split("=", 1) for key, value in service if key == "Environment")
        self.stop_seconds = int(said["TimeoutStopSec"])
        self.memory = quantity(said.get("MemoryMax", ""))
        self.cpu = _cpu(said.get("CPUQuota", ""))
        self.read_only_root = said.get("ProtectSystem") == "strict"
        self.args = self._filled(self.unit["exec_args"])
        self.migrate = self.values["slipway_migrate"] or {}
        self.migrate_args = self._filled(self.migrate.get("args") or [])

    def _filled(self, words):
        config, port = self.config_directory if self.config else None, str(self.port) if self.port else None
        return [placeholders.fill(str(word), config=config, port=port) for word in words]

    @property
    def config_directory(self):
        return "/etc/" + self.app

    @property
    def most_replicas(self):
        return self.scale.get("max", self.scale["min"])

    @property
    def domains(self):
        return self.options["host"] or self.values["slipway_domain"]

    @property
    def metrics_port(self):
        """Where Prometheus reads its metrics, if it has any on a port."""
        if not metrics_options.serves_metrics(self.values["slipway_metrics"]) or self.metrics["socket"]:
            return None
        return self.metrics["port"] or self.port

    @property
    def mounts_storage(self):
        return bool(self.options["storage"]) and self.unit["state_directory"]


def quantity(text: str) -> str:
    """``512M`` of systemd, which is 512 times 2^20 bytes, as Kubernetes writes it; nothing for no limit."""
    match = _QUANTITY.fullmatch(text)
    return match[1] + (match[2] + "i" if match[2] else "") if match else ""


def _cpu(quota):
    """A percentage of one CPU as a number of CPUs, or of thousandths."""
    if not quota:
        return ""
    percent = int(quota.rstrip("%"))
    return str(percent // 100) if percent % 100 == 0 else "%dm" % (percent * 10)


def _image(reference):
    try:
        return kubernetes_options.image(reference or "", Place("/"))
    except Unfit as error:
        raise InvalidInput("slipway_kubernetes.image", reference, str(error)) from error


def _object_name(app):
    """The app's name as one of Kubernetes' objects, which has no underscore."""
    name = app.replace("_", "-")
    if name.endswith("-"):
        raise InvalidInput(
            "slipway_app", app, "a name of Kubernetes ends with a letter or a digit: use another"
        )
    return name
