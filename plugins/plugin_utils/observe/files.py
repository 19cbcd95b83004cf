# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that observe one app: targets, rules and their tests, dashboard, and a route of Alertmanager."""

from __future__ import annotations

from . import dashboard, rule_tests, rules
from .service import Service


def files(service: Service) -> dict:
    """What the role monitoring writes, by the name of its variable."""
    return {
        "targets": service.targets(),
        "rules": rules.groups(service),
        "rule_tests": rule_tests.tests(service),
        "dashboard": dashboard.dashboard(service),
        "alertmanager": alertmanager(service),
    }


def alertmanager(service):
    """A whole configuration of Alertmanager, to take the route from. Who is notified is not known here."""
    title = service.title
    follows = "|".join(title + name for name in ("Errors", "Slow", "Restarting"))
    return {
        "route": {
            "receiver": "default",
            "routes": [
                {
                    "receiver": service.app,
                    "matchers": ['app="%s"' % service.app],
                    "group_by": ["app", "alertname"],
                    "group_wait": "30s",
                    "repeat_interval": "4h",
                }
            ],
        },
        # What does not answer has errors too: one notification is enough.
        "inhibit_rules": [
            {
                "source_matchers": ['alertname="%sDown"' % title],
                "target_matchers": ['app="%s"' % service.app, 'alertname=~"%s"' % follows],
                "equal": ["app"],
            }
        ],
        "receivers": [{"name": "default"}, {"name": service.app}],
    }
