# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the program of the role log_shipping takes for a receipt, what it sends, and where it goes on.

The servers are real ones on loopback, with TLS. tests/system/log_shipping has the real targets and journals.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import time

import pytest

from .log_servers import (
    Elastic,
    SyslogServer,
    answer_unread,
    close_half_read,
    close_unread,
    read_and_answer,
    read_and_close,
    read_and_wait,
    server_context,
)

REPO = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = REPO / "roles" / "log_shipping" / "files" / "forward_logs.py"
_spec = importlib.util.spec_from_file_location("forward_logs", PROGRAM)
forward_logs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(forward_logs)
# Seconds that nothing here takes unless it fails.
LONG = 60


def entry(number=1, message="paid", **fields):
    return {
        "__CURSOR": "s=1;i=%x" % number,
        "__REALTIME_TIMESTAMP": str(1700000000000001 + number * 1000000),
        "MESSAGE": message,
        "PRIORITY": "6",
        "_HOSTNAME": "web1",
        "_PID": "42",
        "_SYSTEMD_UNIT": "orders.service",
        "SYSLOG_FACILITY": "3",
        "SYSLOG_IDENTIFIER": "orders",
        "_EXE": "/opt/orders/releases/1.4.2-0a1b2c3d4e5f/bin/orders",
        **fields,
    }


# --- what is sent ---------------------------------------------------------------------------------

KNOWN = {
    "_HOSTNAME": "web1",
    "_SYSTEMD_UNIT": "orders.service",
    "_PID": "42",
    "PRIORITY": "6",
    "release": "1.4.2-0a1b2c3d4e5f",
    "@timestamp": "2023-11-14T22:13:21.000001Z",
}


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("paid", {"msg": "paid"}),
        ('{"msg": "paid", "order": 17}', {"msg": "paid", "order": 17}),
        ('{"release": "9", "_PID": "1", "@timestamp": "?"}', {"release": "9"}),
        ("[1]", {"msg": "[1]"}),
        ("{}", {"msg": "{}"}),
        ('{"a": NaN}', {"msg": '{"a": NaN}'}),
        ('{"a": 1', {"msg": '{"a": 1'}),
        ("[" * 60000, {"msg": "[" * 60000}),
        ("x" * 70000, {"msg": "x" * 65536}),
        ([112, 255, 105], {"msg": "p\ufffdi"}),
        (["one", [116, 119, 111]], {"msg": "one\ntwo"}),
        (None, {"msg": ""}),
    ],
    ids=str,
)
def test_a_document_has_the_fields_of_the_line_and_those_of_the_journal(line, fields):
    assert forward_logs.document(entry(message=line), "orders") == {**KNOWN, **fields}


def test_a_release_is_the_directory_below_that_of_the_service():
    other = entry(_EXE="/opt/orders2/releases/1/bin/orders")
    assert "release" not in forward_logs.document(other, "orders")
    assert "release" not in forward_logs.document(entry(_EXE=None), "orders")


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, b' <30>1 2023-11-14T22:13:21.000001Z web1 orders 42 - - {"msg": "\\t\xc3\xbc"}'),
        ({"PRIORITY": "3", "SYSLOG_FACILITY": "16"}, b"<131>1 "),
        ({"PRIORITY": "8", "SYSLOG_FACILITY": "x"}, b"<30>1 "),
        ({"PRIORITY": "-1", "SYSLOG_FACILITY": "24"}, b"<30>1 "),
        ({"SYSLOG_IDENTIFIER": None, "_COMM": "a b\n<1>"}, b"Z web1 a_b_<1> 42 - - "),
        ({"_PID": None, "_HOSTNAME": ""}, b"Z - orders - - - "),
    ],
)
def test_a_frame_is_the_line_as_it_was_behind_a_header_that_no_field_can_break(fields, wanted):
    frame = forward_logs.frame(entry(message='{"msg": "\\t\u00fc"}', **fields))
    size, dummy, content = frame.partition(b" ")
    assert int(size) == len(content)
    assert wanted in frame


# --- the journal ----------------------------------------------------------------------------------


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        with contextlib.suppress(OSError):
            os.close(end)


