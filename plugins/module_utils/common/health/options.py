# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a health check, and the Check that is made of them. A Check that exists can be probed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import InvalidInput

TYPE_CHECKING = False  # as importing typing would cost time on every host
if TYPE_CHECKING:
    from typing import Any

OPTIONS: dict[str, dict[str, Any]] = {
    "type": {"type": "str", "choices": ["http", "tcp", "unix", "command", "none"]},
    "scheme": {"type": "str", "choices": ["http", "https"], "default": "http"},
    "validate_certs": {"type": "bool", "default": True},
    "host": {"type": "str", "default": "127.0.0.1"},
    "port": {"type": "int"},
    "path": {"type": "str"},
    "socket": {"type": "str"},
    "command": {"type": "list", "elements": "str"},
    "method": {"type": "str", "choices": ["GET", "HEAD", "POST", "OPTIONS"], "default": "GET"},
    "headers": {"type": "dict", "default": {}},
    "status": {"type": "list", "elements": "str", "default": ["200-399"]},
    "body": {"type": "str"},
    "response_headers": {"type": "dict", "default": {}},
    "release_header": {"type": "str", "default": "X-Release"},
    "release_field": {"type": "str", "default": "release"},
    "initial_delay": {"type": "float", "default": 0.0},
    "period": {"type": "float", "default": 1.0},
    "timeout": {"type": "float", "default": 1.0},
    "success_threshold": {"type": "int", "default": 1},
    "failure_threshold": {"type": "int", "default": 3},
    "deadline": {"type": "float", "default": 30.0},
    "min_ready_seconds": {"type": "float", "default": 2.0},
}
_TYPES: dict[str, tuple[Any, str]] = {
    "str": (str, "use a text"),
    "bool": (bool, "use true or false"),
    "int": (int, "use a whole number"),
    "float": ((int, float), "use a number of seconds"),
    "list": ((list, tuple), "use a list"),
    "dict": (dict, "use a dictionary"),
}
# Which types of check use an option. With another type it is an error, as the user would trust a check that
# is not made.
_ONLY_FOR: dict[str, tuple[str, ...]] = {
    "command": ("command",),
    "socket": ("unix",),
    "path": ("http", "unix"),
    "port": ("http", "tcp"),
}
_OF_AN_ANSWER = ("scheme", "method", "headers", "status", "body", "response_headers")
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
HEADER_VALUE = re.compile(r"[ -~\t]*")
_HOST = re.compile(
    r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?"
)
PATH = re.compile(r"/[!-~]*")
_RANGE = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")
_LONGEST_TIME = 86400
_LONGEST_SOCKET = 107  # what the kernel's sockaddr_un holds


class Check:
    """A health check whose options are valid.

    Its fields are the options, with patterns compiled and ``status`` as pairs of first and last. They do not
    change: ``replace`` makes another check.
    """

    type: str
    scheme: str
    validate_certs: bool
    host: str
    port: int
    path: str
    socket: str
    command: list[str]
    method: str
    headers: dict[str, str]
    status: list[tuple[int, int]]
    body: re.Pattern[str] | None
    response_headers: dict[str, re.Pattern[str]]
    release_header: str
    release_field: str
    initial_delay: float
    period: float
    timeout: float
    success_threshold: int
    failure_threshold: int
    deadline: float
    min_ready_seconds: float

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Check does not change; use replace(%s=...)" % name)

    def replace(self, **fields: Any) -> Check:
        """The same check with other fields."""
        return Check(**dict(self.__dict__, **fields))

    @property
    def target(self) -> str:
        """What is probed, in a form that a person could type."""
        if self.type == "none":
            return "nothing"
        if self.type == "command":
            import shlex

            return " ".join(shlex.quote(word) for word in self.command)
        where = "%s:%s" % ("[%s]" % self.host if ":" in self.host else self.host, self.port)
        if self.type == "tcp":
            return "tcp " + where
        where = "unix:%s" % self.socket if self.type == "unix" else "%s://%s" % (self.scheme, where)
        return "%s %s%s" % (self.method, where, self.path) if self.path else where


