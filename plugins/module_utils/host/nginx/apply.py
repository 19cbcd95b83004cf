# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apply a plan: let nginx test its files, install them, see that nginx loads them, or roll back."""

from __future__ import annotations

import contextlib
import os
import re

from ...common.errors import SlipwayError
from ..system import account, lock
from ..systemd import written
from . import config_files, flags, preview, process, template
from .state import mentioning

LOCK = "/run/slipway-nginx.lock"
_UNRESOLVED = re.compile(r'host not found in upstream "([^"]+)"')
_CERTIFICATE = re.compile(r'cannot load certificate(?: key)? "([^"]+)"')
_AT = re.compile(r" in (/\S+):([0-9]+)$")


def apply(name, plan, snippet="", page=None):
    """Do what the plan says. If nginx refuses or does not load the configuration, everything is as it was.

    Returns where files were kept that somebody else wrote. ``page``: the text of the maintenance page.
    """
    files, flag_files = preview.changes(plan)
    action = preview.nginx_action(plan)
    kept = keep(name, files + flag_files, page)
    if plan.webroot:
        config_files.make_directory(plan.webroot)
    if files or action:
        install(name, {path: plan.files[path] for path in files}, snippet, start=action == "start")
    config_files.make_directory(flags.DIRECTORY)  # so that an administrator can put a page there
    config_files.install({path: plan.flag_files[path] for path in flag_files})
    return kept


def keep(name, paths, page=None):
    """Keep what is at these paths and was written by hand; returns where. A link's target stays as it is."""
    contents = {path: config_files.read(path) for path in paths if not os.path.islink(path)}
    return [
        written.keep_copy(name, os.path.basename(path), text.encode("utf-8", "surrogateescape"))
        for path, text in contents.items()
        if text and not text.startswith(template.BANNER) and text not in (template.PAGE, page)
    ]


def install(name, files, snippet="", start=False):
    """Let nginx serve with these files: tested first, and rolled back if nginx does not load them.

    An nginx that is not running stays so, without ``start``.
    """
    _test(name, files, snippet)
    before, active = config_files.install(files), process.is_active()
    if not (active or start):
        return
    try:
        process.reload()
    except SlipwayError as error:
        message = "%s. %s" % (str(error).rstrip("."), _roll_back(before, active))
        raise SlipwayError(message, **error.facts) from error


def _roll_back(before, active):
    config_files.install(before)
    if not active:
        return "The old configuration was restored. nginx is not running, as before"
    try:
        process.reload()
    except SlipwayError as error:
        return "The old configuration was restored on disk, but nginx does not load it either: %s" % error
    return "The old configuration was restored, and nginx serves with it"


def _test(name, files, snippet):
    try:
        config_files.test_files(files)
    except config_files.InvalidConfiguration as error:
        message = explain(error.error_line, files, name, snippet)
        raise SlipwayError("%s. %s" % (message, _compare_with_current(error)), **error.facts) from None


def _compare_with_current(error):
    """Whether the error is in the configuration in use already, and what to do then."""
    try:
        config_files.test_current()
    except config_files.InvalidConfiguration as current:
        if current.error_line == error.error_line:
            return (
                "The configuration in use already has this error, without this site's change: nginx goes on "
                "serving, but would not start again. Repair it first"
            )
    return "Nothing was changed: nginx serves as before"


def explain(error_line, files, name, snippet):
    """nginx's own error, preceded by the option or file that it is about."""
    unresolved = _UNRESOLVED.search(error_line)
    if unresolved:
        proxied = "proxy_pass http://%s" % unresolved[1]
        field = "acme_forward" if any(proxied in (text or "") for text in files.values()) else "servers"
        return "%s: %s cannot be resolved on this host; use an address, or repair its DNS. nginx says: %s" % (
            field,
            unresolved[1],
            error_line,
        )
    certificate = _CERTIFICATE.search(error_line)
    if certificate:
        named_in = " and ".join(mentioning(certificate[1], files)) or "no file that can be found"
        return "nginx cannot load %s, named in %s: issue or copy it again. nginx says: %s" % (
            certificate[1],
            named_in,
            error_line,
        )
    at = _AT.search(error_line)
    if at and files.get(at[1]):
        return _explain_line(error_line, files[at[1]], int(at[2]), name, snippet)
    return "nginx refuses its configuration: %s" % error_line


def _explain_line(error_line, text, number, name, snippet):
    lines = text.split("\n")
    line = lines[number - 1].strip() if number < len(lines) else ""
    begin = template.snippet_line(text)
    if begin and begin < number <= begin + len(snippet.rstrip().split("\n")):
        return "snippet, line %d (%s): nginx says: %s" % (number - begin, line, error_line)
    return "nginx refuses the site %s: %s (%s)" % (name, error_line, line)


def locked(name, check_mode=False):
    """Only one change of nginx's configuration on a host at a time; reading needs no lock, nor root."""
    if check_mode or os.geteuid() != 0:
        return contextlib.nullcontext()
    return lock.held(LOCK, {"actor": "slipway.golang.nginx_site", "to": name}, wait=60)


def require_nginx():
    """Refuse if nginx cannot be changed on this host."""
    if os.geteuid() != 0:
        raise SlipwayError(account.not_root("Changing nginx's configuration needs root on the host"))
    if not process.binary():
        raise SlipwayError(
            "nginx is not installed on this host: install it first, for example with the role "
            "slipway.golang.nginx_proxy"
        )
