# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with a past: what others left there is refused or taken over as the docs say, and never lost.

Interrupted and failing adoptions are in tests/fault_injection. Here the playbooks meet what people have:
a unit, an account in use, a tree of ansistrano, a site of nginx. Of snap's certbot there are the files
that the role looks for.
"""

from __future__ import annotations

import json

import pytest
from support import lab

from . import oddities
from .conftest import FLEET, Controller

SECRET = "hunter2-of-the-old-unit"
SERVE = """#!/usr/bin/python3
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the old one")
    def log_message(self, *ignored):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
UNIT = """# written by hand
[Service]
User=%s
Environment=PORT=%s TOKEN=%s
ExecStart=%s
[Install]
WantedBy=multi-user.target
"""
SITE = """server {
    listen 80;
    server_name shop.example.test;
    location / { return 200 "the old site"; }
}
"""
TREE = "/opt/tree/releases/20240101120000"
PATHS = "/srv/orders /opt/tree /opt/tree-before /etc/nginx /snap /etc/systemd/system /etc/sudoers.d"


class Past(lab.Host):
    """The host, and what can be lost of it."""

    def leave_things(self):
        self.sure(
            "getent passwd orders || useradd --system --create-home --home-dir /srv/orders --shell /bin/bash"
            " --comment 'The shop' orders; echo orders:secret | chpasswd; "
            "mkdir -p %s /snap/bin; ln -sfn releases/20240101120000 /opt/tree/current" % TREE
        )
        for path, port in (("/srv/orders/serve", 8080), (TREE + "/serve", 8081)):
            self.write(path, SERVE)
            self.sure("chmod 755 " + path)
            name = "orders" if port == 8080 else "tree"
            program = path.replace(TREE, "/opt/tree/current")
            self.write("/etc/systemd/system/%s.service" % name, UNIT % ("orders", port, SECRET, program))
        self.write("/srv/orders/data", "what the shop sold")
        self.write("/etc/nginx/conf.d/shop.conf", SITE)
        self.write("/snap/bin/certbot", "#!/bin/sh\nexit 1\n")
        self.write("/etc/systemd/system/snap.certbot.renew.timer", "[Timer]\nOnCalendar=daily\n")
        self.sure(
            "chmod 755 /snap/bin/certbot; rm -f /etc/nginx/conf.d/limited.conf; systemctl daemon-reload"
        )
        self.sure("systemctl enable --now orders tree; systemctl restart nginx")

    def files(self, *left_out):
        """Every file below PATHS with its owner, mode and digest."""
        found = self.sure(
            "find %s \\( -type f -printf '%%p %%u:%%g %%m ' -exec sh -c 'sha256sum <\"$1\"' sh {} \\; "
            "-o -type l -printf '%%p -> %%l\\n' \\) 2>/dev/null | sort; true" % PATHS
        )
        return {line for line in found.splitlines() if not line.startswith(left_out or ("-",))}

    def account(self):
        return self.sure("getent passwd orders; getent shadow orders; id orders; cat /srv/orders/data")

    def process(self, unit):
        return self.sure("systemctl show -p MainPID -p ActiveState -p UnitFileState " + unit)

    def everything(self):
        return self.files(), self.account(), [self.process(name) for name in ("orders", "tree", "nginx")]

    def answer(self, port, name="127.0.0.1"):
        return self.sure("curl -sS -m 5 -H 'Host: %s' http://127.0.0.1:%s/" % (name, port))


@pytest.fixture(scope="module")
def past(zoo):
    host = Past(FLEET, "past1", past_ssh=True)
    host.leave_things()
    return host


@pytest.fixture(scope="module")
def controller(past, tmp_path_factory):
    """A controller that knows this host alone."""
    directory = tmp_path_factory.mktemp("past")
    service = {key: value for key, value in oddities.SERVICE.items() if key != "slipway_config"}
    connection = {name: value for name, value in past.variables.items() if name.startswith("ansible_")}
    described = {**service, **connection, "slipway_app": "orders", "slipway_version": "1.0.0"}
    described["slipway_unit"] = {"user": "orders", "exec_args": ["-addr", ":{port}"]}
    inventory = directory / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"past1": described}}}))
    return Controller(inventory, directory)


