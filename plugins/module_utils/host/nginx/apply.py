# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a site comes to be served, or goes: look, decide, let nginx try it, put it in place, see that nginx took it."""

from __future__ import annotations

import contextlib
import os
import re

from ...common.errors import InvalidInput, SlipwayError
from ..system import lock
from . import config_files, flags, process, template, upstream

LOCK = "/run/slipway-nginx.lock"
_UNRESOLVED = re.compile(r'host not found in upstream "([^"]+)"')
_CERTIFICATE = re.compile(r'cannot load certificate(?: key)? "([^"]+)"')
_AT = re.compile(r" in (/\S+):([0-9]+)$")


class Plan:
    """What shall be there, and what has to be done for it."""

    def __init__(self, files, page, webroot, *, https, waiting=False, warnings=(), drained=()):
        self.files = files  # nginx's own, in the order in which they are put in place
        self.page = page  # the maintenance page and the like: nginx looks for it at every request, so that it needs no reload
        self.webroot = webroot
        self.https = https
        self.waiting = waiting
        self.warnings = list(warnings)
        self.drained = list(drained)

    def changes(self):
        return config_files.differences(self.files), config_files.differences(self.page)


def plan(name, options, facts):
    """What a site comes to on this host."""
    template.check(options)
    upstream.check(options["servers"], options["balance"], options["blue_green"])
    here = config_files.read(template.path_of(name))
    has_certificate = _has_certificate(options)
    standing_https = here is not None and "ssl_certificate " in here
    warnings = []
    if options["certificate"] and not has_certificate and standing_https:
        # nginx holds the lost files in memory. Any other configuration would end what still serves.
        warnings.append(
            "%s or %s is not there. nginx still serves what it has read, and the configuration stays as it is; a restart of nginx would fail. "
            "Have the certificate issued again" % (options["certificate"], options["certificate_key"])
        )
        return Plan({}, _page(name, options), None, https=True, waiting=True, warnings=warnings)
    https = "no" if not options["certificate"] else "yes" if has_certificate else "waiting"
    standing = config_files.read(upstream.path_of(name)) or ""
    _check_green(name, options, standing)
    drained = [address for address in upstream.drained(standing) if address in _addresses(options)]
    if len(drained) == len(options["servers"]):
        raise InvalidInput(
            "servers",
            ", ".join(drained),
            "all of them are drained, and nothing would answer; undrain one first",
        )
    files = {
        upstream.path_of(name): upstream.render(name, options, drained),
        template.path_of(name): template.render(name, options, facts, https),
    }
    files = _with_common(files, options, facts, warnings)
    webroot = options["acme_webroot"] if not options["acme_forward"] else None
    return Plan(
        files,
        _page(name, options),
        webroot,
        https=https == "yes",
        waiting=https == "waiting",
        warnings=warnings,
        drained=drained,
    )


def plan_absence(name, options, facts):
    """What is left when a site goes: the others, and what they share."""
    files = {template.path_of(name): None, upstream.path_of(name): None}
    if any(text is not None and path not in files for path, text in _sites()):
        files = _with_common(files, options, facts, [])
    else:
        files[template.COMMON] = None
    return Plan(files, {flags.maintenance_page(name): None, flags.green(name): None}, None, https=False)


def _sites():
    folder = template.DIRECTORY + "/conf.d"
    names = os.listdir(folder) if os.path.isdir(folder) else ()
    return [
        (folder + "/" + name, config_files.read(folder + "/" + name))
        for name in names
        if name.startswith("slipway-") and name.endswith(".conf")
    ]


def _addresses(options):
    return {entry["address"] for entry in options["servers"]}


def _has_certificate(options):
    return (
        bool(options["certificate"])
        and os.path.isfile(options["certificate"])
        and os.path.isfile(options["certificate_key"])
    )


def _page(name, options):
    page = {
        flags.maintenance_page(name): (options["maintenance_page"] or template.PAGE)
        if options["maintenance"]
        else None
    }
    return page if options["blue_green"] else dict(page, **{flags.green(name): None})


def _check_green(name, options, standing):
    """Refuse to forget the instance that serves."""
    served = (
        list(upstream.addresses(standing))[-1:]
        if upstream.is_switched(standing) and os.path.exists(flags.green(name))
        else []
    )
    if served and (not options["blue_green"] or served[0] != options["servers"][-1]["address"]):
        raise InvalidInput(
            "servers",
            sorted(_addresses(options)),
            "the green instance, %s, serves now, and would get no request any more. Keep blue_green and that server; "
            "with the playbook setup: slipway_strategy: blue_green, slipway_port and slipway_alternate_port as before"
            % served[0],
        )


def _with_common(files, options, facts, warnings):
    """The files, and before them what all sites share. A default server that somebody else has stays the only one."""
    files = dict(files)
    if options["catch_all"] and config_files.has_pristine_default_site():
        files[config_files.DEFAULT_SITE] = None
    taken = config_files.default_ports(files, template.COMMON) if options["catch_all"] else set()
    foreign = [
        path
        for path in config_files.default_files(files, template.COMMON)
        if not path.startswith(template.DIRECTORY + "/conf.d/slipway-")
    ]
    if options["catch_all"] and foreign:
        warnings.append(
            "%s has a default server, which stays: requests for unknown names go there"
            % " and ".join(foreign)
        )
    common = template.render_common(
        facts,
        catch_http=options["catch_all"] and 80 not in taken,
        catch_https=options["catch_all"]
        and 443 not in taken
        and facts.version >= (1, 19, 4)
        and config_files.listens_on(443, files, template.COMMON),
        acme_webroot=options["acme_webroot"],
        status_port=options["status_port"],
        long_names=not config_files.directs("server_names_hash_bucket_size", files, template.COMMON),
    )
    return dict({template.COMMON: common}, **files)


