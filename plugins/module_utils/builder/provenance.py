# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What travels with a binary: how it came about, without anything that differs between directories, users or days."""

from __future__ import annotations

import json
import os
import tempfile

from ..common import canonical
from ..common.errors import SlipwayError

SCHEMA = 1
SUFFIX = ".provenance.json"
_NEEDED = {"schema", "inputs", "input_digest", "binary", "name", "version", "commit", "time", "gates", "build", "dirty"}


def path_of(binary):
    """Where the provenance of a binary lies."""
    return binary + SUFFIX


def read(path):
    """A provenance that this version wrote, or None."""
    try:
        with open(path, "rb") as handle:
            data = json.loads(handle.read().decode("utf-8"))
    except (OSError, ValueError):
        return None
    usable = isinstance(data, dict) and _NEEDED <= set(data) and data["schema"] == SCHEMA and isinstance(data["inputs"], dict)
    return data if usable else None


def write(path, data):
    """Write it as canonical JSON, in one step; returns whether the bytes are new."""
    return write_file(path, canonical.to_json(data))


def write_file(path, content, mode=0o644):
    """Put bytes at a path in one step; returns whether they are new."""
    try:
        with open(path, "rb") as handle:
            if handle.read() == content:
                return False
    except OSError:
        pass
    directory = os.path.dirname(path)
    try:
        os.makedirs(directory, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(prefix=".slipway-", dir=directory)
        try:
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(content)
            os.chmod(partial, mode)
            os.replace(partial, path)
        except BaseException:
            os.unlink(partial)
            raise
    except OSError as error:
        raise SlipwayError("Cannot write %s: %s" % (path, error.strerror)) from error
    return True
