# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A model of systemd: unit files in a directory of the test, services that are real processes, no root.

It stands where the engine starts processes, and knows the four programs that a deploy calls. It keeps what
deploys depend on: as long as a unit is loaded, its text counts as it was at the last daemon-reload; `restart`
stops first; a start fails where the binary is not there; a socket cannot begin to listen while its service
runs; a process is in the control group of its unit, and is reaped as soon as it ends. It does not start again
what ended, and has no sandbox and no accounts. A start returns when the process listens or has ended, so that
no test depends on how fast it is.
"""

from __future__ import annotations

import glob
import io
import os
import re
import shlex
import socket
import subprocess
import threading
import time
from types import SimpleNamespace

from ansible_collections.slipway.golang.plugins.module_utils.common import environment

VERSION = 252
UNKNOWN_KEY = "NoSuchDirective"
CHANGING = ("start", "restart", "stop", "enable", "disable", "daemon-reload", "reset-failed")
PATIENCE = 20


class Systemd:
    """What the manager knows. ``before`` is called with each command that changes something, in words."""

    # The parts of the module ``subprocess`` that the engine uses beside ``run``.
    DEVNULL = subprocess.DEVNULL
    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self, unit_dir, scratch):
        self.unit_dir = unit_dir
        self.lib_dir = unit_dir + "-of-packages"  # in place of /lib/systemd/system
        self.properties = {}  # unit to what `systemctl show` says of it beside the usual
        self.before = lambda words: None
        self.calls = []
        self.shown = []  # the units that `systemctl show` was called for
        self.broken = {}  # words of a command: what it says instead of doing it
        self.active = {"nginx.service"}  # units without a process of ours
        self.enabled = set()
        self._scratch = scratch
        self._loaded = {}
        self._services = {}
        self._sockets = {}
        self._transient = {}

    # --- the four programs ------------------------------------------------------------------------

    def run(self, argv, **dummy):
        """In place of subprocess.run."""
        words = [str(word) for word in argv]
        if words[0] == "env":
            words = [word for word in words[1:] if not re.match("[A-Z_]+=", word)]
        programs = {
            "systemctl": self._systemctl,
            "systemd-run": self._systemd_run,
            "systemd-analyze": self._systemd_analyze,
            "journalctl": self._journalctl,
        }
        if words[0] not in programs:
            raise FileNotFoundError(words[0])
        code, stdout, stderr = programs[words[0]](words[1:])
        return SimpleNamespace(returncode=code, stdout=stdout, stderr=stderr)

    def _systemctl(self, words):
        if words == ["--version"]:
            return 0, "systemd %d (%d.1-1)\n+PAM\n" % (VERSION, VERSION), ""
        verb, *names = [word for word in words if not word.startswith("--")]
        if verb == "show":
            self.shown.append(names[0])
            return 0, "".join("%s=%s\n" % pair for pair in self._show(names[0]).items()), ""
        assert verb in CHANGING, words
        refusal = self._announce(" ".join([verb, *names]))
        if refusal is None:
            refusal = getattr(self, "_" + verb.replace("-", "_"))(*names)
        return (5 if "not loaded" in refusal else 1, "", refusal) if refusal else (0, "", "")

    def _announce(self, words):
        self.before(words)
        self.calls.append(words)
        return self.broken.get(words)

    def _systemd_run(self, words):
        options, command = words[: words.index("--")], words[words.index("--") + 1 :]
        given = [word.partition("=")[::2] for word in options]
        name = dict(given)["--unit"]
        refusal = self._announce("run " + name)
        if refusal is None:
            settings = [value.partition("=")[::2] for key, value in given if key == "--property"]
            self._transient[name] = settings
            refusal = self._spawn(name, command, settings)
        return (1, "", refusal) if refusal else (0, "", "")

    def _systemd_analyze(self, words):
        complaints = []
        for path in (word for word in words[1:] if not word.startswith("--")):
            with open(path, encoding="utf-8") as handle:
                for number, line in enumerate(handle, 1):
                    if line.startswith(UNKNOWN_KEY):
                        complaints.append(
                            "%s:%d: Unknown key '%s' in section [Service]" % (path, number, UNKNOWN_KEY)
                        )
        return int(bool(complaints)), "", "\n".join(complaints)

    def _journalctl(self, words):
        given = dict(word.partition("=")[::2] for word in words)
        lines = []
        for path in sorted(os.listdir(self._scratch)):
            begun, dummy, unit = path.partition(" ")
            if unit == given["--unit"] and int(begun) >= int(given["--since"].lstrip("@")) * 10**9:
                with open(os.path.join(self._scratch, path), encoding="utf-8") as handle:
                    lines += handle.readlines()
        return 0, "".join(lines[-int(given["--lines"]) :]), ""

    # --- what systemctl does; each returns a refusal, or an empty text ----------------------------

    def _restart(self, name):
        text = self._text(name)
        if text is None:
            return "Failed to restart %s: Unit %s not found." % (name, name)
        self._loaded[name] = text
        self._end(name)
        return self._begin(name)

    def _start(self, name):
        return "" if self._is_active(name) else self._restart(name)

    def _stop(self, name):
        if self._text(name) is None and name not in self._services and name not in self._transient:
            return "Failed to stop %s: Unit %s not loaded." % (name, name)
        self._end(name)
        self._transient.pop(name, None)
        return ""

    def _enable(self, name):
        if self._read(name) is None:
            return "Failed to enable unit: Unit file %s does not exist." % name
        self.enabled.add(name)
        return ""

    def _disable(self, name):
        self.enabled.discard(name)
        return ""

    def _daemon_reload(self):
        self._loaded.clear()
        return ""

    def _reset_failed(self, name):
        if name in self._services and not self._services[name].running():
            del self._services[name]
        return ""

    # --- units ------------------------------------------------------------------------------------

    def _read(self, name):
        """The unit file's text as it is on disk; an instance has its template's."""
        path = self._path(name)
        if not path:
            return None
        with open(path, encoding="utf-8") as handle:
            return handle.read()

    def _path(self, name):
        for file in (name, re.sub("@.*[.]", "@.", name)):
            for directory in (self.unit_dir, self.lib_dir):
                if os.path.exists(os.path.join(directory, file)):
                    return os.path.join(directory, file)
        return ""

    def _text(self, name):
        """The unit's text as systemd has it. What is neither active nor enabled is read again every time."""
        loaded = self._is_active(name) or name in self.enabled
        if not loaded or name not in self._loaded:
            self._loaded[name] = self._read(name)
        return self._loaded[name]

    def _is_active(self, name):
        running = name in self._services and self._services[name].running()
        return running or name in self._sockets or name in self.active

    def _show(self, name):
        text = self._text(name)
        stale = text is not None and text != self._read(name)
        state = {
            "LoadState": "loaded" if text is not None or name in self._transient else "not-found",
            "ActiveState": "active" if self._is_active(name) else "inactive",
            "UnitFileState": "enabled" if name in self.enabled else "disabled" if text is not None else "",
            "NeedDaemonReload": "yes" if stale else "no",
            "MainPID": 0,
            "NRestarts": 0,
            "Id": name,
            "FragmentPath": self._path(name),
            "DropInPaths": " ".join(sorted(glob.glob("%s/%s.d/*.conf" % (self.unit_dir, name)))),
            "TriggeredBy": "",
        }
        state.update(self.properties.get(name, {}))
        if name in self._services:
            state.update(self._services[name].state())
        return state

    def _begin(self, name):
        lines = _settings(self._loaded[name], name)
        if name.endswith(".timer"):
            self.active.add(name)
            return ""
        if name.endswith(".socket"):
            return self._listen(name, int(dict(lines)["ListenStream"]))
        for unit in dict(lines).get("Requires", "").split():
            refusal = self._start(unit)
            if refusal:
                return refusal
        return self._spawn(name, shlex.split(dict(lines)["ExecStart"]), lines)

    def _listen(self, name, port):
        if self._is_active(name.replace(".socket", ".service")):
            return "%s: Socket service already active, refusing." % name
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            listening.close()
            return "%s: Failed to create listening socket: %s" % (name, error)
        listening.listen()
        self._sockets[name] = listening
        return ""

    def _spawn(self, name, command, settings):
        variables = {key: os.environ[key] for key in ("LD_LIBRARY_PATH",) if key in os.environ}
        for path in (value for key, value in settings if key == "EnvironmentFile"):
            if path.startswith("-") and not os.path.exists(path[1:]):
                continue
            with open(path.lstrip("-"), encoding="utf-8") as handle:
                variables.update(environment.parse(handle.read()))
        command = [_expanded(word, variables) for word in command]
        listening = self._sockets.get(name.replace(".service", ".socket"))
        passed = [listening.fileno()] if listening else []
        if listening:
            variables.update(LISTEN_FDS="1", LISTEN_FD=str(passed[0]))  # Popen cannot make it number 3
        try:
            service = _Service(command, variables, passed, "%s/%d %s" % (self._scratch, time.time_ns(), name))
        except OSError as error:
            return "Job for %s failed: %s" % (name, error)
        self._services[name] = service
        return ""

    def _end(self, name):
        self.active.discard(name)
        if name in self._sockets:
            self._sockets.pop(name).close()
        if name in self._services:
            self._services.pop(name).stop()

    # --- for the tests ----------------------------------------------------------------------------

    def pid(self, name):
        """The process of a service; None where none runs."""
        return self._services[name].process.pid if self._is_active(name) else None

    def open(self, path, *args, **kwargs):
        """In place of the function ``open``: the control group of a process is that of its unit."""
        found = re.fullmatch("/proc/([0-9]+)/cgroup", path)
        for name in self.running() if found else ():
            if self.pid(name) == int(found[1]):
                return io.StringIO("0::/system.slice/%s\n" % name)
        return open(path, *args, **kwargs)

    def is_transient(self, name):
        """In place of transient.is_there."""
        return name in self._transient

    def running(self):
        """The services that run."""
        return sorted(name for name in self._services if self._is_active(name))

    def kill(self, name):
        """End a process as a fault of its own would."""
        self._services[name].kill()

    def shut_down(self):
        for name in list(self._services) + list(self._sockets):
            self._end(name)


