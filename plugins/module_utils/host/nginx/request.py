# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is requested of a site: the options, validated before anything is made of them.

Whatever a user gives stays inside its field: names, addresses and paths have to match a pattern. Only the
snippet is nginx's own language, and it must not leave its block.
"""

from __future__ import annotations

import ipaddress
import re

from ...common.errors import InvalidInput
from ...common.names import check_absolute, match
from .template import private_pattern

_COOKIE = re.compile(r"[A-Za-z0-9_]{1,64}")
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(r"(?=.{1,253}$)(\*\.)?%s(\.%s)*" % (_LABEL, _LABEL))
_PATH = re.compile(r"/[A-Za-z0-9._~@%+=:,/-]*")
_URI = re.compile(r"/[A-Za-z0-9._~%+=:,@-]*(/[A-Za-z0-9._~%+=:,@-]*)*")
_SIZE = re.compile(r"[0-9]{1,6}[kmg]?")
_RATE = re.compile(r"[1-9][0-9]{0,6}r/[sm]")
_QUOTED = re.compile(r"""\\.|(?<![^\s;{}])(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|#[^\n]*)""", re.DOTALL)
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_RANGES = (
    ("keepalive", 0, 10000),
    ("hsts_max_age", 0, 10**9),
    ("proxy_connect_timeout", 1, 75),
    ("proxy_send_timeout", 1, 86400),
    ("proxy_read_timeout", 1, 86400),
    ("limit_burst", 0, 10**6),
    ("status_port", 0, 65535),
)


def check(options):
    """Refuse what cannot become a configuration; raises InvalidInput."""
    check_site(options)
    check_servers(options["servers"], options["balance"], options["blue_green"])


def check_site(options):
    """Refuse options of the site itself, all but its servers, that nginx would refuse or misread."""
    check_domains(options["domains"], options["redirect_from"])
    _check_certificate(options)
    _check_path(options["acme_webroot"], "acme_webroot")
    for field, least, most in _RANGES:
        if not least <= options[field] <= most:
            raise InvalidInput(field, options[field], "use a number from %d to %d" % (least, most))
    _check_locations(options)
    size_remedy = "use a number with k, m or g, as in '10m'; 0 is unlimited"
    match(_SIZE, options["client_max_body_size"], "client_max_body_size", size_remedy)
    if options["limit_rate"]:
        rate_remedy = "use requests per second or minute, as in '10r/s' or '90r/m'"
        match(_RATE, options["limit_rate"], "limit_rate", rate_remedy)
    if options["sticky_cookie"]:
        remedy = "use letters, digits and '_': nginx knows no other cookies by their names"
        match(_COOKIE, options["sticky_cookie"], "sticky_cookie", remedy)
    if options["acme_forward"]:
        check_address(options["acme_forward"], "acme_forward")
    for network in options["trusted_proxies"]:
        _check_network(network)
    for header, value in options["headers"].items():
        match(_HEADER, header, "headers", "use the name of an HTTP header")
        _check_text(value, "headers.%s" % header)
    check_snippet(options["snippet"])


def check_servers(servers, balance, blue_green=False):
    """Refuse servers that nginx would refuse, in the words of the options."""
    if not servers:
        raise InvalidInput("servers", servers, "set at least one server, as in [{address: '127.0.0.1:8080'}]")
    seen = set()
    for server in servers:
        address = server["address"]
        check_address(address)
        if address in seen:
            remedy = "it is listed twice; list it once, with a weight to send more requests to it"
            raise InvalidInput("servers.address", address, remedy)
        seen.add(address)
        _check_server(server, balance)
    if blue_green and (len(servers) != 2 or any(server["backup"] for server in servers)):
        raise InvalidInput(
            "servers",
            [server["address"] for server in servers],
            "blue_green needs two servers, the blue one and the green one, and no backup",
        )
    if all(server["backup"] for server in servers):
        raise InvalidInput("servers.backup", True, "at least one server must not be a backup")


def check_address(address, field="servers.address"):
    """host:port, [ipv6]:port or unix:/path, as in nginx's `server`."""
    remedy = "use host:port, [ipv6]:port or unix:/path, as in '127.0.0.1:8080'"
    if address.startswith("unix:"):
        _check_path(address[len("unix:") :], field)
        return
    host, colon, port = address.rpartition(":")
    if not colon or not re.fullmatch(r"[1-9][0-9]{0,4}", port) or int(port) > 65535:
        raise InvalidInput(field, address, remedy)
    if host.startswith("[") and host.endswith("]"):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise InvalidInput(field, address, remedy) from None
    elif not _DOMAIN.fullmatch(host.lower()) or host.startswith("*"):
        raise InvalidInput(field, address, remedy)


def check_snippet(text):
    """A snippet must not leave the block that it is put into. What it does inside, nginx itself tests."""
    if "\0" in text:
        raise InvalidInput("snippet", text, "it contains a NUL character; remove it")
    # Not splitlines: for nginx, too, a lone carriage return ends no comment.
    lines, depth = text.rstrip("\n").split("\n"), 0
    without_quoted = _QUOTED.sub(lambda quoted: "\n" * quoted[0].count("\n"), text)
    for number, code in enumerate(without_quoted.split("\n")):
        for character in code:
            depth += (character == "{") - (character == "}")
            if depth < 0:
                remedy = "line %d closes a block that the snippet did not open" % (number + 1)
                raise InvalidInput("snippet", lines[number].strip(), remedy)
    if depth:
        raise InvalidInput("snippet", lines[-1].strip(), "a block is opened with { and never closed")


def check_domains(domains, redirect_from):
    """Refuse names that nginx would not match, and a redirection that has no end."""
    remedy = (
        "use a host name in lower case, as in 'orders.example.com' or '*.example.com' (punycode for others)"
    )
    for field, names in (("domains", domains), ("redirect_from", redirect_from)):
        for name in names:
            match(_DOMAIN, name, field, remedy)
    if not redirect_from:
        return
    both = sorted(set(domains) & set(redirect_from))
    if both:
        raise InvalidInput("redirect_from", both[0], "it is in domains too and would redirect to itself")
    if not domains:
        raise InvalidInput(
            "redirect_from", redirect_from[0], "there is no domain to redirect to; set domains"
        )
    if domains[0].startswith("*"):
        remedy = "redirect_from redirects to the first domain, which must be one name; list this one after it"
        raise InvalidInput("domains", domains[0], remedy)


def _check_certificate(options):
    fields = ("certificate", "certificate_key")
    given = [field for field in fields if options[field]]
    if len(given) == 1:
        missing = next(field for field in fields if field not in given)
        raise InvalidInput(missing, "", "%s needs it: set both" % given[0])
    for field in given:
        _check_path(options[field], field)


def _check_server(server, balance):
    for field, least in (("weight", 1), ("max_fails", 0), ("fail_timeout", 1)):
        if not least <= server[field] <= 100000:
            raise InvalidInput("servers." + field, server[field], "use a number from %d to 100000" % least)
    if server["backup"] and balance == "ip_hash":
        remedy = "nginx has no backup servers with balance: ip_hash; use round_robin or least_conn"
        raise InvalidInput("servers.backup", True, remedy)


def _check_locations(options):
    used = set()
    streaming = [("streaming", path) for path in options["streaming"]]
    for field, path in streaming + [("static.path", entry["path"]) for entry in options["static"]]:
        match(_URI, path, field, "use a path of the site that begins with /, as in '/events'")
        if path == "/" or path in used:
            raise InvalidInput(field, path, "this path is in use already; use one below it")
        used.add(path)
        if field == "streaming" and _is_private(path, options["expose"]):
            raise InvalidInput(field, path, "clients get no answer there; list it in expose, to open it")
    for entry in options["static"]:
        if not entry["path"].endswith("/"):
            remedy = "end it with /, because a directory is served below it"
            raise InvalidInput("static.path", entry["path"], remedy)
        _check_path(entry["directory"], "static.directory")


def _is_private(path, exposed):
    pattern = private_pattern(exposed)
    return bool(pattern and re.search(pattern, path, re.IGNORECASE))


def _check_path(path, field):
    check_absolute(path, field)
    match(_PATH, path, field, "use letters, digits and ._~@%+=:,-/ only")


def _check_network(network):
    try:
        ipaddress.ip_network(network)
    except ValueError as error:
        remedy = "%s; use an address or a network, as in '10.0.0.0/8'" % error
        raise InvalidInput("trusted_proxies", network, remedy) from None


def _check_text(value, field):
    if not isinstance(value, str) or not value or re.search(r"[\x00-\x1f\x7f]", value):
        raise InvalidInput(field, value, "use one line of text")
