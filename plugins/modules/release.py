# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Deploy a release of a Go service, with health check and automatic rollback
version_added: 0.1.0
description:
  - Takes the tarball that M(slipway.golang.package) made and makes it a release on the host - binary, unit
    and environment together - then switches to it, starts it and waits until it is healthy. If it does not
    become healthy, the release that was live before is put back, and checked too.
  - A release is named by its content. The same input is the same directory on every host, and a second run
    changes nothing.
  - The first remote execution plans what has to be done. Only if there is something, a second one sends what
    the host lacks and does it.
  - "The RV(outcome) of a failed task says what runs now. V(rejected): the live service was not touched.
    V(reverted): the new release was started and was not healthy, and the old one is live again. V(down):
    nothing healthy runs. V(unconfirmed): the new release runs, and is rolled back as O(confirm_within) says."
  - The module is executed by an action plugin, which streams its own engine to the host's Python; nothing is
    installed.
options:
  name:
    description: The service's name; also its unit, its user unless O(unit.user) says otherwise, and its
      directory below C(/opt).
    type: str
    required: true
  from_variables:
    description:
      - Take the options that the task does not give from the variables of the playbooks, as they are set for
        the host, such as C(slipway_env) for O(environment). It is what C(slipway.golang.deploy) does.
      - Ansible compiles the templates of a task anew for each host. This spares the controller that.
    type: bool
    default: false
  state:
    description:
      - V(active) makes the release the live one.
      - V(staged) only puts it on the host, so that a later V(active) has nothing to transfer.
      - V(absent) stops the service and removes its units, its releases and its history. Its data in
        C(/var/lib) stays, and so does what Slipway did not install. What O(adopt) kept is moved to
        C(/var/lib/slipway-adopted-NAME).
    type: str
    choices: [active, staged, absent]
    default: active
  artifact:
    description:
      - Paths of tarballs on the controller, all of one version, at most one for each architecture and CPU
        level. The host gets the best that it can run.
      - Mutually exclusive with O(release).
    type: list
    elements: path
  release:
    description:
      - Activates a release that the host already has - an id, a version, or V(previous) for the one that was
        live before.
      - Nothing is transferred. The release is started with its own unit and environment, and checked with the
        health check that it last passed.
    type: str
  root:
    description: The service's directory on the host. Default is C(/opt/) and O(name).
    type: path
  environment:
    description:
      - Environment variables of the service. They are part of the release, in a file that only root can read,
        and are never shown.
      - If only these change, that is a new release, but no binary is transferred.
      - C({port}) in a value is the port of the instance, as in V(:{port}), and C({config}) the directory of
        O(config). A smoke test and every other release of V(blue_green) have their own. C({{port}}) is a
        literal C({port}); other braces stay as they are.
    type: dict
    default: {}
  config:
    description:
      - Configuration files. They are rendered on the controller as templates, with the variables of the host,
        and are part of the release. So a change of one of them is a new release, which restarts the service
        and can be rolled back, but no binary is transferred.
      - They are in C(/opt/NAME/current/config), or in a directory of the instance, which C({config}) in
        O(unit.exec_args) and O(environment) names. Only root may change them. Only root and the service's
        group may read them, and no value of them is ever shown.
      - In the rendered text C({port}) is the port of the instance, and C({config}) the directory of these
        files, as in O(environment).
    type: list
    elements: dict
    default: []
    suboptions:
      src:
        description: Path of the template on the controller, in UTF-8.
        type: path
        required: true
      dest:
        description: Path of the file below the directory.
        type: str
        required: true
  port:
    description:
      - The TCP port on which the service listens. The service learns it from the variable O(port_variable),
        or from C({port}) in O(unit.exec_args), O(environment) or O(config).
      - No port is assumed. A service whose O(health) is of the type V(none), V(command) or V(unix) need not
        have one.
    type: int
  port_variable:
    description: The environment variable from which the service takes its port.
    type: str
    default: PORT
  strategy:
    description:
      - How the new release takes over.
      - V(restart) stops the old process and starts the new one. There is a gap as long as both take.
      - V(socket) lets systemd listen on O(port). Connections queue there while the old process ends and the
        new one starts; none is refused. The service has to take the listener that systemd passes to it.
      - V(blue_green) starts the new one as a second instance on another port, waits until it is healthy,
        switches nginx to it, and stops the old one once it has finished its requests. No request is lost or
        waits. It needs a site of M(slipway.golang.nginx_site) with the app's name on the same host, with
        C(127.0.0.1) and both ports as its servers. The playbook C(slipway.golang.setup) makes it if
        C(slipway_strategy) is V(blue_green).
      - A live release of V(restart) can be followed by one of V(blue_green) without a gap, or by one of
        V(socket) with the gap of a restart. Any other change is refused.
    type: str
    choices: [blue_green, restart, socket]
    default: restart
  alternate_port:
    description: With O(strategy=blue_green), the port of every other release. Default is the one after
      O(port).
    type: int
  external_health:
    description:
      - A second check, from the controller, once the release is live; for instance of the load balancer's
        address. It takes the options of M(slipway.golang.health). If it fails the task fails, and the release
        is left running, because it is healthy on its host.
    type: dict
  plan:
    description:
      - The RV(plan) of an earlier task in check mode. The host is then not asked again what would change,
        which saves one remote execution.
      - The host decides anew under its lock. If it has another current release by now, or another target
        than the plan, it refuses.
    type: dict
  report_health:
    description: In check mode, report as RV(healthy) whether the live release is healthy now.
    type: bool
    default: false
  smoke:
    description:
      - The smoke test. It first starts the new binary as a transient unit, with the same sandbox, user and
        environment, but on a free port, and waits until it is healthy there. A release that cannot serve is
        refused while the old one still serves.
      - Switch it off if a second process at the same time would do harm, or if the service takes its port
        neither from O(port_variable) nor from C({port}).
    type: bool
    default: true
  reverts:
    description:
      - Whether the live release turned out to be bad, on this host or on others of its rollout, and is rolled
        back. RV(previous) is then the newest good release, and not the one that was live.
      - The playbook C(slipway.golang.deploy) sets it when it rolls hosts back.
    type: bool
    default: false
  reason:
    description: With O(reverts), why the release turned out to be bad, for the history of the host.
    type: str
  share:
    description:
      - With O(strategy=blue_green), let the release serve only so many percent of the requests, beside the
        live release, which stays RV(current). A later task with another share, or without one, goes on from
        there; the process keeps running. A task with another release, such as the live one, ends the share.
      - If no such task follows within O(confirm_within) seconds, the host ends the share by itself.
      - It needs a live release that was healthy on the host and has the same strategy.
    type: int
    choices: [1, 5, 10, 25, 50]
  adopt:
    description:
      - Take over a service of the app's name that Slipway did not install, such as a unit that somebody wrote
        by hand. Without this, a deploy to a host that has one is refused, and shows what is there.
      - Before anything is replaced, the old unit files are kept in C(adopted) below O(root), readable for
        root only. If the first release fails, they are put back, and the old service is started again if it
        ran; the RV(outcome) is V(reverted) if systemd then says that it is active. With a good release they
        stay there as evidence. Drop-ins of the old unit stay where they are, and apply to the new one too.
      - With C(--diff) the old unit is shown, without the values of its variables.
      - Refused in any case are a unit that could not be started again, such as one of C(systemd-run), and a
        state directory that belongs to another user than that of the new unit.
    type: bool
    default: false
  keep:
    description:
      - How many releases that were healthy to keep for a rollback. The live one, the previous one and the
        newest failed one are kept in any case.
    type: int
    default: 5
  allowed_signers:
    description:
      - Text of an allowed-signers file as C(ssh-keygen) reads it. The host refuses an artifact that is not
        signed with one of these keys.
    type: str
  textfile:
    description:
      - The directory from which node_exporter reads files. With every act, C(slipway_NAME.prom) is written
        there, with the metrics of this app's releases. A failure is a warning, and no deploy fails for it.
      - Without it that is C(/var/lib/prometheus/node-exporter), if the host has that directory.
    type: path
  delta:
    description:
      - Send a patch, if the host has a release of an older artifact that is beside the new one on the
        controller. For a change of some lines the patch has one or two percent of the tarball's size.
      - The patch is made once for all hosts, and kept in C(.patches) beside the artifact. What a host makes
        from it must have the digests that the new artifact's manifest lists. If there is no patch, or it does
        not work, the whole artifact is sent, and RV(transfer_note) says why.
    type: bool
    default: false
  pull_from:
    description:
      - From where the hosts download the artifact, so that the controller need not send it. Either one HTTP
        or HTTPS URL that ends with C(/), the directory of the tarballs, or one URL for each of O(artifact),
        in the same order, for instance signed URLs of a bucket.
      - Or V(oci://registry.example.com/shop/orders), a repository to which M(slipway.golang.image) pushed the
        tarballs. It must give them without a password.
      - A broken connection is resumed if the server supports ranges. The file must have the artifact's size,
        the digests that its manifest lists, and the signature that O(allowed_signers) requires. If a host
        cannot download it, or gets less than 100 kB a second after the first minute, the controller sends it
        in the same run, and RV(transfer_note) says why.
      - The artifacts still have to be on the controller, which reads their manifests.
    type: list
    elements: str
    default: []
  pull_ca_file:
    description: Path on the host of the CA certificates, in PEM, for HTTPS of O(pull_from). Default are the
      host's own.
    type: path
  lock_wait:
    description: How many seconds to wait if another deploy of the same service holds the lock.
    type: float
    default: 0
  fencing_token:
    description:
      - RV(slipway.golang.lease#module:counter) of the lease of this rollout. A host refuses it if a rollout
        with a higher number has been there.
      - V(0) switches this check off.
    type: int
    default: 0
  confirm_within:
    description:
      - A dead man's switch, in seconds. When the new release is live, the controller opens a new connection
        to confirm it. If that fails, for instance because the release broke the host's network, the host
        rolls back to the old release when the time is over.
      - It costs one more remote execution and a new connection. V(0) switches it off; the minimum is 5.
      - There must be an old release, and both must have the same O(strategy).
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
  - Needs root on the host - set C(become) - and there Python 3.8 and systemd 240, or newer. For hosts without
    Python see the playbook C(slipway.golang.scp).
  - For a host of the group C(clusters) it asks the Kubernetes that the variables of the host name, with
    C(kubectl), see the page on clusters. What is deployed is what its variables
    describe; of the options, O(state), O(release), O(adopt), O(keep), O(plan), O(fencing_token), O(lock_wait)
    and O(external_health) count.
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

- name: Deploy a service that takes its port as an argument and reads a configuration file
  slipway.golang.release:
    name: orders
    artifact: [dist/orders-1.4.2-linux-amd64.tar.gz]
    port: 8080
    unit:
      exec_args: ["-addr", ":{port}", "-config", "{config}/orders.toml"]
    config:
      - src: templates/orders.toml.j2
        dest: orders.toml
  become: true

- name: Roll back to the release that was live before
  slipway.golang.release:
    name: orders
    release: previous
    health:
      path: /healthz
  become: true

- name: Stage the release before the deploy
  slipway.golang.release:
    name: orders
    state: staged
    artifact: [dist/orders-1.4.2-linux-amd64.tar.gz, dist/orders-1.4.2-linux-arm64.tar.gz]
    port: 8080
  become: true
"""

RETURN = r"""
outcome:
  description: How it ended - V(ok), V(rejected), V(reverted), V(down), V(unconfirmed), V(failed) if
    O(external_health) failed, or V(unknown) if Slipway itself failed.
  returned: always
  type: str
  sample: ok
release:
  description: Id of the requested release.
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
  description: Id of the release that O(release=previous) would activate now.
  returned: when it is known
  type: str
  sample: 1.4.1-9c8d7e6f5a4b
reasons:
  description: Why anything had to be done; empty if nothing had.
  returned: success
  type: list
  elements: str
  sample: ["current is 1.4.1-9c8d7e6f5a4b, the target is 1.4.2-0a1b2c3d4e5f"]
migrations:
  description: The arguments of each migration that has succeeded with the requested release on this host, by
    M(slipway.golang.run) with O(slipway.golang.run#module:once).
  returned: in check mode, or when nothing had to be done
  type: list
  elements: list
  sample: [[migrate, up]]
plan:
  description: What would be done, for the option O(plan) of a later task.
  returned: success, in check mode or with O(share)
  type: dict
server:
  description: The address at which nginx reaches a release that has a share of the requests.
  returned: with O(share)
  type: str
  sample: 127.0.0.1:8081
bytes:
  description: How many bytes of the artifact would be sent from the controller.
  returned: success, in check mode
  type: int
healthy:
  description: Whether the live release is healthy now.
  returned: success, in check mode with O(report_health=true)
  type: bool
actions:
  description: What was done, in order. In check mode, which units would be started and stopped.
  returned: changed
  type: list
  elements: str
  sample: ["staged 1.4.2-0a1b2c3d4e5f", "smoke test passed", "current -> 1.4.2-0a1b2c3d4e5f"]
phases:
  description: How long each step took, in milliseconds.
  returned: changed
  type: dict
  sample: {stage: 112, preflight: 3, smoke: 140, switch: 9, start: 41, health: 2063}
ready_ms:
  description:
    - Milliseconds from the start of the live release's process to the success that completed
      O(health.success_threshold) for the first time.
  returned: changed
  type: int
  sample: 12
outside:
  description: The result of O(external_health), as M(slipway.golang.health) returns it.
  returned: when O(external_health) is given
  type: dict
probes:
  description: The health probes of the live release - when each began and how long it took in milliseconds,
    and its result.
  returned: changed
  type: list
  elements: dict
  sample: [{at_ms: 0, ms: 2, ok: true, reason: "", status: 200}]
evidence:
  description: What to look at first if a release was not healthy - the unit's state, the last probes, and
    of the journal the reason, the service's own frame of a panic, and the end. C(listens_on) are the ports
    that its process has, if its own is not among them; C(waits_for) is a file that another process locks.
  returned: when a release was not healthy
  type: dict
evidence_of_old:
  description: The same for the old release, if rolling back to it failed too.
  returned: when RV(outcome=down)
  type: dict
transfer:
  description: How the artifact came to the host - V(none), it was there; V(full), from the controller;
    V(delta), as a patch, or without a binary that the host has; V(pull), from a mirror.
  returned: changed
  type: str
  sample: delta
transfer_note:
  description: Why a transfer that O(delta) or O(pull_from) requests was not used; empty if it was. In check
    mode, why it would not be.
  returned: when the host did not have the artifact, and in check mode
  type: str
  sample: the host has no artifact of it yet
unconfirmed:
  description: Whether the release still waits for O(confirm_within).
  returned: success
  type: bool
  sample: false
began:
  description: When the controller began with this host, in seconds since 1970.
  returned: always
  type: float
  sample: 1795847167.25
ended:
  description: When it ended.
  returned: always
  type: float
  sample: 1795847169.75
executions:
  description: How many remote executions this took.
  returned: always
  type: int
  sample: 2
transferred_bytes:
  description: How many bytes of artifacts and patches the controller sent to the host; 0 if the host had the
    artifact or downloaded it.
  returned: always
  type: int
  sample: 3145728
host:
  description: The host's C(goarch), and C(free_bytes) on the file system of O(root).
  returned: when nothing was to be done, or in check mode
  type: dict
"""
