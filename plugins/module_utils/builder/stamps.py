# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that the linker writes into string variables (-X), which it does silently even where there is no such variable."""

from __future__ import annotations

import difflib
import os
import re
import time

from ..common.errors import InvalidInput, SlipwayError
from . import go_source

_NAME = re.compile(r"(?P<package>[A-Za-z0-9._~/+-]+)\.(?P<variable>[^\W\d]\w*)")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_PLACEHOLDERS = ("version", "commit", "time")


def check(stamp):
    """Names and templates as a user gave them."""
    checked = {}
    for name, template in stamp.items():
        field, text = "stamp " + str(name), str(template)
        if not _NAME.fullmatch(str(name)):
            raise InvalidInput(
                "stamp", name, "use a package's import path, a dot and a variable, as in 'main.version'"
            )
        if re.search(r"[\x00-\x1f\x7f]", text) or ("'" in text and '"' in text):
            raise InvalidInput(
                field,
                text,
                "Go's linker takes no control characters, and not both kinds of quotes in one value",
            )
        for placeholder in _PLACEHOLDER.findall(text):
            if placeholder not in _PLACEHOLDERS:
                raise InvalidInput(
                    field, text, "{%s} is unknown; there are {version}, {commit} and {time}" % placeholder
                )
        checked[str(name)] = text
    return checked


def fill(stamp, version, commit, seconds):
    """The values, with the placeholders replaced; the time is the commit's."""
    values = {
        "version": version,
        "commit": commit,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)),
    }
    return {
        name: _PLACEHOLDER.sub(lambda match: values[match[1]], template) for name, template in stamp.items()
    }


def flags(values):
    """The values as arguments of the linker, in the quoting of `go build -ldflags`."""
    arguments = []
    for name in sorted(values):
        text = "%s=%s" % (name, values[name])
        quote = '"' if "'" in text else "'"
        arguments.append("-X %s%s%s" % (quote, text, quote))
    return arguments


def verify_variables(values, listing):
    """Every stamp has a variable that can take it."""
    for name in values:
        match = _NAME.fullmatch(name)
        if match["package"] == listing.main:
            raise InvalidInput(
                "stamp", name, "the linker knows the main package as 'main': use main.%s" % match["variable"]
            )
        package = listing.package(match["package"])
        if package is None:
            known = sorted(["main"] + list(listing.packages))
            raise InvalidInput(
                "stamp",
                name,
                "the program has no package %s%s" % (match["package"], _like(match["package"], known)),
            )
        declared = _declared(package)
        if match["variable"] not in declared:
            usable = sorted(variable for variable, obstacle in declared.items() if obstacle is None)
            raise InvalidInput(
                "stamp",
                name,
                "package %s has no variable %s%s; add 'var %s = \"dev\"' to it or correct the name"
                % (match["package"], match["variable"], _like(match["variable"], usable), match["variable"]),
            )
        if declared[match["variable"]]:
            remedy = "%s; the linker can only set a package-level 'var %s = \"dev\"'" % (
                declared[match["variable"]],
                match["variable"],
            )
            raise InvalidInput("stamp", name, remedy)


def verify_landed(values, content):
    """Every value is in the binary."""
    for name, value in sorted(values.items()):
        if value.encode("utf-8") not in content:
            raise SlipwayError(
                "The stamp %s=%r did not land in the binary: nothing in the program reads that variable, so the linker left it out. "
                "Print it somewhere (--version, the health answer), or drop the stamp" % (name, value)
            )


def _declared(package):
    declared = {}
    for name in package["files"]:
        if name.endswith(".go"):
            try:
                with open(os.path.join(package["dir"], name), encoding="utf-8", errors="replace") as handle:
                    declared.update(go_source.variables(handle.read()))
            except OSError as error:
                raise SlipwayError(
                    "Cannot read %s: %s" % (os.path.join(package["dir"], name), error.strerror)
                ) from error
    return declared


def _like(word, known):
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.6)
    return " (it has %s)" % ", ".join(near) if near else ""
