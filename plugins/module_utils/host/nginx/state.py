# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx has on this host: the site's own files, those of others, the certificate. Read-only."""

from __future__ import annotations

import os
import re
import shutil
from functools import cached_property

from ..systemd import systemctl
from . import flags, process, template, upstream
from .config_files import read

DEFAULT_SITE = template.DIRECTORY + "/sites-enabled/default"
_COMMENT = re.compile(r"(?<!\S)#.*")
_LISTEN = re.compile(r"(?<![^\s;{}])listen\s+([^\s;][^;]*);")
_PORT = re.compile(r"[0-9]{1,5}")


class SiteState:
    """What is. Whatever takes time is looked up when the decision asks for it, and then once."""

    def __init__(self, name, options):
        self.facts = process.facts()
        pair = (options["certificate"], options["certificate_key"])
        self.has_certificate = all(path and os.path.isfile(path) for path in pair)
        self.site = read(template.path_of(name))
        self.upstream = read(upstream.path_of(name)) or ""
        self.green_serves = os.path.exists(flags.green(name))

    @property
    def serves_https(self):
        return self.site is not None and "ssl_certificate " in self.site

    @cached_property
    def included(self):
        return included()

    @property
    def sites(self):
        """The files of this collection's sites."""
        return [path for path in self.included if path.startswith(template.DIRECTORY + "/conf.d/slipway-")]

    @cached_property
    def has_unchanged_default_site(self):
        """Whether the distribution's welcome page is enabled, and nobody has edited it."""
        if not os.path.islink(DEFAULT_SITE):
            return False
        target = os.path.realpath(DEFAULT_SITE)
        packaged = template.DIRECTORY + "/sites-available/default"
        if target != packaged or not os.path.isfile(target) or not shutil.which("dpkg"):
            return False
        result = systemctl.run(["dpkg", "--verify", "nginx-common"])  # fails if nginx comes from elsewhere
        return result.returncode == 0 and target not in result.stdout


def included():
    """The text of every file that nginx includes, by path."""
    texts = {path: read(path) for path in _included_paths()}
    return {path: text for path, text in texts.items() if text is not None}


def listens(texts):
    """(path, port, whether it is the default server) of every listen directive in these files."""
    for path in sorted(texts):
        for listen in _LISTEN.finditer(_COMMENT.sub("", texts[path])):
            address, *options = listen[1].split()
            port = address.rpartition(":")[2] if not address.startswith("unix:") else ""
            yield path, int(port) if _PORT.fullmatch(port) else 80, "default_server" in options


def sets(directive, texts):
    """Whether one of these files has this directive on a line of its own."""
    pattern = re.compile(r"^\s*%s\s" % directive, re.MULTILINE)
    return any(pattern.search(text) for text in texts.values())


def mentioning(word, files):
    """The files that contain this word, with ``files`` in place."""
    paths = sorted(set(_included_paths()) | set(files))
    return [path for path in paths if word in ((files[path] if path in files else read(path)) or "")]


def _included_paths():
    """nginx.conf, and the directories that distributions include in it."""
    if os.path.isfile(template.DIRECTORY + "/nginx.conf"):
        yield template.DIRECTORY + "/nginx.conf"
    for directory in ("conf.d", "sites-enabled"):
        folder = os.path.join(template.DIRECTORY, directory)
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            path = os.path.join(folder, name)
            if os.path.isfile(path) and (directory != "conf.d" or name.endswith(".conf")):
                yield path
