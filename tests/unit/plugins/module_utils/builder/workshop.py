# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small Go modules, and `build` as the tests call it."""

from __future__ import annotations

import os
import subprocess
import tarfile
import textwrap

from ansible_collections.slipway.golang.plugins.module_utils.builder import package
from ansible_collections.slipway.golang.plugins.module_utils.builder.build import build
from ansible_collections.slipway.golang.plugins.module_utils.builder.request import Request
from ansible_collections.slipway.golang.plugins.module_utils.common.build_options import OPTIONS

DEFAULTS = {name: option.get("default") for name, option in OPTIONS.items()}
INSTALLER = b"#!/bin/sh\necho install\n"
MAIN = """\
package main

var version = "dev"

func main() { println("hello", version) }
"""


class Workshop:
    """A Go module in a directory, with a place for what is built."""

    def __init__(self, root, name="hello"):
        self.root = root
        self.source = root / "source"
        self.dest = root / "dist"
        self.write("go.mod", "module example.com/%s\n\ngo 1.21\n" % name)
        self.write("main.go", MAIN)

    def write(self, path, text):
        """Write a file of the module."""
        file = self.source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    def replace(self, path, old, new):
        """Change a file of the module."""
        file = self.source / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def request(self, check_mode=False, **options):
        return Request(
            dict(DEFAULTS, **dict({"source": str(self.source), "dest": str(self.dest)}, **options)),
            check_mode,
        )

    def build(self, check_mode=False, **options):
        """The result of `build`."""
        return build(self.request(check_mode, **options))

    def binary(self, **options):
        """Build for one target, and return the path of the binary."""
        return self.build(**options)["artifacts"][0]["path"]

    def commit(self, message="Change", tag=None):
        """Commit all, at a time of its own."""
        if not (self.source / ".git").exists():
            self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        if tag:
            self.git("tag", tag)
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *arguments):
        settings = (("NAME", "t"), ("EMAIL", "t@example.com"), ("DATE", "1763600000 +0000"))
        person = {
            "GIT_%s_%s" % (role, setting): value
            for role in ("AUTHOR", "COMMITTER")
            for setting, value in settings
        }
        environment = dict(os.environ, GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull, **person)
        return subprocess.run(
            ["git"] + list(arguments), cwd=self.source, env=environment, check=True, stdout=subprocess.PIPE
        ).stdout.decode()


def pack(artifacts, dest, check_mode=False, **options):
    """The result of `package`."""
    defaults = {
        "prebuilt": [],
        "installer": INSTALLER,
        "extra": [],
        "unit": None,
        "signing_key": None,
        "compression_level": 6,
    }
    given = dict(defaults, **options)
    return package.package(artifacts, str(dest), check_mode=check_mode, **given)


def listed(path):
    """Names of the members, below the top directory."""
    with tarfile.open(path) as archive:
        return [member.name.partition("/")[2] for member in archive]
