# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a unit and their defaults, and the settings of the sandbox: tables only."""

from __future__ import annotations

TYPE_CHECKING = False  # as importing typing would cost time on every host
if TYPE_CHECKING:
    from typing import Any

OPTIONS: dict[str, dict[str, Any]] = {
    "description": {"type": "str"},
    "user": {"type": "str"},
    "group": {"type": "str"},
    "exec_args": {"type": "list", "elements": "str", "default": []},
    "type": {"type": "str", "choices": ["exec", "simple", "notify"], "default": "exec"},
    "after": {"type": "list", "elements": "str", "default": ["network-online.target"]},
    "wants": {"type": "list", "elements": "str", "default": ["network-online.target"]},
    "working_directory": {"type": "str"},
    "credentials": {"type": "dict", "default": {}},
    "state_directory": {"type": "bool", "default": True},
    "runtime_directory": {"type": "bool", "default": True},
    "proxy_user": {"type": "str"},
    "cache_directory": {"type": "bool", "default": False},
    "logs_directory": {"type": "bool", "default": False},
    "read_write_paths": {"type": "list", "elements": "str", "default": []},
    "restart": {
        "type": "str",
        "choices": ["no", "on-failure", "on-abnormal", "on-success", "always"],
        "default": "on-failure",
    },
    "restart_sec": {"type": "int", "default": 2},
    "restart_steps": {"type": "int", "default": 0},
    "restart_max_delay_sec": {"type": "int", "default": 20},
    "start_limit_burst": {"type": "int", "default": 100},
    "start_limit_interval_sec": {"type": "int", "default": 600},
    "drain_seconds": {"type": "int", "default": 25},
    "memory_max": {"type": "str"},
    "cpu_quota": {"type": "str"},
    "tasks_max": {"type": "int"},
    "limit_nofile": {"type": "int", "default": 65536},
    "log_rate_limit": {
        "type": "dict",
        "options": {"burst": {"type": "int"}, "interval_sec": {"type": "int"}},
    },
    "capabilities": {"type": "list", "elements": "str", "default": []},
    "ip_allow": {"type": "list", "elements": "str", "default": []},
    "hardening": {"type": "dict", "default": {}},
    "directives": {"type": "dict", "default": {}},
}

# A list is one line per element. Left out on purpose:
# AF_NETLINK is allowed, as Go's net.Interfaces() needs it: it only reads without a capability.
# ProcSubset=pid hides /proc/sys/net/core/somaxconn, and Go then listens with a backlog of 128.
HARDENING: dict[str, Any] = {
    "NoNewPrivileges": True,
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "ProtectSystem": "strict",
    "ProtectHome": True,
    "ProtectProc": "invisible",
    "ProtectClock": True,
    "ProtectControlGroups": True,
    "ProtectHostname": True,
    "ProtectKernelLogs": True,
    "ProtectKernelModules": True,
    "ProtectKernelTunables": True,
    "PrivateDevices": True,
    "PrivateIPC": True,
    "PrivateMounts": True,
    "PrivateTmp": True,
    "PrivateUsers": True,
    "DevicePolicy": "closed",
    "KeyringMode": "private",
    "LockPersonality": True,
    "MemoryDenyWriteExecute": True,
    "RemoveIPC": True,
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "RestrictNamespaces": True,
    "RestrictRealtime": True,
    "RestrictSUIDSGID": True,
    "SystemCallArchitectures": "native",
    "SystemCallErrorNumber": "EPERM",
    "SystemCallFilter": ["@system-service", "~@privileged @resources"],
    "UMask": "0077",
}

# The version of systemd that introduced a directive. An older one ignores the line in a unit file, which
# costs a layer of the sandbox and nothing else, but refuses it on the command line of systemd-run.
SINCE: dict[str, int] = {
    "ProtectHostname": 242,
    "RestrictSUIDSGID": 242,
    "ProtectKernelLogs": 244,
    "ProtectClock": 245,
    "ProtectProc": 247,
    "PrivateIPC": 248,
    "RestartSteps": 254,
    "RestartMaxDelaySec": 254,
}
