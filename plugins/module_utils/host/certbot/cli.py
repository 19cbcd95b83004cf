# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot's command lines, built purely, and how they are run: without questions, with their output."""

from __future__ import annotations

import os
import re
import subprocess
import time

from ...common.errors import SlipwayError

LOG = "/var/log/letsencrypt/letsencrypt.log"
# DNS plugins wait for minutes until a record is visible everywhere.
TIMEOUT = 1800
BUSY_TIMEOUT = 300
_BUSY = "Another instance of Certbot is already running"
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_HTTP_01 = {"http01_port": "http-01-port", "http01_address": "http-01-address"}


class Result:
    """A run of certbot: its exit status, its output, and what it wrote to its log meanwhile."""

    def __init__(self, returncode, output, log):
        self.returncode = returncode
        self.output = output
        self.log = log


def issue(request, state):
    """certbot certonly, for a new lineage or in an existing one."""
    argv = [
        request.certbot,
        "certonly",
        "--non-interactive",
        "--agree-tos",
        "--cert-name",
        request.name,
        "--server",
        request.server,
    ]
    for domain in request.domains:
        argv += ["--domain", domain]
    argv += (
        ["--email", request.email, "--no-eff-email"]
        if request.email
        else ["--register-unsafely-without-email"]
    )
    argv += ["--authenticator", request.authenticator]
    argv += [
        "--%s=%s" % (_HTTP_01.get(key, key.replace("_", "-")), value)
        for key, value in sorted(request.plugin_options.items())
    ]
    argv += ["--key-type", request.key_type]
    if request.elliptic_curve:
        argv += ["--elliptic-curve", request.elliptic_curve]
    if request.rsa_key_size:
        argv += ["--rsa-key-size", str(request.rsa_key_size)]
    argv += _kept(request, state)
    if state.known:
        # The plan has decided that it has to be, so certbot must not ask.
        argv += ["--force-renewal", "--renew-with-new-domains"]
    if "staging" in request.server:
        argv.append("--break-my-certs")  # switches off certbot's own guard; plan.decide has a finer one
    return argv


def _kept(request, state):
    """Settings that a reissue would drop unless they are passed again."""
    chain = (
        state.parameters.get("preferred_chain")
        if request.preferred_chain is None
        else request.preferred_chain
    )
    hook = state.deploy_hook if request.deploy_hook is None else request.deploy_hook
    reuse = state.parameters.get("reuse_key") == "True" if request.reuse_key is None else request.reuse_key
    argv = ["--preferred-chain", chain] if chain else []
    argv += ["--deploy-hook", hook] if hook else []
    if reuse:
        argv.append("--reuse-key")
        if state.known and request.key_type != state.certificate.key_type:
            argv.append("--new-key")
    return argv


def delete(certbot, name):
    return [certbot, "delete", "--non-interactive", "--cert-name", name]


def revoke(certbot, name, server):
    return [
        certbot,
        "revoke",
        "--non-interactive",
        "--cert-name",
        name,
        "--server",
        server,
        "--delete-after-revoke",
    ]


def run(argv, ca_bundle=None, log=LOG):
    """Run certbot to its end. If another one runs (most likely from cron), wait for that first."""
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        result = _run(argv, ca_bundle, log)
        if _BUSY not in result.output or time.monotonic() > deadline:
            return result
        time.sleep(2)


def _run(argv, ca_bundle, log):
    environment = dict(
        os.environ, LC_ALL="C.UTF-8", PATH="%s:%s" % (os.environ.get("PATH", ""), _SYSTEM_PATH)
    )
    if ca_bundle:
        environment["REQUESTS_CA_BUNDLE"] = ca_bundle
    before = _position(log)
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except (FileNotFoundError, PermissionError):
        raise SlipwayError(
            "%s is not on this host, or is not executable: install it first, for example with the role "
            "slipway.golang.certbot, or set its path in the option certbot" % argv[0]
        ) from None
    except subprocess.TimeoutExpired:
        raise SlipwayError(
            "certbot did not end within %d s and was killed: %s" % (TIMEOUT, " ".join(argv))
        ) from None
    return Result(done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout), _written_since(log, before))


def _position(log):
    """Where the log ends now; certbot appends to it, or rotates it and begins a new one."""
    try:
        status = os.stat(log)
        return status.st_ino, status.st_size
    except OSError:
        return None, 0


def _written_since(log, before):
    inode, size = before
    try:
        with open(log, encoding="utf-8", errors="replace") as handle:
            if os.fstat(handle.fileno()).st_ino == inode:
                handle.seek(size)
            return handle.read()
    except OSError:
        return ""
