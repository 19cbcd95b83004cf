# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables that are more than a text or a number: each reader takes what the user wrote, and a Place.

What a module checks later is checked here with the module's own code.
"""

from __future__ import annotations

import os
import re
import shlex

from ..module_utils.builder import request as build_request
from ..module_utils.builder import stamps, targets
from ..module_utils.common import build_options, environment, health, names, nginx_options, unit
from ..module_utils.common.errors import InvalidInput, SlipwayError
from ..module_utils.host.certbot import request as certbot_request
from ..module_utils.host.nginx import request as nginx_request
from . import mirror, moments
from .kinds import Unfit, list_of, options, parsed, port, text, whole

HOST = re.compile(r"(?=.{1,253}$)(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]+")
RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,76}")
_SIGNER = re.compile(r"^[^#\s].*\s(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+\s+AAAA[A-Za-z0-9+/=]+", re.MULTILINE)
_PATH = re.compile(r"/[!-~]*")
_WAVE = re.compile(r"[1-9][0-9]{0,6}%?")


def wave(value, dummy):
    word = str(value)
    if isinstance(value, bool) or not _WAVE.fullmatch(word) or word.endswith("%") and int(word[:-1]) > 100:
        raise Unfit("use numbers of hosts or percentages, as in [1, '10%', '100%']")
    return word if word.endswith("%") else int(word)


def waves(value, place):
    value = list_of(wave, single=True)(value, place)
    if not value:
        raise Unfit("it has no wave: use numbers of hosts or percentages, as in [1, '10%', '100%']")
    return value


def file_to_pack(value, place):
    """``src`` on the controller, ``dest`` in the release."""
    entry = _entry(value, ("src", "dest", "exclude"), ("src",), "{src: templates, dest: templates}")
    src = text()(entry["src"], place)
    # A slash at the end is for the content of a directory.
    read = {"src": place.path(src) + ("/" if src.endswith("/") else "")}
    if entry.get("dest") not in (None, ""):
        read["dest"] = text()(entry["dest"], place)
        if read["dest"] not in (".", "./"):
            names.check_member(re.sub("/$", "", read["dest"]), "dest")
    if entry.get("exclude") is not None:
        read["exclude"] = list_of(text())(entry["exclude"], place)
    return read


def config_files(value, place):
    """Files to render for each host: ``src`` on the controller, ``dest`` in the configuration."""
    files = list_of(_config_file)(value, place)
    used = {}
    for entry in files:
        if entry["dest"] in used:
            raise InvalidInput("dest", entry["dest"], "two files cannot have one name")
        used[entry["dest"]] = entry
    for path in used:
        parent = os.path.dirname(path)
        while parent:
            if parent in used:
                raise InvalidInput("dest", parent, "it is the directory of %s and a file too" % path)
            parent = os.path.dirname(parent)
    return files


def _config_file(value, place):
    entry = _entry(value, ("src", "dest"), ("src", "dest"), "{src: app.toml.j2, dest: app.toml}")
    src, dest = text()(entry["src"], place), text()(entry["dest"], place)
    return {"src": place.path(src), "dest": names.check_member(dest, "dest")}


def _entry(value, known, required, example):
    entry = parsed(value, dict)
    if not isinstance(entry, dict) or not all(entry.get(key) for key in required):
        raise Unfit("each entry is a dictionary with %s, as in %s" % (" and ".join(required), example))
    unknown = sorted(str(key) for key in entry if key not in known)
    if unknown:
        raise Unfit(
            "%s is unknown in it; there are %s and %s" % (unknown[0], ", ".join(known[:-1]), known[-1])
        )
    return entry


def migrate(value, place):
    entry = parsed(value, dict)
    entry = entry if isinstance(entry, dict) else {"args": entry}
    arguments = parsed(entry.get("args"), list)
    unknown = sorted(str(key) for key in entry if key not in ("args", "timeout"))
    if unknown or not isinstance(arguments, list) or not arguments:
        found = "%s is unknown in it: " % unknown[0] if unknown else ""
        raise Unfit(
            found + "use the arguments of the binary, as in [migrate, up], or "
            "{args: [migrate, up], timeout: 600}"
        )
    timeout = entry.get("timeout")
    seconds = whole(1)(600 if timeout is None else timeout, place)
    return {"args": list_of(text())(arguments, place), "timeout": seconds}


def command(value, place):
    """Arguments: a list, or a text with the words of a command line."""
    words = parsed(value, list)
    if isinstance(words, str):
        try:
            words = shlex.split(text()(words, place))
        except ValueError as error:
            raise Unfit("%s: write a list, as in [migrate, status]" % error) from error
    words = list_of(text(), single=True)(words, place)
    if not words:
        raise Unfit("it has no argument: write a list, as in [migrate, status]")
    return words


def pprof(value, place):
    """Where the service answers net/http/pprof; empty for nowhere."""
    table = {"socket": {"type": "str"}, "port": {"type": "int"}}
    value = {key: item for key, item in options(table, "pprof")(value, place).items() if item is not None}
    if len(value) > 1:
        raise Unfit("use either socket or port")
    if "port" in value:
        value["port"] = port(value["port"], place)
    if "socket" in value:
        names.check_member(value["socket"], "pprof.socket")
    return value


def against(value, place):
    """`previous`, or the path of a profile on the controller."""
    value = text()(value, place)
    return value if value == "previous" else place.path(value)


def load(value, place):
    """What a measured service is asked: a path, over and over, or a command that asks it."""
    entry = parsed(value, dict)
    if not isinstance(entry, dict) or len(entry) != 1 or not entry.keys() <= {"path", "command"}:
        raise Unfit("use {path: /orders}, or {command: [ab, -n, '2000', 'http://127.0.0.1:{port}/orders']}")
    if "command" in entry:
        return {"command": command(entry["command"], place)}
    path = text()(entry["path"], place)
    if not _PATH.fullmatch(path):
        raise Unfit("the path begins with a slash, and has neither blanks nor letters beyond ASCII")
    return {"path": path}


def health_check(value, place):
    value = options(health.OPTIONS, "health")(value, place)
    health.parse(health.given(value), default_port=8080)
    return value


def asked(value, place):
    """What a drill asks from outside: the options of a health check of a type that works from anywhere."""
    value = options(health.OPTIONS, "ask")(value, place)
    if value.get("command") or value.get("socket") or value.get("type", "http") not in ("http", "tcp"):
        raise Unfit("use a check of type http or tcp: a drill is seen from the controller")
    if value and not value.get("port"):
        raise Unfit("name its port, as in {host: www.example.com, scheme: https, port: 443, path: /}")
    try:
        health.parse(health.given(value), default_port=443)
    except InvalidInput as error:
        raise SlipwayError(str(error).replace("health", "slipway_ask", 1)) from error
    return value


def host_names(value, place):
    """Names of hosts: a list, or a text with commas."""
    value = parsed(value, list)
    names_given = value.split(",") if isinstance(value, str) else value
    return [name.strip() for name in list_of(text(), single=True)(names_given, place) if name.strip()]


def unit_options(value, place):
    value = options(unit.OPTIONS, "unit")(value, place)
    unit.sections("app", value, binary="/bin/app")
    return value


def moment(value, place):
    """A time, or how long ago: checked here, and read where it is used."""
    word = text()(value, place)
    moments.parse(word)
    return word


def pattern(value, place):
    """A regular expression that stays a text: ansible-core before 2.19 makes a list of [0-9]."""
    word = text()(value, place)
    try:
        re.compile(word)
    except re.error as error:
        raise Unfit("use a regular expression of Python: %s" % error) from error
    return "(?:%s)" % word if word.startswith(("[", "{")) or word in ("True", "False") else word


def build_target(value, place):
    return str(targets.parse(text()(value, place))) and text()(value, place)


def stamp(value, dummy):
    return stamps.check(value)


def build(value, place):
    value = options(build_options.OPTIONS, "build", build_options.VARIABLES)(value, place)
    try:
        build_request.check_options(value)
    except InvalidInput as error:
        raise SlipwayError(renamed(str(error), build_options.VARIABLES, "slipway_build")) from error
    return value


def pull_from(value, place):
    """URLs, which may have secrets: what is wrong is said by ``mirror``, which shows none."""
    urls = list_of(text(), single=True)(value, place)
    mirror.check(urls, urls)
    return urls


def domains(value, place):
    value = list_of(text(), single=True)(value, place)
    nginx_request.check_domains(value, [])
    return value


def email(value, place):
    return certbot_request.check_email(text()(value, place))


def signers(value, place):
    value = text()(value, place)
    if not _SIGNER.search(value):
        raise Unfit(
            "give the text of such a file, not its path: a line is a name and a public key, as in "
            "'ci@example.com ssh-ed25519 AAAA...'; or use the lookup ansible.builtin.file"
        )
    return value


proxy = options(nginx_options.OPTIONS, "proxy", nginx_options.VARIABLES)


def service_environment(value, dummy):
    return environment.check(value)


def renamed(message, variables, prefix):
    """``tags: 'x' is not usable`` as ``slipway_build.tags: 'x' is not usable``.

    ``variables``: the options that are a variable of their own; ``prefix``: the variable with all others.
    """
    field, colon, rest = message.partition(":")
    option = re.match("[a-z_]*", field)[0]
    own = variables.get(option)
    return (own + field[len(option) :] if own else prefix + "." + field) + colon + rest