def test_a_batch_is_what_comes_within_a_second(pipe):
    reading, writing = pipe
    found = forward_logs.batches(reading)
    os.write(writing, b"one\ntwo\nth")
    assert next(found) == [b"one", b"two"]
    os.write(writing, b"ree\n")
    assert next(found) == [b"three"]


def test_a_batch_ends_where_it_is_large(pipe, monkeypatch):
    monkeypatch.setattr(forward_logs, "BATCH_BYTES", 1000)
    monkeypatch.setattr(forward_logs, "BATCH_SECONDS", LONG)
    reading, writing = pipe
    os.write(writing, b"".join(b"%09d\n" % number for number in range(500)))
    found = forward_logs.batches(reading)
    assert [len(next(found)), len(next(found))] == [200, 200]


def test_a_journal_that_ends_is_a_failure(pipe):
    reading, writing = pipe
    os.close(writing)
    with pytest.raises(forward_logs.Failure, match="journalctl has ended"):
        next(forward_logs.batches(reading))


# --- targets --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A certificate that is its own CA, for the server and for clients."""
    home = tmp_path_factory.mktemp("keys")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=a"
    argv = [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1"]
    argv += ["-keyout", str(home / "client.key"), "-out", str(home / "client.crt")]
    subprocess.run(argv, check=True, capture_output=True)
    return home


def options(keys, to, *more):
    words = ["--to", to, "--app", "orders", "--unit", "orders.service", "--ca-file", str(keys / "client.crt")]
    return forward_logs.arguments([*words, *more])


@pytest.fixture
def syslog(keys):
    servers = []

    def start(behave, **more):
        servers.append(SyslogServer(server_context(keys, **more), behave))
        return servers[-1]

    yield start
    for server in servers:
        server.done.set()
        server.close()


ENTRIES = [entry(number, "line %d" % number) for number in range(20000)]


@pytest.mark.parametrize("behave", [read_and_close, read_and_answer])
def test_a_server_that_has_read_everything_gives_a_receipt(keys, syslog, tmp_path, behave):
    server = syslog(behave)
    target = forward_logs.target_of(options(keys, server.url), str(tmp_path))
    target.send(ENTRIES)
    target.send(ENTRIES[:1])
    assert server.received == [b"".join(map(forward_logs.frame, ENTRIES)), forward_logs.frame(ENTRIES[0])]


@pytest.mark.parametrize("count", [1, len(ENTRIES)])
@pytest.mark.parametrize("behave", [close_unread, close_half_read, answer_unread])
def test_a_server_that_has_not_read_everything_gives_none(keys, syslog, tmp_path, behave, count):
    if (behave, count) == (close_half_read, 1):
        count = 1000  # the rest of one record of TLS has been read with its beginning
    server = syslog(behave)
    target = forward_logs.target_of(options(keys, server.url), str(tmp_path))
    with pytest.raises((OSError, forward_logs.Failure)):
        target.send(ENTRIES[:count])
    assert server.received == []


def test_a_server_that_closed_before_the_lines_came_gives_no_receipt(keys, syslog):
    server = syslog(lambda server, stream: None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(keys / "client.crt")
    plain = socket.create_connection(("127.0.0.1", server.port), LONG)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as stream:
        assert server.done.wait(LONG)
        stream.sendall(b"3 one")
        with pytest.raises((OSError, forward_logs.Failure)):
            forward_logs.wait_for_receipt(stream)


def test_a_server_that_never_answers_gives_no_receipt(keys, syslog, tmp_path, monkeypatch):
    monkeypatch.setattr(forward_logs, "TIMEOUT", 0.3)
    server = syslog(read_and_wait)
    with pytest.raises(OSError, match="timed out"):
        forward_logs.target_of(options(keys, server.url), str(tmp_path)).send(ENTRIES[:1])


def test_a_server_gets_the_certificate_that_it_wants(keys, syslog, tmp_path):
    server = syslog(read_and_close, wants_certificate=True)
    forward_logs.target_of(options(keys, server.url), str(keys)).send(ENTRIES[:1])
    assert server.received == [forward_logs.frame(ENTRIES[0])]
    with pytest.raises((OSError, forward_logs.Failure)):
        forward_logs.target_of(options(keys, server.url), str(tmp_path)).send(ENTRIES[:1])


def test_a_server_with_another_name_gets_nothing(keys, syslog, tmp_path):
    server = syslog(read_and_close)
    wrong = options(keys, server.url.replace("127.0.0.1", "localhost"))
    with pytest.raises(ssl.SSLCertVerificationError):
        forward_logs.target_of(wrong, str(tmp_path)).send(ENTRIES[:1])
    assert server.received == []


def answer(*statuses):
    items = [
        {"create": {"status": status, **({} if status < 300 else {"error": {"reason": "because"}})}}
        for status in statuses
    ]
    return 200, json.dumps({"errors": any(status > 299 for status in statuses), "items": items}).encode()


@pytest.fixture
def elastic(keys, tmp_path):
    """A function that returns a target whose server gives these answers, and that server."""
    servers = []

    def start(*answers, credentials=tmp_path, more=()):
        servers.append(Elastic(server_context(keys), answers))
        given = options(keys, servers[-1].url, "--index", "shop", *more)
        return forward_logs.target_of(given, str(credentials)), servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def sent(body):
    """The ids and documents of a request."""
    lines = [json.loads(line) for line in body.splitlines()]
    assert {line["create"]["_index"] for line in lines[::2]} == {"shop"}
    return {line["create"]["_id"]: document for line, document in zip(lines[::2], lines[1::2])}


def test_a_document_has_the_cursor_as_its_id(elastic):
    target, server = elastic(answer(201, 201), answer(201, 409))
    entries = [entry(1, '{"order": 17, "name": "\\ud800"}'), entry(2, "paid\u2028")]
    target.send(entries)
    target.send(entries)  # as after an answer that was lost: the second time some are there already
    assert server.bodies[0] == server.bodies[1]
    assert len(server.clients) == 1
    documents = sent(server.bodies[0])
    assert list(documents) == ["s=1;i=1", "s=1;i=2"]
    assert (documents["s=1;i=1"]["order"], documents["s=1;i=2"]["msg"]) == (17, "paid\u2028")
    assert server.headers[0]["Content-Type"] == "application/x-ndjson"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ((502, b"<html>\nBad Gateway"), "HTTP status 502 Bad Gateway$"),
        ((401, b'{"error": "no"}'), 'HTTP status 401 Unauthorized: {"error": "no"}'),
        ((301, b""), "HTTP status 301"),
        ((200, b"<html>"), "the answer is not one of Elasticsearch"),
        ((200, b"[]"), "the answer is not one of Elasticsearch"),
        ((200, b'{"took": 1}'), "the answer is not one of Elasticsearch"),
        (answer(201, 429), "status 429 for a line: because"),
        (answer(503, 201), "status 503 for a line: because"),
        (answer(403, 403), "status 403 for a line: because"),
        (answer(201, 201, 400), "the answer has 3 items for 2 lines"),
    ],
    ids=str,
)
def test_what_is_no_receipt_is_a_failure(elastic, given, reason):
    target, dummy = elastic(given)
    with pytest.raises(forward_logs.Failure, match=reason):
        target.send([entry(1), entry(2)])


