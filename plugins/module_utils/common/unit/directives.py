# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hardened unit as data: options in, sections out, and the two forms in which sections are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from .. import names, placeholders
from ..errors import InvalidInput
from .options import HARDENING, OPTIONS, SINCE

TYPE_CHECKING = False  # as importing typing would cost time on every host
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

    Lines = List[Tuple[str, str]]
    Sections = Dict[str, Lines]

_SECTIONS = ("Unit", "Service", "Install")
_DIRECTORIES = ("State", "Runtime", "Cache", "Logs")
_DIRECTORY_MODES = {"State": "0750", "Runtime": "0750", "Cache": "0750", "Logs": "0750"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_@%$+=:,./-]+")
_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.@\\-]{1,200}\.(?:service|socket|target|mount|path|timer|slice|device)")
# Texts, not compiled here: few plans need them.
_NOT_TRANSIENT = (
    r"Exec.*|Type|Restart.*|RemainAfterExit|StartLimit.*|TimeoutStartSec|TimeoutSec|Watchdog.*|NotifyAccess"
    r"|PIDFile|GuessMainPID|BusName|Sockets|FileDescriptorStore.*|USBFunction.*|NonBlocking|Also|Alias"
)
_DIRECTIVE = r"[A-Z][A-Za-z0-9]{0,63}"
_CREDENTIAL = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_CAPABILITY = r"CAP_[A-Z_]{2,40}"
_MEMORY = r"([1-9][0-9]{0,15})([KMGT]?)|[1-9][0-9]?%|100%|infinity"
_CPU = r"([1-9][0-9]{0,5})%"
_SCALE = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_NETWORK_WORDS = ("any", "localhost", "link-local", "multicast")


def sections(
    app: str,
    options: dict[str, Any],
    *,
    binary: str,
    environment_file: str | None = None,
    port_variable: str | None = None,
    config: str | None = None,
) -> Sections:
    """The unit of an app as {section: [(key, value), ...]}.

    ``options``: some of ``OPTIONS``; what is left out or None has its default. ``port_variable``: the
    variable of the environment file that `{port}` in ``exec_args`` stands for; ``config``: the directory
    that `{config}` stands for. Without these two they are literal.
    """
    names.check_app(app)
    options = _with_defaults(options)
    result: Sections = {
        "Unit": _unit(app, options),
        "Service": _service(app, options, binary, environment_file, port_variable, config),
        "Install": [("WantedBy", "multi-user.target")],
    }
    for section, key, value in _directives(options["directives"]):
        result[section].append((key, value))
    return result


def render(parts: Sections) -> str:
    """The text of a unit file."""
    blocks = (
        "[%s]\n%s" % (name, "".join("%s=%s\n" % pair for pair in parts[name]))
        for name in parts
        if parts[name]
    )
    return "\n".join(blocks)


def parse(text: str) -> Sections:
    """The sections of a unit file that ``render`` wrote."""
    result: Sections = {}
    section = ""
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if line.startswith("["):
            section = line[1:-1]
        elif equals and section:
            result.setdefault(section, []).append((key, value))
    return result


def transient(parts: Sections, systemd: int | None = None, suffix: str = "-smoke") -> list[str]:
    """The Service section for ``systemd-run -p``: the same sandbox, user, environment and limits.

    It is for a process beside the live service. ``systemd``: the host's version, as an older one refuses
    here what it ignores in a file. The runtime directory gets a name with ``suffix``, as systemd removes it
    at the end of the process, while the live process uses its own.
    """
    result = []
    for key, value in parts["Service"]:
        if re.fullmatch(_NOT_TRANSIENT, key) or (systemd is not None and SINCE.get(key, 0) > systemd):
            continue
        if key == "RuntimeDirectory":
            value = " ".join(word + suffix for word in value.split())
        # systemd-run passes values unexpanded: a percent sign that is doubled for the file must be single
        # here.
        result.append("%s=%s" % (key, value.replace("%%", "%")))
    return result


def transient_args(options: dict[str, Any], port: str | None = None, config: str | None = None) -> list[str]:
    """``exec_args`` for the command line of systemd-run, which expands variables but no specifiers."""
    return _arguments(options.get("exec_args"), port, config)


