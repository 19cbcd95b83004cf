# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apply a plan: let certbot issue a certificate or remove one. If it fails, what served before serves on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time

from ...common.errors import SlipwayError
from ..system import files
from . import cli, errors, renewal_file, x509
from .backup import Backup
from .plan import decide
from .state import observe


def issue(request, state, run=cli.run):
    """Obtain the certificate; returns (actions, warnings)."""
    _check_hook(request.deploy_hook)
    serving = _serving(state, time.time())
    backup = Backup(state.paths.config_dir, request.name)
    if not state.known:
        backup.move(state.paths.present())
    actions = []
    if backup.moved:
        moved = ", ".join(path for path, _target in backup.moved)
        actions.append("move to %s: %s" % (backup.directory, moved))
    try:
        result = _obtain(request, state, run, actions)
        if result.returncode:
            raise _failed(request, result, serving)
    except BaseException:
        backup.restore()
        raise
    actions.append("%s %s" % ("reissue" if state.exists else "issue", request.name))
    _check_result(request, state.paths)
    hook_failure = errors.hook_failure(result)
    if not hook_failure:
        return actions, []
    return actions, [
        "The certificate is new, but its deploy hook failed: %s. Repair the hook and run it by hand, "
        "so that servers load the certificate" % hook_failure
    ]


def change_hook(request, state):
    """Write another deploy hook into the renewal file."""
    _check_hook(request.deploy_hook)
    path = state.paths.renewal
    text = renewal_file.with_hook(files.read_text(path), request.deploy_hook)
    files.replace(path, text.encode("utf-8"), os.stat(path).st_mode & 0o777)
    return ["change the deploy hook of %s" % request.name]


def remove(state, certbot, revoke, run=cli.run):
    """Remove the certificate. Files that certbot does not know are moved to a backup."""
    name, actions = state.paths.name, []
    if revoke and not state.known:
        reason = "; ".join(state.damage) or "there is none"
        raise SlipwayError(
            "certbot cannot revoke the certificate %s: %s. Set revoke: false to move its files to a backup"
            % (name, reason)
        )
    if state.known and shutil.which(certbot):
        result = run(cli.revoke(certbot, name, state.server) if revoke else cli.delete(certbot, name))
        if result.returncode:
            reason = errors.parse(result).reason()
            message = "certbot could not remove the certificate %s: %s" % (name, reason)
            raise SlipwayError(message, certbot=_last_lines(result))
        actions.append("%s %s" % ("revoke and delete" if revoke else "delete", name))
    backup = Backup(state.paths.config_dir, name)
    backup.move(state.paths.present())
    return actions + ["move to %s: %s" % (backup.directory, path) for path, _target in backup.moved]


def nginx_files(directory):
    """The files of nginx's configuration that name something in this directory, as printed by nginx -T."""
    if not shutil.which("nginx"):
        return []
    try:
        configuration = subprocess.run(
            ["nginx", "-T"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    found, current = [], ""
    for line in configuration.splitlines():
        header = re.match(r"# configuration file (.+):$", line)
        if header:
            current = header.group(1)
        elif directory + "/" in line and not line.lstrip().startswith("#") and current not in found:
            found.append(current)
    return found


def _obtain(request, state, run, actions):
    """Run certbot; if the CA does not know this host's account any more, register again, once."""
    argv = cli.issue(request, state)
    result = run(argv, request.ca_bundle)
    accounts = state.paths.accounts(request.server)
    if result.returncode and errors.parse(result).account_lost and os.path.isdir(accounts):
        backup = Backup(state.paths.config_dir, "account")
        backup.move([accounts])
        result = run(argv, request.ca_bundle)
        if result.returncode and not os.path.isdir(accounts):
            backup.restore()
        else:
            actions.append(
                "register a new account at %s, because the CA does not know the old one, which is now in %s"
                % (request.server, backup.directory)
            )
    return result


def _failed(request, result, serving):
    """The CA's own reason, what still serves, and what to do next."""
    failure = errors.parse(result)
    message = "certbot got no certificate for %s from %s: %s. %s. Next: %s" % (
        ", ".join(request.domains),
        request.server,
        failure.reason().rstrip("."),
        serving,
        failure.advice(request),
    )
    problems = [{key: problem[key] for key in ("domain", "type", "detail")} for problem in failure.problems]
    return SlipwayError(message, problems=problems, certbot=_last_lines(result))


def _serving(state, now):
    """What servers use now."""
    if not state.serves:
        return "There is no usable certificate in %s" % state.paths.live
    days = state.certificate.days_left(now)
    when = "expires in %d days" % days if days >= 0 else "expired %d days ago" % -days
    return "The present certificate stays in place and %s (%s)" % (
        when,
        x509.iso(state.certificate.not_after),
    )


def _check_hook(hook):
    if hook and not os.access(hook, os.X_OK):
        raise SlipwayError(
            "deploy_hook: %s is not on this host, or is not executable: install it first" % hook
        )


def _check_result(request, paths):
    """certbot's exit status is not proof enough."""
    remaining = decide(request, observe(paths), time.time())
    if remaining.changed:
        raise SlipwayError(
            "certbot ended without an error, but the certificate is not as requested: %s. Run this again"
            % "; ".join(remaining.reasons)
        )


def _last_lines(result):
    return result.output.strip().splitlines()[-30:]
