# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the CA refused, parsed from certbot's output and log, and what to do about it."""

from __future__ import annotations

import re

_CHALLENGE = re.compile(
    r"^\s*(?:Domain|Identifier):\s*(\S+)\s*\n\s*Type:\s*(\S+)\s*\n\s*Detail:\s*(.+)$", re.MULTILINE
)
# certbot 2.1 fails while it prints the CA's error, so that the error is in the log only.
_RAISED = re.compile(r"^acme\.messages\.Error: (.+(?:\nProblem for .+)*)$", re.MULTILINE)
_PROBLEM = re.compile(r"^(?:Problem for (\S+): )?urn:ietf:params:acme:error:(\w+)(?: :: (.*))?$")
_RETRY_AFTER = re.compile(r"^HTTP (?:429|503)\n(?:.+\n)*?Retry-After: (.+)$", re.MULTILINE | re.IGNORECASE)
_HOOK = re.compile(
    r"^.*deploy-hook.*(?:reported|returned) error code (\d+).*$(?:\n ?.*)*?(?=\n\n|\Z)", re.MULTILINE
)
_BOILERPLATE = re.compile(
    r"Saving debug log to|Ask for help|An unexpected error occurred|See the logfile|^(Requesting|Renewing) "
    r"|^[- ]*$|^usage:|^\s*certbot \["
)

_ADVICE = {
    "rateLimited": "wait as long as the CA says, and use staging: true for experiments",
    "caa": "a CAA record of the domain forbids this CA: change it in DNS, or use another server",
    "dns": "let the name resolve to this host in public DNS",
    "rejectedIdentifier": "this CA issues no certificate for that name: check its spelling and the policy",
    "accountDoesNotExist": "the CA accepts neither the account nor a new one: see its documentation",
    "externalAccountRequired": (
        "register once by hand with `certbot register --server … --eab-kid … --eab-hmac-key …`, "
        "then run this again"
    ),
    "invalidContact": "the CA does not accept the address in email: correct it, or leave it out",
    "unsupportedContact": "the CA does not accept the address in email: correct it, or leave it out",
    "serverInternal": "the error is the CA's: run this again later",
}
_ADVICE_BY_OUTPUT = (
    (
        r"certificate verify failed|CERTIFICATE_VERIFY_FAILED",
        "the host does not trust the CA's server: add its root to the host's trust store, or set ca_bundle",
    ),
    (
        r"Connection refused|Max retries exceeded|Name or service not known|timed out"
        r"|Temporary failure in name resolution|No route to host|unreachable",
        "the CA could not be reached from this host: check that `curl {server}` answers here, "
        "then run this again",
    ),
    (
        r"Could not bind|already in use",
        "another program has the port: use the authenticator webroot through it, or set standalone_port to "
        "another port to which port 80 is forwarded",
    ),
    (
        r"plugin does not appear to be installed|unrecognized arguments|unknown plugin",
        "the plugin {authenticator} is not installed with this certbot, or has no such option: "
        "`certbot plugins` lists the installed ones",
    ),
    (
        r"acme\.errors\.ClientError|JSONDecodeError|Expecting value",
        "{server} answers, but not as an ACME directory does: check the address in server",
    ),
    (
        r"AccountStorageError|Missing command line flag.*--account|choose an account",
        "keep only one account for this CA in /etc/letsencrypt/accounts",
    ),
)


class Failure:
    """Why certbot obtained no certificate. ``problems`` are the CA's: ``domain``, ``type`` and ``detail``."""

    def __init__(self, problems, output, retry_after):
        self.problems = problems
        self.output = output
        self.retry_after = retry_after

    @property
    def account_lost(self):
        """Whether the CA does not know or accept the account of this host any more."""
        return any(
            problem["type"] == "accountDoesNotExist"
            or (problem["type"] == "unauthorized" and re.search("deactivated|revoked", problem["detail"]))
            for problem in self.problems
            if not problem["challenge"]
        )

    def reason(self):
        """The reason on one line."""
        reasons = [
            "%s%s: %s"
            % (problem["domain"] + ": " if problem["domain"] else "", problem["type"], problem["detail"])
            for problem in self.problems
        ]
        if self.retry_after:
            unit = " s" if self.retry_after.isdigit() else ""
            reasons.append("the CA says to retry after %s%s" % (self.retry_after, unit))
        return "; ".join(reasons or self.output) or "certbot gave no reason"

    def advice(self, request):
        """What to do next, for the first problem: most often all have the same cause."""
        for problem in self.problems:
            if problem["challenge"] and problem["type"] not in ("caa", "rateLimited"):
                return _challenge_advice(problem["domain"], request)
            if problem["type"] in _ADVICE:
                return _ADVICE[problem["type"]]
        text = " ".join(self.output)
        for pattern, advice in _ADVICE_BY_OUTPUT:
            if re.search(pattern, text):
                return advice.format(server=request.server, authenticator=request.authenticator)
        return "see certbot's log on the host, /var/log/letsencrypt/letsencrypt.log"


def parse(result):
    """The Failure that certbot printed and logged."""
    problems = [
        _problem(domain, kind, detail, True) for domain, kind, detail in _CHALLENGE.findall(result.output)
    ]
    raised = _RAISED.findall(result.log)
    if not problems and raised:
        matches = (_PROBLEM.match(line) for line in raised[-1].splitlines())
        parsed = [
            _problem(match.group(1), match.group(2), match.group(3) or "", False)
            for match in matches
            if match
        ]
        problems = [problem for problem in parsed if problem["domain"]] or parsed
    retry_after = _RETRY_AFTER.findall(result.log)
    output = [line.strip() for line in result.output.splitlines() if not _BOILERPLATE.search(line)]
    return Failure(problems, output[-10:], retry_after[-1].strip() if retry_after else None)


def hook_failure(result):
    """What certbot printed about a failed deploy hook; else empty. Its exit status is 0 in both cases."""
    match = _HOOK.search(result.output)
    return " ".join(match.group(0).split()) if match else ""


def _problem(domain, kind, detail, challenge):
    return {"domain": domain, "type": kind, "detail": detail.strip(), "challenge": challenge}


def _challenge_advice(domain, request):
    if request.authenticator not in ("webroot", "standalone"):
        return "let the plugin %s change the DNS zone of %s, and give changes more time to spread" % (
            request.authenticator,
            domain,
        )
    place = "served from %s" % request.webroot if request.webroot else "answered by certbot itself"
    return (
        "check that http://%s/.well-known/acme-challenge/ on port 80 reaches this host from the CA "
        "(DNS, firewall), and is %s" % (domain, place)
    )
