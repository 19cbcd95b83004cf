# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the playbooks: which there are, and what each may be.

Every name, type and value is checked here, in one place, before anything is done. Values may come as text,
from
``-e``, from an INI inventory or from a template: they are taken for what they mean.
"""

from __future__ import annotations

import re
import shlex

from ..module_utils.common import build_options, environment, health, names, nginx_options, placeholders, unit
from ..module_utils.common.errors import InvalidInput, SlipwayError
from ..module_utils.common.strategies import STRATEGIES
from .kinds import (
    Place,
    Unfit,
    boolean,
    dictionary,
    like,
    list_of,
    nearest,
    one_of,
    options,
    parsed,
    path,
    port,
    remote_path,
    text,
    whole,
)

# Names that begin so are never refused: the first is the playbooks' own, the second is for the user's.
PRIVATE = "slipway__"
OWN = "slipway_custom_"

_WAVE = re.compile(r"[1-9][0-9]{0,6}%?")
_TARGET = re.compile(r"[a-z0-9]+/[a-z0-9]+(/[A-Za-z0-9.,]+)?")
_DOMAIN = re.compile(r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_URL = re.compile(r"https?://\S+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
# Health checks of these types need no port of the service.
_WITHOUT_PORT = ("none", "command", "unix")


class Variable:
    """One variable: how a value of it is read, and its default."""

    def __init__(self, read, default=None, required=False):
        self.read = read
        self.default = default
        self.required = required


# --- checks of single variables ---


def _wave(value, dummy):
    word = str(value)
    if isinstance(value, bool) or not _WAVE.fullmatch(word) or word.endswith("%") and int(word[:-1]) > 100:
        raise Unfit("use numbers of hosts or percentages, as in [1, '10%', '100%']")
    return word if word.endswith("%") else int(word)


def _files(value, place):
    """Files to take along: ``src`` on the controller, ``dest`` in the release or in the configuration."""
    entry = parsed(value, dict)
    if not isinstance(entry, dict) or not entry.get("src"):
        raise Unfit("each entry is a dictionary with src, as in {src: templates, dest: templates}")
    unknown = sorted(set(entry) - {"src", "dest", "mode", "exclude"})
    if unknown:
        raise Unfit("%s is unknown in it; there are src, dest, mode and exclude" % unknown[0])
    return dict(entry, src=place.path(str(entry["src"])))


def _config(value, place):
    entry = parsed(value, dict)
    if not isinstance(entry, dict) or not entry.get("src") or not entry.get("dest"):
        raise Unfit("each entry is a dictionary with src and dest, as in {src: app.toml.j2, dest: app.toml}")
    unknown = sorted(set(entry) - {"src", "dest"})
    if unknown:
        raise Unfit("%s is unknown in it; there are src and dest" % unknown[0])
    return {"src": place.path(str(entry["src"])), "dest": names.check_member(str(entry["dest"]), "dest")}


def _migrate(value, place):
    entry = parsed(value, dict)
    entry = entry if isinstance(entry, dict) else {"args": parsed(entry, list)}
    unknown = sorted(set(entry) - {"args", "timeout"})
    if unknown or not isinstance(entry.get("args"), list) or not entry["args"]:
        raise Unfit(
            "use the arguments of the binary, as in [migrate, up], or {args: [migrate, up], timeout: 600}"
        )
    arguments = [text()(item, place) for item in entry["args"]]
    return {"args": arguments, "timeout": whole(1)(entry.get("timeout", 600), place)}


def _command(value, place):
    """Arguments: a list, or a text with the words of a command line."""
    words = parsed(value, list)
    if isinstance(words, str):
        try:
            words = shlex.split(text()(words, place))
        except ValueError as error:
            raise Unfit("%s: write a list, as in [migrate, status]" % error) from error
    return list_of(text(), single=True)(words, place)


def _health(value, place):
    value = options(health.OPTIONS, "health")(value, place)
    health.parse(health.given(value), default_port=8080)
    return value


def _unit(value, place):
    value = options(unit.OPTIONS, "unit")(value, place)
    unit.sections("app", value, binary="/bin/app")
    return value


def _build(value, place):
    value = options(build_options.OPTIONS, "build", build_options.VARIABLES)(value, place)
    for name in value.get("pass_environment") or []:
        if not names.VARIABLE.fullmatch(name):  # which may be a secret
            raise InvalidInput(
                "build.pass_environment",
                "(hidden)",
                "give names of variables, as in CI_GIT_TOKEN, not their values",
            )
    return value


_proxy = options(nginx_options.OPTIONS, "proxy", nginx_options.VARIABLES)


def _environment(value, dummy):
    return environment.check(value)


VARIABLES = {
    # the service
    "slipway_app": Variable(text(names.check_app), required=True),
    "slipway_port": Variable(port),
    "slipway_port_variable": Variable(text(lambda value: names.check_variable(value, "")), "PORT"),
    "slipway_env": Variable(dictionary(_environment), {}),
    "slipway_config": Variable(list_of(_config), []),
    "slipway_health": Variable(dictionary(_health), {}),
    "slipway_unit": Variable(dictionary(_unit), {}),
    # what is built
    "slipway_source": Variable(path),
    "slipway_targets": Variable(
        list_of(like(_TARGET, "use GOOS/GOARCH, as in linux/amd64"), single=True), ["linux/amd64"]
    ),
    "slipway_version": Variable(text(names.check_version)),
    "slipway_stamp": Variable(dictionary(), {}),
    "slipway_build": Variable(dictionary(_build), {}),
    "slipway_files": Variable(list_of(_files), []),
    "slipway_dist": Variable(path),
    "slipway_signing_key": Variable(path),
    "slipway_artifacts": Variable(list_of(path, single=True)),
    # how it is rolled out
    "slipway_hosts": Variable(text()),
    "slipway_waves": Variable(list_of(_wave, single=True), [1, "10%", "25%", "100%"]),
    "slipway_max_failures": Variable(whole(0), 0),
    "slipway_on_failure": Variable(one_of("halt", "revert_wave", "revert_all"), "halt"),
    "slipway_soak_seconds": Variable(whole(0), 0),
    "slipway_confirm_within_seconds": Variable(whole(0), 0),
    "slipway_delta": Variable(boolean, True),
    "slipway_pull_from": Variable(list_of(like(_URL, "use a URL of http or https"), single=True), []),
    "slipway_pull_ca_file": Variable(remote_path),
    "slipway_lease": Variable(boolean, True),
    "slipway_lease_wait_seconds": Variable(whole(0), 0),
    "slipway_lease_seconds": Variable(whole(10), 600),
    "slipway_unhealthy_first": Variable(boolean, False),
    "slipway_drain_tasks": Variable(path),
    "slipway_undrain_tasks": Variable(path),
    "slipway_migrate": Variable(_migrate),
    "slipway_before_tasks": Variable(path),
    "slipway_after_tasks": Variable(path),
    "slipway_summary": Variable(path),
    "slipway_plan": Variable(path),
    "slipway_strategy": Variable(one_of(*sorted(STRATEGIES)), "restart"),
    "slipway_alternate_port": Variable(port),
    "slipway_smoke": Variable(boolean, True),
    "slipway_keep": Variable(whole(0), 5),
    "slipway_allowed_signers": Variable(text()),
    "slipway_adopt": Variable(boolean, False),
    "slipway_release": Variable(text(), "previous"),
    # how it is reached from outside
    "slipway_domain": Variable(
        list_of(like(_DOMAIN, "use a host name, as in www.example.com"), single=True), []
    ),
    "slipway_acme_email": Variable(like(_EMAIL, "use an address, as in ops@example.com"), ""),
    "slipway_tls": Variable(boolean, True),
    "slipway_certificate": Variable(remote_path),
    "slipway_certificate_key": Variable(remote_path),
    "slipway_proxy": Variable(dictionary(_proxy), {}),
    "slipway_address": Variable(text()),
    "slipway_issuer": Variable(text()),
    # who may do what on the hosts
    "slipway_operators": Variable(text(lambda value: names.check_account(value, "")), ""),
    "slipway_auditors": Variable(text(lambda value: names.check_account(value, "")), ""),
    # hosts without Python
    "slipway_become": Variable(boolean, True),
    "slipway_install_flags": Variable(list_of(text()), []),
    # one-off commands, removal
    "slipway_command": Variable(_command),
    "slipway_run_on": Variable(one_of("first", "all"), "first"),
    "slipway_run_timeout_seconds": Variable(whole(1), 600),
    "slipway_remove_data": Variable(boolean, False),
}

_LACKING = "%s: %r has %s, and the service has not got %s: set %s, or write %s for the word itself"

# What a module calls a value, and what the user calls it.
_FIELDS = {
    "health": "slipway_health",
    "unit": "slipway_unit",
    "environment": "slipway_env",
    "stamp": "slipway_stamp",
    "build": "slipway_build",
    "proxy": "slipway_proxy",
}


def read(given, template, directory):
    """A host's variables as ``(values, problems)``: every one with its value or default, and what is wrong.

    ``given``: all variables of the host, as Ansible has them; ``template``: renders one value; ``directory``:
    where relative paths begin. A value of None, or an empty text, is no value.
    """
    values, problems = {}, _unknown(given)
    place = Place(directory)
    for name, variable in VARIABLES.items():
        try:
            values[name] = _value(name, variable, given, template, place)
        except SlipwayError as error:
            problems.append(str(error))
    return values, problems or _without_their_value(values)


def _without_their_value(values):
    """Arguments and variables that need a port or a configuration that the service does not have."""
    texts = [
        ("slipway_unit.exec_args", arg, str(arg)) for arg in values["slipway_unit"].get("exec_args") or []
    ]
    texts += [("slipway_env", key, str(value)) for key, value in values["slipway_env"].items()]
    problems = []
    for name, shown, value in texts:
        used = placeholders.used(value)
        if "port" in used and not port_for(values["slipway_port"], values["slipway_health"]):
            problems.append(_LACKING % (name, shown, "{port}", "a port", "slipway_port", "{{port}}"))
        if "config" in used and not values["slipway_config"]:
            problems.append(
                _LACKING % (name, shown, "{config}", "configuration files", "slipway_config", "{{config}}")
            )
    return problems


def _value(name, variable, given, template, place):
    raw = template(given[name]) if given.get(name) is not None else None
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        if variable.required:
            raise SlipwayError("%s is not set: the service has no name without it" % name)
        return variable.default
    try:
        return variable.read(raw, place)
    except Unfit as error:
        raise InvalidInput(name, _shown(name, raw), str(error)) from error
    except InvalidInput as error:
        raise SlipwayError(_in_the_users_words(name, str(error))) from error


def _shown(name, raw):
    """A value for a message; what may hold a secret stays out of it."""
    return "(hidden)" if name in ("slipway_env", "slipway_pull_from") else raw


def _in_the_users_words(name, message):
    """``health: 'x' is not usable`` as ``slipway_health: 'x' is not usable``."""
    field, colon, rest = message.partition(":")
    head, dot, tail = field.partition(".")
    word = head.partition(" ")[0]
    return (_FIELDS.get(word, name) + dot + tail) + colon + rest


def _unknown(given):
    known = set(VARIABLES)
    return [
        "%s: there is no such variable%s. Names of your own may begin with %s"
        % (name, nearest(name, known), OWN)
        for name in sorted(name for name in given if isinstance(name, str) and name.startswith("slipway_"))
        if name not in known and not name.startswith((PRIVATE, OWN))
    ]


def port_for(port, health_options):
    """The port of a service; None where its health check needs none and none is given."""
    kind = health_options.get("type")
    if not kind:
        kind = (
            "unix" if health_options.get("socket") else "command" if health_options.get("command") else "http"
        )
    return port or (None if kind in _WITHOUT_PORT else 8080)
