# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A name that another site has is refused, by the files and by nginx's own warning."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import (
    config_files,
    conflicts,
    process,
    template,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx.plan import decide

from .sites import CERTIFICATE, options, render
from .test_plan import state

THEIRS = "/etc/nginx/conf.d/theirs.conf"
BY_HAND = """
# server { server_name b.example.com; }
server {
    listen 80;
    listen [::]:80;
    server_name www.example.com "A.example.com";  # both
    location / { proxy_pass http://127.0.0.1:9000; }
}
server { listen 8443 ssl; server_name c.example.com; if ($host = x) { return 301 https://a; } }
server { server_name d.example.com; }
server { listen 127.0.0.1:80; server_name e.example.com; }
"""


def test_every_server_is_read_with_its_names_and_ports():
    assert list(conflicts.servers(BY_HAND)) == [
        ({"www.example.com", "a.example.com"}, {80}),
        ({"c.example.com"}, {8443}),
        ({"d.example.com"}, {80}),
        ({"e.example.com"}, set()),
    ]


def test_our_own_sites_are_read():
    found = list(conflicts.servers(render("yes", **CERTIFICATE)))
    assert [names for names, dummy in found] == [{"a.example.com"}] * 2
    assert {port for dummy, ports in found for port in ports} == {80, 443}


@pytest.mark.parametrize("address, port", [("80", 80), ("[::]:8080", 8080), ("10.0.0.1", 80), ("[::]", 80)])
def test_the_port_of_an_address(address, port):
    (found,) = conflicts.servers("server { listen %s ssl; }" % address)
    assert found == (set(), {port} if address != "10.0.0.1" else {80})


@pytest.mark.parametrize("path", [THEIRS, "/etc/nginx/sites-enabled/shop"])
def test_a_site_by_hand_of_the_same_name_is_refused(path):
    with pytest.raises(InvalidInput, match=re.escape(path)) as refused:
        decide("orders", options(), state(included={path: BY_HAND}))
    assert "a.example.com" in str(refused.value) and "slipway_domain" in str(refused.value)


def test_a_second_app_with_the_same_domain_is_refused():
    other = template.path_of("billing")
    with pytest.raises(InvalidInput, match="site of the app billing: give each its own slipway_domain"):
        decide("orders", options(), state(included={other: render()}))


def test_a_name_that_only_redirects_is_refused_too():
    given = options(domains=["x.example.com"], redirect_from=["www.example.com"])
    with pytest.raises(InvalidInput, match="redirect_from: 'www.example.com'"):
        decide("orders", given, state(included={THEIRS: BY_HAND}))


@pytest.mark.parametrize("domain", ["b.example.com", "c.example.com", "e.example.com", "z.example.com"])
def test_names_that_are_not_in_the_way_are_taken(domain):
    """Commented out, on another port, only for this host, or not there."""
    assert decide("orders", options(domains=[domain]), state(included={THEIRS: BY_HAND})).files


def test_a_name_on_the_port_of_https_matters_where_there_is_a_certificate():
    theirs = {THEIRS: "server { listen 443 ssl; server_name a.example.com; }"}
    assert decide("orders", options(), state(included=theirs)).files
    with pytest.raises(InvalidInput, match="on port 443"):
        decide("orders", options(**CERTIFICATE), state(included=theirs, has_certificate=True))


def test_the_site_itself_is_not_in_its_own_way():
    own = template.path_of("orders")
    assert decide("orders", options(), state(included={own: render()})).files


# --- nginx's own warning --------------------------------------------------------------------------

WARNING = 'conflicting server name "a.example.com" on 0.0.0.0:80, ignored'


@pytest.fixture
def nginx(monkeypatch, tmp_path):
    """nginx -T with a warning, and a file that no directory of distributions has."""
    site = tmp_path / "conf.d" / "slipway-orders.conf"
    site.parent.mkdir()
    texts = {str(site): render(), "/srv/nginx/elsewhere.conf": BY_HAND}
    output = "".join("# configuration file %s:\n%s\n" % item for item in texts.items())
    answer = SimpleNamespace(returncode=0, stdout=output, stderr="nginx: [warn] %s\n" % WARNING)
    monkeypatch.setattr(config_files, "DIRECTORY", str(tmp_path))
    monkeypatch.setattr(config_files.systemctl, "run", lambda argv: answer)
    monkeypatch.setattr(process, "binary", lambda: "/usr/sbin/nginx")
    monkeypatch.setattr(config_files.tempfile, "TemporaryDirectory", lambda **given: Scratch(tmp_path))
    return SimpleNamespace(answer=answer, files={str(site): render()})


class Scratch:
    def __init__(self, base):
        self._path = base / "scratch"

    def __enter__(self):
        self._path.mkdir()
        return str(self._path)

    def __exit__(self, *dummy):
        pass


def test_nginxs_warning_is_an_error_that_names_the_other_file(nginx):
    with pytest.raises(SlipwayError) as refused:
        config_files.test_files(nginx.files)
    message = str(refused.value)
    assert "a.example.com is the name of another server already, in /srv/nginx/elsewhere.conf" in message
    assert "nginx says: %s" % WARNING in message and "Nothing was changed" in message


def test_a_warning_about_other_names_is_none_of_ours(nginx):
    nginx.answer.stderr = nginx.answer.stderr.replace("a.example.com", "z.example.com")
    config_files.test_files(nginx.files)
