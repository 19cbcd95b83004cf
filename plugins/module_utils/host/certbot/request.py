# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is requested of a certificate: the options, validated before anything is made of them."""

from __future__ import annotations

import re

from ...common.errors import InvalidInput
from ...common.names import check_absolute, match

PRODUCTION = "https://acme-v02.api.letsencrypt.org/directory"
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DOMAIN = re.compile(r"(?:\*\.)?(?:%s\.)+(?!\d+\Z)%s" % (_LABEL, _LABEL))
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_SERVER = re.compile(r"https://[A-Za-z0-9._-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~%/-]*)?")
_EMAIL = re.compile(r"[^\s@,<>\"'-][^\s@,<>\"']*@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+")
_PLUGIN = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")
_ADDRESS = re.compile(r"[0-9a-fA-F.:]{2,45}")
# certbot hands a hook to a shell.
_HOOK = re.compile(r"/[A-Za-z0-9._/+-]+")
_WEB = ("webroot", "standalone")


class Request:
    """A certificate as the options describe it. None keeps what a certificate has, else certbot's default."""

    def __init__(self, params):
        self.domains = check_domains(params["domains"])
        self.name = _name(params["name"], self.domains)
        self.server = _server(params["server"], params["staging"])
        self.email = check_email(params["email"]) if params["email"] else None
        self.authenticator = check_authenticator(params["authenticator"], self.domains)
        self.plugin_options = _plugin_options(self.authenticator, params)
        self.key_type = params["key_type"]
        self.elliptic_curve, self.rsa_key_size = _key(params)
        self.reuse_key = params["reuse_key"]
        self.preferred_chain = _line(params["preferred_chain"], "preferred_chain")
        self.deploy_hook = _hook(params["deploy_hook"])
        self.certbot = params["certbot"]
        self.ca_bundle = check_absolute(params["ca_bundle"], "ca_bundle") if params["ca_bundle"] else None

    @property
    def webroot(self):
        return self.plugin_options.get("webroot_path")


def check_name(name, domains):
    """Only the name of a certificate, for one that is to be removed."""
    return _name(name, check_domains(domains) if domains else [])


def check_email(value):
    """One address, of the account at the CA."""
    return match(_EMAIL, value, "email", "use one address, as in ops@example.com")[0]


def check_domains(values):
    """The names of one certificate."""
    if not values:
        raise InvalidInput("domains", values, "set at least one domain")
    if len(values) > 100:
        raise InvalidInput("domains", len(values), "a certificate can have at most 100 names")
    for value in values:
        if len(value) > 253 or not _DOMAIN.fullmatch(value):
            remedy = (
                "use a full domain name in lower case, as in shop.example.com; "
                "other alphabets in their xn-- form"
            )
            raise InvalidInput("domains", value, remedy)
    twice = [value for value in values if values.count(value) > 1]
    if twice:
        raise InvalidInput("domains", twice[0], "it is listed twice; list it once")
    return values


def _name(value, domains):
    if value is None and not domains:
        raise InvalidInput("name", value, "set the certificate's name, or its domains")
    if value is None:
        return re.sub(r"^\*\.", "", domains[0])
    remedy = "it becomes a directory's name: use letters, digits, '.', '_' and '-'"
    return match(_NAME, value, "name", remedy)[0]


def _server(value, staging):
    if staging and value:
        raise InvalidInput(
            "staging",
            staging,
            "it means Let's Encrypt's staging server, and server is set too; leave one out",
        )
    if not value:
        return STAGING if staging else PRODUCTION
    remedy = "use the https address of an ACME directory, as in %s" % STAGING
    return match(_SERVER, value, "server", remedy)[0]


def check_authenticator(value, domains):
    """A plugin of certbot that can prove that these names are ours."""
    match(
        _PLUGIN,
        value,
        "authenticator",
        "use the name of a certbot plugin, as in webroot, standalone or dns-cloudflare",
    )
    wildcards = [domain for domain in domains if domain.startswith("*.")]
    if wildcards and value in _WEB:
        remedy = (
            "CAs issue wildcards only after a challenge in DNS: use a DNS plugin as authenticator, not %s"
            % value
        )
        raise InvalidInput("domains", wildcards[0], remedy)
    return value


def _plugin_options(authenticator, params):
    """The plugin's options, by their names in certbot's renewal file."""
    options = {}
    for key, value in sorted((params["authenticator_options"] or {}).items()):
        key = str(key).replace("-", "_")
        match(
            _PLUGIN,
            key,
            "authenticator_options",
            "use the option's name without the plugin's: credentials for --dns-cloudflare-credentials",
        )
        options["%s_%s" % (authenticator.replace("-", "_"), key)] = _line(
            str(value), "authenticator_options.%s" % key
        )
    if authenticator == "webroot":
        if not params["webroot"]:
            raise InvalidInput(
                "webroot",
                params["webroot"],
                "set the directory from which the web server serves the challenges",
            )
        options["webroot_path"] = (
            _line(check_absolute(params["webroot"], "webroot"), "webroot").rstrip("/") or "/"
        )
        if "," in options["webroot_path"]:
            raise InvalidInput(
                "webroot", params["webroot"], "certbot ends the path at a comma; use one without"
            )
    elif authenticator == "standalone":
        if params["standalone_port"]:
            if not 0 < params["standalone_port"] < 65536:
                raise InvalidInput("standalone_port", params["standalone_port"], "use 1 to 65535")
            options["http01_port"] = str(params["standalone_port"])
        if params["standalone_address"]:
            options["http01_address"] = match(
                _ADDRESS, params["standalone_address"], "standalone_address", "use an IP address"
            )[0]
    return options


def _key(params):
    curve, size = params["elliptic_curve"], params["rsa_key_size"]
    if params["key_type"] == "ecdsa":
        if size:
            raise InvalidInput(
                "rsa_key_size", size, "key_type is ecdsa; set key_type: rsa, or leave the size out"
            )
        return curve, None
    if curve:
        raise InvalidInput(
            "elliptic_curve", curve, "key_type is rsa; set key_type: ecdsa, or leave the curve out"
        )
    if size and not 2048 <= size <= 8192:
        raise InvalidInput("rsa_key_size", size, "use 2048 to 8192")
    return None, size


def _hook(value):
    if not value:
        return value
    return match(
        _HOOK,
        value,
        "deploy_hook",
        "use the absolute path of one executable; put arguments and other commands into it",
    )[0]


def _line(value, field):
    if value and (re.search(r"[\x00-\x1f\x7f\"']", value) or value.startswith("-")):
        raise InvalidInput(field, value, "use one line without quotes that does not begin with '-'")
    return value
