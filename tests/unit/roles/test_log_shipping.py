# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role refuses, and that it does next to nothing where nothing is asked for."""

from __future__ import annotations

import pytest

SECRET = "hunter2-of-the-target"


def test_without_a_target_there_is_one_look_and_nothing_else(run):
    done = run("log_shipping", log_shipping_app="no-such-service")
    assert (done.message, done.changed) == ("", [])
    assert [task["task"] for task in done.tasks if task["state"] == "ok"][-1] == (
        "Check for log shipping of this service"
    )


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"log_shipping_app": "Orders"}, "log_shipping_app"),
        ({"log_shipping_to": "https://a b"}, "log_shipping_to is not usable: use a URL"),
        ({"log_shipping_to": "https://a:65536"}, "log_shipping_to is not usable: use a URL"),
        ({"log_shipping_to": "https://ann:%s@a" % SECRET}, "log_shipping_to is not usable: use a URL"),
        (
            {"log_shipping_to": "https://a", "log_shipping_user": "a"},
            "log_shipping_user and log_shipping_password",
        ),
        (
            {"log_shipping_to": "https://a", "log_shipping_user": "a", "log_shipping_password": SECRET},
            "log_shipping_user: only elasticsearch+https:// has users",
        ),
        (
            {"log_shipping_to": "https://a", "log_shipping_password": SECRET + "\n"},
            "it has a space or a control character",
        ),
        ({"log_shipping_to": "https://a", "log_shipping_client_key": "/etc/a"}, "belong together: set both"),
        (
            {"log_shipping_to": "https://a", "log_shipping_ca_file": "ca.pem"},
            "use absolute paths on the host",
        ),
        ({"log_shipping_index": "Orders"}, "use lower-case letters, digits"),
    ],
)
def test_what_cannot_be_is_refused_without_the_secret(run, variables, words):
    done = run("log_shipping", **{"log_shipping_app": "no-such-service", **variables})
    assert words in done.message
    assert done.changed == [] and SECRET not in done.message
