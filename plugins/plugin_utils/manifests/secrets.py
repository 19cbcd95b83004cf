# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a service is given and nobody else may read: Secrets whose names say what is in them.

Another content is another name, so pods are replaced when it changes, and an older release finds the one
that it began with. The content itself is never written into a file.
"""

from __future__ import annotations

import hashlib
import re

from ...module_utils.common import canonical
from ...module_utils.common.errors import InvalidInput

# The name may be read by many, and a short secret could be found by trying: each try is to cost something.
ROUNDS = 100_000
_KEY = re.compile(r"[A-Za-z0-9._/-]{1,253}")


class Content:
    """The content of one Secret; false where there is none."""

    def __init__(self, app: str, kind: str, texts: dict[str, str]):
        self.texts = texts
        self.kind = kind
        for path in texts:
            if not _KEY.fullmatch(path):
                raise InvalidInput(
                    "slipway_config",
                    path,
                    "a file of a Secret has letters, digits, '.', '_' and '-' in its name",
                )
        # The keys of a Secret have no slash.
        self.keys = {path: path.replace("/", "__") for path in sorted(texts)}
        if len(set(self.keys.values())) < len(texts):
            raise InvalidInput(
                "slipway_config", sorted(texts), "two files differ only by '/' and '__': rename one"
            )
        self.name = "%s-%s-%s" % (app, kind, _digest(app + kind, texts)) if texts else ""

    def __bool__(self):
        return bool(self.texts)

    @property
    def data(self):
        return {self.keys[path]: self.texts[path] for path in sorted(self.texts)}

    def items(self):
        """Which key is which file."""
        return [{"key": key, "path": path} for path, key in self.keys.items()]


def _digest(salt, texts):
    content = canonical.to_json(texts)
    return hashlib.pbkdf2_hmac("sha256", content, salt.encode("ascii"), ROUNDS).hex()[:10]
