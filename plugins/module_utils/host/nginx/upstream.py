# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers behind a site, in a file of its own, because it changes while nginx runs.

A server that is drained is marked `down`.
"""

from __future__ import annotations

import re

from ...common.errors import InvalidInput, SlipwayError
from .template import BANNER, DIRECTORY

_SERVER = re.compile(r"^    server (?P<address>\S+)(?P<parameters>[^;]*?)(?P<down> down)?;$", re.MULTILINE)

_BLUE = re.compile(r"^upstream slipway_\S+_blue {$", re.MULTILINE)


def path_of(name):
    return "%s/conf.d/slipway-%s.upstream.conf" % (DIRECTORY, name)


def render(name, options, drained=()):
    """The text of the upstream file; with ``blue_green`` an upstream for each of the two instances."""
    if options["blue_green"]:
        # An idle connection would delay the stop of an instance that has no requests left.
        blocks = [
            _block("%s_%s" % (name, color), [server], options, "1s")
            for color, server in zip(("blue", "green"), options["servers"])
        ]
    else:
        # Shorter than a Go server keeps an idle connection, so that nginx closes it, not the service.
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


def is_blue_green(text):
    """Whether an upstream file belongs to a site with ``blue_green``."""
    return bool(_BLUE.search(text))


def _server(server, down):
    parameters = ["weight=%d" % server["weight"]] if server["weight"] != 1 else []
    parameters += ["max_fails=%d" % server["max_fails"], "fail_timeout=%ds" % server["fail_timeout"]]
    parameters += ["backup"] if server["backup"] else []
    parameters += ["down"] if down else []
    return "server %s %s;" % (server["address"], " ".join(parameters))


def addresses(text):
    """Every server of an upstream file, and whether it is drained."""
    return {match["address"]: bool(match["down"]) for match in _SERVER.finditer(text)}


def drained(text):
    return [address for address, down in addresses(text).items() if down]


def with_drained(text, name, requested):
    """The file's text with these servers ({address: drained}) changed, and the others as they are."""
    known = addresses(text)
    for address in requested:
        if address not in known:
            raise InvalidInput(
                "server", address, "%s has no such server; it has %s" % (name, ", ".join(known) or "none")
            )
    after = dict(known, **requested)
    if all(after.values()):
        raise SlipwayError(
            "%s is the last server of %s that is not drained: no server would be left to answer. "
            "Nothing was changed. Undrain another one first" % (" and ".join(requested), name)
        )
    return _SERVER.sub(lambda server: _marked(server, after[server["address"]]), text)


def _marked(server, down):
    return "    server %s%s%s;" % (server["address"], server["parameters"], " down" if down else "")
