# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller asks for, checked."""

from __future__ import annotations

import os

from ...common import environment, health, names, placeholders, unit
from ...common.errors import InvalidInput, SlipwayError
from ...common.limits import SHARES, SHORTEST_CONFIRM
from ..releases.layout import Layout
from ..system import account
from . import strategies

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from .target import Target

_NO_PORT = (
    "it has {port}, and this service has no port: set slipway_port (option port), which is not assumed where "
    "the health check needs none; or write {{port}}, if {port} itself is meant"
)
_NO_CONFIG = (
    "it has {config}, and this service has no configuration files: list them in slipway_config (option "
    "config); or write {{config}}, if {config} itself is meant"
)
_OTHER_PORT = (
    "systemd takes the {port} of an argument from the variable %s, and environment gives that another value: "
    "remove it there, or name another variable in port_variable (slipway_port_variable)"
)


class Request:
    """One request: the options of slipway.golang.release, and what only the controller knows."""

    def __init__(self, options: dict):
        if os.geteuid() != 0:
            raise SlipwayError(account.not_root("A release needs root on the host, also in check mode"))
        self.app = names.check_app(options["name"])
        self.layout = Layout(self.app, options.get("root"))
        self.state = options.get("state") or "active"
        self.artifacts = options.get("artifacts") or []
        self.release = options.get("release")
        self.unit = options.get("unit") or {}
        self.port_variable = names.check_variable(options.get("port_variable") or "PORT", "port_variable")
        # With `{port}` and `{config}`, which every instance fills in for itself.
        given = environment.texts(environment.check(dict(options.get("environment") or {})))
        self.template, self.port = environment.with_port(given, self.port_variable, options.get("port"))
        self.config = _check_config(options.get("config") or {})
        self.environment = environment.fill(
            self.template, port="" if self.port is None else str(self.port), config=self.layout.live_config
        )
        self.alternate_port = options.get("alternate_port")
        self.strategy = strategies.load(options.get("strategy") or "restart")
        self.health = options.get("health") or {}
        self.smoke = options.get("smoke", True)
        self.adopt = bool(options.get("adopt"))
        self.reverts = bool(options.get("reverts"))
        self.keep = options.get("keep", 5)
        self.allowed_signers = options.get("allowed_signers")
        self.textfile = _check_textfile(options.get("textfile"))
        self.lock_wait = options.get("lock_wait") or 0
        self.pull_url = options.get("pull_url")
        self.pull_ca_file = options.get("pull_ca_file")
        self.patch_base = options.get("patch_base")
        self.patch_base_file = options.get("patch_base_file")
        self.fencing_token = options.get("fencing_token") or 0
        self.confirm_within = _check_confirm_within(options.get("confirm_within") or 0)
        self.unless_confirmed = options.get("unless_confirmed")
        self.share = self._share(options.get("share"))
        self.ends_share = options.get("ends_share")
        self.reason = str(options.get("reason") or "")
        self.expects = options.get("expects") or {}
        self.actor = options.get("actor") or "unknown"
        self.deploy_id = options.get("deploy_id") or ""

    def _share(self, percent):
        """The percentage of requests for the release beside the live one; None for all of them."""
        if percent is None:
            return None
        if percent not in SHARES:
            raise InvalidInput("share", percent, "use one of %s" % ", ".join(map(str, SHARES)))
        if self.strategy.NAME != "blue_green" or self.state != "active" or not self.confirm_within:
            remedy = "it needs strategy: blue_green, state: active and confirm_within, after which it ends"
            raise InvalidInput("share", percent, remedy)
        return percent

    def check_placeholders(self) -> None:
        """Refuse `{port}` without a port, and `{config}` without a configuration: the service would get
        nothing.
        """
        for field, shown, text in self._texts():
            needed = placeholders.used(text)
            if "port" in needed and self.port is None:
                raise InvalidInput(field, shown, _NO_PORT)
            if "config" in needed and not self.config and not field.startswith("config"):
                raise InvalidInput(field, shown, _NO_CONFIG)
        if self.port is not None and self.template[self.port_variable] != environment.THE_PORT:
            for arg in self.unit.get("exec_args") or []:
                if "port" in placeholders.used(arg):
                    raise InvalidInput("unit.exec_args", arg, _OTHER_PORT % self.port_variable)

    def _texts(self):
        """What may have placeholders: the field, what a message may show of it, and the text."""
        for arg in self.unit.get("exec_args") or []:
            yield "unit.exec_args", arg, str(arg)
        for key, value in self.template.items():
            yield "environment", key, value
        for path, text in self.config.items():
            yield "config", path, text

    @property
    def drain_seconds(self) -> int:
        """How long a service may take to finish the requests that it has."""
        given = self.unit.get("drain_seconds")
        return unit.OPTIONS["drain_seconds"]["default"] if given is None else int(given)

    def check_for(self, target: Target, port: int | None = None):
        """The health check of a release: on the port that its own environment names, unless one is given."""
        own = environment.parse(target.environment).get(self.port_variable, "")
        return health.parse(
            self.health_options_for(target),
            default_port=port or target.port or (int(own) if own.isdecimal() else self.port),
        )

    def health_options_for(self, target: Target) -> dict:
        """An older release is checked as it was when it was last healthy: it may lack a newer one's path."""
        return self.health if target.health is None else target.health


def _check_config(files):
    """Path to text, as the controller rendered them."""
    for path in files:
        names.check_member(path, "config")
        for other in files:
            if other.startswith(path + "/"):
                raise InvalidInput("config", path, "it is the directory of %s and a file too" % other)
    return files


def _check_textfile(directory):
    return names.check_absolute(directory, "textfile (slipway_metrics.textfile)") if directory else None


def _check_confirm_within(seconds):
    if seconds and seconds < SHORTEST_CONFIRM:
        raise InvalidInput(
            "confirm_within (slipway_confirm_within_seconds)",
            seconds,
            "use %d seconds or more, or 0 to switch it off" % SHORTEST_CONFIRM,
        )
    return seconds
