# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide, purely, whether certbot has to act, and say why. Check mode and diff print this decision."""

from __future__ import annotations

from ...common.errors import SlipwayError
from . import x509
from .request import PRODUCTION, STAGING

DAY = 86400


class Plan:
    """``issue``: certbot has to get a certificate; ``hook``: only the deploy hook in the renewal file is another."""

    def __init__(self, reasons, hook):
        self.reasons = reasons + hook
        self.issue = bool(reasons)
        self.hook = bool(hook) and not reasons

    @property
    def changed(self):
        return bool(self.reasons)


def decide(request, found, now):
    """Compare what is wanted with what was found."""
    if not found.known:
        return Plan(found.damage or ["no certificate yet"], [])
    _refuse_test_certificate(request, found, now)
    return Plan(list(_differences(request, found)) + due(found.certificate, now), _hook(request, found))


def due(certificate, now):
    """Whether it is time to renew: in the last third of its life, at most 30 days before its end."""
    left = certificate.not_after - now
    if left < 0:
        return ["expired %s ago" % _days(-left)]
    if left < min(30 * DAY, (certificate.not_after - certificate.not_before) / 3):
        return ["expires in %s" % _days(left)]
    return []


def describe(found):
    """What is there, as a small text for the diff."""
    if not found.known:
        return ""
    lines = [
        "domains: " + " ".join(sorted(found.certificate.names)),
        "server: " + found.server,
        "key: " + _key(found.certificate),
    ]
    lines += ["authenticator: " + _authenticator(found), "deploy_hook: " + (found.deploy_hook or "none")]
    return "".join(line + "\n" for line in lines + ["expires: " + x509.iso(found.certificate.not_after)])


def preview(request, found, plan):
    """What will be there, as a small text for the diff."""
    if not plan.changed:
        return describe(found)
    hook = found.deploy_hook if request.deploy_hook is None else request.deploy_hook
    size = request.elliptic_curve or request.rsa_key_size
    key = (
        _key(found.certificate)
        if found.known and not _key_differences(request, found)
        else " ".join([request.key_type] + [str(size)] * bool(size))
    )
    lines = ["domains: " + " ".join(sorted(request.domains)), "server: " + request.server, "key: " + key]
    lines += ["authenticator: " + _authenticator(request), "deploy_hook: " + (hook or "none")]
    expires = "as the CA says" if plan.issue else x509.iso(found.certificate.not_after)
    return "".join(line + "\n" for line in lines + ["expires: " + expires])


def _refuse_test_certificate(request, found, now):
    """One forgotten variable must not put a certificate that no browser accepts where a good one serves."""
    if request.server == STAGING and found.server == PRODUCTION and found.certificate.not_after > now:
        raise SlipwayError(
            "%s has a certificate that browsers accept, and staging would put a test certificate in its place. Leave staging out, or give the "
            "test certificate another name, or remove the good one first with state: absent"
            % request.domains[0]
        )


def _differences(request, found):
    yield from _domain_differences(request.domains, found.certificate.names)
    yield from _key_differences(request, found)
    if request.server != found.server:
        yield "CA: %s -> %s" % (found.server, request.server)
    elif found.account_gone:
        yield "the account %s, with which it would be renewed, is gone from this host" % found.account_gone
    if _authenticator(request) != _authenticator(found):
        yield "authenticator: %s -> %s" % (_authenticator(found), _authenticator(request))
    chain = found.parameters.get("preferred_chain", "")
    if request.preferred_chain is not None and request.preferred_chain != chain:
        yield "preferred chain: %s -> %s" % (chain or "any", request.preferred_chain or "any")
    reuses = found.parameters.get("reuse_key") == "True"
    if request.reuse_key is not None and request.reuse_key != reuses:
        yield "reuse key: %s -> %s" % (str(reuses).lower(), str(request.reuse_key).lower())


def _domain_differences(request, has):
    added, removed = sorted(set(request) - set(has)), sorted(set(has) - set(request))
    if added:
        yield "domains: added " + ", ".join(added)
    if removed:
        yield "domains: removed " + ", ".join(removed)


def _key_differences(request, found):
    has = found.certificate
    if request.key_type != has.key_type:
        return ["key type: %s -> %s" % (has.key_type, request.key_type)]
    if request.elliptic_curve not in (None, has.elliptic_curve):
        return ["elliptic curve: %s -> %s" % (has.elliptic_curve, request.elliptic_curve)]
    if request.rsa_key_size not in (None, has.rsa_key_size):
        return ["RSA key size: %d -> %d" % (has.rsa_key_size, request.rsa_key_size)]
    return []


def _hook(request, found):
    if request.deploy_hook in (None, found.deploy_hook):
        return []
    return ["deploy hook: %s -> %s" % (found.deploy_hook or "none", request.deploy_hook or "none")]


def _authenticator(side):
    """An authenticator with its options on one line."""
    return " ".join([side.authenticator] + ["%s=%s" % pair for pair in sorted(side.plugin_options.items())])


def _key(certificate):
    size = certificate.elliptic_curve or certificate.rsa_key_size
    return " ".join([certificate.key_type] + [str(size)] * bool(size))


def _days(seconds):
    days = int(seconds // DAY)
    if days < 1:
        return "%d h" % (seconds // 3600)
    return "%d day%s" % (days, "" if days == 1 else "s")
