# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import ssl
import threading

import acme
import inventory
import pytest

SERVER = inventory.Host("acme1", "acme", "acme")


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    directory = tmp_path_factory.mktemp("demo")
    acme.have_certificate(directory, SERVER)
    return directory


@pytest.mark.parametrize("name", ["acme1", "acme1.example.test", "localhost", "127.0.0.1"])
def test_clients_that_know_the_authority_trust_the_server(state, name):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(state / "acme1.crt", state / "acme1.key")
    client = ssl.create_default_context(cafile=state / "acme_ca.crt")
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    here, there = socket.socketpair()

    def serve():
        with server.wrap_socket(there, server_side=True):
            pass

    serving = threading.Thread(target=serve)
    serving.start()
    with client.wrap_socket(here, server_hostname=name) as secure:
        assert secure.version()
    serving.join()


def test_a_certificate_that_is_there_stays(state):
    before = {path.name: path.read_bytes() for path in state.iterdir()}
    acme.have_certificate(state, SERVER)
    assert {path.name: path.read_bytes() for path in state.iterdir()} == before
