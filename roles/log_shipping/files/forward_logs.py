# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends the lines of a service from the journal to Elasticsearch, or to a syslog server with TLS.

The journal is the queue. Lines are sent in batches, and how far they were sent is stored when the target has
confirmed the batch. Every failure ends the program. systemd starts it again, and it reads on behind the last
batch that was confirmed. So nothing is lost, and at most one batch is sent twice.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import fcntl
import http.client
import json
import os
import re
import select
import socket
import ssl
import struct
import subprocess
import sys
import termios
import time
import urllib.parse

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator

    Entry = Dict[str, Any]

# Fields of the journal that each document has, whatever the line says.
ADDED = ("_HOSTNAME", "_SYSTEMD_UNIT", "_PID", "PRIORITY")
FIELDS = (*ADDED, "MESSAGE", "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER", "_COMM", "_EXE")
JOURNALCTL = ("journalctl", "--quiet", "--no-pager", "--all", "--output=json")
# A batch is what was logged within a second, or so many bytes of what journalctl prints.
BATCH_SECONDS = 1.0
BATCH_BYTES = 256 << 10
# A longer line is cut: servers have limits too, and all other lines would wait behind it.
LONGEST = 64 << 10
TIMEOUT = 60.0
# A connection that was idle for longer is not used again: the server may have closed it.
KEPT_SECONDS = 5.0
MOST_OF_AN_ANSWER = 16 << 20


class Failure(Exception):
    """The target did not confirm a batch, or the journal cannot be read."""


# Also an answer that has another form than it should have.
FAILURES = (
    Failure,
    OSError,
    http.client.HTTPException,
    subprocess.SubprocessError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)


# --- the journal ----------------------------------------------------------------------------------


