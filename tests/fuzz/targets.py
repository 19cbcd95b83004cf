# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every parser of untrusted input, as a function of bytes: it may raise SlipwayError, and nothing else.

What else a parser guarantees is asserted here too. ``run.py`` drives these with atheris, the unit tests with
hypothesis.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import os
import socket
import stat
import tempfile
import threading
import zlib
from pathlib import Path

from ansible_collections.slipway.golang.plugins.module_utils.builder import go_buildinfo, pprof
from ansible_collections.slipway.golang.plugins.module_utils.common import canonical, elf, health, names
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.common.manifest import Manifest
from ansible_collections.slipway.golang.plugins.module_utils.host.artifact import unpack
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot import x509
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import config_files, state, template
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.history import History
from ansible_collections.slipway.golang.plugins.plugin_utils import log_lines

SEEDS = Path(__file__).resolve().parent / "seeds"
BLOCK = 512
# Memory where there is some: the unpacker syncs every file.
SCRATCH = next((path for path in ("/dev/shm",) if os.access(path, os.W_OK)), None)


def read_archive(data):
    """A tar as it is, and again with valid checksums and digest, to reach the code after them."""
    for tar in (data, _repaired(data)):
        with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
            target = os.path.join(scratch, "target")
            os.mkdir(target)
            with contextlib.suppress(SlipwayError, OSError):  # stage.py reports an OSError of the disk
                unpack.unpack(io.BytesIO(gzip.compress(tar, 1)), canonical.sha256(_first_member(tar)), target)
            assert os.listdir(scratch) == ["target"], "something was written outside of the target"
            _assert_plain(target)


def read_gzip(data):
    """The same with whatever may come instead of gzip."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch, contextlib.suppress(SlipwayError):
        unpack.unpack(io.BytesIO(data), "0" * 64, scratch)


def read_manifest(data):
    for raw in (data, _canonical(data)):
        with contextlib.suppress(SlipwayError):
            manifest = Manifest.parse(raw)
            manifest.checksums().decode("utf-8")
            assert "/" not in manifest.top and "/" not in manifest.stem
            assert all(names.check_member(path) and os.fsencode(path) for path in manifest.files)
            assert 0 <= manifest.unpacked_size < 1 << 63


def read_elf(data):
    with contextlib.suppress(SlipwayError):
        found = elf.read(data)
        assert isinstance(found.static, bool) and isinstance(found.build_id, str)


def read_profile(data):
    """A profile of pprof, compressed and not: what a host sends."""
    for content in (data, gzip.compress(data, 1)):
        with contextlib.suppress(SlipwayError):
            assert pprof.read(content).samples is not None
        with contextlib.suppress(SlipwayError):
            assert pprof.stripped(pprof.stripped(content)) == pprof.stripped(content)


def read_build_info(data):
    """The output of ``go version -m``."""
    info = go_buildinfo.parse(data.decode("utf-8", "replace"))
    assert json.loads(json.dumps(info.as_dict())) == info.as_dict()
    assert go_buildinfo.BuildInfo.from_dict(info.as_dict()) == info


def read_journal(data):
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        journal = History(os.path.join(scratch, "history.jsonl"))
        Path(journal.path).write_bytes(data)
        for release in journal.outcomes():
            journal.health_of(release)
        journal.append({"act": "deploy", "to": "1-0123456789ab", "outcome": "ok"})
        assert list(journal.outcomes().items())[-1] == ("1-0123456789ab", "ok")


def read_answer(data):
    """What a service may answer to a health check, by a real socket."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch, socket.socket(socket.AF_UNIX) as listener:
        path = os.path.join(scratch, "socket")
        listener.bind(path)
        listener.listen(1)
        check = health.parse(
            {
                "type": "unix",
                "socket": path,
                "path": "/healthz",
                "body": "ok",
                "response_headers": {"Server": "."},
                "timeout": 2.0,
            }
        )
        server = threading.Thread(target=_answer, args=(listener, data), daemon=True)
        server.start()
        attempt = health.probe_once(check, ("1.4.2",))
        server.join(5)
    assert attempt.ok or attempt.reason
    assert attempt.reason.isprintable() and (attempt.release or "").isprintable()
    json.dumps(attempt.to_dict()).encode("utf-8")


