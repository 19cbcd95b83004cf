# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Put a release of a Go service on a host, judge its health, put the old one back if it is not well
version_added: 0.1.0
description:
  - Takes the tarball that M(slipway.golang.package) made and makes it a release on the host - binary, unit and environment together -
    then switches to it, starts it and judges it. Where it is not healthy, the release that was live before is put back and judged too.
  - A release is named by its content, so that the same input is the same directory on every host, and a second run changes nothing.
  - One remote execution says whether there is anything to do. Only then does a second one carry what the host lacks and do it.
  - "A failed task says in RV(outcome) what it left running. V(rejected): the live service was not touched. V(reverted): the new release
    was started and found unhealthy, and the old one is back. V(down): nothing healthy runs. V(unconfirmed): the new
    release runs, and goes as O(confirm_within) says."
  - The module is executed by an action plugin, which streams its own engine to the host's Python; nothing is left behind there.
options:
  name:
    description: The service's name; also its unit, its user unless O(unit.user) says otherwise, and its directory below C(/opt).
    type: str
    required: true
  state:
    description:
      - V(active) makes the release the live one.
      - V(staged) only puts it on the host, so that a later V(active) moves no bytes.
      - V(absent) stops the service and removes its unit and all its releases. Its data in C(/var/lib) stays.
    type: str
    choices: [active, staged, absent]
    default: active
  artifact:
    description:
      - Paths of tarballs on the controller, all of one version, at most one for each kind of machine. The host gets the one that suits it.
      - Mutually exclusive with O(release).
    type: list
    elements: path
  release:
    description:
      - Activates a release that the host already has - an id, a version, or V(previous) for the one that was live before.
      - Nothing travels to the host, and the release brings back the unit, the environment and the health check that it was proven with.
    type: str
  root:
    description: The directory of everything of this service. Default is C(/opt/) and O(name).
    type: path
  environment:
    description:
      - Environment variables of the service. They are part of the release, kept in a file that only root can read, and never shown.
      - A change of these alone is a release of its own that moves no binary over the network.
    type: dict
    default: {}
  port:
    description: The TCP port on which the service listens. The service learns it from the variable O(port_variable).
    type: int
  port_variable:
    description: The environment variable from which the service takes its port.
    type: str
    default: PORT
  strategy:
    description:
      - How the new release takes over.
      - V(restart) stops the old process and starts the new one. There is a gap as long as both take.
      - V(socket) has systemd listen on O(port). Connections queue there while the old process ends and the new one starts; none is refused. The
        service has to take the listener that systemd passes to it.
      - V(blue_green) starts the new one as a second instance on another port, judges it there, has nginx send to it, and stops the old
        one when it has finished what it had. Nothing is lost and nothing waits. It needs a site of M(slipway.golang.nginx_site) of the app's
        name on the same host, with C(127.0.0.1) and both ports as its servers, which the playbook C(slipway.golang.setup) makes where
        C(slipway_strategy) says so.
      - A live release of V(restart) can be followed by one of V(blue_green) without a gap, or by one of V(socket) with the gap of a restart.
        Any other change is refused.
    type: str
    default: restart
  alternate_port:
    description: With O(strategy=blue_green), the port of every other release. Default is the one after O(port).
    type: int
  external_health:
    description:
      - A second check, from the controller's side, once the release is live; for instance of the load balancer's address. It takes the
        options of M(slipway.golang.health). Where it fails the task fails, and the release is left running, as it is healthy on its host.
    type: dict
  smoke:
    description:
      - Start the new binary as a transient unit first, with the same sandbox, user and environment, but on a free port, and judge it there,
        so that a release which cannot serve is refused while the old one still does.
      - Switch it off where a second process at the same time does harm, or where the service does not take its port from the environment.
    type: bool
    default: true
  keep:
    description:
      - How many releases that served well to keep for going back. The live one, the previous one and the newest failed one are kept besides.
    type: int
    default: 5
  allowed_signers:
    description:
      - Text of an allowed-signers file as C(ssh-keygen) reads it. The host refuses an artifact that none of these keys signed.
    type: str
  delta:
    description:
      - Where the host has a release of an older artifact, and that one lies beside the new one on the controller, send a patch between the two. A change
        of some lines is a patch of one or two percent of the tarball.
      - The patch is made once for all hosts, and kept in C(.patches) beside the artifact. What a host makes of it has to have the very digests that the
        new artifact's manifest lists. Where there is no patch, or it will not do, the whole artifact travels, and RV(transfer_note) says why.
    type: bool
    default: false
  pull_from:
    description:
      - Where hosts fetch what they lack by themselves, so that the controller need not send it - one HTTP or HTTPS URL that ends with C(/), below which
        the tarballs lie under their own names, or a URL for each of O(artifact), in their order, as a bucket gives them, signed for some minutes.
      - A broken connection is taken up where it broke, where the server knows ranges. What comes has to be of the artifact's size, to have the digests that its
        manifest lists, and the signature that O(allowed_signers) asks for. Where a host cannot fetch it, or fetches less than 100 kB a second beyond a first
        minute, the controller sends it in the same run, and RV(transfer_note) says why.
      - The artifacts themselves still have to be on the controller, which reads their manifests.
    type: list
    elements: str
    default: []
  pull_ca_file:
    description: Path on the host of certificates, in PEM, that HTTPS of O(pull_from) is checked with. Default is what the host trusts.
    type: path
  lock_wait:
    description: How many seconds to wait where another deploy of the same service holds the lock.
    type: float
    default: 0
  fencing_token:
    description:
      - RV(slipway.golang.lease#module:counter) of the lease under which this is done. A host that a rollout with a higher number has been to refuses it.
      - V(0) is no such check.
    type: int
    default: 0
  confirm_within:
    description:
      - A dead man's switch. When the new release is live, the controller comes again over a new connection. Where it does not get through within so
        many seconds, because the release took the host's network or its SSH server down, say, the host puts the old release back by itself.
      - It costs one more remote execution and a new connection. V(0) is no such switch; the shortest is 5.
      - There has to be an old release, and both have to be of the same O(strategy).
    type: int
    default: 0
extends_documentation_fragment:
  - slipway.golang.unit
  - slipway.golang.health.nested
  - slipway.golang.attributes
attributes:
  diff_mode:
    details: Values of the environment are never shown, only whether they differ.
notes:
  - Needs root on the host - set C(become) - and there Python 3.8 and systemd 240, or newer. For hosts without Python see the playbook
    C(slipway.golang.scp).
seealso:
  - module: slipway.golang.package
  - module: slipway.golang.release_info
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Deploy a new version
  slipway.golang.release:
    name: orders
    artifact: [dist/orders-1.4.2-linux-amd64.tar.gz]
    port: 8080
    environment:
      GIN_MODE: release
    health:
      path: /healthz
  become: true

- name: Go back to what was live before
  slipway.golang.release:
    name: orders
    release: previous
    health:
      path: /healthz
  become: true

- name: Put the artifact on the hosts ahead of the deploy
  slipway.golang.release:
    name: orders
    state: staged
    artifact: [dist/orders-1.4.2-linux-amd64.tar.gz, dist/orders-1.4.2-linux-arm64.tar.gz]
    port: 8080
  become: true
"""

RETURN = r"""
outcome:
  description: What became of the host - V(ok), V(rejected), V(reverted), V(down), V(unconfirmed), or V(unknown) where Slipway itself failed.
  returned: always
  type: str
  sample: ok
release:
  description: Id of the release that was wanted.
  returned: when it is known
  type: str
  sample: 1.4.2-0a1b2c3d4e5f
from:
  description: Id of the release that was live before.
  returned: when it is known
  type: str
  sample: 1.4.1-9c8d7e6f5a4b
current:
  description: Id of the release that is live now.
  returned: when it is known
  type: str
  sample: 1.4.2-0a1b2c3d4e5f
previous:
  description: Id of the release that O(release=previous) would go back to now.
  returned: when it is known
  type: str
  sample: 1.4.1-9c8d7e6f5a4b
reasons:
  description: Why anything had to be done; empty where nothing had.
  returned: success
  type: list
  elements: str
  sample: ["current is 1.4.1-9c8d7e6f5a4b, wanted is 1.4.2-0a1b2c3d4e5f"]
actions:
  description: What was done, in order.
  returned: changed
  type: list
  elements: str
  sample: ["staged 1.4.2-0a1b2c3d4e5f", "smoke run passed", "current -> 1.4.2-0a1b2c3d4e5f", "restarted orders.service"]
phases:
  description: How long each step took, in milliseconds.
  returned: changed
  type: dict
  sample: {stage: 112, preflight: 3, smoke: 140, switch: 9, start: 41, judge: 2063}
ready_ms:
  description:
    - Milliseconds from when systemd started the process of the live release to its last success in the first row of O(health.success_threshold).
  returned: changed
  type: int
  sample: 12
outside:
  description: What came of O(external_health), as M(slipway.golang.health) returns it.
  returned: when O(external_health) is given
  type: dict
probes:
  description: The health probes of the live release - when each began and how long it took in milliseconds, and what came of it.
  returned: changed
  type: list
  elements: dict
  sample: [{at_ms: 0, ms: 2, ok: true, reason: "", status: 200}]
evidence:
  description: What to look at first where a release was not healthy - the unit's state, the last probes and its last journal lines.
  returned: when a release was not healthy
  type: dict
evidence_of_old:
  description: The same for the old release where putting it back failed too.
  returned: when RV(outcome=down)
  type: dict
transfer:
  description: How the artifact came to the host - V(none), as it was there; V(whole), from the controller; as a patch, V(delta); from the mirror, V(pull).
  returned: changed
  type: str
  sample: delta
transfer_note:
  description: Why it did not come in a way that O(delta) and O(pull_from) ask for; empty where it did.
  returned: when the host lacked the artifact
  type: str
  sample: the host has no artifact of it yet
unconfirmed:
  description: Whether the release still waits for O(confirm_within).
  returned: success
  type: bool
  sample: false
executions:
  description: How many remote executions this took.
  returned: always
  type: int
  sample: 2
transferred_bytes:
  description: How many bytes of artifact or patch the controller sent to the host, a patch that would not do included; 0 where the host had or fetched them.
  returned: always
  type: int
  sample: 3145728
host:
  description: What the host told of itself - C(goarch), and C(free_bytes) on the file system of O(root).
  returned: when nothing was to be done, or in check mode
  type: dict
"""
