# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hardened unit as data: options in, sections out, and the two ways to write sections down."""

from __future__ import annotations

import difflib
import ipaddress
import re

from .. import names
from ..errors import InvalidInput
from .options import HARDENING, OPTIONS, SINCE

_SECTIONS = ("Unit", "Service", "Install")
_DIRECTORIES = ("State", "Runtime", "Cache", "Logs")
_DIRECTORY_MODES = {"State": "0750", "Runtime": "0755", "Cache": "0750", "Logs": "0750"}
_NOT_TRANSIENT = re.compile(
    r"Exec.*|Type|Restart.*|RemainAfterExit|StartLimit.*|TimeoutStartSec|TimeoutSec|Watchdog.*|NotifyAccess|PIDFile|GuessMainPID|BusName"
    r"|Sockets|FileDescriptorStore.*|USBFunction.*|NonBlocking|Also|Alias"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_@%$+=:,./-]+")
_DIRECTIVE = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.@\\-]{1,200}\.(?:service|socket|target|mount|path|timer|slice|device)")
_CREDENTIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_CAPABILITY = re.compile(r"CAP_[A-Z_]{2,40}")
_MEMORY = re.compile(r"([1-9][0-9]{0,15})([KMGT]?)|[1-9][0-9]?%|100%|infinity")
_CPU = re.compile(r"([1-9][0-9]{0,5})%")
_SCALE = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_NETWORK_WORDS = ("any", "localhost", "link-local", "multicast")


def sections(app, options, *, binary, environment_file=None):
    """The unit of an app as {section: [(key, value), ...]}, from ``OPTIONS``; whatever is left out or None has its default."""
    names.check_app(app)
    wanted = _with_defaults(options)
    result = {
        "Unit": _unit(app, wanted),
        "Service": _service(app, wanted, binary, environment_file),
        "Install": [("WantedBy", "multi-user.target")],
    }
    for section, key, value in _directives(wanted["directives"]):
        result[section].append((key, value))
    return result


def render(parts):
    """The text of a unit file."""
    blocks = (
        "[%s]\n%s" % (name, "".join("%s=%s\n" % pair for pair in parts[name]))
        for name in parts
        if parts[name]
    )
    return "\n".join(blocks)


def transient(parts, systemd=None):
    """The Service section for ``systemd-run -p``: the same sandbox, user, environment and limits, for a run beside the live one.

    ``systemd``: the host's version, as an older one refuses here what it ignores in a file. The runtime directory
    gets another name, as systemd removes it when the run ends, and the live process sits in it.
    """
    result = []
    for key, value in parts["Service"]:
        if _NOT_TRANSIENT.fullmatch(key) or (systemd is not None and SINCE.get(key, 0) > systemd):
            continue
        if key == "RuntimeDirectory":
            value = " ".join(word + "-smoke" for word in value.split())
        # Over D-Bus systemd takes values as they are: a percent sign that is doubled for the file would arrive twice.
        result.append("%s=%s" % (key, value.replace("%%", "%")))
    return result


def transient_args(options):
    """``exec_args`` for the command line of systemd-run: variables are expanded there, specifiers are not."""
    return [arg.replace("$", "$$") for arg in _list(options.get("exec_args"), "unit.exec_args")]


def _with_defaults(options):
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise InvalidInput("unit", unknown[0], "there is no such option%s" % _like(unknown[0], OPTIONS))
    result = {}
    for name, spec in OPTIONS.items():
        value = options.get(name)
        result[name] = spec.get("default") if value is None else value
        if spec["type"] == "bool" and not isinstance(result[name], bool):
            raise InvalidInput("unit." + name, result[name], "use true or false")
        if "choices" in spec and result[name] not in spec["choices"]:
            raise InvalidInput("unit." + name, result[name], "use one of %s" % ", ".join(spec["choices"]))
    return result


