# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a binary is built for: operating system, architecture and its variant."""

from __future__ import annotations

import difflib
import re
from typing import Iterable

from ..common.errors import InvalidInput
from ..common.manifest import platform

_MIPS = ("GOMIPS", "hardfloat", "hardfloat|softfloat")
_MIPS64 = ("GOMIPS64", "hardfloat", "hardfloat|softfloat")
_POWER = ("GOPPC64", "power8", r"power\d+")
_ARCHITECTURES = {
    # those that common/elf.py knows: Go's variable, its default, the values it takes
    "386": ("GO386", "sse2", "sse2|softfloat"),
    "amd64": ("GOAMD64", "v1", "v[1-4]"),
    "arm": ("GOARM", "7", "[567](,softfloat|,hardfloat)?"),
    "arm64": ("GOARM64", "v8.0", r"v(8\.[0-9]|9\.[0-5])(,lse|,crypto)*"),
    "loong64": ("", "", ""),
    "mips": _MIPS,
    "mipsle": _MIPS,
    "mips64": _MIPS64,
    "mips64le": _MIPS64,
    "ppc64": _POWER,
    "ppc64le": _POWER,
    "riscv64": ("GORISCV64", "rva20u64", r"rva\d+u64"),
    "s390x": ("", "", ""),
}
_KERNEL_NAMES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "i386": "386",
    "i686": "386",
    "armv6l": "arm/6",
    "armv7l": "arm/7",
}
VARIABLES = frozenset(variable for variable, _default, _values in _ARCHITECTURES.values() if variable)


class Target:
    """One platform, with the variant that Go will use."""

    def __init__(self, goos: str, goarch: str, variant: str) -> None:
        self.goos = goos
        self.goarch = goarch
        self.variant = variant

    def __str__(self) -> str:
        return "/".join(part for part in (self.goos, self.goarch, self.variant) if part)

    @property
    def platform(self) -> str:
        """The name of its directory."""
        return platform(self.goos, self.goarch, self.variant)

    @property
    def environment(self) -> dict[str, str]:
        """Go's variables for it, always explicit."""
        variable = _ARCHITECTURES[self.goarch][0]
        values = {"GOOS": self.goos, "GOARCH": self.goarch}
        if variable:
            values[variable] = self.variant
        return values


def parse(text: object, field: str = "targets") -> Target:
    """A target from 'linux/amd64' or 'linux/arm/7'."""
    parts = str(text).split("/", 2)
    if len(parts) < 2 or parts[0] != "linux" or parts[1] not in _ARCHITECTURES:
        raise unknown(text, ["linux/" + arch for arch in _ARCHITECTURES], field)
    variable, default, values = _ARCHITECTURES[parts[1]]
    variant = parts[2] if len(parts) == 3 else default
    if variant != default and not re.fullmatch(values or "(?!)", variant):
        remedy = "%s has no variant %r; %s" % (
            parts[1],
            variant,
            "%s takes %s" % (variable, values.replace("\\", "")) if variable else "it has none",
        )
        raise InvalidInput(field, text, remedy)
    return Target(parts[0], parts[1], variant)


def parse_all(texts: Iterable[object]) -> list[Target]:
    """Targets without repetition, in the order given."""
    found: dict[str, Target] = {}
    for text in texts:
        target = parse(text)
        found.setdefault(target.platform, target)
    return list(found.values())


def variable(goarch: str) -> str:
    """Go's variable for the variant of an architecture; "" where there is none."""
    return _ARCHITECTURES[goarch][0]


def unknown(text: object, known: list[str], field: str = "targets") -> InvalidInput:
    """The error for a target that does not exist, with similar ones that do."""
    meant = _KERNEL_NAMES.get(str(text).rpartition("/")[2])
    near = ["linux/" + meant] if meant else difflib.get_close_matches(str(text), known, n=3, cutoff=0.6)
    if not near:
        near = [name for name in known if text and str(text).endswith(name.rpartition("/")[2])]
    hint = "did you mean %s?" % " or ".join(near[:3]) if near else "known are %s" % ", ".join(sorted(known))
    return InvalidInput(field, text, "Slipway builds for Linux hosts; %s" % hint)