class State:
    """The cursor of the newest line that was confirmed, in a file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def read(self) -> str | None:
        """None if nothing was stored yet."""
        try:
            with open(self._path, encoding="ascii") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def prepare(self, cursor: str) -> None:
        """All that may fail for want of space, before anything is sent."""
        with open(self._path + ".new", "w", encoding="ascii") as file:
            file.write(cursor)
            file.flush()
            os.fsync(file.fileno())

    def commit(self) -> None:
        os.replace(self._path + ".new", self._path)


def newest_cursor() -> str:
    """The first line that is sent comes after it. Empty if the journal is."""
    argv = [*JOURNALCTL, "--lines=1", "--output-fields=_PID"]
    printed = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout
    return str(json.loads(printed)["__CURSOR"]) if printed else ""


def follow(units: list[str], cursor: str) -> subprocess.Popen[bytes]:
    """The lines of units, beginning with the one of the cursor if that is among them.

    Not --after-cursor: until systemd 253 it skips a line of these units if that of the cursor is of another.
    """
    argv = [*JOURNALCTL, "--follow", "--no-tail", "--output-fields=" + ",".join(FIELDS)]
    argv += ["--unit=" + unit for unit in units] + (["--cursor=" + cursor] if cursor else [])
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def batches(pipe: int) -> Iterator[list[bytearray]]:
    """What is written to a pipe, as lists of lines."""
    lines: list[bytearray] = []
    unread, size, end = bytearray(), 0, 0.0
    while True:
        if lines and (size >= BATCH_BYTES or time.monotonic() >= end):
            yield lines
            lines, size = [], 0
        wait = max(0.0, end - time.monotonic()) if lines else None
        if not select.select([pipe], [], [], wait)[0]:
            continue
        chunk = os.read(pipe, BATCH_BYTES)
        if not chunk:
            raise Failure("journalctl has ended")
        unread += chunk
        if b"\n" in chunk:
            if not lines:
                end = time.monotonic() + BATCH_SECONDS
            *complete, unread = unread.split(b"\n")
            lines += complete
            size += sum(map(len, complete))


# --- what is sent ---------------------------------------------------------------------------------


def text_of(value: Any) -> str:
    """A field as journalctl prints it: a text, the numbers of its bytes, or several of these."""
    if isinstance(value, list):
        if all(isinstance(item, int) for item in value):
            return bytes(item & 255 for item in value).decode("utf-8", "replace")
        return "\n".join(map(text_of, value))
    return value if isinstance(value, str) else ""


def message(entry: Entry) -> str:
    return text_of(entry.get("MESSAGE"))[:LONGEST]


def timestamp(entry: Entry) -> str:
    seconds, microseconds = divmod(int(entry["__REALTIME_TIMESTAMP"]), 1000000)
    whole = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return "%s.%06dZ" % (whole.strftime("%Y-%m-%dT%H:%M:%S"), microseconds)


def document(entry: Entry, app: str, parsed: bool = True) -> dict[str, Any]:
    """The fields of a line that is a JSON object, or the line as ``msg``; and what journald knows."""
    text = message(entry)
    fields = (_object(text) if parsed else None) or {"msg": text}
    release = re.match(r"/opt/%s/releases/([^/]+)/" % re.escape(app), text_of(entry.get("_EXE")))
    if release:
        fields.setdefault("release", release[1])
    fields.update((name, text_of(entry[name])) for name in ADDED if name in entry)
    fields["@timestamp"] = timestamp(entry)
    return fields


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse(constant: str) -> None:
    raise ValueError("Python reads %s, and others do not" % constant)


def frame(entry: Entry) -> bytes:
    """A line as RFC 5424 wants it, with the number of its bytes in front (RFC 5425)."""
    # Of systemd's services if nothing else is known, and informational.
    priority = 8 * _number(entry.get("SYSLOG_FACILITY"), 3, 23) + _number(entry.get("PRIORITY"), 6, 7)
    program = text_of(entry.get("SYSLOG_IDENTIFIER")) or text_of(entry.get("_COMM"))
    words = (
        "<%d>1" % priority,
        timestamp(entry),
        _word(text_of(entry.get("_HOSTNAME")), 255),
        _word(program, 48),
        _word(text_of(entry.get("_PID")), 128),
        "- -",
        message(entry),
    )
    content = " ".join(words).encode("utf-8", "replace")
    return b"%d %s" % (len(content), content)


def _number(value: Any, default: int, most: int) -> int:
    text = text_of(value)
    return int(text) if re.fullmatch("[0-9]{1,2}", text) and int(text) <= most else default


def _word(text: str, longest: int) -> str:
    return re.sub("[^!-~]", "_", text)[:longest] or "-"


# --- targets --------------------------------------------------------------------------------------


class Elasticsearch:
    """The id of a document is the line's cursor: what is sent twice is stored once."""

    def __init__(self, url: urllib.parse.SplitResult, context: ssl.SSLContext, app: str, index: str) -> None:
        self._connection = http.client.HTTPSConnection(
            url.hostname or "", url.port, timeout=TIMEOUT, context=context
        )
        self._path = url.path + "/_bulk?filter_path=errors,items.*.status,items.*.error.reason"
        self._headers = {"Content-Type": "application/x-ndjson"}
        self._app, self._index = app, index
        self._used = 0.0

    def log_in(self, user: str, password: bytes) -> None:
        word = base64.b64encode(user.encode() + b":" + password).decode()
        self._headers["Authorization"] = "Basic " + word

    def send(self, entries: list[Entry]) -> None:
        """A document whose fields do not fit the index is sent again, with the line as a text."""
        refused = [entry for entry, dummy in self._bulk(entries, parsed=True)]
        for entry, reason in self._bulk(refused, parsed=False) if refused else ():
            raise Failure("the index takes no line such as %s: %s" % (entry["__CURSOR"], reason))

    def _bulk(self, entries: list[Entry], parsed: bool) -> list[tuple[Entry, str]]:
        """Send entries; return those that were refused, and why."""
        body = []
        for entry in entries:
            body.append({"create": {"_index": self._index, "_id": entry["__CURSOR"]}})
            body.append(document(entry, self._app, parsed))
        lines = (json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") for line in body)
        answer = self._post(b"".join(line + b"\n" for line in lines))
        if answer["errors"] is False:
            return []
        reasons = [_reason(item) for item in answer["items"]]
        if len(reasons) != len(entries):
            raise Failure("the answer has %d items for %d lines" % (len(reasons), len(entries)))
        return [(entry, reason) for entry, reason in zip(entries, reasons) if reason]

    def _post(self, body: bytes) -> dict[str, Any]:
        if time.monotonic() - self._used > KEPT_SECONDS:
            self._connection.close()
        self._connection.request("POST", self._path, body, self._headers)
        response = self._connection.getresponse()
        text = response.read(MOST_OF_AN_ANSWER).decode("utf-8", "replace")
        self._used = time.monotonic()
        if response.status != 200:
            # Of a proxy it is a page for a browser.
            why = ": " + text[:300] if text.startswith("{") else ""
            raise Failure("HTTP status %d %s%s" % (response.status, response.reason, why))
        answer = _object(text)
        if answer is None or "errors" not in answer:
            raise Failure("the answer is not one of Elasticsearch: " + text[:300])
        return answer


def _reason(item: dict[str, Any]) -> str:
    """Why a document was refused; empty if it was not, also if it had been stored before."""
    (result,) = item.values()
    status = result["status"]
    if status < 300 or status == 409:
        return ""
    reason = str((result.get("error") or {}).get("reason"))[:300]
    if status != 400:
        raise Failure("status %d for a line: %s" % (status, reason))
    return reason


class Syslog:
    """A connection for each batch: that the server ends it after us is the only receipt that syslog has."""

    def __init__(self, url: urllib.parse.SplitResult, context: ssl.SSLContext) -> None:
        self._host, self._port, self._context = url.hostname or "", url.port or 0, context

    def send(self, entries: list[Entry]) -> None:
        plain = socket.create_connection((self._host, self._port), TIMEOUT)
        with plain, self._context.wrap_socket(plain, server_hostname=self._host) as stream:
            stream.sendall(b"".join(map(frame, entries)))
            wait_for_receipt(stream)


def wait_for_receipt(stream: ssl.SSLSocket) -> None:
    """Say that nothing more comes, and wait until the other side has read everything before.

    RFC 5425 wants a close_notify as the answer to a close_notify. There are servers that just close the
    connection. That says the same: it is reset, not closed, if anything was unread. But a server may also
    have closed it before our lines came. Then they stay without an acknowledgement of TCP.
    """
    try:
        stream.unwrap()
    except OSError as error:
        # Closed without close_notify: what Python and OpenSSL raise depends on their versions.
        if not isinstance(error, ssl.SSLEOFError) and error.errno != 0:
            raise
    stream.shutdown(socket.SHUT_WR)
    while stream.recv(1 << 16):
        pass
    (unconfirmed,) = struct.unpack("i", fcntl.ioctl(stream.fileno(), termios.TIOCOUTQ, bytes(4)))
    # One for the end of the stream itself.
    if unconfirmed > 1 or stream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise Failure("the server closed the connection before it had read everything")


# --- the program ----------------------------------------------------------------------------------


def forward(target: Elasticsearch | Syslog, state: State, units: list[str]) -> None:
    """Send what comes, without end."""
    cursor = state.read()
    if cursor is None:
        cursor = newest_cursor()
        state.prepare(cursor)
        state.commit()
    journal = follow(units, cursor)
    assert journal.stdout is not None
    try:
        for lines in batches(journal.stdout.fileno()):
            entries = [entry for entry in map(json.loads, lines) if entry["__CURSOR"] != cursor]
            if entries:
                state.prepare(entries[-1]["__CURSOR"])
                target.send(entries)
                state.commit()
    finally:
        journal.kill()


def target_of(options: argparse.Namespace, credentials: str) -> Elasticsearch | Syslog:
    # Not create_default_context(): since Python 3.13 it wants more of a CA certificate than other clients do.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(options.ca_file)
    if os.path.exists(credentials + "/client.key"):
        context.load_cert_chain(credentials + "/client.crt", credentials + "/client.key")
    url = urllib.parse.urlsplit(options.to)
    if url.scheme == "syslog+tls":
        return Syslog(url, context)
    target = Elasticsearch(url, context, options.app, options.index)
    if options.user:
        with open(credentials + "/password", "rb") as file:
            target.log_in(options.user, file.read())
    return target


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Send the lines of a service from the journal.")
    parser.add_argument("--to", required=True, help="https://HOST:PORT/PATH or syslog+tls://HOST:PORT")
    parser.add_argument("--app", required=True, help="the service, below /opt")
    parser.add_argument("--unit", required=True, action="append", help="a unit of it; may be repeated")
    parser.add_argument("--ca-file", required=True, help="the CA certificates")
    parser.add_argument("--index", default="", help="the index of Elasticsearch")
    parser.add_argument("--user", default="", help="whose password is among the credentials")
    return parser.parse_args(argv)


def main() -> None:
    options = arguments(sys.argv[1:])
    try:
        target = target_of(options, os.environ["CREDENTIALS_DIRECTORY"])
        forward(target, State(os.environ["STATE_DIRECTORY"] + "/state"), options.unit)
    except FAILURES as error:
        reason = " ".join((str(error) or type(error).__name__).split())
        sys.exit("Sending to %s failed: %s" % (options.to, reason))


if __name__ == "__main__":
    main()
