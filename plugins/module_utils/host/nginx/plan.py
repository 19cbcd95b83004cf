# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide, purely, which files a site needs, from its checked options and what is on the host."""

from __future__ import annotations

from ...common.errors import InvalidInput
from . import conflicts, flags, template, upstream
from .state import DEFAULT_SITE, listens, sets


class Plan:
    """The files to install ({path: text, None for no file}), in this order.

    ``flag_files`` are those that nginx looks for at every request: they need no reload. ``webroot`` is a
    directory to create, or None.
    """

    def __init__(
        self, files, flag_files, webroot=None, *, https=False, waiting=False, warnings=(), drained=()
    ):
        self.files = files
        self.flag_files = flag_files
        self.webroot = webroot
        self.https = https
        self.waiting = waiting
        self.warnings = list(warnings)
        self.drained = list(drained)


def decide(name, options, state):
    """What a site needs. ``state`` is a SiteState."""
    if options["certificate"] and not state.has_certificate and state.serves_https:
        return _keep_serving(name, options)
    _check_green(options, state)
    _check_names(name, options, state)
    drained = _still_drained(options, state)
    https = "no" if not options["certificate"] else "yes" if state.has_certificate else "waiting"
    files = {
        upstream.path_of(name): upstream.render(name, options, drained),
        template.path_of(name): template.render(name, options, state.facts, https),
    }
    files, warnings = _with_common(files, options, state)
    return Plan(
        files,
        _flag_files(name, options),
        None if options["acme_forward"] else options["acme_webroot"],
        https=https == "yes",
        waiting=https == "waiting",
        warnings=warnings,
        drained=drained,
    )


def decide_absent(name, options, state):
    """What is left when a site is removed: the other sites, and what they share."""
    files = {template.path_of(name): None, upstream.path_of(name): None}
    if any(path not in files for path in state.sites):
        files, _warnings = _with_common(files, options, state)
    else:
        files[template.COMMON] = None
    return Plan(files, dict({flags.maintenance_page(name): None}, **_no_colors(name)))


def _keep_serving(name, options):
    """The certificate is lost, but nginx has it in memory: any other configuration would end HTTPS."""
    warning = (
        "%s or %s is missing. nginx still serves what it has loaded, and its configuration is left as it is; "
        "but a restart of nginx would fail. Issue the certificate again"
        % (options["certificate"], options["certificate_key"])
    )
    return Plan({}, _flag_files(name, options), https=True, waiting=True, warnings=[warning])


def _flag_files(name, options):
    page = (options["maintenance_page"] or template.PAGE) if options["maintenance"] else None
    files = {flags.maintenance_page(name): page}
    return files if options["blue_green"] else dict(files, **_no_colors(name))


def _no_colors(name):
    return dict.fromkeys([flags.green(name), *flags.parts(name)])


def _addresses(options):
    return {entry["address"] for entry in options["servers"]}


def _still_drained(options, state):
    """The requested servers that are drained now, and stay so."""
    drained = [address for address in upstream.drained(state.upstream) if address in _addresses(options)]
    if len(drained) == len(options["servers"]):
        remedy = "all of them are drained, and nothing would answer; undrain one first"
        raise InvalidInput("servers", ", ".join(drained), remedy)
    return drained


def _check_green(options, state):
    """Refuse to drop the green instance while it serves."""
    if not (state.green_serves and upstream.is_blue_green(state.upstream)):
        return
    green = next(reversed(list(upstream.addresses(state.upstream))), None)
    if green and not (options["blue_green"] and green == options["servers"][-1]["address"]):
        raise InvalidInput(
            "servers",
            sorted(_addresses(options)),
            "the green instance, %s, serves now, and would get no requests any more. Keep blue_green and "
            "that server; with the playbook setup: slipway_strategy: blue_green, slipway_port and "
            "slipway_alternate_port as before" % green,
        )


def _check_names(name, options, state):
    """Refuse a name that another site has: nginx would ignore one of them, and only warn."""
    own = (template.path_of(name), upstream.path_of(name), template.COMMON)
    texts = {path: text for path, text in state.included.items() if path not in own}
    ports = {80, 443} if options["certificate"] else {80}
    for field in ("domains", "redirect_from"):
        found = conflicts.find(options[field], ports, texts)
        if found:
            raise InvalidInput(
                field,
                found[0],
                "%s has a server of that name on port %d already, and nginx would use only one of them; %s"
                % (found[2], found[1], conflicts.remedy(found[2])),
            )


def _with_common(files, options, state):
    """The files, after the one that all sites share; and warnings. A default server of another file stays."""
    files, warnings = dict(files), []
    if options["catch_all"] and state.has_unchanged_default_site:
        files[DEFAULT_SITE] = None
    texts = {path: text for path, text in dict(state.included, **files).items() if text is not None}
    texts.pop(template.COMMON, None)
    ports = {port for _path, port, _is_default in listens(texts)}
    defaults = {(path, port) for path, port, is_default in listens(texts) if is_default}
    defaults |= conflicts.without_names({path: texts[path] for path in texts if path not in files})
    default_ports = {port for _path, port in defaults}
    ours = template.DIRECTORY + "/conf.d/slipway-"
    foreign = sorted({path for path, _port in defaults if not path.startswith(ours)})
    if options["catch_all"] and foreign:
        warnings.append(
            "%s has a default server, which stays: requests for unknown names go there. "
            "Remove it, or set catch_all: false" % " and ".join(foreign)
        )
    can_reject = state.facts.version >= (1, 19, 4)
    others = {path: text for path, text in texts.items() if path not in files}
    common = template.render_common(
        state.facts,
        catch_http=options["catch_all"] and 80 not in default_ports,
        catch_https=options["catch_all"] and 443 in ports and 443 not in default_ports and can_reject,
        acme_webroot=options["acme_webroot"],
        status_port=options["status_port"],
        long_names=not sets("server_names_hash_bucket_size", others),
    )
    return dict({template.COMMON: common}, **files), warnings
