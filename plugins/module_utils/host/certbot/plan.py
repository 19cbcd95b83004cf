# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide, purely, whether certbot has to run, and why. Check mode and diff print this decision."""

from __future__ import annotations

from ...common.errors import SlipwayError
from . import x509
from .request import PRODUCTION, STAGING

DAY = 86400


class Plan:
    """``issue``: obtain a certificate; ``hook``: change only the deploy hook in the renewal file."""

    def __init__(self, reasons, hook):
        self.reasons = reasons + hook
        self.issue = bool(reasons)
        self.hook = bool(hook) and not reasons

    @property
    def changed(self):
        return bool(self.reasons)


def decide(request, state, now):
    """Compare the request with the state of the lineage."""
    if not state.known:
        return Plan(state.damage or ["no certificate yet"], [])
    _refuse_test_certificate(request, state, now)
    return Plan(list(_differences(request, state)) + due(state.certificate, now), _hook(request, state))


def due(certificate, now):
    """Why it is time to renew: in the last third of its life, at most 30 days before it expires."""
    left = certificate.not_after - now
    if left < 0:
        return ["expired %s ago" % _days(-left)]
    if left < min(30 * DAY, (certificate.not_after - certificate.not_before) / 3):
        return ["expires in %s" % _days(left)]
    return []


def describe(state):
    """The state before, as a small text for the diff."""
    if not state.known:
        return ""
    certificate = state.certificate
    return _text(
        certificate.names, _key(certificate), state, state.deploy_hook, x509.iso(certificate.not_after)
    )


def preview(request, state, plan):
    """The state after, as a small text for the diff."""
    if not plan.changed:
        return describe(state)
    hook = state.deploy_hook if request.deploy_hook is None else request.deploy_hook
    keeps_key = state.known and not _key_differences(request, state)
    key = _key(state.certificate if keeps_key else request)
    expires = "set by the CA" if plan.issue else x509.iso(state.certificate.not_after)
    return _text(request.domains, key, request, hook, expires)


def _text(domains, key, side, hook, expires):
    """``side`` is the request or the state, which both have a server and an authenticator."""
    lines = (
        "domains: " + " ".join(sorted(domains)),
        "server: " + side.server,
        "key: " + key,
        "authenticator: " + _authenticator(side),
        "deploy_hook: " + (hook or "none"),
        "expires: " + expires,
    )
    return "".join(line + "\n" for line in lines)


def _refuse_test_certificate(request, state, now):
    """A forgotten variable must not replace a valid certificate by one that no browser accepts."""
    if request.server == STAGING and state.server == PRODUCTION and state.certificate.not_after > now:
        raise SlipwayError(
            "%s has a certificate that browsers accept, and staging would put a test certificate in its "
            "place. Leave staging out, or give the test certificate another name, or remove the valid one "
            "first with state: absent" % request.domains[0]
        )


def _differences(request, state):
    yield from _domain_differences(request.domains, state.certificate.names)
    yield from _key_differences(request, state)
    if request.server != state.server:
        yield "CA: %s -> %s" % (state.server, request.server)
    elif state.account_gone:
        yield "the account %s, which renewals need, is gone from this host" % state.account_gone
    if _authenticator(request) != _authenticator(state):
        yield "authenticator: %s -> %s" % (_authenticator(state), _authenticator(request))
    chain = state.parameters.get("preferred_chain", "")
    if request.preferred_chain is not None and request.preferred_chain != chain:
        yield "preferred chain: %s -> %s" % (chain or "any", request.preferred_chain or "any")
    reuses = state.parameters.get("reuse_key") == "True"
    if request.reuse_key is not None and request.reuse_key != reuses:
        yield "reuse key: %s -> %s" % (str(reuses).lower(), str(request.reuse_key).lower())


def _domain_differences(requested, present):
    added, removed = sorted(set(requested) - set(present)), sorted(set(present) - set(requested))
    if added:
        yield "domains: added " + ", ".join(added)
    if removed:
        yield "domains: removed " + ", ".join(removed)


def _key_differences(request, state):
    present = state.certificate
    if request.key_type != present.key_type:
        return ["key type: %s -> %s" % (present.key_type, request.key_type)]
    if request.elliptic_curve not in (None, present.elliptic_curve):
        return ["elliptic curve: %s -> %s" % (present.elliptic_curve, request.elliptic_curve)]
    if request.rsa_key_size not in (None, present.rsa_key_size):
        return ["RSA key size: %d -> %d" % (present.rsa_key_size, request.rsa_key_size)]
    return []


def _hook(request, state):
    if request.deploy_hook in (None, state.deploy_hook):
        return []
    return ["deploy hook: %s -> %s" % (state.deploy_hook or "none", request.deploy_hook or "none")]


def _authenticator(side):
    """The authenticator with its options on one line."""
    return " ".join([side.authenticator] + ["%s=%s" % pair for pair in sorted(side.plugin_options.items())])


def _key(side):
    """Type and size of the key of a certificate or a request."""
    size = side.elliptic_curve or side.rsa_key_size
    return "%s %s" % (side.key_type, size) if size else side.key_type


def _days(seconds):
    days = int(seconds // DAY)
    if days < 1:
        return "%d h" % (seconds // 3600)
    return "%d day%s" % (days, "" if days == 1 else "s")
