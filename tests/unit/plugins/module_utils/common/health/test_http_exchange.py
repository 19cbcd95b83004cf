# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exchange by hand, alone and beside http.client, which it replaces."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.health import http_exchange
from ansible_collections.slipway.golang.plugins.module_utils.common.health.http_exchange import (
    MAX_BODY,
    MAX_INTERIM,
    InvalidAnswer,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ....conftest import LONG
from .raw_answers import CHUNKED, OTHER, REFUSED, SAME, STRICTER


@contextlib.contextmanager
def server_that_sends(*pieces, pause=0.0, stay=False):
    """The client's end of a connection, on whose other end these bytes are sent."""
    ours, theirs = socket.socketpair()

    def send():
        with contextlib.suppress(OSError):
            for piece in pieces:
                theirs.sendall(piece)
                time.sleep(pause)
            if not stay:
                theirs.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    with ours, theirs:
        yield ours, theirs
    thread.join(LONG)


def by_hand(raw, method="GET"):
    """What the exchange makes of an answer: (status, body, headers), or why it refuses it."""
    with server_that_sends(raw) as (connection, dummy):
        try:
            answer = http_exchange.exchange(connection, method, "/", {}, time.monotonic() + LONG)
        except InvalidAnswer as error:
            return str(error)
    return answer.status, answer.body, answer.headers


def by_library(raw, method="GET"):
    """What http.client makes of it. It leaves it to its callers to find a body that is cut."""
    with server_that_sends(raw) as (connection, dummy):
        connection.settimeout(LONG)
        answer = http.client.HTTPResponse(connection, method=method)
        try:
            answer.begin()
            body = answer.read(MAX_BODY)
            if answer.length and len(body) < MAX_BODY:
                raise http.client.IncompleteRead(body, answer.length)
        except (http.client.HTTPException, ValueError) as error:
            return repr(error)
        names = {name.lower() for name in answer.headers}
        return answer.status, body, {name: answer.getheader(name) for name in names}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("raw", SAME.values(), ids=SAME)
def test_a_valid_answer_is_what_the_library_makes_of_it(raw, method):
    answer = by_hand(raw, method)
    assert answer == by_library(raw, method)
    assert isinstance(answer, tuple)
    assert method == "GET" or not answer[1]


@pytest.mark.parametrize(("raw", "why"), REFUSED.values(), ids=REFUSED)
def test_what_both_refuse_is_said_in_one_sentence(raw, why):
    assert by_hand(raw).startswith(why)
    with contextlib.suppress(ConnectionResetError):
        assert isinstance(by_library(raw), str)


@pytest.mark.parametrize(("raw", "why", "reason"), STRICTER.values(), ids=STRICTER)
def test_what_the_library_only_guesses_at_is_refused(raw, why, reason):
    assert by_hand(raw) == why
    assert isinstance(by_library(raw), tuple), reason


@pytest.mark.parametrize(("raw", "answer", "reason"), OTHER.values(), ids=OTHER)
def test_what_the_library_understands_in_another_way(raw, answer, reason):
    assert by_hand(raw) == answer
    assert by_library(raw) != answer, reason


def test_interim_answers_come_to_an_end():
    interim, last = b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"
    assert by_hand(interim * MAX_INTERIM + last) == (200, b"", {})
    assert by_hand(interim * (MAX_INTERIM + 1) + last) == "more than 10 interim answers came before it"


START_LINES = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"HTTP/1.0 503 No", b"HTTP/1.1 204", b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK"]
)
HEADERS = st.sampled_from(
    [
        b"Content-Length: 4",
        b"Content-Length: 0",
        b"content-length: 40",
        b"Transfer-Encoding: chunked",
        b"Connection: keep-alive",
        b"X: y",
        b"x: \xe9",
        b"Keep-Alive: 5",
    ]
)
PARTS = st.one_of(
    st.sampled_from([b"4\r\nfine\r\n", b"0\r\n", b"\r\n", b"1;a\r\nx\r\n", b"a", b"\n", b"0004 \r\n", b"\r"]),
    st.binary(max_size=8),
)


@settings(max_examples=500, deadline=None)
@given(
    start=START_LINES,
    headers=st.lists(HEADERS, max_size=4, unique_by=lambda line: line[:5].lower()),
    end=st.sampled_from([b"\r\n", b"\n"]),
    body=st.lists(PARTS, max_size=6),
    method=st.sampled_from(["GET", "HEAD"]),
)
def test_what_the_exchange_accepts_the_library_accepts_too(start, headers, end, body, method):
    raw = end.join([start, *headers, b"", b"".join(body)])
    answer = by_hand(raw, method)
    if isinstance(answer, tuple) and not (answer[0] == 204 and "transfer-encoding" in answer[2]):
        assert by_library(raw, method) == answer


