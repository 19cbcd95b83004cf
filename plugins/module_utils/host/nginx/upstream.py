# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers behind a site: a file of its own, because it changes while nginx runs. A server that is drained is marked `down`."""

from __future__ import annotations

import re

from ...common.errors import InvalidInput, SlipwayError
from .template import BANNER, DIRECTORY, check_address

_SERVER = re.compile(r"^    server (?P<address>\S+)(?P<parameters>[^;]*?)(?P<down> down)?;$", re.MULTILINE)

_BLUE = re.compile(r"^upstream slipway_\S+_blue {$", re.MULTILINE)


def path_of(name):
    return "%s/conf.d/slipway-%s.upstream.conf" % (DIRECTORY, name)


def check(servers, balance, blue_green=False):
    """Refuse what nginx would refuse, in the words of the options."""
    if not servers:
        raise InvalidInput(
            "servers", servers, "name at least one server, as in [{address: '127.0.0.1:8080'}]"
        )
    seen = set()
    for server in servers:
        check_address(server["address"])
        if server["address"] in seen:
            raise InvalidInput(
                "servers.address",
                server["address"],
                "it is there twice; use weight to send more to one server",
            )
        seen.add(server["address"])
        for field, least in (("weight", 1), ("max_fails", 0), ("fail_timeout", 1)):
            if not least <= server[field] <= 100000:
                raise InvalidInput(
                    "servers." + field, server[field], "use a number from %d to 100000" % least
                )
        if server["backup"] and balance == "ip_hash":
            raise InvalidInput(
                "servers.backup",
                True,
                "nginx knows no backup servers with balance: ip_hash; use round_robin or least_conn",
            )
    if blue_green and (len(servers) != 2 or any(server["backup"] for server in servers)):
        raise InvalidInput(
            "servers",
            [server["address"] for server in servers],
            "blue_green wants two servers, the blue one and the green one, and no backup",
        )
    if all(server["backup"] for server in servers):
        raise InvalidInput("servers.backup", True, "at least one server must not be a backup")


def render(name, options, drained=()):
    """The upstream's file; with ``blue_green`` an upstream for each of the two."""
    if options["blue_green"]:
        # An idle connection would hold up the end of an instance that has nothing left to do.
        blocks = [
            _block("%s_%s" % (name, color), [server], options, "1s")
            for color, server in zip(("blue", "green"), options["servers"])
        ]
    else:
        # Shorter than a Go server keeps an idle connection, so that nginx and not the service ends it.
        blocks = [_block(name, options["servers"], options, "30s", drained)]
    return BANNER + "\n" + "".join(blocks)


def _block(name, servers, options, idle, drained=()):
    lines = ["zone slipway_%s_upstream 128k;" % name]
    if options["balance"] != "round_robin":
        lines.append(options["balance"] + ";")
    lines += [_server(server, server["address"] in drained) for server in servers]
    if options["keepalive"]:
        lines += ["keepalive %d;" % options["keepalive"], "keepalive_timeout %s;" % idle]
    return "\nupstream slipway_%s {\n%s}\n" % (name, "".join("    %s\n" % line for line in lines))


def is_switched(text):
    """Whether an upstream's file is of a site with ``blue_green``."""
    return bool(_BLUE.search(text))


def _server(server, down):
    parameters = ["weight=%d" % server["weight"]] if server["weight"] != 1 else []
    parameters += ["max_fails=%d" % server["max_fails"], "fail_timeout=%ds" % server["fail_timeout"]]
    parameters += ["backup"] if server["backup"] else []
    parameters += ["down"] if down else []
    return "server %s %s;" % (server["address"], " ".join(parameters))


def addresses(text):
    """Every server of an upstream's file, and whether it is drained."""
    return {match["address"]: bool(match["down"]) for match in _SERVER.finditer(text)}


def drained(text):
    return [address for address, down in addresses(text).items() if down]


def with_down(text, name, wanted):
    """The file's text with these servers ({address: down}) drained or back, and the others as they are."""
    known = addresses(text)
    for address in wanted:
        if address not in known:
            raise InvalidInput(
                "server", address, "%s has no such server; it has %s" % (name, ", ".join(known) or "none")
            )
    if all(dict(known, **wanted).values()):
        raise SlipwayError(
            "%s is the last server of %s that is not drained: nothing would be left to answer. Nothing was changed. Undrain another one first"
            % (" and ".join(wanted), name)
        )
    return _SERVER.sub(lambda match: _marked(match, wanted.get(match["address"], bool(match["down"]))), text)


def _marked(match, down):
    return "    server %s%s%s;" % (match["address"], match["parameters"], " down" if down else "")
