# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One target of one call: what lies there, what should, and why the one is not the other."""

from __future__ import annotations

import os
import stat

from ..common import canonical
from ..common.errors import SlipwayError
from . import files, go_build, provenance
from . import go_list as listings
from . import inputs as input_lists

_MODE = 0o755
_IDENTITY = ("name", "version", "commit", "time", "dirty")


class Job:
    """A target on its way from sources to a binary beside its provenance."""

    def __init__(self, request, target, pool):
        self.target = target
        self.directory = os.path.join(request.dest, target.platform)
        self.binary = os.path.join(self.directory, request.name)
        self.provenance_path = provenance.path_of(self.binary)
        self.memo_path = os.path.join(self.directory, ".%s.memo.json" % request.name)
        self.listing = self.memo = self.built = None
        self.inputs, self.identity = {}, {}
        self.reasons, self.stale, self.changed = [], False, False
        self.recorded = self._before = provenance.read(self.provenance_path)
        self._found = pool.submit(self._what_lies_there)

    @property
    def digest(self):
        """SHA-256 of the binary that lies there; "" for none."""
        return self._found.result()[0]

    @property
    def defect(self):
        """What is wrong with the binary that lies there; "" for nothing."""
        return self._found.result()[1]

    def look(self, request, toolchain, cache):
        """Collect the inputs; a new memo is kept for later."""
        self.listing, self.memo = listings.collect(request, self.target, toolchain, cache, self.memo_path)
        self.inputs = input_lists.gather(request, self.target, toolchain, self.listing, cache)

    def judge(self, request, identity, stamp_values):
        """Decide whether to build, and whether anything that is seen from outside changes."""
        self.identity = identity
        self.inputs.update(("stamp " + name, value) for name, value in stamp_values.items())
        why = input_lists.reasons(self.recorded["inputs"], self.inputs) if self.recorded else []
        if request.force:
            why.append("force was set")
        if not why and self.defect:  # only then is it worth waiting for the digest
            why.append(self.defect)
        self.stale = bool(why)
        old = self.recorded or {}
        moved = [name for name in _IDENTITY if old and old.get(name) != identity[name]]
        self.reasons = why + ["%s: %s -> %s" % (name, old.get(name), identity[name]) for name in moved]
        self.changed = bool(self.reasons)

    def publish(self, request, stamp_values, gates):
        """Put a new binary and what is known of it into place."""
        if self.built:
            replace = self.built.sha256 != self.digest or bool(self.defect)
            moved = any((self.recorded or {}).get(name) != self.identity[name] for name in _IDENTITY)
            if replace:
                try:
                    os.replace(self.built.path, self.binary)
                except OSError as error:
                    raise SlipwayError(
                        "Cannot put the new binary at %s: %s" % (self.binary, error.strerror)
                    ) from error
            self.changed = replace or moved
        self.recorded = self._provenance(request, stamp_values, gates)
        files.write(self.provenance_path, canonical.to_json(self.recorded))
        if self.memo:
            files.write(self.memo_path, canonical.to_json(self.memo))

    def artifact(self):
        """What the module returns of it; sizes and digests are null while nothing is built."""
        binary = (self.recorded or {}).get("binary", {}) if not self.stale or self.built else {}
        result = {
            "path": self.binary,
            "provenance": self.provenance_path,
            "goos": self.target.goos,
            "goarch": self.target.goarch,
            "variant": self.target.variant,
            "go_version": self.inputs["go"],
            "input_digest": input_lists.digest(self.inputs),
            "reasons": self.reasons,
            "changed": self.changed,
            "seconds": self.built.seconds if self.built else 0.0,
        }
        result.update((name, self.identity[name]) for name in _IDENTITY)
        result.update(
            (name, binary.get(name)) for name in ("size", "sha256", "static", "build_id", "before_upx")
        )
        return result

    def states(self):
        """What was and what is, in the same flat form, for a diff."""
        before = dict(self._before["inputs"]) if self._before else {}
        before.update((name, str(self._before[name])) for name in _IDENTITY if self._before)
        after = dict(self.inputs, **{name: str(self.identity[name]) for name in _IDENTITY})
        if self.digest:
            before["binary"] = self.digest
        after["binary"] = self.built.sha256 if self.built else "to be built" if self.stale else self.digest
        return before, after

    def _what_lies_there(self):
        """Digest of the binary, and what is wrong with it ("" for nothing)."""
        try:
            status = os.lstat(self.binary)
            if not stat.S_ISREG(status.st_mode):
                return "", "%s is no regular file" % self.binary
            digest = canonical.sha256_file(self.binary)
        except FileNotFoundError:
            return "", "not built yet"
        except OSError as error:
            raise SlipwayError("Cannot read %s: %s" % (self.binary, error.strerror)) from error
        if not self.recorded:
            return digest, "its provenance is missing or of another version of slipway.golang"
        if digest != self.recorded["binary"].get("sha256"):
            return digest, "the binary was modified after it was built"
        if stat.S_IMODE(status.st_mode) != _MODE:
            return digest, "its mode is %04o, not %04o" % (stat.S_IMODE(status.st_mode), _MODE)
        return digest, ""

    def _provenance(self, request, stamp_values, gates):
        binary, build = (self.recorded or {}).get("binary"), (self.recorded or {}).get("build")
        if self.built:
            facts = dict(self.built.facts)
            build = facts.pop("build_info")
            binary = dict(
                facts, size=self.built.size, sha256=self.built.sha256, before_upx=self.built.before_upx
            )
        target = {"goos": self.target.goos, "goarch": self.target.goarch, "variant": self.target.variant}
        # as it reads the same in every directory
        command = ["go"] + [
            "-pgo=" + os.path.basename(argument) if argument.startswith("-pgo=/") else argument
            for argument in go_build.arguments(request, request.name, stamp_values)
        ]
        return dict(
            self.identity,
            schema=provenance.SCHEMA,
            target=target,
            command=command,
            inputs=self.inputs,
            gates=gates,
            input_digest=input_lists.digest(self.inputs),
            binary=binary,
            build=build,
        )