def read_certificate(data):
    """As DER inside of PEM, and as the PEM's text."""
    for text in (_pem(data), data.decode("ascii", "replace")):
        with contextlib.suppress(SlipwayError):
            facts = x509.facts(x509.parse(text), 0)
            assert all(name.isprintable() for name in facts["domains"]), facts
            assert facts["subject"].isprintable() and facts["issuer"].isprintable(), facts


def read_nginx(data):
    """A file of somebody else below /etc/nginx."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        place = Path(scratch, "conf.d")
        place.mkdir()
        Path(place, "theirs.conf").write_bytes(data)
        before, template.DIRECTORY = template.DIRECTORY, scratch
        try:
            texts = state.included()
            assert all(port >= 0 for _path, port, _default in state.listens(texts))
            state.sets("server_names_hash_bucket_size", texts)
            state.mentioning("slipway", {})
            config_files.displayable(config_files.read(str(place / "theirs.conf"))).encode("utf-8")
        finally:
            template.DIRECTORY = before


def read_log_lines(data):
    """What a host sends as lines of a log, packed as its engine does, and as it is."""
    packed = base64.b64encode(zlib.compress(data, 1)).decode("ascii")
    for text in (packed, data.decode("latin-1")):
        with contextlib.suppress(SlipwayError):
            shown = log_lines.Text(["web1"])
            for row in log_lines.rows("web1", text):
                assert all(line.isprintable() for line in shown.lines(row))
                assert json.dumps(log_lines.value(row)).isascii()


TARGETS = {
    "archive": read_archive,
    "gzip": read_gzip,
    "manifest": read_manifest,
    "elf": read_elf,
    "buildinfo": read_build_info,
    "profile": read_profile,
    "journal": read_journal,
    "answer": read_answer,
    "certificate": read_certificate,
    "nginx": read_nginx,
    "log_lines": read_log_lines,
}


def seeds(name):
    """What is kept for a target: examples to begin with, and whatever was found once."""
    return [path.read_bytes() for path in sorted((SEEDS / name).iterdir())]


def _assert_plain(directory):
    for parent, directories, files in os.walk(directory):
        for entry in files + directories:
            mode = os.lstat(os.path.join(parent, entry)).st_mode
            assert stat.S_ISREG(mode) or stat.S_ISDIR(mode), entry
            assert stat.S_IMODE(mode) in (0o600, 0o644, 0o755), entry


def _blocks(tar):
    """(offset, size of the content) of what may be headers."""
    at = 0
    while at + BLOCK <= len(tar):
        digits = bytes(tar[at + 124 : at + 136]).rstrip(b"\0 ")
        size = int(digits, 8) if digits and not digits.strip(b"01234567") else 0
        yield at, size
        at += BLOCK + (size + BLOCK - 1) // BLOCK * BLOCK


def _repaired(tar):
    repaired = bytearray(tar)
    for at, dummy in _blocks(tar):
        header = repaired[at : at + BLOCK]
        if any(header):
            repaired[at + 148 : at + 156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:]))
    return bytes(repaired) + bytes(2 * BLOCK)


def _first_member(tar):
    dummy, size = next(_blocks(tar), (0, 0))
    return tar[BLOCK : BLOCK + size]


def _canonical(data):
    try:
        return canonical.to_json(json.loads(data.decode("utf-8")))
    except (ValueError, RecursionError):
        return data


def _pem(der):
    return "-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % base64.encodebytes(der).decode(
        "ascii"
    )


def _answer(listener, data):
    connection = listener.accept()[0]
    with connection, contextlib.suppress(OSError):
        connection.recv(1 << 16)
        connection.sendall(data)
