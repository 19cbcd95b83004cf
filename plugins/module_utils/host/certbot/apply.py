# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story: have certbot get a certificate, or take one away. Until it has, what served before serves on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time

from ...common.errors import SlipwayError
from ..system.files import sync_directory, write_file
from . import cli, errors, renewal, x509
from .backup import Backup
from .plan import decide
from .state import observe


def issue(request, found, run=cli.run):
    """Get the certificate; returns (what was done, what went wrong without harm to it)."""
    _check_hook(request.deploy_hook)
    serving = _serving(found, time.time())
    aside = Backup(found.paths.config_dir, request.name)
    if not found.known:
        aside.move(found.paths.present())
    actions = (
        ["move to %s: %s" % (aside.home, ", ".join(path for path, _target in aside.moved))]
        if aside.moved
        else []
    )
    try:
        answer = _obtain(request, found, run, actions)
        if answer.returncode:
            raise _failure(request, answer, serving)
    except BaseException:
        aside.put_back()
        raise
    actions.append("%s %s" % ("reissue" if found.exists else "issue", request.name))
    _check_result(request, found.paths)
    failure = errors.hook_failure(answer)
    return actions, [
        "the certificate is new, but who should use it was not told: %s" % failure
    ] if failure else []


def change_hook(request, found):
    """Write another deploy hook into the renewal file. Readers see the old file or the new one."""
    _check_hook(request.deploy_hook)
    path, beside = (
        found.paths.renewal,
        found.paths.renewal + ".slipway-new",
    )  # certbot reads names that end with .conf
    with open(path, encoding="utf-8") as handle:
        text = renewal.with_hook(handle.read(), request.deploy_hook)
    if os.path.lexists(beside):
        os.unlink(beside)
    write_file(beside, text.encode("utf-8"), os.stat(path).st_mode & 0o777)
    os.rename(beside, path)
    sync_directory(os.path.dirname(path))
    return ["change the deploy hook of %s" % request.name]


def remove(found, certbot, revoke, run=cli.run):
    """Have no such certificate. What certbot does not know it cannot delete; that is moved aside, so that nothing is lost."""
    name, actions = found.paths.name, []
    if revoke and not found.known:
        why = "; ".join(found.damage) or "there is none"
        raise SlipwayError(
            "certbot cannot revoke the certificate %s: %s. Set revoke: false to have it moved aside"
            % (name, why)
        )
    if found.known and shutil.which(certbot):
        answer = run(cli.revoke(certbot, name, found.server) if revoke else cli.delete(certbot, name))
        if answer.returncode:
            raise SlipwayError(
                "certbot could not remove the certificate %s: %s" % (name, errors.read(answer).reason()),
                certbot=_lines(answer),
            )
        actions.append("%s %s" % ("revoke and delete" if revoke else "delete", name))
    aside = Backup(found.paths.config_dir, name)
    aside.move(found.paths.present())
    return actions + ["move to %s: %s" % (aside.home, path) for path, _target in aside.moved]


def nginx_files(directory):
    """The files of nginx's configuration that name something in this directory, as nginx itself reads them."""
    if not shutil.which("nginx"):
        return []
    try:
        printed = subprocess.run(
            ["nginx", "-T"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    files, current = [], ""
    for line in printed.stdout.splitlines():
        header = re.match(r"# configuration file (.+):$", line)
        if header:
            current = header.group(1)
        elif directory + "/" in line and not line.lstrip().startswith("#") and current not in files:
            files.append(current)
    return files


def _obtain(request, found, run, actions):
    """Run certbot; where the CA has forgotten this host's account, register again, once."""
    argv = cli.issue(request, found)
    answer = run(argv, request.ca_bundle)
    accounts = found.paths.accounts(request.server)
    if answer.returncode and errors.read(answer).account_lost and os.path.isdir(accounts):
        aside = Backup(found.paths.config_dir, "account")
        aside.move([accounts])
        answer = run(argv, request.ca_bundle)
        if answer.returncode and not os.path.isdir(accounts):
            aside.put_back()
        else:
            actions.append(
                "register a new account at %s, as the CA has forgotten the old one, which is now in %s"
                % (request.server, aside.home)
            )
    return answer


def _failure(request, answer, serving):
    """The CA's own reason, what still serves, and what to do next."""
    trouble = errors.read(answer)
    message = "certbot got no certificate for %s from %s: %s. %s. Next: %s" % (
        ", ".join(request.domains),
        request.server,
        trouble.reason().rstrip("."),
        serving,
        trouble.advice(request),
    )
    problems = [{key: problem[key] for key in ("domain", "type", "detail")} for problem in trouble.problems]
    return SlipwayError(message, problems=problems, certbot=_lines(answer))


def _serving(found, now):
    """What a server has in hand now."""
    if not found.serves:
        return "There is no usable certificate in %s" % found.paths.live
    days = found.certificate.days_left(now)
    when = "expires in %d days" % days if days >= 0 else "expired %d days ago" % -days
    return "The certificate of before stays in place and %s (%s)" % (
        when,
        x509.iso(found.certificate.not_after),
    )


def _check_hook(hook):
    if hook and not os.access(hook, os.X_OK):
        raise SlipwayError(
            "deploy_hook: %s is not on this host, or may not be executed: put it there first" % hook
        )


def _check_result(request, paths):
    """certbot's exit code is not proof enough."""
    after = observe(paths)
    missing = decide(request, after, time.time())
    if missing.changed:
        raise SlipwayError(
            "certbot ended without an error, yet this is not as it should be: %s. Run this again"
            % "; ".join(missing.reasons)
        )


def _lines(answer):
    return answer.output.strip().splitlines()[-30:]