@settings(max_examples=300, deadline=None)
@given(head=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", CHUNKED]), rest=st.binary(max_size=200))
def test_whatever_comes_there_is_an_answer_or_one_reason(head, rest):
    answer = by_hand(head + rest)
    assert (
        answer.isprintable()
        if isinstance(answer, str)
        else (100 <= answer[0] <= 999 and len(answer[1]) <= MAX_BODY)
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 900,
        CHUNKED + b"1\r\nx\r\n" * 200,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 5,
    ],
)
def test_an_answer_that_drips_has_the_deadline_of_all_others(raw):
    start = time.monotonic()
    with server_that_sends(*(raw[at : at + 1] for at in range(len(raw))), pause=0.02, stay=True) as (
        ours,
        _theirs,
    ):
        with pytest.raises(socket.timeout):
            http_exchange.exchange(ours, "GET", "/", {}, start + 0.2)
        assert 0.2 <= time.monotonic() - start < LONG / 2


def test_a_server_that_speaks_first_in_another_protocol_is_not_waited_for():
    greeting = b"\x4a\0\0\0\x0a8.0.36\0"[:6]
    with server_that_sends(greeting, stay=True) as (ours, _theirs), pytest.raises(
        InvalidAnswer, match="begins with"
    ):
        http_exchange.exchange(ours, "GET", "/", {}, time.monotonic() + LONG)


def test_a_request_that_nobody_reads_has_the_deadline_too():
    headers = {"X": "y" * 10_000_000}
    with server_that_sends(stay=True) as (ours, _theirs), pytest.raises(socket.timeout):
        http_exchange.exchange(ours, "GET", "/", headers, time.monotonic() + 0.2)


def test_a_request_is_sent_as_it_was_given():
    with server_that_sends(b"HTTP/1.1 200 OK\r\n\r\n") as (ours, theirs):
        headers = {"Host": "a:1", "X-Tab": "b\tc"}
        http_exchange.exchange(ours, "OPTIONS", "/a?b=%20#c", headers, time.monotonic() + LONG)
        assert theirs.recv(1000) == b"OPTIONS /a?b=%20#c HTTP/1.1\r\nHost: a:1\r\nX-Tab: b\tc\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET /evil HTTP/1.1\r\nX:", "/", {}),
        ("GET ", "/", {}),
        ("", "/", {}),
        ("GÉT", "/", {}),
        ("GET", "", {}),
        ("GET", "healthz", {}),
        ("GET", "/a b", {}),
        ("GET", "/a\r\nX: y", {}),
        ("GET", "/a\n", {}),
        ("GET", "/a\x00", {}),
        ("GET", "/a\x7f", {}),
        ("GET", "/é", {}),
        ("GET", "/", {"X": "y\r\nZ: evil"}),
        ("GET", "/", {"X": "y\nZ: evil"}),
        ("GET", "/", {"X": "y\r\n folded"}),
        ("GET", "/", {"X": "y\r"}),
        ("GET", "/", {"X": "y\x00"}),
        ("GET", "/", {"X": "\N{SNOWMAN}"}),
        ("GET", "/", {"X": "é"}),
        ("GET", "/", {"X: y\r\nZ": "evil"}),
        ("GET", "/", {"X ": "y"}),
        ("GET", "/", {"": "y"}),
        ("GET", "/", {"X:": "y"}),
        ("GET", "/", {"\N{SNOWMAN}": "y"}),
    ],
)
def test_nothing_can_be_injected_into_a_request(method, path, headers):
    with server_that_sends(stay=True) as (ours, theirs):
        with pytest.raises(ValueError, match="is not an HTTP request|cannot be sent"):
            http_exchange.exchange(ours, method, path, headers, time.monotonic() + LONG)
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)


def test_a_secret_in_a_header_that_cannot_be_sent_is_not_shown():
    headers = {"Authorization": "Bearer s3cr3t\n"}
    with server_that_sends() as (ours, _theirs), pytest.raises(ValueError, match="'Authorization'") as caught:
        http_exchange.exchange(ours, "GET", "/", headers, time.monotonic() + LONG)
    assert "s3cr3t" not in str(caught.value)
