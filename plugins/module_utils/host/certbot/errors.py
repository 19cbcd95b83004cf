# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the CA complained of, taken from certbot's words, and what to do about it."""

from __future__ import annotations

import re

_CHALLENGE = re.compile(
    r"^\s*(?:Domain|Identifier):\s*(\S+)\s*\n\s*Type:\s*(\S+)\s*\n\s*Detail:\s*(.+)$", re.MULTILINE
)
# certbot 2.1 stumbles over its own exceptions, so the CA's words are to be had from the log only.
_RAISED = re.compile(r"^acme\.messages\.Error: (.+(?:\nProblem for .+)*)$", re.MULTILINE)
_PROBLEM = re.compile(r"^(?:Problem for (\S+): )?urn:ietf:params:acme:error:(\w+)(?: :: (.*))?$")
_RETRY_AFTER = re.compile(r"^HTTP (?:429|503)\n(?:.+\n)*?Retry-After: (.+)$", re.MULTILINE | re.IGNORECASE)
_HOOK = re.compile(
    r"^.*deploy-hook.*(?:reported|returned) error code (\d+).*$(?:\n ?.*)*?(?=\n\n|\Z)", re.MULTILINE
)
_BOILERPLATE = re.compile(
    r"Saving debug log to|Ask for help|An unexpected error occurred|See the logfile|^(Requesting|Renewing) |^[- ]*$|^usage:|^\s*certbot \["
)

_ADVICE = {
    "rateLimited": "wait as the CA says, and use staging: true while trying things out",
    "caa": "a CAA record of the domain forbids this CA: change it in DNS, or use another server",
    "dns": "see that the name resolves to this host for all the world",
    "rejectedIdentifier": "this CA gives no certificate for that name: check its spelling, and the CA's policy",
    "accountDoesNotExist": "the CA does not know the account any more, and a new one did not help either",
    "externalAccountRequired": "register once by hand with `certbot register --server … --eab-kid … --eab-hmac-key …`, then run this again",
    "invalidContact": "the CA does not accept the address in email: correct it, or leave it out",
    "unsupportedContact": "the CA does not accept the address in email: correct it, or leave it out",
    "serverInternal": "the fault is the CA's: try again later",
}
_WORDS = (
    (
        r"certificate verify failed|CERTIFICATE_VERIFY_FAILED",
        "the host does not trust the CA's server: put its root into the host's trust store, or name it in ca_bundle",
    ),
    (
        r"Connection refused|Max retries exceeded|Name or service not known|timed out|Temporary failure in name resolution|No route to host|unreachable",
        "the CA could not be reached from this host: see whether `curl {server}` answers here, then run this again",
    ),
    (
        r"Could not bind|already in use",
        "another program has the port: let webroot answer through it, or give standalone_port another port that leads here",
    ),
    (
        r"plugin does not appear to be installed|unrecognized arguments|unknown plugin",
        "the plugin {authenticator} is not installed beside this certbot, or has no such option: `certbot plugins` lists what there is",
    ),
    (
        r"acme\.errors\.ClientError|JSONDecodeError|Expecting value",
        "{server} answers, but not as an ACME directory does: check the address",
    ),
    (
        r"AccountStorageError|Missing command line flag.*--account|choose an account",
        "keep one account for this CA in /etc/letsencrypt/accounts",
    ),
)


class CertbotError:
    """Why certbot got nothing. ``problems`` are the CA's own, each with ``domain`` (or None), ``type`` and ``detail``."""

    def __init__(self, problems, words, retry_after):
        self.problems = problems
        self.words = words
        self.retry_after = retry_after

    @property
    def account_lost(self):
        """Whether the CA no longer knows, or no longer accepts, the account of this host."""
        return any(
            problem["type"] == "accountDoesNotExist"
            or (problem["type"] == "unauthorized" and re.search("deactivated|revoked", problem["detail"]))
            for problem in self.problems
            if not problem["challenge"]
        )

    def reason(self):
        """On one line."""
        told = [
            "%s%s: %s"
            % (problem["domain"] + ": " if problem["domain"] else "", problem["type"], problem["detail"])
            for problem in self.problems
        ]
        if self.retry_after:
            told.append(
                "the CA says to retry after %s%s"
                % (self.retry_after, " s" if self.retry_after.isdigit() else "")
            )
        return "; ".join(told or self.words) or "certbot gave no reason"

    def advice(self, request):
        """What to do next; by the first problem, as the others mostly have the same cause."""
        for problem in self.problems:
            if problem["challenge"] and problem["type"] not in ("caa", "rateLimited"):
                return _challenge_advice(problem["domain"], request)
            if problem["type"] in _ADVICE:
                return _ADVICE[problem["type"]]
        text = " ".join(self.words)
        for pattern, advice in _WORDS:
            if re.search(pattern, text):
                return advice.format(server=request.server, authenticator=request.authenticator)
        return "certbot's log on the host tells more"


def read(answer):
    """The complaint in what certbot printed and logged."""
    problems = [
        _problem(domain, kind, detail, True) for domain, kind, detail in _CHALLENGE.findall(answer.output)
    ]
    raised = _RAISED.findall(answer.log)
    if not problems and raised:
        found = (_PROBLEM.match(line) for line in raised[-1].splitlines())
        told = [
            _problem(match.group(1), match.group(2), match.group(3) or "", False) for match in found if match
        ]
        problems = [problem for problem in told if problem["domain"]] or told
    retry_after = _RETRY_AFTER.findall(answer.log)
    words = [line.strip() for line in answer.output.splitlines() if not _BOILERPLATE.search(line)]
    return CertbotError(problems, words[-10:], retry_after[-1].strip() if retry_after else None)


def hook_failure(answer):
    """What certbot said of a deploy hook that failed; empty where none did. Its exit code does not tell."""
    match = _HOOK.search(answer.output)
    return " ".join(match.group(0).split()) if match else ""


def _problem(domain, kind, detail, challenge):
    return {"domain": domain, "type": kind, "detail": detail.strip(), "challenge": challenge}


def _challenge_advice(domain, request):
    if request.authenticator not in ("webroot", "standalone"):
        return "see that the plugin %s may change the DNS zone of %s, and give it more time to spread" % (
            request.authenticator,
            domain,
        )
    place = "served from %s" % request.webroot if request.webroot else "answered by certbot itself"
    return (
        "see that http://%s/.well-known/acme-challenge/ on port 80 reaches this host from where the CA looks (DNS, firewall), and is %s"
        % (domain, place)
    )