def test_a_document_whose_fields_do_not_fit_is_sent_as_a_text(elastic):
    target, server = elastic(answer(201, 400, 201), answer(201))
    target.send([entry(1), entry(2, '{"order": "x"}'), entry(3)])
    (document,) = sent(server.bodies[1]).values()
    assert document == {**KNOWN, "msg": '{"order": "x"}', "@timestamp": "2023-11-14T22:13:22.000001Z"}


def test_a_line_that_is_refused_as_a_text_too_is_a_failure(elastic):
    target, dummy = elastic(answer(201, 400), answer(400))
    with pytest.raises(forward_logs.Failure, match="the index takes no line such as s=1;i=2: because"):
        target.send([entry(1), entry(2)])


def test_a_server_gets_user_and_password(elastic, tmp_path):
    (tmp_path / "password").write_bytes(b'a"$`\\:b')
    target, server = elastic(answer(201), more=("--user", "writer"))
    target.send([entry()])
    assert server.headers[0]["Authorization"] == "Basic d3JpdGVyOmEiJGBcOmI="


def test_a_connection_that_was_idle_is_not_used_again(elastic, monkeypatch):
    monkeypatch.setattr(forward_logs, "KEPT_SECONDS", -1)
    target, server = elastic(answer(201), answer(201))
    target.send([entry()])
    target.send([entry()])
    assert len(server.clients) == 2


