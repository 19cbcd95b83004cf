# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Health checks: what a probe asks, what its answer must be, and how long to wait for it. The words mean what Kubernetes' probes mean.

``parse`` makes a Check of the user's options, ``attempt`` asks once, ``wait`` asks until the service is ready and stays so.
"""

from __future__ import annotations

import re
import socket
import time

from .errors import InvalidInput

OPTIONS = {
    "type": {"type": "str", "choices": ["http", "tcp", "unix", "command"]},
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
    "min_healthy": {"type": "float", "default": 2.0},
}
FIRST_PAUSE = 0.01
GLANCE = 0.1
MAX_ATTEMPTS_TOLD = 20
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TEXT = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_HOST = re.compile(r"[A-Za-z0-9._:%\[\]-]+")
_PATH = re.compile(r"/[!-~]*")
_RANGE = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")
_LONGEST = 86400


class Check:
    """A health check whose options were found good. Its fields are the options; ``statuses`` are pairs of first and last."""

    def __init__(self, **fields):
        self.__dict__.update(fields)

    def replace(self, **fields):
        """The same check with other fields."""
        return Check(**dict(self.__dict__, **fields))

    @property
    def target(self):
        """What is asked, in a form that a person could type."""
        if self.type == "command":
            return " ".join(self.command)
        if self.type == "tcp":
            return "tcp %s:%d" % (self.host, self.port)
        where = "unix:%s" % self.socket if self.type == "unix" else "%s://%s:%d" % (self.scheme, self.host, self.port)
        return "%s %s%s" % (self.method, where, self.path) if self.path else where


class Attempt:
    """One probe: ``ok``, ``reason`` in words where it is not, HTTP ``status``, ``ms`` it took, ``release`` that the answer named."""

    def __init__(self, ok, reason="", status=None, release=None):
        self.ok = ok
        self.reason = reason
        self.status = status
        self.release = release
        self.at_ms = 0
        self.ms = 0

    def to_dict(self):
        return {"at_ms": self.at_ms, "ms": self.ms, "ok": self.ok, "status": self.status, "reason": self.reason}


class Verdict:
    """What came of waiting: ``ok``, or the last ``reason``; ``ready_ms`` until ready, None for never; the ``attempts``."""

    def __init__(self):
        self.ok = False
        self.reason = ""
        self.ready_ms = None
        self.count = 0
        self.seconds = 0.0
        self.attempts = []

    def add(self, attempt):
        """Keep the first and the newest attempts: a long wait must not make a long result."""
        self.count += 1
        self.attempts.append(attempt)
        if len(self.attempts) > MAX_ATTEMPTS_TOLD:
            del self.attempts[MAX_ATTEMPTS_TOLD // 2]

    def to_dict(self):
        return {
            "ok": self.ok, "reason": self.reason, "ready_ms": self.ready_ms, "count": self.count, "seconds": round(self.seconds, 3),
            "attempts": [attempt.to_dict() for attempt in self.attempts],
        }  # fmt: skip


def parse(options, default_port=None):
    """A Check from the options of a user; what is left out or None has its default. Raises InvalidInput."""
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise InvalidInput("health", unknown[0], "known options are %s" % ", ".join(sorted(OPTIONS)))
    fields = {}
    for name, spec in OPTIONS.items():
        value = options.get(name)
        fields[name] = spec.get("default") if value is None else value
        if "choices" in spec and value is not None and value not in spec["choices"]:
            raise InvalidInput("health." + name, value, "use one of %s" % ", ".join(spec["choices"]))
    fields["type"] = fields["type"] or _inferred_type(fields)
    if fields["port"] is None:
        fields["port"] = default_port
    _check_target(fields)
    _check_times(fields)
    fields["statuses"] = [_status_range(item) for item in fields["status"]]
    fields["body"] = _pattern("body", fields["body"])
    fields["headers"] = {_header_name("headers", key): _text("headers." + key, str(value)) for key, value in fields["headers"].items()}
    fields["response_headers"] = {
        _header_name("response_headers", key): _pattern("response_headers." + key, str(value)) for key, value in fields["response_headers"].items()
    }
    return Check(**fields)


def given(options):
    """The options that say something: Ansible fills in the defaults of all the others."""
    return {name: value for name, value in options.items() if value is not None and value != OPTIONS[name].get("default")}


def attempt(check, release=None):
    """Ask once. ``release``: the names that the answer may give its release, where it names one at all; None for any."""
    start = time.monotonic()
    try:
        result = _PROBES[check.type](check, release, start + check.timeout)
    except socket.timeout:
        result = Attempt(False, "%s did not answer within %g s" % (check.target, check.timeout))
    except OSError as error:
        result = Attempt(False, "%s: %s" % (check.target, error.strerror or error))
    result.ms = int((time.monotonic() - start) * 1000)
    return result


def wait(check, release=None, alive=None, now=time.monotonic, sleep=time.sleep, ask=attempt):
    """Ask until the service is ready, then see that it stays so; returns a Verdict.

    Ready: ``success_threshold`` successes in a row; the last probe begins when ``deadline`` is over. Then it must hold for
    ``min_healthy`` without ``failure_threshold`` failures in a row. ``alive()`` gives the reason why there is no use in
    waiting any longer, or None; it is asked often, so it must be cheap.
    """
    return _Watch(check, alive, now, sleep, lambda: ask(check, release)).run()


class _Watch:
    """One wait. Its steps return None to go on, or the reason why the service is not healthy."""

    def __init__(self, check, alive, now, sleep, ask):
        self._check = check
        self._alive = alive
        self._now = now
        self._sleep = sleep
        self._ask = ask
        self._start = now()
        self._verdict = Verdict()

    def run(self):
        reason = self._rest(self._check.initial_delay) or self._become_ready() or self._stay_ready()
        self._verdict.ok = reason is None
        self._verdict.reason = reason or ""
        self._verdict.seconds = self._now() - self._start
        return self._verdict

    def _become_ready(self):
        check, pause, successes = self._check, FIRST_PAUSE, 0
        while True:
            one = self._probe()
            successes = successes + 1 if one.ok else 0
            if successes >= check.success_threshold:
                self._verdict.ready_ms = int((self._now() - self._start) * 1000)
                return None
            left = self._start + check.deadline - self._now()
            dead = self._rest(min(pause, max(left, 0)))
            if dead:
                return dead if one.ok else "%s (%s)" % (dead, one.reason)
            if left <= 0:
                return one.reason or "%d successes in a row were wanted within %g s" % (check.success_threshold, check.deadline)
            pause = min(pause * 1.5, check.period)

    def _stay_ready(self):
        check, failures = self._check, 0
        # Several looks even into a short time, so that failure_threshold can be reached in it.
        pace = min(check.period, max(check.min_healthy / (check.failure_threshold + 1), FIRST_PAUSE))
        end = self._now() + check.min_healthy
        # Probes of a service that hangs take so long that few fit in: the time is not over in the middle of failures.
        while failures or self._now() < end:
            left = end - self._now()
            dead = self._rest(min(pace, left) if left > 0 else pace)
            if dead:
                return dead
            one = self._probe()
            failures = 0 if one.ok else failures + 1
            if failures >= check.failure_threshold:
                return one.reason
        return self._dead()

    def _probe(self):
        begun = self._now()
        one = self._ask()
        one.at_ms = int((begun - self._start) * 1000)
        self._verdict.add(one)
        return one

    def _rest(self, seconds):
        """Sleep, but not in front of a process that has ended: the reason then, as at once where it has already."""
        end = self._now() + seconds
        while True:
            dead, left = self._dead(), end - self._now()
            if dead or left <= 0:
                return dead
            self._sleep(min(left, GLANCE) if self._alive else left)

    def _dead(self):
        return self._alive() if self._alive else None


def _probe_tcp(check, release, deadline):
    with socket.create_connection((check.host, check.port), timeout=check.timeout):
        return Attempt(True)


def _probe_unix(check, release, deadline):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(check.timeout)
        connection.connect(check.socket)
    return _probe_http(check, release, deadline) if check.path else Attempt(True)


def _probe_command(check, release, deadline):
    from . import health_command

    return health_command.probe(check, deadline)


def _probe_http(check, release, deadline):
    # Its imports cost ten milliseconds on a host: only where it is asked for.
    from . import health_http

    return health_http.probe(check, release, deadline)


_PROBES = {"http": _probe_http, "tcp": _probe_tcp, "unix": _probe_unix, "command": _probe_command}


def _inferred_type(fields):
    if fields["command"]:
        return "command"
    if fields["socket"]:
        return "unix"
    return "http" if fields["path"] else "tcp"


def _check_target(fields):
    kind = fields["type"]
    if fields["socket"] and fields["command"]:
        raise InvalidInput("health.socket", fields["socket"], "it excludes health.command")
    if kind == "http" and not fields["path"]:
        fields["path"] = "/"
    if fields["path"] and not _PATH.fullmatch(fields["path"]):
        raise InvalidInput("health.path", fields["path"], "begin it with '/', and percent-encode spaces and whatever is not ASCII")
    if kind == "unix" and not (fields["socket"] or "").startswith("/"):
        raise InvalidInput("health.socket", fields["socket"], "use the absolute path of a socket")
    if kind == "command" and not fields["command"]:
        raise InvalidInput("health.command", fields["command"], "give the program and its arguments as a list")
    if kind in ("http", "tcp"):
        if not isinstance(fields["port"], int) or not 0 < fields["port"] < 65536:
            raise InvalidInput("health.port", fields["port"], "use a port from 1 to 65535, here or as the service's own port")
        if not _HOST.fullmatch(fields["host"]):
            raise InvalidInput("health.host", fields["host"], "use a host name or an address")


def _check_times(fields):
    for name in ("initial_delay", "period", "timeout", "deadline", "min_healthy"):
        value = fields[name]
        least = 0.01 if name in ("period", "timeout") else 0
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= _LONGEST:
            raise InvalidInput("health." + name, value, "use seconds from %g to %d" % (least, _LONGEST))
    for name in ("success_threshold", "failure_threshold"):
        value = fields[name]
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
            raise InvalidInput("health." + name, value, "use a whole number from 1 to 1000")


def _status_range(item):
    match = _RANGE.fullmatch(str(item))
    if not match or int(match[2] or match[1]) < int(match[1]):
        raise InvalidInput("health.status", item, "use status codes or ranges of them, as in [200, '300-399']")
    return int(match[1]), int(match[2] or match[1])


def _pattern(name, value):
    if value is None:
        return None
    try:
        return re.compile(value)
    except re.error as error:
        raise InvalidInput("health." + name, value, "it is no regular expression: %s" % error) from None


def _header_name(field, name):
    if not _TOKEN.fullmatch(name):
        raise InvalidInput("health." + field, name, "a header's name is letters, digits and '-'")
    return name


def _text(field, value):
    if not _TEXT.fullmatch(value):
        raise InvalidInput("health." + field, value, "a header's value is one line")
    return value
