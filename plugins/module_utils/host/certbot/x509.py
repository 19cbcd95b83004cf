# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a certificate says, read from the file itself: no openssl and no library has to be on the host."""

from __future__ import annotations

import binascii
import datetime
import hashlib
import ipaddress
import math
import re
import ssl

from ...common.errors import SlipwayError

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)

_UTC_TIME = 0x17
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87

_ALTERNATIVE_NAMES = "2.5.29.17"
_NAME_PARTS = {
    "2.5.4.3": "CN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}
_ENCODINGS = {0x14: "latin-1", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}
_KEY_TYPES = {
    "1.2.840.113549.1.1.1": "rsa",
    "1.2.840.113549.1.1.10": "rsa",
    "1.2.840.10045.2.1": "ecdsa",
    "1.3.101.112": "ed25519",
    "1.3.101.113": "ed448",
}
_CURVES = {"1.2.840.10045.3.1.7": "secp256r1", "1.3.132.0.34": "secp384r1", "1.3.132.0.35": "secp521r1"}


class Certificate:
    """One certificate; times in seconds since the epoch, the serial number as openssl prints it."""

    def __init__(self, der):
        _outer, certificate, _end = _element(der)
        _tag, tbs, _end = _element(certificate)
        fields = _children(tbs)
        if fields[0][0] == _VERSION:
            fields = fields[1:]
        serial, _algorithm, issuer, validity, subject, public_key = (content for _kind, content in fields[:6])
        self.serial = _hexadecimal(serial)
        self.issuer = _name(issuer)
        self.subject = _name(subject)
        self.not_before, self.not_after = (_time(tag, content) for tag, content in _children(validity))
        self.key_type, self.elliptic_curve, self.rsa_key_size = _key(public_key)
        self.names = _alternative_names(fields[6:])
        self.fingerprint = hashlib.sha256(der).hexdigest()

    def days_left(self, now):
        """Whole days until it expires; below zero when it has."""
        return math.floor((self.not_after - now) / 86400)


def parse(text):
    """The first certificate of a PEM text, which is the server's own in a chain."""
    match = _PEM.search(text)
    if not match:
        raise SlipwayError("there is no PEM certificate in it")
    try:
        return Certificate(binascii.a2b_base64(match.group(1)))
    except (ValueError, IndexError, KeyError, OverflowError) as error:
        raise SlipwayError("the certificate in it is damaged (%s)" % error) from None


def load(path):
    """The first certificate of a PEM file; None where there is no such file."""
    try:
        with open(path, encoding="ascii", errors="replace") as handle:
            return parse(handle.read())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SlipwayError("%s cannot be read: %s" % (path, error.strerror)) from None
    except SlipwayError as error:
        raise SlipwayError("%s: %s" % (path, error)) from None


def key_matches(certificate_path, key_path):
    """Whether a server could use this certificate with this key; OpenSSL compares them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")  # whether the key is long enough is another question
    try:
        context.load_cert_chain(certificate_path, key_path, password="")
    except (OSError, ValueError):
        return False
    return True


def facts(certificate, now):
    """What results say of a certificate."""
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial": certificate.serial,
        "fingerprint": certificate.fingerprint,
        "domains": certificate.names,
        "not_before": iso(certificate.not_before),
        "not_after": iso(certificate.not_after),
        "days_left": certificate.days_left(now),
        "key_type": certificate.key_type,
        "elliptic_curve": certificate.elliptic_curve,
        "rsa_key_size": certificate.rsa_key_size,
    }


def iso(seconds):
    """A time as people write it in results and logs."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _element(data, start=0):
    """The DER element at a place: its tag, its content, and where the next one begins."""
    tag, length, at = data[start], data[start + 1], start + 2
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(data[at : at + size], "big"), at + size
    if at + length > len(data):
        raise ValueError("it ends too early")
    return tag, data[at : at + length], at + length


def _children(content):
    """(tag, content) of all elements of a sequence or set."""
    found, at = [], 0
    while at < len(content):
        tag, inner, at = _element(content, at)
        found.append((tag, inner))
    return found


def _hexadecimal(integer):
    digits = integer.lstrip(b"\0").hex().upper()
    return digits or "00"


def _oid(content):
    """An object identifier in dots and numbers."""
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(number) for number in [first, numbers[0] - 40 * first] + numbers[1:])


def _name(content):
    """A distinguished name on one line, its most specific part last, as openssl prints it."""
    parts = []
    for _tag, relative in _children(content):
        for _kind, pair in _children(relative):
            (_oid_tag, oid), (tag, value) = _children(pair)
            kind = _NAME_PARTS.get(_oid(oid), _oid(oid))
            parts.append("%s=%s" % (kind, _printable(value.decode(_ENCODINGS.get(tag, "utf-8"), "replace"))))
    return ", ".join(parts)


def _printable(text):
    """Whoever made the certificate chose its names: none of them does things to a terminal."""
    return "".join(character if character.isprintable() else "\\%02X" % ord(character) for character in text)


def _time(tag, content):
    """Two digits of a year are 1950 to 2049."""
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    moment = datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ")
    return int(moment.replace(tzinfo=datetime.timezone.utc).timestamp())


def _key(content):
    """Type, curve and size of a public key; the last two are None where they say nothing."""
    (_tag, algorithm), (_bits_tag, bits) = _children(content)
    parts = _children(algorithm)
    kind = _KEY_TYPES.get(_oid(parts[0][1]), _oid(parts[0][1]))
    if kind == "ecdsa":
        return kind, _CURVES.get(_oid(parts[1][1]), _oid(parts[1][1])), None
    if kind == "rsa":
        _outer, numbers, _end = _element(bits, 1)  # the first byte counts unused bits
        modulus = _children(numbers)[0][1]
        return kind, None, int.from_bytes(modulus, "big").bit_length()
    return kind, None, None


def _alternative_names(fields):
    """DNS names and addresses that the certificate is for."""
    for tag, wrapped in fields:
        if tag != _EXTENSIONS:
            continue
        for _kind, extension in _children(_element(wrapped)[1]):
            parts = _children(extension)
            if _oid(parts[0][1]) == _ALTERNATIVE_NAMES:
                return [
                    _alternative_name(*name)
                    for name in _children(_element(parts[-1][1])[1])
                    if name[0] in (_DNS_NAME, _IP_ADDRESS)
                ]
    return []


def _alternative_name(tag, content):
    return (
        _printable(content.decode("ascii", "replace"))
        if tag == _DNS_NAME
        else str(ipaddress.ip_address(content))
    )