# --- the program ----------------------------------------------------------------------------------

# Prints entries as journalctl does, for the options that are used here.
JOURNALCTL = """#!%s -I
import json, sys, time
given = dict(word.partition("=")[::2] for word in sys.argv[1:])
number, is_found = 0, "--cursor" not in given
if "--follow" not in given:
    print(open(%r).read().split("\\n")[-2])
while "--follow" in given:
    lines = open(%r).read().split("\\n")[:-1]
    for line in lines[number:]:
        is_found = is_found or json.loads(line)["__CURSOR"] == given["--cursor"]
        if is_found:
            print(line, flush=True)
    number = len(lines)
    time.sleep(0.01)
"""


class Process:
    """The program, beside a journal that can be written to."""

    def __init__(self, home, keys):
        self.journal, self.state, self.printed = home / "journal", home / "state", home / "printed"
        self._home, self._keys, self._number = home, keys, 0
        (home / "bin").mkdir()
        command = home / "bin" / "journalctl"
        command.write_text(JOURNALCTL % (sys.executable, str(self.journal), str(self.journal)))
        command.chmod(0o755)

    def write(self, count):
        with self.journal.open("a", encoding="ascii") as file:
            for number in range(self._number + 1, self._number + count + 1):
                file.write(json.dumps(entry(number, "line %d" % number)) + "\n")
        self._number += count

    def start(self, url):
        argv = [sys.executable, "-I", str(PROGRAM), "--to", url, "--app=orders", "--unit=orders.service"]
        argv.append("--ca-file=%s" % (self._keys / "client.crt"))
        environment = dict(
            os.environ,
            PATH="%s:%s" % (self._home / "bin", os.environ["PATH"]),
            CREDENTIALS_DIRECTORY=str(self._home),
            STATE_DIRECTORY=str(self._home),
        )
        with self.printed.open("w") as file:
            self.running = subprocess.Popen(argv, env=environment, stderr=file, start_new_session=True)

    def stop(self):
        """With its journalctl, as systemd does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait(LONG)

    def wait_for_state(self, number):
        end = time.monotonic() + LONG
        while not self.state.exists() or self.state.read_text() != "s=1;i=%x" % number:
            assert time.monotonic() < end
            time.sleep(0.01)


@pytest.fixture
def process(tmp_path, keys):
    process = Process(tmp_path, keys)
    yield process
    process.stop()


def frames(*numbers):
    return b"".join(forward_logs.frame(entry(number, "line %d" % number)) for number in numbers)


def test_what_was_not_confirmed_is_sent_again_and_nothing_else_is(process, syslog):
    process.write(2)
    server = syslog(close_unread)
    process.start(server.url)
    process.wait_for_state(2)  # it begins with what is written from now on
    process.write(3)
    assert process.running.wait(LONG) == 1
    printed = process.printed.read_text()
    assert printed.startswith("Sending to %s failed: " % server.url) and printed.count("\n") == 1
    process.wait_for_state(2)
    server.behave = read_and_close
    process.start(server.url)
    process.wait_for_state(5)
    process.write(1)
    process.wait_for_state(6)
    assert server.received == [frames(3, 4, 5), frames(6)]
    assert not process.state.with_name("state.new").exists()


def test_a_state_that_cannot_be_stored_sends_nothing(process, syslog):
    process.write(1)
    server = syslog(read_and_close)
    process.state.with_name("state.new").mkdir()
    process.start(server.url)
    assert process.running.wait(LONG) == 1
    assert "state.new" in process.printed.read_text() and server.received == []