def _with_defaults(options: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise InvalidInput("unit", unknown[0], "there is no such option%s" % _like(unknown[0], OPTIONS))
    result: dict[str, Any] = {}
    for name, spec in OPTIONS.items():
        value = options.get(name)
        result[name] = spec.get("default") if value is None else value
        if spec["type"] == "bool" and not isinstance(result[name], bool):
            raise InvalidInput("unit." + name, result[name], "use true or false")
        if "choices" in spec and result[name] not in spec["choices"]:
            raise InvalidInput("unit." + name, result[name], "use one of %s" % ", ".join(spec["choices"]))
    return result


def _unit(app: str, options: dict[str, Any]) -> Lines:
    lines = [("Description", _escaped(_text(options["description"] or app, "unit.description")))]
    for name, key in (("after", "After"), ("wants", "Wants")):
        units = _list(options[name], "unit." + name)
        for unit in units:
            names.match(
                _UNIT_NAME, unit, "unit." + name, "use a unit's full name, as in 'postgresql.service'"
            )
        if units:
            lines.append((key, _escaped(" ".join(units))))
    lines.append(("StartLimitIntervalSec", _number(options, "start_limit_interval_sec", 1)))
    lines.append(("StartLimitBurst", _number(options, "start_limit_burst", 1)))
    return lines


def _arguments(value: object, port: str | None, config: str | None) -> list[str]:
    """Arguments in which systemd expands no variable of theirs, with the placeholders filled in."""
    words = [arg.replace("$", "$$") for arg in _list(value, "unit.exec_args")]
    return [placeholders.fill(word, port=port, config=config) for word in words]


def _service(
    app: str,
    options: dict[str, Any],
    binary: str,
    environment_file: str | None,
    port_variable: str | None,
    config: str | None,
) -> Lines:
    # systemd expands ${NAME} when it starts the process, also within a word and within quotes.
    port = "${%s}" % port_variable if port_variable else None
    words = [_path(binary, "binary")] + _arguments(options["exec_args"], port, config)
    lines = [("Type", options["type"]), ("ExecStart", " ".join(_word(word) for word in words))]
    lines.append(("User", names.check_account(options["user"] or app, "unit.user")))
    if options["group"]:
        lines.append(("Group", names.check_account(options["group"], "unit.group")))
    lines += _home(app, options)
    lines += _limits(options)
    if environment_file:
        lines.append(("EnvironmentFile", _escaped(_path(environment_file, "environment_file"))))
    for name, path in sorted(_dict(options["credentials"], "unit.credentials").items()):
        names.match(
            _CREDENTIAL,
            name,
            "unit.credentials",
            "a credential's name is made of letters, digits, '.', '_' and '-'",
        )
        lines.append(("LoadCredential", "%s:%s" % (name, _escaped(_path(path, "unit.credentials." + name)))))
    return lines + _restarts(options) + _directories(app, options) + _sandbox(options)


def _home(app: str, options: dict[str, Any]) -> Lines:
    """Where the service may write is also where it is, and what `~` means to it."""
    lines = []
    directory = options["working_directory"]
    if options["state_directory"]:
        state = "/var/lib/" + app
        directory = directory or state
        lines.append(("Environment", "HOME=" + state))
    if directory:
        lines.append(("WorkingDirectory", _escaped(_path(directory, "unit.working_directory"))))
    return lines


def _limits(options: dict[str, Any]) -> Lines:
    lines = [("LimitNOFILE", _number(options, "limit_nofile", 16))]
    if options["tasks_max"] is not None:
        lines.append(("TasksMax", _number(options, "tasks_max", 8)))
    if options["memory_max"]:
        match = names.match(
            _MEMORY,
            options["memory_max"],
            "unit.memory_max",
            "use bytes with K, M, G or T as in '512M', or a percentage",
        )
        lines.append(("MemoryMax", match[0]))
        if match[
            1
        ]:  # Go collects more garbage before the kernel kills; 10% is left for memory that Go does not count
            lines.append(("Environment", "GOMEMLIMIT=%d" % (int(match[1]) * _SCALE[match[2]] * 9 // 10)))
    if options["cpu_quota"]:
        match = names.match(
            _CPU, options["cpu_quota"], "unit.cpu_quota", "use a percentage of one CPU, as in '150%'"
        )
        # CPUQuota= and MemoryMax= expand no specifiers, so a percent sign is not doubled
        lines.append(("CPUQuota", match[0]))
        lines.append(("Environment", "GOMAXPROCS=%d" % -(-int(match[1]) // 100)))
    return lines


def _restarts(options: dict[str, Any]) -> Lines:
    lines = [("Restart", options["restart"]), ("RestartSec", _number(options, "restart_sec", 0))]
    if _number(options, "restart_steps", 0) != "0":
        lines.append(("RestartSteps", _number(options, "restart_steps", 0)))
        lines.append(("RestartMaxDelaySec", _number(options, "restart_max_delay_sec", 1)))
    # The app has the drain time to end by itself; only then does systemd kill it, with all of its processes.
    stop = int(_number(options, "drain_seconds", 0)) + 5
    return lines + [("TimeoutStopSec", str(stop)), ("KillMode", "mixed")]


def _directories(app: str, options: dict[str, Any]) -> Lines:
    lines = []
    for kind in _DIRECTORIES:
        if options[kind.lower() + "_directory"]:
            lines += [(kind + "Directory", app), (kind + "DirectoryMode", _DIRECTORY_MODES[kind])]
    return lines + _proxy_user(app, options)


def _proxy_user(app: str, options: dict[str, Any]) -> Lines:
    """Let one other account reach the sockets in the runtime directory, and nothing else of the service.

    It is done by access control lists: as a member of the service's group it could read more than that.
    systemd-tmpfiles needs no package for it, as setfacl would. The list of a new socket is masked by the
    umask's bits for the group, so these have to be free (see ``_sandbox``).
    """
    if not options["proxy_user"]:
        return []
    user = names.check_account(options["proxy_user"], "unit.proxy_user")
    if not options["runtime_directory"]:
        raise InvalidInput("unit.proxy_user", user, "it needs the runtime directory, which is switched off")
    rule = "a+ /run/%s - - - - user:%s:x,default:user:%s:rwx" % (app, user, user)
    command = "/bin/sh -c 'echo \"%s\" | systemd-tmpfiles --create -'" % rule
    return [("ExecStartPre", "+" + command)]


def _sandbox(options: dict[str, Any]) -> Lines:
    settings = dict(HARDENING)
    capabilities = _list(options["capabilities"], "unit.capabilities")
    for capability in capabilities:
        names.match(
            _CAPABILITY,
            capability,
            "unit.capabilities",
            "use a name from capabilities(7), as in 'CAP_NET_BIND_SERVICE'",
        )
    if capabilities:
        # Without PrivateUsers=: a capability in another user namespace does not apply to the host's ports.
        settings.update(
            CapabilityBoundingSet=" ".join(capabilities),
            AmbientCapabilities=" ".join(capabilities),
            PrivateUsers=False,
        )
    if options["proxy_user"]:
        settings.update(UMask="0007")
    for key, value in _dict(options["hardening"], "unit.hardening").items():
        if key not in settings:
            hint = _like(key, settings) or "; others go to unit.directives"
            raise InvalidInput("unit.hardening", key, "it is not a directive of the sandbox" + hint)
        settings[key] = value
    kept = ((key, value) for key, value in settings.items() if value is not None)
    lines = [pair for key, value in kept for pair in _repeated(key, value, "unit.hardening." + key, _escaped)]
    for path in _list(options["read_write_paths"], "unit.read_write_paths"):
        plain = path[1:] if path.startswith("-") else path  # a leading '-': it may be missing
        _path(plain, "unit.read_write_paths")
        lines.append(("ReadWritePaths", _word(path)))
    networks = [_network(value) for value in _list(options["ip_allow"], "unit.ip_allow")]
    return lines + ([("IPAddressDeny", "any"), ("IPAddressAllow", " ".join(networks))] if networks else [])


def _directives(directives: object) -> Iterator[tuple[str, str, str]]:
    for section, settings in _dict(directives, "unit.directives").items():
        if section not in _SECTIONS:
            raise InvalidInput(
                "unit.directives", section, "use one of the sections %s" % ", ".join(_SECTIONS)
            )
        for key, value in _dict(settings, "unit.directives." + section).items():
            names.match(
                _DIRECTIVE,
                key,
                "unit.directives." + section,
                "a directive is letters and digits, as in 'OOMScoreAdjust'",
            )
            for pair in _repeated(key, value, "unit.directives.%s.%s" % (section, key), str):
                yield section, pair[0], pair[1]


def _repeated(key: str, value: object, field: str, escape: Callable[[str], str]) -> Lines:
    """One pair per element: systemd accumulates repeated lines."""
    items = value if isinstance(value, list) else [value]
    return [(key, escape(_text(item, field))) for item in items]


def _network(value: str) -> str:
    if value not in _NETWORK_WORDS:
        import ipaddress  # here, as few services limit their addresses

        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            remedy = "use an address, a network as in '10.0.0.0/8', or one of %s" % ", ".join(_NETWORK_WORDS)
            raise InvalidInput("unit.ip_allow", value, remedy) from None
    return value


def _text(value: object, field: str) -> str:
    """A value that can end a line: it neither begins another line nor continues on the next one."""
    text = _line(value, field)
    if text.endswith("\\"):
        raise InvalidInput(field, text, "a backslash at the end would join the next line of the unit file")
    return text


def _line(value: object, field: str) -> str:
    """A value as one line of text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise InvalidInput(field, value, "use a text or a number")
    text = str(value)
    if _CONTROL.search(text):
        raise InvalidInput(
            field, text, "it has a line break or another control character, which a unit file cannot hold"
        )
    return text


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _word(text: str) -> str:
    """One word of a line that systemd splits: quoted where necessary."""
    text = _escaped(text)
    if _PLAIN_WORD.fullmatch(text):
        return text
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def _path(value: object, field: str) -> str:
    return _text(names.check_absolute(value, field), field)


def _number(options: dict[str, Any], name: str, least: int) -> str:
    value = options[name]
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value):  # what a template makes of a number
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 1 << 40:
        raise InvalidInput("unit." + name, value, "use a whole number, %d or more" % least)
    return str(value)


def _list(value: object, field: str) -> list[str]:
    if not isinstance(value, (list, tuple, type(None))):
        raise InvalidInput(field, value, "use a list")
    return [_line(item, field) for item in value or []]


def _dict(value: object, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(field, value, "use a dictionary")
    return value


def _like(word: str, known: Iterable[str]) -> str:
    import difflib  # here, as only a mistake needs it

    close = difflib.get_close_matches(word, list(known), n=1)
    return "; did you mean %s?" % close[0] if close else ""
