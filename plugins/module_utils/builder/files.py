# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small acts on files that every part of this wing needs."""

from __future__ import annotations

import contextlib
import os
import tempfile

from ..common.errors import SlipwayError


def write(path, content, mode=0o644):
    """Put bytes at a path in one step; returns whether they are new."""
    try:
        with open(path, "rb") as handle:
            if handle.read() == content:
                return False
    except OSError:
        pass
    with replacing(path, mode) as handle:
        handle.write(content)
    return True


@contextlib.contextmanager
def replacing(path, mode=0o644):
    """A new file that takes its place at ``path`` when the block ends well, and vanishes when it does not."""
    directory = os.path.dirname(path)
    try:
        os.makedirs(directory, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(prefix=".slipway-", dir=directory)
    except OSError as error:
        raise SlipwayError("Cannot write to %s: %s" % (directory, error.strerror)) from error
    try:
        with os.fdopen(descriptor, "wb") as handle:
            yield handle
        os.chmod(partial, mode)  # whatever the umask
        os.replace(partial, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        if isinstance(error, OSError):
            raise SlipwayError("Cannot write %s: %s" % (path, error.strerror)) from error
        raise
