# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CA's own reason, from what certbot 2.1 and 5.8 really printed and logged."""

from __future__ import annotations

import types

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot import errors
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.cli import Result

BLOCKED = """Saving debug log to /var/log/letsencrypt/letsencrypt.log
Requesting a certificate for a.example.com and b.example.com

Certbot failed to authenticate some domains (authenticator: webroot). The Certificate Authority reported \
these problems:
  Domain: b.example.com
  Type:   unauthorized
  Detail: Non-200 status code from HTTP: http://b.example.com:80/.well-known/acme-challenge/7KFF returned 403

  Domain: a.example.com
  Type:   connection
  Detail: dial tcp 192.0.2.3:80: connect: connection refused

Hint: The Certificate Authority failed to download the temporary challenge files created by Certbot.

Some challenges have failed.
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile \
/var/log/letsencrypt/letsencrypt.log.
"""
CRASHED = """Requesting a certificate for a.example.com
An unexpected error occurred:
AttributeError: can't set attribute
Ask for help or search for solutions at https://community.letsencrypt.org.
"""
LIMITED = """2026-11-21 02:21:18,449:DEBUG:acme.client:Received response:
HTTP 429
Server: nginx/1.22.1
Retry-After: 3600
Replay-Nonce: AAAA

{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates (5) already \
issued","status":429}
2026-11-21 02:21:18,450:DEBUG:certbot._internal.log:Exiting abnormally:
Traceback (most recent call last):
    raise messages.Error.from_json(jobj)
acme.messages.Error: urn:ietf:params:acme:error:rateLimited :: There were too many requests of a given \
type :: too many certificates (5) already issued

During handling of the above exception, another exception occurred:
AttributeError: can't set attribute
"""
NONCE = (
    "acme.messages.Error: urn:ietf:params:acme:error:badNonce :: The client sent an unacceptable "
    "anti-replay nonce :: JWS has an invalid nonce\n"
)
PARTS = """acme.messages.Error: urn:ietf:params:acme:error:rejectedIdentifier :: The server will not \
issue certificates for the identifier :: Some of them
Problem for a.example.com: urn:ietf:params:acme:error:caa :: CAA records forbid it :: CAA record for \
a.example.com prevents issuance
Problem for b.example.com: urn:ietf:params:acme:error:rejectedIdentifier :: not here :: forbidden by policy
"""
GONE = (
    "acme.messages.Error: urn:ietf:params:acme:error:accountDoesNotExist :: The request specified an "
    "account that does not exist :: Account not found.\n"
)
DEACTIVATED = (
    "acme.messages.Error: urn:ietf:params:acme:error:unauthorized :: The client may not :: Account has "
    'status "deactivated"\n'
)
WEBROOT = types.SimpleNamespace(
    authenticator="webroot", webroot="/var/lib/slipway-acme", server="https://ca.example.com/dir"
)
DNS = types.SimpleNamespace(authenticator="dns-x", webroot=None, server="https://ca.example.com/dir")


def parse(output, log=""):
    return errors.parse(Result(1, output, log))


@pytest.mark.parametrize("word", ["Domain: ", "Identifier: "])  # of certbot 2, of certbot 5
def test_each_domain_has_its_own_reason(word):
    found = parse(BLOCKED.replace("Domain: ", word))
    assert [(problem["domain"], problem["type"]) for problem in found.problems] == [
        ("b.example.com", "unauthorized"),
        ("a.example.com", "connection"),
    ]
    assert "b.example.com: unauthorized: Non-200 status code from HTTP" in found.reason()
    assert not found.account_lost
    assert "http://b.example.com/.well-known/acme-challenge/" in found.advice(
        WEBROOT
    ) and "served from /var/lib/slipway-acme" in found.advice(WEBROOT)
    assert "DNS zone of b.example.com" in found.advice(DNS)


def test_the_reason_is_found_even_if_certbot_itself_crashed():
    found = parse(CRASHED, NONCE + LIMITED)
    assert found.reason() == (
        "rateLimited: There were too many requests of a given type :: too many certificates (5) "
        "already issued; the CA says to retry after 3600 s"
    )
    assert "staging: true" in found.advice(WEBROOT)


def test_the_parts_of_a_problem_are_listed_by_domain():
    found = parse("An unexpected error occurred:\nSome of them\n", PARTS)
    assert [(problem["domain"], problem["type"]) for problem in found.problems] == [
        ("a.example.com", "caa"),
        ("b.example.com", "rejectedIdentifier"),
    ]
    assert "CAA record" in found.advice(WEBROOT)


@pytest.mark.parametrize("log, lost", [(GONE, True), (DEACTIVATED, True), (LIMITED, False), ("", False)])
def test_a_lost_account_is_recognised(log, lost):
    assert parse(CRASHED, log).account_lost is lost


@pytest.mark.parametrize(
    "output, advice",
    [
        ("ValueError: Requesting ca/dir: Connection refused", "`curl https://ca.example.com/dir` answers"),
        (
            (
                "requests.exceptions.SSLError: Max retries exceeded (Caused by SSLError('[SSL: "
                "CERTIFICATE_VERIFY_FAILED]'))"
            ),
            "does not trust the CA's server",
        ),
        ("acme.errors.ClientError: <Response [503]>", "not as an ACME directory does"),
        ("The requested dns-x plugin does not appear to be installed", "the plugin webroot is not installed"),
        ("certbot: error: unrecognized arguments: --dns-x-credentials=/x", "has no such option"),
        (
            "Could not bind TCP port 80 because it is already in use by another process",
            "another program has the port",
        ),
        ("who knows", "see certbot's log on the host"),
    ],
)
def test_failures_before_the_ca_was_asked_have_advice_too(output, advice):
    found = parse("An unexpected error occurred:\n%s\nAsk for help or search for solutions.\n" % output)
    assert found.reason() == output
    assert advice in found.advice(WEBROOT)


def test_a_hook_that_failed_is_noticed_and_one_that_only_printed_something_is_not():
    failed = (
        "Hook 'deploy-hook' reported error code 1\nHook 'deploy-hook' ran with error output:\n nginx: "
        "[emerg] no\n\nSuccessfully received"
    )
    assert errors.hook_failure(Result(0, failed, "")) == (
        "Hook 'deploy-hook' reported error code 1 Hook 'deploy-hook' ran with error output: nginx: [emerg] no"
    )
    printed = (
        "Hook 'deploy-hook' ran with error output:\n syntax is ok\n\nSuccessfully received certificate.\n"
    )
    assert errors.hook_failure(Result(0, printed, "")) == ""
