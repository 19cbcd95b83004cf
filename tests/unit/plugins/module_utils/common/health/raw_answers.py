# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server may answer, byte by byte, and what the exchange by hand makes of it."""

from __future__ import annotations

from ansible_collections.slipway.golang.plugins.module_utils.common.health.http_exchange import MAX_FIELDS

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SAME = {
    "no body at all": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "body with a length": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Release: 1.4.2\r\n\r\nfine",
    "body shorter than what comes": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nfine",
    "body until the end": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfine",
    "empty body until the end": b"HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nfine",
    "HTTP/1.0 that stays": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nfine",
    "status line without a reason": b"HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n",
    "status line that ends early": b"HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n",
    "status that nobody knows": b"HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n",
    "lines that end in LF alone": b"HTTP/1.1 200 OK\nContent-Length: 4\nX: y\n\nfine",
    "no space after the colon": b"HTTP/1.1 200 OK\r\nContent-Length:4\r\nX:y\r\n\r\nfine",
    "empty header": b"HTTP/1.1 200 OK\r\nX-Release:\r\n\r\n",
    "header with a colon": b"HTTP/1.1 200 OK\r\nLocation: http://a:1/b\r\n\r\n",
    "header twice": b"HTTP/1.1 200 OK\r\nVia: a\r\nvia: b\r\n\r\n",
    "header beyond ASCII": b"HTTP/1.1 200 OK\r\nX: caf\xe9 \xc3\xa9\r\n\r\n",
    "header that controls a terminal": b"HTTP/1.1 200 OK\r\nX: \x1b[31mred\r\n\r\n",
    "as many headers as allowed": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (MAX_FIELDS - 1) + b"\r\n",
    "204": b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nfine",
    "304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n",
    "101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x88\x02",
    "100, then 200": b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine",
    "chunks": CHUNKED + b"2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n",
    "chunks with extensions": CHUNKED + b'2;a=b\r\nfi\r\n02 ; c="d"\r\nne\r\n0;last\r\n\r\n',
    "chunks with trailers": CHUNKED + b"4\r\nfine\r\n0\r\nX-Sum: 1\r\nX-Time: 2\r\n\r\n",
    "chunks whose trailers are cut": CHUNKED + b"4\r\nfine\r\n0\r\nX-Sum",
    "chunks in hexadecimal": CHUNKED + b"A\r\n0123456789\r\n0b\r\n0123456789a\r\n0\r\n\r\n",
    "chunks and a length": CHUNKED.replace(b"\r\nT", b"\r\nContent-Length: 3\r\nT")
    + b"4\r\nfine\r\n0\r\n\r\n",
    "chunks by another spelling": CHUNKED.replace(b"chunked", b"Chunked") + b"4\r\nfine\r\n0\r\n\r\n",
    "no chunk": CHUNKED + b"0\r\n\r\n",
    "more than is kept": b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70_000,
    "just what is kept": b"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + b"x" * 65_536,
    "more than is kept, cut after that": b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 70_000,
    "more than is kept, until the end": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000,
    "more than is kept, in a chunk": CHUNKED + b"11170\r\n" + b"x" * 70_000 + b"\r\n0\r\n\r\n",
    "more than is kept, in chunks": CHUNKED + (b"8000\r\n" + b"x" * 0x8000 + b"\r\n") * 3 + b"0\r\n\r\n",
}
REFUSED = {
    "nothing": (b"", "the connection was closed without an answer"),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", r"it begins with 'SSH-2.0-OpenSSH_9.2\r\n'"),
    "HTTP/2": (b"\0\0\x06\x04" + bytes(5) + b"\0\x05\0\0@\0", "it begins with '\\x00\\x00\\x06"),
    "HTTP/2 that names itself": (b"HTTP/2 200\r\n\r\n", "its status line is 'HTTP/2 200'"),
    "zeros": (bytes(100_000), "it begins with '\\x00"),
    "status line that is cut": (b"HTTP/1", "the connection was closed in the middle of its status line"),
    "status line without a status": (b"HTTP/1.1 \r\n\r\n", "its status line is 'HTTP/1.1 '"),
    "status that is no number": (b"HTTP/1.1 abc OK\r\n\r\n", "its status line is 'HTTP/1.1 abc OK'"),
    "status that is too small": (b"HTTP/1.1 099 OK\r\n\r\n", "its status line is 'HTTP/1.1 099 OK'"),
    "status that is too large": (b"HTTP/1.1 2000 OK\r\n\r\n", "its status line is 'HTTP/1.1 2000 OK'"),
    "endless status line": (b"HTTP/1.1 " + b"2" * 70_000, "its status line is longer than 65536 bytes"),
    "100 and no more": (
        b"HTTP/1.1 100 Continue\r\n\r\n",
        "the connection was closed without an answer",
    ),
    "endless header": (
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        "its header section is longer than 65536 bytes",
    ),
    "too many headers": (
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (MAX_FIELDS + 1) + b"\r\n",
        "it has more than 100 headers",
    ),
    "body that is cut": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfine",
        "IncompleteRead(4 bytes read, 6 more expected)",
    ),
    "body that does not come": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "IncompleteRead(0 bytes read, 10 more expected)",
    ),
    "chunk that is cut": (
        CHUNKED + b"2\r\nfi\r\n4\r\nn",
        "IncompleteRead(3 bytes read, 3 more expected)",
    ),
    "chunk without its end": (CHUNKED + b"4\r\nfine", "a chunk does not end where its size says"),
    "chunks without the last": (
        CHUNKED + b"4\r\nfine\r\n",
        "the connection was closed in the middle of the size of a chunk",
    ),
    "chunk whose size is cut": (
        CHUNKED + b"4\r\nfine\r\n1",
        "the connection was closed in the middle of the size of a chunk",
    ),
    "chunk whose size is nonsense": (CHUNKED + b"zz\r\nfine\r\n", "the size of a chunk is 'zz'"),
    "chunk of negative size": (CHUNKED + b"-4\r\nfine\r\n0\r\n\r\n", "the size of a chunk is '-4'"),
    "chunk without a size": (CHUNKED + b"\r\nfine\r\n", "the size of a chunk is ''"),
    "chunk with an extension only": (CHUNKED + b";a=b\r\nfine\r\n", "the size of a chunk is ''"),
    "chunk that is longer than its size": (
        CHUNKED + b"2\r\nfine\r\n0\r\n\r\n",
        "a chunk does not end where its size says",
    ),
    "chunk with an endless extension": (
        CHUNKED + b"4;" + b"x" * 70_000,
        "the size of a chunk is longer than 65536 bytes",
    ),
}
# What http.client takes: the answer that it makes of it, and why that is refused.
STRICTER = {
    "headers that are cut": (
        b"HTTP/1.1 200 OK\r\nX-Release: 1",
        "the connection was closed in the middle of its header section",
        "a service that dies while it answers is not healthy",
    ),
    "headers without their end": (
        b"HTTP/1.1 200 OK\r\nX: y\r\n",
        "the connection was closed in the middle of its header section",
        "as above",
    ),
    "headers that are large together": (
        b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 1000 + b"\r\n") * 80 + b"\r\n",
        "its header section is longer than 65536 bytes",
        "http.client takes 6.5 MB",
    ),
    "header without a colon": (
        b"HTTP/1.1 200 OK\r\nX-Release 1\r\nContent-Length: 3\r\n\r\nok!",
        "'X-Release 1' is not a header",
        "http.client takes it, and all that follows, for the body of a mail: the length was lost",
    ),
    "header without a name": (b"HTTP/1.1 200 OK\r\n: y\r\n\r\n", "': y' is not a header", "section 5"),
    "header with a space in its name": (
        b"HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
        "'X : y' is not a header",
        "section 5.1 forbids it",
    ),
    "header on two lines": (
        b"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n",
        "' z' is not a header",
        "section 5.2 forbids it to servers, and it is how headers are injected",
    ),
    "header with CR inside": (
        b"HTTP/1.1 200 OK\r\nX: y\rContent-Length: 0\r\n\r\nfine",
        "its header section has a control character in 'X: y\\rContent-Length: 0'",
        "section 2.2: http.client sees two headers",
    ),
    "header with NUL inside": (
        b"HTTP/1.1 200 OK\r\nX: y\0z\r\n\r\n",
        "its header section has a control character in 'X: y\\x00z'",
        "RFC 9110, 5.5: it is dangerous",
    ),
    "status line with other spaces": (
        b"HTTP/1.1  200\tOK\r\n\r\n",
        "its status line is 'HTTP/1.1  200\\tOK'",
        "section 4 has one space",
    ),
    "status with a sign": (b"HTTP/1.1 +200 OK\r\n\r\n", "its status line is 'HTTP/1.1 +200 OK'", "section 4"),
    "HTTP/0.9": (b"HTTP/0.9 200 OK\r\n\r\n", "its status line is 'HTTP/0.9 200 OK'", "it has no status line"),
    "HTTP/1.x": (b"HTTP/1.x 200 OK\r\n\r\n", "its status line is 'HTTP/1.x 200 OK'", "section 2.3"),
    "length that is no number": (
        b"HTTP/1.1 200 OK\r\nContent-Length: four\r\n\r\nfine",
        "its Content-Length is 'four'",
        "section 6.3, 5: http.client ignores it",
    ),
    "length below zero": (
        b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nfine",
        "its Content-Length is '-4'",
        "as above",
    ),
    "length with a sign": (
        b"HTTP/1.1 200 OK\r\nContent-Length: +4\r\n\r\nfine",
        "its Content-Length is '+4'",
        "as above",
    ),
    "length without digits": (
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nfine",
        "its Content-Length is ''",
        "as above",
    ),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\nfine",
        "its Content-Length is '2,4'",
        "as above; http.client takes the first",
    ),
    "unrequested coding": (
        CHUNKED.replace(b"chunked", b"gzip, chunked") + b"4\r\nfine\r\n0\r\n\r\n",
        "its Transfer-Encoding is 'gzip, chunked'",
        "section 6.1; http.client gives the sizes of the chunks as a part of the body",
    ),
    "chunk whose size begins with 0x": (
        CHUNKED + b"0x4\r\nfine\r\n0\r\n\r\n",
        "the size of a chunk is '0x4'",
        "section 7.1",
    ),
    "chunk whose size has an underscore": (
        CHUNKED + b"0_4\r\nfine\r\n0\r\n\r\n",
        "the size of a chunk is '0_4'",
        "section 7.1",
    ),
    "chunk that does not end in CRLF": (
        CHUNKED + b"4\r\nfine__0\r\n\r\n",
        "a chunk does not end where its size says",
        "section 7.1; http.client ignores the two bytes",
    ),
}
# What the exchange gives where http.client gives something else, and why.
OTHER = {
    "103, then 200": (
        b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine",
        (200, b"fine", {"content-length": "4"}),
        "RFC 9110, 15.2: http.client knows 100 alone and gives this 103 as the answer",
    ),
    "spaces after a value": (
        b"HTTP/1.1 200 OK\r\nX-Release: 1.4.2 \t\r\n\r\n",
        (200, b"", {"x-release": "1.4.2"}),
        "section 5.1: they are no part of it",
    ),
    "length twice": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\n\r\nfine, and more",
        (200, b"fine", {"content-length": "4, 4"}),
        "section 6.3, 5 allows it",
    ),
    "204 in chunks": (
        CHUNKED.replace(b"200 OK", b"204 No Content"),
        (204, b"", {"transfer-encoding": "chunked"}),
        "section 6.3, 1: it has no body; http.client waits for chunks",
    ),
    "endless trailers": (
        CHUNKED + b"4\r\nfine\r\n0\r\nX: " + b"y" * 70_000,
        (200, b"fine", {"transfer-encoding": "chunked"}),
        "section 8: the message is complete with its last chunk",
    ),
}
