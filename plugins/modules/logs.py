# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: logs
short_description: Gather what a Go service logged, with the release of each line
version_added: 0.1.0
description:
  - Reads the journal of a host for the units of a service, whatever its strategy is, and its deploys and
    rollbacks from its history.
  - Each line has the release that wrote it, also where the service never logs it. It is read from the path of
    the process, C(/opt/NAME/releases/ID). A field C(release) of a JSON line wins, if it names a release that
    this host has or had. A process that ended before journald looked at it gets its release from the history.
  - Where journald dropped messages there is an entry that says how many.
  - The playbook C(slipway.golang.logs) shows the lines of all hosts in one order.
  - The module is executed by an action plugin, in one remote execution that needs nothing on the host but
    Python and systemd. The lines are compressed on the way.
options:
  since:
    description:
      - The beginning, as how long ago - V(10m), V(2h30m), V(1d) - or as a time - V(2026-11-28T12:01:00Z),
        V(2026-11-28 12:01), V(12:01). A time without a zone is UTC.
    type: str
    default: 10m
  until:
    description: The end, in the same forms. Default is now.
    type: str
  level:
    description:
      - The lowest level. It is read from the fields C(level), C(lvl) or C(severity) of a JSON line, from
        C(level=) in a line of text, or from its beginning. Else it is the priority in the journal.
      - Lines without a level are always returned, because a panic has none.
    type: str
    choices: [debug, info, notice, warn, error, fatal, alert, emerg]
  grep:
    description: A regular expression of Python that the line matches, as the service wrote it. Upper and
      lower case are the same, unless the expression has upper case.
    type: str
  release:
    description: Only lines of this release - V(current), V(previous), an id or a version.
    type: str
  lines:
    description: The most lines. The newest ones are returned, the oldest first.
    type: int
    default: 1000
  follow:
    description: For the playbook. For how many seconds from O(until) on this host is asked again every two
      seconds, in a process beside Ansible. M(slipway.golang.merge_logs) prints what it says.
    type: int
    default: 0
  packed:
    description: Return RV(packed) in place of RV(lines). It is much smaller for Ansible to keep.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.golang.service
  - slipway.golang.attributes
  - slipway.golang.attributes.info_module
notes:
  - Needs root on the host - set C(become) - and there Python 3.8 or newer.
  - A line that is longer than 16384 characters is cut.
  - For a host of the group C(clusters) it asks the Kubernetes that the variables of the host name, with
    C(kubectl), see the page on clusters.
seealso:
  - module: slipway.golang.merge_logs
  - module: slipway.golang.release_info
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Get the errors of the last hour
  slipway.golang.logs:
    name: orders
    since: 1h
    level: error
  become: true
  register: orders

- name: Print them
  ansible.builtin.debug:
    msg: "{{ orders.lines | map(attribute='message') }}"
"""

RETURN = r"""
lines:
  description: The lines, the oldest first.
  returned: without O(packed)
  type: list
  elements: dict
  contains:
    time:
      description: When it was logged, in UTC.
      type: str
      sample: "2026-11-28T12:01:07.123456Z"
    host:
      description: The host's name in the inventory.
      type: str
      sample: web1
    kind:
      description: V(line) for what the service wrote, V(unit) for what systemd and others wrote about it,
        V(lost) where messages were dropped, V(act) for a deploy, a rollback or a command.
      type: str
      sample: line
    release:
      description: Id of the release; null if it is none of Slipway's. Of a command, the release that it was
        run with.
      type: str
      sample: 1.4.2-0a1b2c3d4e5f
    level:
      description: V(emerg), V(alert), V(fatal), V(error), V(warn), V(notice), V(info), V(debug), or null.
      type: str
      sample: info
    message:
      description: The message of a JSON line, or the whole line; of an act, why it failed.
      type: str
      sample: request
    fields:
      description: The other fields of a JSON line.
      type: dict
    by:
      description: Of V(unit), who wrote it.
      type: str
      sample: systemd
    lost:
      description: Of V(lost), how many messages.
      type: int
      sample: 4312
    act:
      description: Of V(act), C(deploy), C(rollback), C(install), C(run) or C(migrate). The fields that follow
        are those of the history.
      type: str
      sample: deploy
    from:
      description: The release that was live before.
      type: str
    to:
      description: The release that was to be live.
      type: str
    outcome:
      description: What came of it.
      type: str
      sample: ok
    ready_ms:
      description: After how many milliseconds it was ready.
      type: int
      sample: 63
    actor:
      description: Who did it.
      type: str
      sample: ann@laptop
packed:
  description: The same for M(slipway.golang.merge_logs), compressed.
  returned: with O(packed)
  type: str
releases:
  description: Ids of the releases in the lines.
  returned: always
  type: list
  elements: str
older_left_out:
  description: Whether there are older lines than O(lines) allows.
  returned: always
  type: bool
lost:
  description: How many messages were dropped in this time.
  returned: always
  type: int
  sample: 0
begins:
  description: The oldest entry of the journal, in microseconds since the epoch, if that is after O(since) and
    lines may be gone; else null.
  returned: always
  type: int
volatile:
  description: Whether the journal is in memory only; false where RV(begins) is null.
  returned: always
  type: bool
release_known:
  description: Whether O(release) is, or was, on this host.
  returned: always
  type: bool
known_releases:
  description: If it is not, the ids of the newest releases of this host.
  returned: always
  type: list
  elements: str
cursor:
  description: The place in the journal after these lines; null if there are none.
  returned: always
  type: str
clock_ahead_seconds:
  description: By how many seconds the host's clock is ahead of the controller's; negative if it is behind, 0
    below two seconds.
  returned: always
  type: int
  sample: 0
"""
