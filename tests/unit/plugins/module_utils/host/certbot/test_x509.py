# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader of certificates, against what OpenSSL itself makes and says."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot import x509

KEYS = {
    "rsa": ["rsa:2048"],
    "secp256r1": ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    "secp384r1": ["ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"],
    "ed25519": ["ed25519"],
}


def openssl(*argv):
    return subprocess.run(["openssl", *argv], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Make a certificate and its key; returns both paths."""

    def made(
        key="secp256r1", subject="/CN=shop.example.com", names="DNS:shop.example.com", days=90, extra=()
    ):
        home = tmp_path_factory.mktemp("pair")
        certificate, private = str(home / "cert.pem"), str(home / "key.pem")
        argv = [
            "req",
            "-x509",
            "-nodes",
            "-utf8",
            "-newkey",
            *KEYS[key],
            "-keyout",
            private,
            "-out",
            certificate,
            "-days",
            str(days),
        ]
        openssl(*argv, "-subj", subject, *(["-addext", "subjectAltName=" + names] if names else []), *extra)
        return certificate, private

    return made


@pytest.mark.parametrize(
    "key, expected",
    [
        ("rsa", ("rsa", None, 2048)),
        ("secp256r1", ("ecdsa", "secp256r1", None)),
        ("secp384r1", ("ecdsa", "secp384r1", None)),
        ("ed25519", ("ed25519", None, None)),
    ],
)
def test_it_knows_the_kind_of_key(make, key, expected):
    found = x509.load(make(key)[0])
    assert (found.key_type, found.elliptic_curve, found.rsa_key_size) == expected


def test_it_says_what_openssl_says(make):
    path = make(subject="/C=DE/O=Müller & Söhne/CN=shop.example.com", extra=["-set_serial", "0x00FF12"])[0]
    found = x509.load(path)
    said = openssl(
        "x509",
        "-in",
        path,
        "-noout",
        "-serial",
        "-subject",
        "-nameopt",
        "utf8,sep_comma_plus_space",
        "-fingerprint",
        "-sha256",
    )
    assert "serial=" + found.serial in said.splitlines()
    assert "subject=" + found.subject in said.splitlines()
    assert found.fingerprint.upper() in said.replace(":", "")
    assert found.issuer == found.subject == "C=DE, O=Müller & Söhne, CN=shop.example.com"


def test_it_reads_all_names(make):
    names = "DNS:shop.example.com,email:ops@example.com,DNS:*.shop.example.com,IP:192.0.2.1,IP:2001:db8::1"
    assert x509.load(make(names=names)[0]).names == [
        "shop.example.com",
        "*.shop.example.com",
        "192.0.2.1",
        "2001:db8::1",
    ]
    assert x509.load(make(names="")[0]).names == []


@pytest.mark.parametrize(
    "days", [1, 90, 10950]
)  # the last one ends after 2050, where the format of times changes
def test_it_knows_when_it_expires(make, days):
    found = x509.load(make(days=days)[0])
    assert abs(found.not_before - time.time()) < 60
    assert found.not_after - found.not_before == days * 86400
    assert found.days_left(found.not_before) == days
    assert found.days_left(found.not_after - 1) == 0
    assert found.days_left(found.not_after + 1) == -1


def test_times_are_in_utc():
    assert x509.iso(1795226655) == "2026-11-21T02:04:15Z"


def test_the_first_certificate_of_a_chain_is_the_servers(make, tmp_path):
    first, second = make(names="DNS:first.example.com")[0], make(names="DNS:second.example.com")[0]
    chain = tmp_path / "chain.pem"
    chain.write_text(
        "a comment\n" + Path(first).read_text(encoding="ascii") + Path(second).read_text(encoding="ascii"),
        encoding="ascii",
    )
    assert x509.load(str(chain)).names == ["first.example.com"]


@pytest.mark.parametrize("key", sorted(KEYS))
def test_it_knows_which_key_belongs_to_a_certificate(make, key):
    certificate, private = make(key)
    assert x509.key_matches(certificate, private)
    assert not x509.key_matches(certificate, make(key)[1])
    assert not x509.key_matches(certificate, "/nonexistent")
    assert not x509.key_matches(certificate, certificate)


def test_a_key_with_a_password_does_not_match_and_nobody_is_asked(make, tmp_path):
    certificate, private = make()
    locked = str(tmp_path / "locked.pem")
    openssl("pkey", "-in", private, "-aes256", "-passout", "pass:secret", "-out", locked)
    assert not x509.key_matches(certificate, locked)


def test_a_file_that_is_not_there_is_no_error(tmp_path):
    assert x509.load(str(tmp_path / "none.pem")) is None


@pytest.mark.parametrize("spoil", ["", "hello", "cut", "flip"])
def test_a_file_without_a_certificate_is_refused(make, tmp_path, spoil):
    text = Path(make()[0]).read_text(encoding="ascii")
    lines = text.splitlines()
    spoilt = {
        "cut": "\n".join(lines[:4] + lines[-1:]),
        "flip": text.replace(lines[1], "A" * len(lines[1])),
    }.get(spoil, spoil)
    path = tmp_path / "spoilt.pem"
    path.write_text(spoilt, encoding="ascii")
    with pytest.raises(
        SlipwayError, match=r"spoilt\.pem: (there is no PEM certificate|the certificate in it is damaged)"
    ):
        x509.load(str(path))