class _Service:
    """One process of a unit, from its start to its end."""

    def __init__(self, command, variables, passed, log):
        up, tell = os.pipe()
        try:
            with open(log, "wb") as output:
                self.process = subprocess.Popen(
                    command,
                    env=dict(variables, UP_FD=str(tell)),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=[tell, *passed],
                )
        except BaseException:
            os.close(up)
            raise
        finally:
            os.close(tell)
        self._started = int(time.monotonic() * 1e6)
        self._reaper = threading.Thread(target=self.process.wait, daemon=True)
        self._reaper.start()
        if not _first_byte(up):
            self._reaper.join()

    def running(self):
        if not os.path.isdir("/proc/%d" % self.process.pid):
            self._reaper.join()
        return self.process.returncode is None

    def stop(self):
        self.process.terminate()
        self._reaper.join(PATIENCE)
        self.kill()

    def kill(self):
        self.process.kill()
        self._reaper.join()

    def state(self):
        running, code = self.running(), self.process.returncode
        state = {
            "MainPID": self.process.pid if running else 0,
            "ExecMainStartTimestampMonotonic": self._started,
        }
        if not running and code:
            state.update(ActiveState="failed", SubState="failed", Result="exit-code", ExecMainStatus=code)
        return state


def _first_byte(descriptor):
    """Wait for what the service writes when it listens; empty where it ended before."""
    with open(descriptor, "rb", buffering=0) as pipe:
        return pipe.read(1)


def _expanded(word, variables):
    """A word of a command line as systemd passes it on: it knows ${NAME} in any place, and $$."""
    return re.sub(
        r"[$]([$]|{([A-Za-z0-9_]+)})", lambda found: variables.get(found[2], "") if found[2] else "$", word
    )


def _settings(text, name):
    """The lines of a unit file as pairs, with its specifiers expanded."""
    instance = name.partition("@")[2].rpartition(".")[0]
    expanded = {"%i": instance, "%%": "%"}
    pairs = re.findall("^([A-Za-z]+)=(.*)$", text, re.MULTILINE)
    return [(key, re.sub("%[i%]", lambda match: expanded[match[0]], value)) for key, value in pairs]