def refused(done):
    """The message of the one refusal, in a line of its own."""
    assert done.code == 2, done
    return done.out + done.err


def test_a_site_of_the_same_name_stays_the_one_that_answers(past, controller):
    before = past.everything()
    variables = {
        "slipway_domain": "shop.example.test",
        "slipway_tls": False,
        "nginx_proxy_package": "nginx-light",
    }
    said = refused(controller.play("setup", **variables))
    assert "/etc/nginx/conf.d/shop.conf" in said and "shop.example.test" in said
    assert past.everything() == before
    assert past.answer(80, "shop.example.test") == "the old site"


def test_a_certbot_of_snap_gets_no_second_one_beside_it(past, controller):
    """The two files are all that the role looks at; snapd itself does not run here."""
    ours = ("/etc/nginx/conf.d/slipway-", "/etc/nginx/conf.d/00-slipway.conf")
    before = past.files(*ours)
    variables = {"slipway_domain": "new.example.test", "nginx_proxy_package": "nginx-light"}
    said = refused(controller.play("setup", slipway_acme_email="ops@example.test", **variables))
    assert "/snap/bin/certbot is on this host already" in said and "certbot_install: existing" in said
    assert past.files(*ours) == before
    assert past.run("command -v certbot").code == 127
    assert past.answer(80, "shop.example.test") == "the old site"


def test_an_account_in_use_is_left_as_it_is(past, controller):
    before = past.everything()
    controller.sure("setup")
    assert past.everything() == before


def test_a_unit_that_was_written_by_hand_is_shown_and_kept(past, controller):
    before = past.everything()
    said = refused(controller.play("deploy"))
    assert "orders.service on this host is not Slipway's" in said and "slipway_adopt: true" in said
    shown = controller.sure("deploy", "--check", "--diff", slipway_adopt=True)
    assert "# written by hand" in shown and SECRET not in said + shown
    assert past.everything() == before
    assert past.answer(8080) == "the old one"


def test_a_unit_that_was_written_by_hand_is_taken_over_by_a_word(past, controller):
    account = past.account()
    unit = past.sure("cat /etc/systemd/system/orders.service")
    others = past.files("/etc/systemd/system/orders.service"), past.process("tree"), past.process("nginx")
    controller.sure("deploy", slipway_adopt=True)
    assert "1.0.0" in past.answer(8080)
    assert past.sure("cat /opt/orders/adopted/orders.service") == unit
    assert past.account() == account
    left = past.files("/etc/systemd/system/orders.service"), past.process("tree"), past.process("nginx")
    assert left == others


TREES = {"slipway_app": "tree", "slipway_port": 8081, "slipway_adopt": True}


def test_the_tree_of_another_tool_is_no_place_for_releases(past, controller):
    before = past.everything()
    said = refused(controller.play("deploy", **TREES))
    assert "ansistrano" in said and "/opt/tree/current" in said
    assert past.everything() == before
    assert past.answer(8081) == "the old one"


def test_the_tree_of_another_tool_is_moved_as_the_docs_say_and_taken_over(past, controller):
    before = past.process("tree")
    past.sure(
        "mv /opt/tree /opt/tree-before && sed -i 's,/opt/tree/,/opt/tree-before/,g' "
        "/etc/systemd/system/tree.service && systemctl daemon-reload"
    )
    assert past.process("tree") == before
    tree, account = past.sure("find /opt/tree-before -ls"), past.account()
    controller.sure("deploy", **TREES)
    assert "1.0.0" in past.answer(8081)
    assert past.sure("find /opt/tree-before -ls") == tree
    assert past.account() == account