def _unit(app, wanted):
    lines = [("Description", _escaped(_text(wanted["description"] or app, "unit.description")))]
    for name, key in (("after", "After"), ("wants", "Wants")):
        units = _list(wanted[name], "unit." + name)
        for unit in units:
            _match(_UNIT_NAME, unit, "unit." + name, "use a unit's full name, as in 'postgresql.service'")
        if units:
            lines.append((key, _escaped(" ".join(units))))
    lines.append(("StartLimitIntervalSec", _number(wanted, "start_limit_interval_sec", 1)))
    lines.append(("StartLimitBurst", _number(wanted, "start_limit_burst", 1)))
    return lines


def _service(app, wanted, binary, environment_file):
    words = [_path(binary, "binary")] + [
        arg.replace("$", "$$") for arg in _list(wanted["exec_args"], "unit.exec_args")
    ]
    lines = [("Type", wanted["type"]), ("ExecStart", " ".join(_word(word) for word in words))]
    lines.append(("User", names.check_account(wanted["user"] or app, "unit.user")))
    if wanted["group"]:
        lines.append(("Group", names.check_account(wanted["group"], "unit.group")))
    if wanted["working_directory"]:
        lines.append(
            ("WorkingDirectory", _escaped(_path(wanted["working_directory"], "unit.working_directory")))
        )
    lines += _limits(wanted)
    if environment_file:
        lines.append(("EnvironmentFile", _escaped(_path(environment_file, "environment_file"))))
    for name, path in sorted(_dict(wanted["credentials"], "unit.credentials").items()):
        _match(
            _CREDENTIAL,
            name,
            "unit.credentials",
            "a credential's name is made of letters, digits, '.', '_' and '-'",
        )
        lines.append(("LoadCredential", "%s:%s" % (name, _escaped(_path(path, "unit.credentials." + name)))))
    return lines + _life(wanted) + _directories(app, wanted) + _sandbox(wanted)


