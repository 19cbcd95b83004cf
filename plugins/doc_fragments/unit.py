# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of the hardened unit, told once for every module that takes them."""

    DOCUMENTATION = r"""
options:
  unit:
    description:
      - How the service runs. Everything has a default, and the defaults are strict - no privileges, no capabilities, a file system that is
        read-only but for the service's own directories, no devices, no namespaces, only the system calls that a server needs.
      - C(systemd-analyze security) rates the unit with 1.1 of 10 and better; what remains is the network that a server needs.
      - Values are taken literally - a C(%) or a C($) means itself - and line breaks are refused. Only O(unit.directives) is raw.
      - An administrator's drop-ins in C(/etc/systemd/system/NAME.service.d) are respected.
    type: dict
    default: {}
    suboptions:
      description:
        description: One line for people. Default is the service's name.
        type: str
      user:
        description: The account under which the service runs; it must exist. Default is the service's name.
        type: str
      group:
        description: Its group. Default is the account's own group.
        type: str
      exec_args:
        description: Arguments of the binary, one element each, with no shell in between.
        type: list
        elements: str
        default: []
      type:
        description:
          - When the service counts as started - V(exec) as soon as the binary runs, V(notify) when it says so by C(sd_notify),
            V(simple) before it is even executed.
        type: str
        choices: [exec, simple, notify]
        default: exec
      after:
        description: Units that start before this one, where they start at all.
        type: list
        elements: str
        default: [network-online.target]
      wants:
        description: Units that are started with this one. For a hard requirement set C(Requires) in O(unit.directives).
        type: list
        elements: str
        default: [network-online.target]
      working_directory:
        description: The directory in which the service starts. Default is C(/).
        type: str
      credentials:
        description:
          - Secrets, as names and absolute paths of files on the host. The service finds them below C($CREDENTIALS_DIRECTORY), nobody else does.
          - Needs systemd 247.
        type: dict
        default: {}
      state_directory:
        description: Have C(/var/lib/NAME), writable for the service alone.
        type: bool
        default: true
      runtime_directory:
        description:
          - Have C(/run/NAME) while the service runs. Everybody may enter it, so that a proxy reaches a socket in it.
          - A smoke run gets C(/run/NAME-smoke) instead. Let the service read C($RUNTIME_DIRECTORY).
        type: bool
        default: true
      cache_directory:
        description: Have C(/var/cache/NAME), writable for the service alone.
        type: bool
        default: false
      logs_directory:
        description: Have C(/var/log/NAME), writable for the service alone. What the service prints is in the journal anyway.
        type: bool
        default: false
      read_write_paths:
        description: Further absolute paths that the service may write to. With a leading C(-) the path may be missing.
        type: list
        elements: str
        default: []
      restart:
        description: When systemd starts the service again by itself.
        type: str
        choices: ["no", on-failure, on-abnormal, on-success, always]
        default: on-failure
      restart_sec:
        description: Seconds before the first new start.
        type: int
        default: 2
      restart_steps:
        description:
          - In how many steps the pause grows to O(unit.restart_max_delay_sec). V(0) keeps it as it is.
          - systemd 254 and newer do so; an older one keeps the pause as it is, and says in its journal that it ignores the two lines.
        type: int
        default: 5
      restart_max_delay_sec:
        description: The longest pause in seconds.
        type: int
        default: 20
      start_limit_burst:
        description:
          - How many starts within O(unit.start_limit_interval_sec) are tried before the unit is V(failed) for good, so that monitoring sees it.
          - A wanted start by this collection is never refused for it.
        type: int
        default: 20
      start_limit_interval_sec:
        description: The span in seconds in which starts are counted.
        type: int
        default: 600
      drain_seconds:
        description:
          - How long the service may take to finish its requests after C(SIGTERM). Five seconds later systemd kills what is left of it.
          - The service's own shutdown deadline should not be longer.
        type: int
        default: 25
      memory_max:
        description:
          - The most memory the service may have, as in V(512M), or a percentage of the host's.
          - C(GOMEMLIMIT) becomes 90% of it, so that Go's collector works harder before the kernel kills; not with a percentage.
            The service's environment may say otherwise.
        type: str
      cpu_quota:
        description:
          - The most CPU time, as a percentage of one CPU - V(150%) is one and a half.
          - C(GOMAXPROCS) becomes the next whole number of CPUs. The service's environment may say otherwise.
        type: str
      tasks_max:
        description: The most threads. Default is systemd's own.
        type: int
      limit_nofile:
        description: The most open files and connections.
        type: int
        default: 65536
      capabilities:
        description:
          - What the service may do although it is not root, as in V(CAP_NET_BIND_SERVICE) for a port below 1024.
          - Any capability switches C(PrivateUsers) off, as it would mean nothing in a user namespace of its own.
        type: list
        elements: str
        default: []
      ip_allow:
        description:
          - Networks that the service may talk to; all others are cut off. Elements are addresses, networks, or C(localhost), C(link-local),
            C(multicast), C(any). Empty means no restriction.
          - Name the DNS servers, databases and clients too.
        type: list
        elements: str
        default: []
      hardening:
        description:
          - "Directives of the sandbox that shall differ from the strict defaults, as in V({MemoryDenyWriteExecute: false}) for a JIT.
            A list is one line per element, and null drops the directive. A name that the sandbox does not use is refused."
        type: dict
        default: {}
      directives:
        description:
          - "Anything else, as sections of directives, as in V({Service: {OOMScoreAdjust: -100}}). A list is one line per element."
          - They come last in their section, so a single value overrules ours and a list adds to ours; begin a list with an empty text to reset it.
          - The values are raw - systemd expands specifiers such as C(%H) in them, but not in a smoke run.
        type: dict
        default: {}
"""
