# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import variables

SECRET = "hunter2-of-the-target"
ES = "elasticsearch+https://es.example.com"
SYSLOG = "syslog+tls://logs.example.com"


def read(logs):
    return variables.read({"slipway_app": "orders", "slipway_logs": logs}, lambda value: value, "/inventory")


@pytest.mark.parametrize(
    "logs",
    [
        {},
        {"to": ""},
        {"to": "http://10.0.0.1:19532"},
        {"to": "https://[fd00::1]:9428/insert/journald/"},
        {
            "to": "https://a",
            "client_certificate": "/etc/a.crt",
            "client_key": "/etc/a.key",
            "ca_file": "/etc/ca",
        },
        {"to": ES + ":9200/path", "index": "orders-2026", "user": "writer", "password": SECRET + '"\\$`'},
        {"to": SYSLOG, "persistent_journal": "yes"},
    ],
)
def test_a_target_is_taken(logs):
    values, problems = read(logs)
    assert problems == []
    assert values["slipway_logs"].get("to", "") == logs.get("to", "")


def test_text_is_taken_for_what_it_means():
    values, problems = read("{to: 'syslog+tls://a', persistent_journal: 'yes', index: }")
    assert problems == [] and values["slipway_logs"] == {"to": "syslog+tls://a", "persistent_journal": True}


@pytest.mark.parametrize(
    ("logs", "words"),
    [
        ({"to": "logs.example.com"}, "use a URL such as https://"),
        ({"to": "ftp://a"}, "use a URL such as"),
        ({"to": "https://a/b?c=d"}, "use a URL such as"),
        ({"to": "https://a\nb"}, "use a URL such as"),
        ({"to": "https://a:65536"}, "there is no such port"),
        ({"to": "https://a:0"}, "there is no such port"),
        ({"to": SYSLOG + "/path"}, "syslog has no path"),
        ({"to": "https://ann:%s@a" % SECRET}, "set user and password beside it"),
        ({"index": "orders"}, "slipway_logs.to is not set"),
        ({"to": "https://a", "user": "ann", "password": SECRET}, "systemd-journal-upload sends no password"),
        ({"to": "https://a", "index": "orders"}, "a target that begins with https:// has no such option"),
        ({"to": "http://a", "ca_file": "/etc/ca"}, "a target that begins with http:// has no such option"),
        ({"to": SYSLOG, "password": SECRET, "user": "ann"}, "begins with syslog+tls:// has no such option"),
        ({"to": ES, "password": SECRET}, "user is not set, and password needs it"),
        ({"to": ES, "user": "ann"}, "password is not set, and user needs it"),
        (
            {"to": "https://a", "client_key": "/etc/a"},
            "client_certificate is not set, and client_key needs it",
        ),
        (
            {"to": ES, "user": "ann", "password": SECRET + "\n"},
            "slipway_logs.password: '(hidden)' is not usable",
        ),
        ({"to": ES, "user": "ann", "password": [SECRET]}, "use a text"),
        ({"to": "https://a", "ca_file": "ca.pem"}, "use an absolute path"),
        ({"to": "https://a", "ca_file": "/etc/a b"}, "use an absolute path"),
        ({"to": ES, "index": "Orders"}, "use lower-case letters"),
        ({"to": ES, "user": 'a"b', "password": SECRET}, "use letters, digits"),
        ({"too": "https://a"}, "did you mean to?"),
        ({"to": "https://a", "persistent_journal": "perhaps"}, "use true or false"),
        ("{to: https://ann:%s@a, x" % SECRET, "it is no YAML"),
    ],
)
def test_a_wrong_target_is_refused_with_the_remedy_and_without_the_secret(logs, words):
    (problem,) = read(logs)[1]
    assert problem.startswith("slipway_logs") and words in problem
    assert SECRET not in problem