def _limits(wanted):
    lines = [("LimitNOFILE", _number(wanted, "limit_nofile", 16))]
    if wanted["tasks_max"] is not None:
        lines.append(("TasksMax", _number(wanted, "tasks_max", 8)))
    if wanted["memory_max"]:
        match = _match(
            _MEMORY,
            wanted["memory_max"],
            "unit.memory_max",
            "use bytes with K, M, G or T as in '512M', or a percentage",
        )
        lines.append(("MemoryMax", match[0]))
        if match[1]:  # the collector works harder before the kernel kills; 10% stay for what it does not see
            lines.append(("Environment", "GOMEMLIMIT=%d" % (int(match[1]) * _SCALE[match[2]] * 9 // 10)))
    if wanted["cpu_quota"]:
        match = _match(
            _CPU, wanted["cpu_quota"], "unit.cpu_quota", "use a percentage of one CPU, as in '150%'"
        )
        # CPUQuota= and MemoryMax= expand no specifiers: a percent sign stays single
        lines.append(("CPUQuota", match[0]))
        lines.append(("Environment", "GOMAXPROCS=%d" % -(-int(match[1]) // 100)))
    return lines


def _life(wanted):
    lines = [("Restart", wanted["restart"]), ("RestartSec", _number(wanted, "restart_sec", 0))]
    if _number(wanted, "restart_steps", 0) != "0":
        lines.append(("RestartSteps", _number(wanted, "restart_steps", 0)))
        lines.append(("RestartMaxDelaySec", _number(wanted, "restart_max_delay_sec", 1)))
    # The app has the drain time to end by itself; only then does systemd kill, and only then all of its processes.
    stop = int(_number(wanted, "drain_seconds", 0)) + 5
    return lines + [("TimeoutStopSec", str(stop)), ("KillMode", "mixed")]


def _directories(app, wanted):
    lines = []
    for kind in _DIRECTORIES:
        if wanted[kind.lower() + "_directory"]:
            lines += [(kind + "Directory", app), (kind + "DirectoryMode", _DIRECTORY_MODES[kind])]
    return lines


def _sandbox(wanted):
    settings = dict(HARDENING)
    capabilities = _list(wanted["capabilities"], "unit.capabilities")
    for capability in capabilities:
        _match(
            _CAPABILITY,
            capability,
            "unit.capabilities",
            "use a name from capabilities(7), as in 'CAP_NET_BIND_SERVICE'",
        )
    if capabilities:
        # PrivateUsers= must go: in a user namespace of its own a capability says nothing about the host's ports.
        settings.update(
            CapabilityBoundingSet=" ".join(capabilities),
            AmbientCapabilities=" ".join(capabilities),
            PrivateUsers=False,
        )
    for key, value in _dict(wanted["hardening"], "unit.hardening").items():
        if key not in settings:
            hint = _like(key, settings) or "; others go to unit.directives"
            raise InvalidInput("unit.hardening", key, "it is no directive of the sandbox" + hint)
        settings[key] = value
    kept = ((key, value) for key, value in settings.items() if value is not None)
    lines = [pair for key, value in kept for pair in _repeated(key, value, "unit.hardening." + key, _escaped)]
    for path in _list(wanted["read_write_paths"], "unit.read_write_paths"):
        _path(
            path[1:] if path.startswith("-") else path, "unit.read_write_paths"
        )  # a leading '-': it may be missing
        lines.append(("ReadWritePaths", _word(path)))
    networks = [_network(value) for value in _list(wanted["ip_allow"], "unit.ip_allow")]
    return lines + ([("IPAddressDeny", "any"), ("IPAddressAllow", " ".join(networks))] if networks else [])


def _directives(directives):
    for section, settings in _dict(directives, "unit.directives").items():
        if section not in _SECTIONS:
            raise InvalidInput(
                "unit.directives", section, "use one of the sections %s" % ", ".join(_SECTIONS)
            )
        for key, value in _dict(settings, "unit.directives." + section).items():
            _match(
                _DIRECTIVE,
                key,
                "unit.directives." + section,
                "a directive is letters and digits, as in 'OOMScoreAdjust'",
            )
            for pair in _repeated(key, value, "unit.directives.%s.%s" % (section, key), str):
                yield (section,) + pair


def _repeated(key, value, field, escape):
    """One pair per element: systemd accumulates repeated lines."""
    for item in value if isinstance(value, list) else [value]:
        yield key, escape(_text(item, field))


def _network(value):
    if value not in _NETWORK_WORDS:
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            remedy = "use an address, a network as in '10.0.0.0/8', or one of %s" % ", ".join(_NETWORK_WORDS)
            raise InvalidInput("unit.ip_allow", value, remedy) from None
    return value


def _text(value, field):
    """A value as it may stand at the end of a line: nothing in it begins another line or swallows the next one."""
    value = _line(value, field)
    if value.endswith("\\"):
        raise InvalidInput(
            field, value, "a backslash at the end would swallow the next line of the unit file"
        )
    return value


def _line(value, field):
    """A value as one line of text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise InvalidInput(field, value, "use a text or a number")
    value = str(value)
    if _CONTROL.search(value):
        raise InvalidInput(
            field, value, "it has a line break or another control character, which a unit file cannot hold"
        )
    return value


def _escaped(text):
    return text.replace("%", "%%")


def _word(text):
    """One word of a line that systemd splits: quoted where it must be."""
    text = _escaped(text)
    if _PLAIN_WORD.fullmatch(text):
        return text
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def _path(value, field):
    return _text(names.check_absolute(value, field), field)


def _number(wanted, name, least):
    value = wanted[name]
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value):  # what a template makes of a number
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 1 << 40:
        raise InvalidInput("unit." + name, value, "use a whole number, %d or more" % least)
    return str(value)


def _list(value, field):
    if not isinstance(value, (list, tuple, type(None))):
        raise InvalidInput(field, value, "use a list")
    return [_line(item, field) for item in value or []]


def _dict(value, field):
    if not isinstance(value, dict):
        raise InvalidInput(field, value, "use a dictionary")
    return value


def _match(pattern, value, field, remedy):
    match = pattern.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise InvalidInput(field, value, remedy)
    return match


def _like(word, known):
    close = difflib.get_close_matches(word, list(known), n=1)
    return "; did you mean %s?" % close[0] if close else ""
