# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""systemd, sudo and nginx themselves read what the collection writes, on a real host."""

from __future__ import annotations

import json
import shlex

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import environment, nginx_options, unit
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import request, template

PIECES = [
    '"',
    "'",
    "%n",
    "%%",
    "%h/x",
    "$HOME",
    "${HOME}",
    "$$",
    "{{ 7 * 7 }}",
    "`id`",
    "$(id)",
    ";",
    "}",
    "{",
    "#",
    "\\",
    "\\n",
    "\\x41",
    " ",
    "ü",
    "\u202e",
    "..",
    "*",
    "!",
    "|",
    "&",
    "<",
    "=",
    "-e",
    "@",
    "",
]
WORDS = [word for piece in PIECES for word in (piece, "x" + piece + "y", "/x" + piece, piece + " x")]

# A service that writes down its arguments and its environment as it got them.
TELL = """#!/usr/bin/python3
import json, os, sys, time
variables = {key: value for key, value in os.environ.items() if key.startswith("V")}
json.dump([sys.argv[1:], variables], open("/var/lib/told/told", "w"))
time.sleep(600)
"""


def usable(value, make):
    try:
        make(value)
    except SlipwayError:
        return False
    return True


def test_systemd_hands_arguments_and_variables_to_the_service_as_they_were_given(host):
    words = [
        word
        for word in WORDS
        if usable(word, lambda value: unit.sections("told", {"exec_args": [value]}, binary="/x"))
    ]
    variables = {"V%d" % number: word for number, word in enumerate(WORDS)}
    assert len(words) == len(WORDS), "an argument of a command may have any character of a line"
    options = {
        "exec_args": words,
        "user": "root",
        "description": "".join(WORDS),
        "hardening": {"SystemCallFilter": None},
        "directives": {},
    }
    text = unit.render(
        unit.sections("told", options, binary="/usr/local/bin/told", environment_file="/etc/told.environment")
    )
    host.write("/usr/local/bin/told", TELL)
    host.write("/etc/told.environment", environment.render(environment.check(variables)))
    host.write("/etc/systemd/system/told.service", text)
    host.sure(
        "chmod 755 /usr/local/bin/told; systemctl daemon-reload; "
        "systemd-analyze verify --man=no told.service; systemctl restart told"
    )
    told = json.loads(
        host.sure(
            "for i in $(seq 100); do [ -s /var/lib/told/told ] && break; sleep 0.1; done; "
            "cat /var/lib/told/told"
        )
    )
    host.sure(
        "systemctl stop told; systemctl show --property=Description --value told >/var/lib/told/description"
    )
    assert told[0] == words
    assert told[1] == variables
    assert host.sure("cat /var/lib/told/description").rstrip("\n") == "".join(WORDS).strip()


def test_systemd_accepts_every_unit_that_we_render_from_hostile_options(host):
    """Paths, names and settings: what passes our checks is no error for systemd, and is read as one value."""
    texts = {"plain.service": unit_of({})}
    for name, spec in unit.OPTIONS.items():
        for word in WORDS if name not in ("directives", "hardening") else ():
            given = {name: {"list": [word], "dict": {"x": word}}.get(spec["type"], word)}
            if usable(given, unit_of):
                texts["%s-%d.service" % (name.replace("_", "-"), len(texts))] = unit_of(given)
    host.sure("rm -rf /tmp/units; mkdir /tmp/units")
    scripts = ["cat >/tmp/units/%s <<'END_OF_UNIT'\n%sEND_OF_UNIT\n" % pair for pair in texts.items()]
    for first in range(0, len(scripts), 30):  # a command line has an end
        host.sure("".join(scripts[first : first + 30]))
    said = host.run("cd /tmp/units && systemd-analyze verify --man=no ./*.service 2>&1").out.splitlines()
    plain = {
        line.partition(".service:")[2].partition(": ")[2] for line in said if "/plain.service:" in line
    }  # what an older systemd does not know
    surprising = {
        line
        for line in said
        if line.startswith("/tmp/units/") and line.partition(".service:")[2].partition(": ")[2] not in plain
    }
    assert surprising == set()
    assert len(texts) > 50


def unit_of(options):
    return unit.render(unit.sections("told", dict({"user": "root"}, **options), binary="/bin/true"))


def test_visudo_accepts_the_rights_and_they_name_the_unit_word_for_word(host, deployed):
    assert "parsed OK" in host.sure("visudo -cf /etc/sudoers.d/slipway-orders")
    rights = host.sure("sudo -l -U operator")
    assert rights.count("NOPASSWD") == rights.count("orders.service") == 10
    assert "*" not in rights.split("may run the following commands")[1]


HEADERS = [word for word in WORDS if word]


@pytest.fixture(scope="session")
def nginx(host):
    options = "-qy --no-install-recommends"
    install = "(apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get install %s nginx-light)" % options
    install += " >/dev/null"
    host.sure("command -v nginx >/dev/null || %s" % install)
    host.sure("rm -f /etc/nginx/sites-enabled/default")
    return host


def test_nginx_sends_headers_as_they_were_given(nginx):
    """No variable is expanded, and no quote ends a value: a client sees what was written."""
    wanted = {name: spec.get("default") for name, spec in nginx_options.OPTIONS.items()}
    wanted.update(
        domains=["orders.example.com"],
        headers={"X-H%d" % number: word for number, word in enumerate(HEADERS)},
    )
    wanted["snippet"] = "location = /x { return 200; }"
    request.check_site(wanted)
    facts = template.Facts(ipv6=False)
    shared = template.render_common(
        facts, catch_http=True, catch_https=False, acme_webroot="/var/lib/slipway-acme", status_port=0
    )
    nginx.write("/etc/nginx/conf.d/00-slipway.conf", shared)
    nginx.write("/etc/nginx/conf.d/slipway-orders.conf", template.render("orders", wanted, facts, "no"))
    nginx.write(
        "/etc/nginx/conf.d/slipway-orders.upstream.conf", "upstream slipway_orders { server 127.0.0.1:9; }\n"
    )
    nginx.sure("nginx -t && systemctl restart nginx")
    answer = nginx.sure(
        "curl -sS -D - -o /dev/null -H %s http://127.0.0.1/x" % shlex.quote("Host: orders.example.com")
    )
    seen = dict(line.split(": ", 1) for line in answer.split("\n") if ": " in line)
    for number, word in enumerate(HEADERS):
        assert seen["X-H%d" % number].rstrip("\r") == word