def given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that differ from their defaults: Ansible fills in the defaults of all the others."""
    return {
        name: value
        for name, value in options.items()
        if value is not None and value != OPTIONS[name].get("default")
    }


def parse(options: dict[str, Any], default_port: int | None = None) -> Check:
    """A Check from the options of a user; what is left out or None has its default. Raises InvalidInput."""
    fields = _with_defaults(options)
    fields["type"] = fields["type"] or _inferred_type(fields)
    _check_belonging(fields, given(options))
    if fields["port"] is None:
        fields["port"] = default_port
    if fields["type"] == "http":
        fields["path"] = fields["path"] or "/"
    fields["host"] = re.sub(r"^\[(.*)\]$", r"\1", fields["host"])
    _check_target(fields)
    _check_times(fields)
    _check_answer(fields)
    return Check(**fields)


def _with_defaults(options: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(str(name) for name in set(options) - set(OPTIONS))
    if unknown:
        raise InvalidInput("health", unknown[0], "known options are %s" % ", ".join(sorted(OPTIONS)))
    fields = {}
    for name, spec in OPTIONS.items():
        fields[name] = spec.get("default")
        if options.get(name) is not None:
            fields[name] = _typed("health." + name, options[name], spec["type"])
            if options[name] not in spec.get("choices", [options[name]]):
                raise InvalidInput(
                    "health." + name, options[name], "use one of %s" % ", ".join(spec["choices"])
                )
    return fields


def _typed(field: str, value: Any, kind: str) -> Any:
    wanted, remedy = _TYPES[kind]
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "bool"):
        raise InvalidInput(field, _shown(field, value), remedy)
    return value


def _shown(field: str, value: Any) -> Any:
    """A value for a message. What is sent with a request may be a token or a password."""
    return "(hidden)" if field.startswith("health.headers") else value


def _inferred_type(fields: dict[str, Any]) -> str:
    if fields["command"]:
        return "command"
    if fields["socket"]:
        return "unix"
    return "http" if fields["path"] else "tcp"


def _check_belonging(fields: dict[str, Any], options: dict[str, Any]) -> None:
    kind = fields["type"]
    for name, kinds in _ONLY_FOR.items():
        if options.get(name) and kind not in kinds:
            raise InvalidInput(
                "health." + name,
                _shown("health." + name, options[name]),
                "a check of type %s has no use for it; it is for %s" % (kind, " and ".join(kinds)),
            )
    if kind != "http" and not (kind == "unix" and fields["path"]):
        for name in _OF_AN_ANSWER:
            if options.get(name):
                raise InvalidInput(
                    "health." + name,
                    _shown("health." + name, options[name]),
                    "a check of type %s gets no HTTP answer; one with a path does" % kind,
                )
    if kind == "unix" and fields["scheme"] == "https":
        raise InvalidInput("health.scheme", "https", "over a unix socket there is plain HTTP only")


def _check_target(fields: dict[str, Any]) -> None:
    kind = fields["type"]
    if kind == "command":
        _check_command(fields["command"])
    if kind == "unix":
        _check_socket(fields["socket"])
    if kind in ("http", "tcp"):
        _check_address(fields["host"], fields["port"])
    if fields["path"] and not PATH.fullmatch(fields["path"]):
        raise InvalidInput(
            "health.path",
            fields["path"],
            "begin it with '/', and percent-encode spaces and whatever is not ASCII",
        )


def _check_command(words: list[str] | None) -> None:
    usable = words and words[0] and all(isinstance(word, str) and "\0" not in word for word in words)
    if not usable:
        raise InvalidInput("health.command", words, "give the program and its arguments as a list of texts")


def _check_socket(path: str | None) -> None:
    if (
        not path
        or not path.startswith("/")
        or not path.isprintable()
        or len(path.encode("utf-8")) > _LONGEST_SOCKET
    ):
        raise InvalidInput(
            "health.socket", path, "use the absolute path of a socket, %d bytes at most" % _LONGEST_SOCKET
        )


def _check_address(host: str, port: object) -> None:
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
        raise InvalidInput(
            "health.port",
            port,
            "use a port from 1 to 65535, here or as the service's own port; for a service without one, "
            "check its socket or use a command, or set health.type to none",
        )
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise InvalidInput("health.host", host, "use a host name or an address")


def _check_times(fields: dict[str, Any]) -> None:
    for name in ("initial_delay", "period", "timeout", "deadline", "min_ready_seconds"):
        least = 0.01 if name in ("period", "timeout") else 0
        if not least <= fields[name] <= _LONGEST_TIME:
            raise InvalidInput(
                "health." + name, fields[name], "use seconds from %g to %d" % (least, _LONGEST_TIME)
            )
    if fields["initial_delay"] > fields["deadline"]:
        remedy = (
            "it is a part of health.deadline, which is %g: use less, or a later deadline" % fields["deadline"]
        )
        raise InvalidInput("health.initial_delay", fields["initial_delay"], remedy)
    for name in ("success_threshold", "failure_threshold"):
        if not 1 <= fields[name] <= 1000:
            raise InvalidInput("health." + name, fields[name], "use a whole number from 1 to 1000")


def _check_answer(fields: dict[str, Any]) -> None:
    """Bring what is expected of the answer and what is sent into the form that a probe uses."""
    if not fields["status"]:
        raise InvalidInput(
            "health.status", fields["status"], "no answer could pass: give status codes, or leave it out"
        )
    fields["status"] = [_status_range(item) for item in fields["status"]]
    fields["body"] = _pattern("health.body", fields["body"])
    fields["headers"] = {
        name: _header_value(field, value) for name, field, value in _headers("headers", fields)
    }
    fields["response_headers"] = {
        name: _pattern(field, _text(field, value))
        for name, field, value in _headers("response_headers", fields)
    }
    if fields["release_header"]:
        _header_name("health.release_header", fields["release_header"])


def _status_range(item: object) -> tuple[int, int]:
    match = _RANGE.fullmatch(str(item))
    if not match or int(match[2] or match[1]) < int(match[1]):
        raise InvalidInput(
            "health.status", item, "use status codes or ranges of them, as in [200, '300-399']"
        )
    return int(match[1]), int(match[2] or match[1])


def _pattern(field: str, value: str | None) -> re.Pattern[str] | None:
    if value is None:
        return None
    try:
        return re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidInput(field, value, "it is not a regular expression (%s): correct it" % error) from None


def _headers(option: str, fields: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for name, value in fields[option].items():
        yield _header_name("health." + option, name), "health.%s.%s" % (option, name), value


def _header_name(field: str, name: object) -> str:
    if not isinstance(name, str) or not TOKEN.fullmatch(name):
        raise InvalidInput(field, name, "a header's name is letters, digits and '-'")
    return name


def _header_value(field: str, value: object) -> str:
    text = _text(field, value)
    if not HEADER_VALUE.fullmatch(text):
        raise InvalidInput(field, _shown(field, value), "a header's value is one line of ASCII characters")
    return text


def _text(field: str, value: object) -> str:
    """YAML makes numbers of some texts, which can be undone, and booleans of others, which cannot."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InvalidInput(field, _shown(field, value), "put the text in quotes")
    return str(value)
