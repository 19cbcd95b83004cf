# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two servers of one name: nginx uses the one that it reads first, ignores the other, and only warns."""

from __future__ import annotations

import os
import re

_WARNING = re.compile(r'conflicting server name "([^"]+)" on (\S+), ignored')
_TOKEN = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|[^\s{};]+""")
_FILE = re.compile(r"^# configuration file (.+):$", re.MULTILINE)
_SLIPWAY = re.compile(r"slipway-(.+)\.conf")
_LOOPBACK = ("127.", "[::1]", "localhost", "unix:")


def servers(text):
    """(names, ports) of every server block of a file. A port that only this host can reach is left out."""
    path, words, names, ports, listens = [], [], set(), set(), False
    for token in _TOKEN.findall(text):
        if token.startswith("#"):
            continue
        if token not in ("{", "}", ";"):
            words.append(token.strip("\"'"))
            continue
        if token == "{":
            path.append(words[0] if words else "")
            if path[-1] == "server":
                names, ports, listens = set(), set(), False
        elif path and path[-1] == "server" and words[:1] == ["server_name"]:
            names.update(word.lower() for word in words[1:])
        elif path and path[-1] == "server" and words[:1] == ["listen"] and len(words) > 1:
            listens = True
            if not words[1].startswith(_LOOPBACK):
                ports.add(_port(words[1]))
        if token == "}" and path and path.pop() == "server":
            yield names, ports if listens else {80}
        words = []


def _port(address):
    word = address.rpartition(":")[2]
    return int(word) if word.isdigit() and not address.endswith("]") else 80


def find(names, ports, texts):
    """The first (name, port, path) of these names that another file ({path: text}) has; None if none has."""
    for path in sorted(texts):
        for other_names, other_ports in servers(texts[path]):
            for name in names:
                if name.lower() in other_names and ports & other_ports:
                    return name, min(ports & other_ports), path
    return None


def without_names(texts):
    """(path, port) of every server that has no name: it gets the requests that no other one gets."""
    return {
        (path, port)
        for path, text in texts.items()
        for names, ports in servers(text)
        if names <= {"_", ""}
        for port in ports
    }


def warned(stderr, files):
    """The names of servers in these files ({path: text}) that nginx warns of: [(name, its words)]."""
    ours = {name for text in files.values() for names, dummy in servers(text or "") for name in names}
    return [(found[1], found[0]) for found in _WARNING.finditer(stderr) if found[1] in ours]


def others(configuration, name, files):
    """The paths that have a server of this name, in what ``nginx -T`` printed, without those of ``files``."""
    parts = _FILE.split(configuration)
    texts = dict(zip(parts[1::2], parts[2::2]))
    return [
        path
        for path, text in texts.items()
        if os.path.basename(path) not in {os.path.basename(own) for own in files}
        and any(name in names for names, dummy in servers(text))
    ]


def remedy(path):
    """What to do about a server of the same name in that file."""
    app = _SLIPWAY.fullmatch(os.path.basename(path))
    if app:
        return "it is the site of the app %s: give each its own slipway_domain" % app[1]
    return "remove it there, or choose another slipway_domain"