# --- acting ---------------------------------------------------------------------------------------------------------


def steps(wanted):
    """What has to be done, in words. Pure but for looking at the files."""
    files, page = wanted.changes()
    found = ["%s %s" % ("remove" if wanted.files[path] is None else "write", path) for path in files]
    found += [
        "%s maintenance" % ("end" if wanted.page[path] is None else "begin")
        for path in page
        if path.endswith(".html")
    ]
    if wanted.webroot and not os.path.isdir(wanted.webroot):
        found.append("make %s" % wanted.webroot)
    return found


def needs_nginx(wanted):
    """Whether nginx has to read its configuration, and why: "start", "reload" or nothing."""
    if not process.is_active():
        return (
            "start"
            if any(text is not None for path, text in wanted.files.items() if path != template.COMMON)
            else ""
        )
    return "reload" if wanted.changes()[0] or process.is_behind(wanted.files) else ""


def apply(name, wanted, snippet=""):
    """Do what the plan says. A configuration that nginx refuses, or does not take, leaves all as it was."""
    files, page = wanted.changes()
    verb = needs_nginx(wanted)
    if wanted.webroot:
        config_files.make_directory(wanted.webroot)
    if files or verb:
        put_in_place(name, {path: wanted.files[path] for path in files}, snippet, start=verb == "start")
    config_files.make_directory(flags.DIRECTORY)  # so that somebody on the host can put a page there
    config_files.install({path: wanted.page[path] for path in page})


def put_in_place(name, files, snippet="", start=False):
    """Have nginx serve with these files: tried first, and taken back where nginx does not take them.

    An nginx that does not run is left so, unless it shall ``start``.
    """
    _try_out(name, files, snippet)
    before, active = config_files.install(files), process.is_active()
    if not (active or start):
        return
    try:
        process.reload()
    except SlipwayError as error:
        raise SlipwayError(
            "%s. %s" % (str(error).rstrip("."), _put_back(before, active)), **error.facts
        ) from error


def _put_back(before, active):
    config_files.install(before)
    if not active:
        return "The old configuration is back, and nginx does not run, as before"
    try:
        process.reload()
    except SlipwayError as error:
        return "The old configuration is back on disk, but nginx does not take it either: %s" % error
    return "The old configuration is back, and nginx serves with it"


def _try_out(name, files, snippet):
    try:
        config_files.try_out(files)
    except config_files.Refused as refusal:
        raise SlipwayError(
            explain(refusal.complaint, files, name, snippet) + _whose_fault(refusal), **refusal.facts
        ) from None


def _whose_fault(refusal):
    try:
        config_files.try_current()
    except config_files.Refused as current:
        if current.complaint == refusal.complaint:
            return ". The configuration in use has this fault already, without this site's change: nginx serves on, but would not start again. Repair it first"
    return ". Nothing was changed: nginx serves as before"


def explain(complaint, files, name, snippet):
    """nginx's own words, and before them what of the user's they are about."""
    unresolved = _UNRESOLVED.search(complaint)
    if unresolved:
        field = (
            "acme_forward"
            if any("proxy_pass http://%s" % unresolved[1] in (text or "") for text in files.values())
            else "servers"
        )
        return "%s: %s cannot be resolved on this host; use an address, or repair its DNS. nginx says: %s" % (
            field,
            unresolved[1],
            complaint,
        )
    certificate = _CERTIFICATE.search(complaint)
    if certificate:
        named = " and ".join(config_files.mentioning(certificate[1], files)) or "nothing that can be found"
        return "nginx cannot load %s, which %s names: have it issued or brought again. nginx says: %s" % (
            certificate[1],
            named,
            complaint,
        )
    at = _AT.search(complaint)
    if at and files.get(at[1]):
        number = int(at[2])
        line = files[at[1]].split("\n")[number - 1] if number <= files[at[1]].count("\n") else ""
        begin = template.snippet_line(files[at[1]])
        if begin and begin < number <= begin + len(snippet.rstrip().split("\n")):
            return "snippet, line %d (%s): nginx says: %s" % (number - begin, line.strip(), complaint)
        return "nginx refuses the site %s: %s (%s)" % (name, complaint, line.strip())
    return "nginx refuses its configuration: %s" % complaint


def alone(name, check_mode=False):
    """One change of nginx's configuration at a time on a host; a look needs no such care, nor root."""
    if check_mode or os.geteuid() != 0:
        return contextlib.nullcontext()
    return lock.held(LOCK, {"actor": "slipway.golang.nginx_site", "to": name}, wait=60)


def require_nginx():
    if os.geteuid() != 0:
        raise SlipwayError(
            "nginx's configuration needs root on the host, and this is uid %d: set become: true"
            % os.geteuid()
        )
    if not process.binary():
        raise SlipwayError(
            "nginx is not installed on this host: install it first, as the role slipway.golang.nginx_proxy does"
        )
