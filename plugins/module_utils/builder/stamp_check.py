# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that the program has the variables of the stamps, and that their values are in the binary."""

from __future__ import annotations

import difflib
import os
from typing import Iterable

from ..common.errors import InvalidInput, SlipwayError
from . import go_source, stamps
from .go_list import Listing, Package


def verify_variables(values: dict[str, str], listing: Listing) -> None:
    """Every stamp has a variable that the linker can set."""
    for name in values:
        path, variable = stamps.split(name)
        if path == listing.main:
            raise InvalidInput(
                "stamp", name, "the linker knows the main package as 'main': use main.%s" % variable
            )
        package = listing.package(path)
        if package is None:
            known = sorted(["main"] + list(listing.packages))
            raise InvalidInput(
                "stamp", name, "the program has no package %s%s" % (path, _similar(path, known))
            )
        declared = _declared(package)
        if variable not in declared:
            usable = sorted(variable for variable, obstacle in declared.items() if obstacle is None)
            raise InvalidInput(
                "stamp",
                name,
                "package %s has no variable %s%s; add 'var %s = \"dev\"' to it or correct the name"
                % (path, variable, _similar(variable, usable), variable),
            )
        if declared[variable]:
            raise InvalidInput(
                "stamp",
                name,
                "%s; the linker can only set a package-level 'var %s = \"dev\"'"
                % (declared[variable], variable),
            )


def verify_in_binary(values: dict[str, str], content: bytes) -> None:
    """Every value is in the binary."""
    for name, value in sorted(values.items()):
        if value.encode("utf-8") not in content:
            raise SlipwayError(
                "The stamp %s=%r is not in the binary: nothing in the program reads that variable, so the "
                "linker left it out. Print it somewhere (--version, the health answer), or remove the stamp"
                % (name, value)
            )


def _declared(package: Package) -> dict[str, str | None]:
    declared: dict[str, str | None] = {}
    for name in package.files:
        if name.endswith(".go"):
            path = os.path.join(package.dir, name)
            try:
                with open(path, encoding="utf-8", errors="replace") as handle:
                    declared.update(go_source.variables(handle.read()))
            except OSError as error:
                raise SlipwayError("Cannot read %s: %s" % (path, error.strerror)) from error
    return declared


def _similar(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=3, cutoff=0.6)
    return " (it has %s)" % ", ".join(near) if near else ""
