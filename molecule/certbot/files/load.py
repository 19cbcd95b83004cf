# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of https://127.0.0.1, until the file given appears; then a report.

Half of them open a connection for each request. The others keep theirs. A server may close an idle connection
at any time, so they do what every client does: a request to which there was no answer at all on a kept
connection is sent again on a new one.
"""

import hashlib
import http.client
import json
import os
import ssl
import sys
import threading

STOP = sys.argv[1]
report = {"fresh": 0, "kept": 0, "reopened": 0, "failures": []}
certificates = set()
connections = {}
trust = ssl.create_default_context()
trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE


def connect():
    connection = http.client.HTTPSConnection("127.0.0.1", timeout=10, context=trust)
    connection.connect()
    certificates.add(hashlib.sha256(connection.sock.getpeercert(True)).hexdigest())
    return connection


def ask(connection):
    connection.request("GET", "/")
    answer = connection.getresponse()
    body = answer.read()
    if (answer.status, body) != (200, b"secure\n"):
        report["failures"].append("%d %r" % (answer.status, body))


def fresh():
    connection = connect()
    ask(connection)
    connection.close()


def kept():
    me = threading.current_thread().name
    if me not in connections:
        connections[me] = connect()
    try:
        ask(connections[me])
    except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError):
        report["reopened"] += 1
        connections[me] = connect()
        ask(connections[me])


def work(kind, act):
    while not os.path.exists(STOP):
        try:
            act()
            report[kind] += 1
        except Exception as error:
            report["failures"].append("%s: %r" % (kind, error))
        threading.Event().wait(0.005)


workers = [threading.Thread(target=work, args=pair) for pair in (("fresh", fresh), ("kept", kept)) * 2]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
print(json.dumps(dict(report, certificates=len(certificates))))
