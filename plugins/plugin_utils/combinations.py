# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of one host that each are right, and together are not.

What is only not in use is no problem: a group may prepare what one of its hosts switches on.
"""

from __future__ import annotations

import os
import re
import time

from ..module_utils.common import nginx_options, placeholders
from ..module_utils.common.errors import InvalidInput
from ..module_utils.host.certbot import request as certbot_request
from ..module_utils.host.nginx import request as nginx_request
from . import gate_options, mirror, moments
from .values import renamed

# The default of certbot_authenticator in the role certbot.
WEBROOT = "webroot"
# Health checks of these types need no port of the service.
_WITHOUT_PORT = ("none", "command", "unix")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_LACKING = "%s: %r has %s, and the service has not got %s: set %s, or write %s for the word itself"


def problems(values, authenticator=WEBROOT):
    """What is wrong with a host's values (``variables.read``) as a whole, as sentences.

    ``authenticator``: what the role certbot proves the domains with.
    """
    checks = (
        _without_their_value,
        _port_written_twice,
        _strategy,
        _gate,
        _shares,
        _certificate_and_key,
        _mirrors,
        _two_configurations,
        _time_of_logs,
        _profile,
    )
    found = [problem for check in checks for problem in check(values)]
    # One mistake is reported once: nginx and the CA look at the same names and files.
    return found or list(_site(values)) or list(_certificate(values, authenticator))


def port_for(port, health_options):
    """The port of a service; None where its health check needs none and none is given."""
    kind = health_options.get("type")
    if not kind:
        kind = (
            "unix" if health_options.get("socket") else "command" if health_options.get("command") else "http"
        )
    return port or (None if kind in _WITHOUT_PORT else 8080)


def _port_of(values):
    return port_for(values["slipway_port"], values["slipway_health"])


def _without_their_value(values):
    """Arguments and variables that need a port or a configuration that the service does not have."""
    texts = [
        ("slipway_unit.exec_args", arg, str(arg)) for arg in values["slipway_unit"].get("exec_args") or []
    ]
    texts += [("slipway_env", key, str(value)) for key, value in values["slipway_env"].items()]
    for name, shown, value in texts:
        used = placeholders.used(value)
        if "port" in used and not _port_of(values):
            yield _LACKING % (name, shown, "{port}", "a port", "slipway_port", "{{port}}")
        if "config" in used and not values["slipway_config"]:
            yield _LACKING % (name, shown, "{config}", "configuration files", "slipway_config", "{{config}}")


def _port_written_twice(values):
    """The port is in one place: nginx, health checks and the environment must not differ."""
    name, port = values["slipway_port_variable"], _port_of(values)
    own = values["slipway_env"].get(name)
    if own is None or str(own) in (str(port), "{port}"):
        return
    if not _NUMBER.fullmatch(str(own)):
        if port and any("{port}" in str(arg) for arg in values["slipway_unit"].get("exec_args") or []):
            yield (
                "slipway_env: %r has another value than the port, and systemd takes the {port} of "
                "slipway_unit.exec_args from it: remove it there, or set slipway_port_variable" % name
            )
    elif port or int(own) > 65535:
        yield (
            "slipway_env: %r is the port of the service, and everything else uses %s: remove it there and "
            "set slipway_port; or set slipway_port_variable, if the service has that from elsewhere"
            % (name, port or "no port")
        )


def _strategy(values):
    strategy, port, second = (
        values["slipway_strategy"],
        _port_of(values),
        values["slipway_alternate_port"],
    )
    if strategy != "restart" and not port:
        yield (
            "slipway_strategy: %s needs the port of the service, and this one has none: set slipway_port, or "
            "slipway_strategy: restart" % strategy
        )
    if second and strategy != "blue_green":
        yield (
            "slipway_alternate_port: it is for slipway_strategy: blue_green, and the strategy is %s: set "
            "that one, or remove the port" % strategy
        )
    elif strategy == "blue_green" and second and second == port:
        yield "slipway_alternate_port: %s is slipway_port too: the two instances need a port each" % second
    elif strategy == "blue_green" and not second and port == 65535:
        yield "slipway_alternate_port: there is no port after 65535: set one"


def _gate(values):
    given, waits = values["slipway_gate"], values["slipway_soak_seconds"]
    source = given.get("from")
    if source == gate_options.NGINX and not values["slipway_domain"]:
        yield "slipway_gate.from: nginx is set up for slipway_domain, which is not set: set that"
    elif source == gate_options.NGINX and values["slipway_proxy"].get("access_log") is False:
        yield "slipway_gate.from: nginx logs no requests, as slipway_proxy.access_log is false: remove that"
    elif given and source != gate_options.OFF and not waits and not given.get("patience"):
        yield (
            "slipway_gate: it judges requests, and the rollout waits for none: set slipway_soak_seconds, or "
            "patience in it"
        )


def _shares(values):
    if not values["slipway_shares"]:
        return
    if values["slipway_strategy"] != "blue_green":
        yield (
            "slipway_shares: it is for slipway_strategy: blue_green, and the strategy is %s: set that one, "
            "or remove the shares" % values["slipway_strategy"]
        )
    elif values["slipway_drain_tasks"] or values["slipway_undrain_tasks"]:
        yield (
            "slipway_shares: with slipway_drain_tasks a host gets no requests to give a share of: remove one "
            "of the two"
        )
    elif not values["slipway_soak_seconds"] and not values["slipway_gate"].get("patience"):
        yield (
            "slipway_shares: each share lasts as long as the soak, and there is none: set "
            "slipway_soak_seconds"
        )


def _certificate_and_key(values):
    for name, other in (
        ("slipway_certificate", "slipway_certificate_key"),
        ("slipway_certificate_key", "slipway_certificate"),
    ):
        if values[name] and not values[other]:
            yield "%s: it is not set, and %s needs it: set both" % (other, name)


def _mirrors(values):
    """One URL that ends with /, or one for each tarball: of a build, there is one for each target."""
    files = values["slipway_artifacts"] or values["slipway_targets"]
    try:
        mirror.check(values["slipway_pull_from"], files)
    except InvalidInput as error:
        yield renamed(str(error), {"pull_from": "slipway_pull_from"}, "")
    if values["slipway_pull_ca_file"] and not values["slipway_pull_from"]:
        yield "slipway_pull_ca_file: it is for slipway_pull_from, which is not set: set that, or remove it"


def _two_configurations(values):
    """The directory `config` of a release is either of the artifact or of slipway_config."""
    for entry in values["slipway_files"] if values["slipway_config"] else []:
        dest = entry.get("dest") or os.path.basename(entry["src"].rstrip("/"))
        if dest.split("/")[0] == "config":
            yield "slipway_files: %r goes where the files of slipway_config are: set another dest" % dest


def _time_of_logs(values):
    """A time that ends before it begins, or ends although it goes on."""
    since, until = values["slipway_since"], values["slipway_until"]
    if until and values["slipway_follow"]:
        yield "slipway_until: %s is an end, and slipway_follow goes on from now: set one of them" % until
    elif until:
        began, ended = (moments.parse(value) for value in (since, until))
        now = time.time()
        began, ended = (given.get("at", now - given.get("ago", 0)) for given in (began, ended))
        if ended <= began:
            yield "slipway_until: %s is not after slipway_since, which is %s" % (until, since)


def _profile(values):
    for name in ("slipway_pgo", "slipway_measure"):
        if values[name] and values["slipway_kind"] != "cpu":
            yield "%s: it is for slipway_kind: cpu, and the kind is %s" % (name, values["slipway_kind"])


def _site(values):
    """What nginx would refuse or misread: the module's own check."""
    given = values["slipway_proxy"]
    site = _filled(nginx_options.OPTIONS, given)
    # A group may prepare the proxy of hosts whose domain comes from elsewhere.
    unknown = ["slipway.example"] if site["redirect_from"] else []
    site.update(
        domains=values["slipway_domain"] or unknown,
        certificate=values["slipway_certificate"],
        certificate_key=values["slipway_certificate_key"],
        blue_green=values["slipway_strategy"] == "blue_green",
    )
    try:
        nginx_request.check_site(site)
        if given.get("servers"):
            nginx_request.check_servers(site["servers"], site["balance"], site["blue_green"])
    except InvalidInput as error:
        yield renamed(str(error), nginx_options.VARIABLES, "slipway_proxy")


def _filled(table, given):
    """The options with their defaults, as Ansible fills them in; those of entries in lists too."""
    result = {}
    for name, spec in table.items():
        value = given.get(name)
        value = spec.get("default") if value is None else value
        if spec.get("options"):
            value = [_filled(spec["options"], entry) for entry in value]
        result[name] = value
    return result


def _certificate(values, authenticator):
    """What certbot or the CA would refuse."""
    wanted = values["slipway_domain"] and values["slipway_tls"] and not values["slipway_certificate"]
    if not wanted:
        return
    names = values["slipway_domain"] + (values["slipway_proxy"].get("redirect_from") or [])
    own = {"domains": "slipway_domain", "authenticator": "certbot_authenticator"}
    try:
        certbot_request.check_domains(names)
        certbot_request.check_authenticator(authenticator, names)
    except InvalidInput as error:
        yield renamed(str(error), own, "") + "; or set slipway_certificate, or slipway_tls: false"
