# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of the hardened unit, for every module that has them."""

    DOCUMENTATION = r"""
options:
  unit:
    description:
      - How the service runs. All options have defaults, and these are strict. The service has no privileges,
        no capabilities, a file system that is read-only except for its own directories, no devices, no
        namespaces, and only the system calls that a server needs.
      - C(systemd-analyze security) rates the unit at 1.1 of 10 or better; the rest is the network, which a
        server needs.
      - Values are literal, including C(%) and C($), and line breaks are refused. Only O(unit.directives) is
        raw.
      - Drop-ins of an administrator in C(/etc/systemd/system/NAME.service.d) apply as usual.
    type: dict
    default: {}
    suboptions:
      description:
        description: The unit's C(Description), one line. Default is the service's name.
        type: str
      user:
        description: The user that the service runs as; it must exist. Default is the service's name.
        type: str
      group:
        description: The group that the service runs as. Default is the user's own group.
        type: str
      exec_args:
        description:
          - Arguments of the binary, one element each, without a shell.
          - With M(slipway.golang.release), C({port}) is the port of the instance, and C({config}) is the
            directory of its configuration files. C({{port}}) is a literal C({port}).
        type: list
        elements: str
        default: []
      type:
        description:
          - When systemd considers the service started. V(exec) is when the binary runs, V(notify) when the
            service reports it with C(sd_notify), V(simple) before the binary is executed.
        type: str
        choices: [exec, simple, notify]
        default: exec
      after:
        description: Units that start before this one, if they start.
        type: list
        elements: str
        default: [network-online.target]
      wants:
        description: Units that are started with this one. For a strict requirement set C(Requires) in
          O(unit.directives).
        type: list
        elements: str
        default: [network-online.target]
      working_directory:
        description: The directory in which the service starts. Default is C(/var/lib/NAME), or C(/) without
          O(unit.state_directory).
        type: str
      credentials:
        description:
          - Secrets, as names and absolute paths of files on the host. Only the service finds them, below
            C($CREDENTIALS_DIRECTORY).
          - Needs systemd 247.
        type: dict
        default: {}
      state_directory:
        description: Create C(/var/lib/NAME), writable only for the service. It is also C(HOME), unless the
          service's environment has another one.
        type: bool
        default: true
      runtime_directory:
        description:
          - Create C(/run/NAME) while the service runs. Only the service may enter it, and O(unit.proxy_user).
          - A smoke test gets C(/run/NAME-smoke) instead, and each instance of the strategy V(blue_green) its
            own, C(/run/NAME@blue) and C(/run/NAME@green). Let the service read C($RUNTIME_DIRECTORY).
        type: bool
        default: true
      proxy_user:
        description:
          - The user of a proxy on the same host that connects to a unix socket in C(/run/NAME), such as
            V(www-data) for nginx of Debian. The service may write to its sockets too, and nobody else.
          - systemd makes access control lists for it with C(systemd-tmpfiles), and the umask is 0007.
        type: str
      cache_directory:
        description: Create C(/var/cache/NAME), writable only for the service.
        type: bool
        default: false
      logs_directory:
        description: Create C(/var/log/NAME), writable only for the service. Its output is in the journal in
          any case.
        type: bool
        default: false
      read_write_paths:
        description: More absolute paths that the service may write to. With a leading C(-) the path may be
          missing.
        type: list
        elements: str
        default: []
      restart:
        description: When systemd restarts the service.
        type: str
        choices: ["no", on-failure, on-abnormal, on-success, always]
        default: on-failure
      restart_sec:
        description: Seconds before the first restart.
        type: int
        default: 2
      restart_steps:
        description:
          - In how many steps the delay grows to O(unit.restart_max_delay_sec). V(0) keeps it constant.
          - Needs systemd 254; an older one keeps the delay constant, and logs that it ignores the two
            directives. So it is off unless you set it.
        type: int
        default: 0
      restart_max_delay_sec:
        description: The longest delay in seconds, with O(unit.restart_steps).
        type: int
        default: 20
      start_limit_burst:
        description:
          - How many starts are tried within O(unit.start_limit_interval_sec) before the unit stays V(failed),
            so that monitoring sees it.
          - A start by this collection is never refused because of it.
        type: int
        default: 100
      start_limit_interval_sec:
        description: The interval in seconds in which starts are counted.
        type: int
        default: 600
      drain_seconds:
        description:
          - How long the service may take to finish its requests after C(SIGTERM). Five seconds later systemd
            kills it.
          - The service's own shutdown timeout should not be longer.
        type: int
        default: 25
      memory_max:
        description:
          - The most memory the service may have, as in V(512M), or a percentage of the host's.
          - C(GOMEMLIMIT) becomes 90% of it, so that Go collects garbage more often before the kernel kills
            the service; not with a percentage. The service's environment may override it.
        type: str
      cpu_quota:
        description:
          - The most CPU time, as a percentage of one CPU. V(150%) is one and a half CPUs.
          - C(GOMAXPROCS) becomes the next whole number of CPUs. The service's environment may override it.
        type: str
      tasks_max:
        description: The most threads. Default is that of systemd.
        type: int
      limit_nofile:
        description: The most open files and connections.
        type: int
        default: 65536
      log_rate_limit:
        description:
          - How many lines journald keeps of the service in an interval; it drops more than that. Without it
            the limit of C(journald.conf) applies, which is 10000 in 30 seconds.
          - journald multiplies the burst by up to six where its file system has much free space.
          - The playbooks C(slipway.golang.logs) and C(slipway.golang.status) report what was dropped.
        type: dict
        suboptions:
          burst:
            description: How many lines. V(0) is no limit.
            type: int
          interval_sec:
            description: The interval in seconds. V(0) is no limit.
            type: int
      capabilities:
        description:
          - Capabilities of the service, such as V(CAP_NET_BIND_SERVICE) for a port below 1024.
          - Any capability disables C(PrivateUsers), because it would have no effect in a user namespace.
        type: list
        elements: str
        default: []
      ip_allow:
        description:
          - Networks that the service may exchange packets with; all others are blocked. Elements are
            addresses, networks, or C(localhost), C(link-local), C(multicast), C(any). Empty means no
            restriction.
          - List the DNS servers, databases and clients too.
        type: list
        elements: str
        default: []
      hardening:
        description:
          - "Directives of the sandbox that differ from the strict defaults, as in V({MemoryDenyWriteExecute:
            false}) for a JIT. A list is one line per element, and null removes the directive. A name that the
            sandbox does not use is refused."
        type: dict
        default: {}
      directives:
        description:
          - "Any other directives, by section, as in V({Service: {OOMScoreAdjust: -100}}). A list is one line
            per element."
          - They come last in their section, so a single value overrides ours and a list adds to ours; begin a
            list with an empty string to reset it.
          - The values are raw. systemd expands specifiers such as C(%H) in them, but not in a smoke test.
        type: dict
        default: {}
"""
