# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller asks for, checked."""

from __future__ import annotations

import os

from ...common import environment, health, names, unit
from ...common.errors import InvalidInput, SlipwayError
from ..releases.layout import Layout
from ..system import account
from . import strategies

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from .target import Target

SHORTEST_CONFIRM = 5


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
        self.environment = environment.check(dict(options.get("environment") or {}))
        self.port = options.get("port")
        self.port_variable = names.check_variable(options.get("port_variable") or "PORT", "port_variable")
        self.alternate_port = options.get("alternate_port")
        self.strategy = strategies.load(options.get("strategy") or "restart")
        self.health = options.get("health") or {}
        self.smoke = options.get("smoke", True)
        self.keep = options.get("keep", 5)
        self.allowed_signers = options.get("allowed_signers")
        self.lock_wait = options.get("lock_wait") or 0
        self.pull_url = options.get("pull_url")
        self.pull_ca_file = options.get("pull_ca_file")
        self.patch_base = options.get("patch_base")
        self.fencing_token = options.get("fencing_token") or 0
        self.confirm_within = _check_confirm_within(options.get("confirm_within") or 0)
        self.unless_confirmed = options.get("unless_confirmed")
        self.actor = options.get("actor") or "unknown"
        self.deploy_id = options.get("deploy_id") or ""
        if self.port is not None:
            self.environment.setdefault(self.port_variable, str(self.port))

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
            default_port=port or (int(own) if own.isdecimal() else self.port),
        )

    def health_options_for(self, target: Target) -> dict:
        """An older release is checked as it was when it was last healthy: it may lack a newer one's path."""
        return self.health if target.health is None else target.health


def _check_confirm_within(seconds):
    if seconds and seconds < SHORTEST_CONFIRM:
        raise InvalidInput(
            "confirm_within (slipway_confirm_within_seconds)",
            seconds,
            "use %d seconds or more, or 0 to switch it off" % SHORTEST_CONFIRM,
        )
    return seconds
