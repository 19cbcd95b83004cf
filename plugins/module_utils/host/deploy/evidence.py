# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a journal says about a failure: the reason first, then where in the app it was, then the end. Pure.

A Go program that panics prints its reason once, and below it a stack that may have thousands of lines. The
last lines of such a journal are frames of the runtime.
"""

from __future__ import annotations

import re

from ...common.health.attempt import readable

LIMIT = 10
_LONGEST_LINE = 300

_COLOR = re.compile(r"\x1b\[[0-9;]*m")
# What says nothing about a failure: each start and stop, and keys that this systemd is too old for.
_NOISE = re.compile(
    r"(?:Started|Stopped) \S.*\.$|(?:Starting|Stopping) \S.*\.\.\.$"
    r"|\S+: Consumed \S+ CPU time"
    r"|\S+: (?:Scheduled restart job|Service RestartSec=\S+ expired)"
    r"|runtime: sp=0x"
    r"|\S+:[0-9]+: Unknown (?:key name|key|lvalue) '\w+' in section .* ignoring"
)
_UNIT = re.compile(r"(?P<unit>[\w@:.\\-]+\.(?:service|socket)): (?P<text>.*)")
_OF_SYSTEMD = re.compile(_UNIT.pattern + r"|Failed to start \S")
# The first line of what the Go runtime prints. A handler's panic does not end the process.
_CRASH = re.compile(
    r"panic: |fatal error: |runtime: out of memory|runtime: goroutine stack exceeds|SIG[A-Z]+: "
    r"|.*http: panic serving "
)
_HEAD_OF_CRASH = 4
_ALSO_REASON = re.compile(r"\[signal |\t(?!.*\.(?:go|s):[0-9]+)")
_FRAME_FILE = re.compile(r"\s+(?P<file>\S.*?\.(?:go|s):[0-9]+)(?:\s+\+0x\w+.*)?$")
_FRAME_FUNCTION = re.compile(r"(?P<function>[\w./%~*()·\[\]@-]*[\w)\]])\((?:\.\.\.|[^()]*|.*)\)$")
_STACK = re.compile(
    r"goroutine [0-9]+ .*\[.*\]:$|runtime stack:$|created by \S|\[signal |\.\.\.[0-9]* ?\S+ frames elided"
    r"|runtime: |PC=0x|(?:r[a-z0-9]{1,2}|[c-g]s|rflags|rip|lr|sp|pc|fault) +0x|exit status [0-9]+$"
)
_SEVERE = re.compile(
    r"""\{.*"(?:level|severity|lvl)": ?"(?:error|fatal|panic|dpanic|critical|emergency|alert)"
    |(?:.*\s)?(?:level|lvl|severity)=(?:error|fatal|panic|crit|critical)\b
    |[EF][0-9]{4}\ [0-9:.]+\s
    |(?:\S+\s+){0,3}\[?(?:FTL|FATAL|ERR|ERROR|PANIC|CRITICAL)\]?[:\s]
    |flag\ provided\ but\ not\ defined:|flag\ needs\ an\ argument:|invalid\ value\ .*\ for\ flag\b
    |(?:\S+:\ )?(?:error|fatal):\s
    """,
    re.IGNORECASE | re.VERBOSE,
)
_STEP = re.compile(r"Failed at step (?P<step>[A-Z_]+) spawning ")
_EXITED = re.compile(r"Main process exited, code=(?P<code>\w+), status=(?P<status>[0-9]+)")
_IN_USE = re.compile(r":([0-9]{1,5}): bind: address already in use")
_IN_THE_FOREGROUND = (
    "Switch off what puts it into the background, such as -d or daemonize: true. If it only printed its "
    "usage, name its command, such as serve, in slipway_unit.exec_args"
)
_RUNS_ALONE = (
    "Two processes of this service cannot run at once: use slipway_strategy: restart with "
    "slipway_smoke: false (option smoke)"
)
_RUNS_ALONE_SMOKE = (
    "This was the smoke test, which runs the new release beside the live one, and two processes of this "
    "service cannot run at once: set slipway_smoke: false (option smoke)"
)
_LISTENS_ON_NOTHING = (
    "Its process runs, and listens on no port. A service that only starts slowly needs a longer "
    "slipway_health.deadline, and one that has no port, such as a worker, slipway_health: {type: none}"
)
_OTHER_PORT_SMOKE = (
    ", which %s named: this was the smoke test, which runs the new release beside the live one. Name the "
    "variable that it reads its port from in slipway_port_variable, or write {port} where it takes the port, "
    "in slipway_unit.exec_args or slipway_env; or set slipway_smoke: false (option smoke)"
)
_OTHER_PORT = (
    ". Set slipway_port to the port that it listens on; or name the variable that it reads its port from in "
    "slipway_port_variable, which is %s now; or write {port} where it takes the port, in "
    "slipway_unit.exec_args or slipway_env"
)
_CHECKED_PORT = ", which slipway_health.port names: set that to the port that it listens on, or leave it out"
_STARTS = re.compile(r"(?:Started \S.*\.|Starting \S.*\.\.\.)$")
_STOPPED = re.compile(r"Stopped \S.*\.$")
_CONSUMED = re.compile(r"\S+: Consumed \S+ CPU time")
_RESTARTS = re.compile(r"\S+: (?:Scheduled restart job|Service RestartSec=\S+ expired)")
_ENDED_WELL = re.compile(r"(?:Deactivated successfully|Succeeded)\.$")
# First parts of import paths of Go's own packages; those of other people nearly always have a dot.
_OF_GO = re.compile(
    r"(?:archive|bufio|bytes|cmp|compress|container|context|crypto|database|debug|embed|encoding|errors|expvar"
    r"|flag|fmt|go|hash|html|image|index|internal|io|iter|log|maps|math|mime|net|os|panic|path|plugin|reflect"
    r"|regexp|runtime|slices|sort|strconv|strings|structs|sync|syscall|testing|text|time|unicode|unique|unsafe"
    r"|vendor|weak)(?:[/.(]|$)"
)
# What systemd was about to do for the process when it failed, and what to change.
_STEPS = {
    "EXEC": "systemd could not run the binary: the file system of the releases may be mounted noexec, "
    "or a policy of SELinux or AppArmor may forbid it",
    "USER": "The account that slipway_unit.user names must exist on the host: run the playbook "
    "slipway.golang.setup",
    "GROUP": "The group that slipway_unit.group names must exist on the host: run the playbook "
    "slipway.golang.setup",
    "NAMESPACE": "The sandbox could not be set up: each path of slipway_unit.read_write_paths must exist on "
    "the host",
    "CHDIR": "slipway_unit.working_directory must be a directory on the host that the user of the "
    "service may enter",
    "CREDENTIALS": "Each file that slipway_unit.credentials names must exist on the host",
    "CAPABILITIES": "The host or its container cannot grant what slipway_unit.capabilities lists",
    "SECCOMP": "The kernel refused slipway_unit.hardening.SystemCallFilter",
}


def excerpt(lines: list, limit: int = LIMIT) -> list:
    """The lines to show: the reason, the app's own frame, and the end without stacks; at most ``limit``."""
    lines = _cleaned(lines)
    at, head, rest = _found(lines)
    if at is None:
        return [_shown(line) for line in lines[-limit:]]
    end = rest[-(limit - len(head)) :] if limit > len(head) else []
    return [_shown(line) for line in (head + end)[:limit]]


def reason(lines: list) -> str | None:
    """Why the process ended, as one line; None where the journal does not say it."""
    lines = _cleaned(lines)
    at, head, dummy = _found(lines)
    if at is None:
        own = [line for line in lines if not _OF_SYSTEMD.match(line)]
        head = own[-1:]
    return _shown("; ".join(line.strip() for line in head)) if head else None


def remedy(lines: list) -> str | None:
    """What to change where systemd could not start the process, or where something killed it."""
    text = "\n".join(lines)
    step = _STEP.search(text)
    if step:
        return _STEPS.get(step["step"])
    if "killed by the OOM killer" in text or "'oom-kill'" in text:
        return "It needed more memory than it may have: raise slipway_unit.memory_max, if it is set"
    if "SIGSYS: " in text or "status=31/SYS" in text:
        return (
            "The sandbox forbids a system call that it needs: allow it in "
            "slipway_unit.hardening.SystemCallFilter"
        )
    return None


def in_words(ended: str, end: tuple | None, lines: list) -> tuple:
    """That the process ended, with how and why, and what to do about it. ``end``: as of ``exit_of``."""
    if end is None:
        return ended, None
    code, status = end
    if code == "exited" and not status:
        return (
            ended + " with exit status 0: a service must stay in the foreground (Type=exec)",
            _IN_THE_FOREGROUND,
        )
    how = "with exit status %d" % status if code == "exited" else "by signal %d" % status
    why = reason(lines)
    return "%s %s%s" % (ended, how, ": " + why if why else ""), None


def advice(
    found: dict, port: int | None, port_variable: str, smoke: bool, checked: bool = False, said: str = ""
) -> str | None:
    """What to change where the process listens elsewhere or waits for a lock; None for anything else.

    ``found``: the evidence; ``port``: where it was to listen; ``checked``: if only the check names that port;
    ``said``: what the message says already.
    """
    if found.get("waits_for"):
        holder = found["waits_for"]["holder"]
        seen = "" if holder in said else "It waits for %s. " % holder
        return seen + (_RUNS_ALONE_SMOKE if smoke else _RUNS_ALONE)
    if found.get("listens_on") and port:
        seen = "It listens on %s and not on %d" % (", ".join(map(str, found["listens_on"])), port)
        return seen + (_CHECKED_PORT if checked else _about_port(port_variable, smoke))
    return _LISTENS_ON_NOTHING if found.get("listens_on") == [] else None


def advice_for_taken_port(taken: int, holder: str, port: int | None, port_variable: str, smoke: bool) -> str:
    """The same where a port was taken that the process wants beside or instead of its own."""
    seen = "It wants port %d, which %s has" % (taken, holder)
    if not smoke:
        return seen + ": stop that one, or let the service use another port"
    if port is None:
        return "%s. %s" % (seen, _RUNS_ALONE_SMOKE)
    return "%s. Its own port was %d%s" % (seen, port, _about_port(port_variable, smoke))


def _about_port(port_variable, smoke):
    return (_OTHER_PORT_SMOKE if smoke else _OTHER_PORT) % port_variable


def port_in_use(lines: list) -> int | None:
    """The port that the process could not take, if it says so."""
    for line in lines:
        found = _IN_USE.search(line)
        if found:
            return int(found[1])
    return None


def exit_of(lines: list) -> tuple | None:
    """How the main process ended by what systemd logged last: its code and status; None where it did not."""
    for number, line in reversed(list(enumerate(lines))):
        if _STARTS.match(line) and not _is_restart(lines[:number]):
            return None  # what is above was another process
        found = _EXITED.search(line)
        if found:
            return found["code"], int(found["status"])
        if _UNIT.match(line) and _ENDED_WELL.search(line):
            return "exited", 0
    return None


def _cleaned(lines):
    for number, line in enumerate(lines):
        if _STARTS.match(line) and _is_end_of_old_release(lines[:number]):
            lines = lines[number:]
            break
    uncolored = (_COLOR.sub("", line).rstrip() for line in lines)
    return [line for line in uncolored if line and not _NOISE.match(line)]


def _is_restart(above):
    """Whether a start below these lines is systemd's own, after the same release ended."""
    for line in reversed(above):
        if not (_STARTS.match(line) or _STOPPED.match(line) or _CONSUMED.match(line)):
            return bool(_RESTARTS.match(line))
    return False


def _is_end_of_old_release(above):
    last = next((line for line in reversed(above) if not _CONSUMED.match(line)), "")
    return bool(_STOPPED.match(last)) and not _is_restart(above)


def _shown(line):
    return readable(line, _LONGEST_LINE)


def _found(lines):
    """Where the reason is, the lines that say it with the app's frame, and what else is worth showing.

    The newest reason counts: systemd starts again what ended, so that a journal may have several.
    """
    for find in (_crash, _step, _severe):
        found = find(lines)
        if found:
            return found
    return None, [], []


def _crash(lines):
    starts = [number for number, line in enumerate(lines) if _CRASH.match(line)]
    if not starts:
        return None
    at = starts[-1]
    while at - 1 in starts:
        at -= 1
    end = at + 1
    while end < len(lines) and (_ALSO_REASON.match(lines[end]) or _CRASH.match(lines[end])):
        end += 1
    frames = list(_frames(lines[end:]))
    head = lines[at:end][:_HEAD_OF_CRASH]
    own = next(filter(_is_own, frames), None) or next(filter(_is_foreign, frames), None)
    if own:
        head.append("  in %s, %s" % own)
    return at, head, _without_stack(lines[end:])


def _frames(lines):
    """The frames of a stack as pairs of function and place, until a stack that only says who created it."""
    for function, place in zip(lines, lines[1:]):
        called, file = _FRAME_FUNCTION.match(function), _FRAME_FILE.match(place)
        if called and file and not function.startswith("created by "):
            yield called["function"], file["file"]


def _is_foreign(frame):
    return not _OF_GO.match(frame[0])


def _is_own(frame):
    """Whether it is of the app: neither of Go nor of a module that it depends on."""
    function, file = frame
    return not (_OF_GO.match(function) or "@v" in file or "/vendor/" in file)


def _without_stack(lines: list) -> list:
    kept: list = []
    previous = ""
    for line in lines:
        if _FRAME_FILE.match(line):
            if kept and kept[-1] is previous and _FRAME_FUNCTION.match(previous):
                kept.pop()
        elif not _STACK.match(line):
            kept.append(line)
        previous = line
    return kept


def _step(lines):
    """systemd could not even start the process: the line above says more, if it is of the same unit."""
    for at in range(len(lines) - 1, -1, -1):
        step = _UNIT.match(lines[at])
        if step and _STEP.search(step["text"]):
            above = _UNIT.match(lines[at - 1]) if at else None
            if above and above["unit"] == step["unit"] and "exited" not in above["text"]:
                return at - 1, [above["text"]], lines[at:]
            return at, [step["text"]], lines[at + 1 :]
    return None


def _severe(lines):
    own = [number for number, line in enumerate(lines) if _SEVERE.match(line) and not _OF_SYSTEMD.match(line)]
    if not own:
        return None
    return own[-1], [lines[own[-1]]], lines[: own[-1]] + lines[own[-1] + 1 :]
