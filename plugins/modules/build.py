#!/usr/bin/python
# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: build
short_description: Build static binaries of a Go service for one or more targets
version_added: 0.1.0
description:
  - Compiles one main package of a Go module for all targets in parallel, and checks the binaries - the ELF
    header fits the target, the binary needs nothing of the host, the stamps are in it, and the size is
    within its limit.
  - Decides by content whether there is anything to build. The key is a digest over the toolchain, the
    flags, the environment, the modules and every file that goes into the binary, together with the digest
    of the binary itself. Modification times do not matter. A binary that was altered is built again, which
    C(go build) would not do. When nothing changed, no compiler is started.
  - RV(ignore:changed) is true when the bytes of a binary changed, or the version or commit that it stands
    for. A new comment in a library package is compiled, gives the same bytes, and is no change; check mode
    cannot know this and announces a change.
  - Runs where Go is, which is usually the controller - C(delegate_to=localhost), C(run_once=true).
options:
  source:
    description: Directory of the Go module, the one with C(go.mod).
    type: path
    required: true
  package:
    description:
      - The main package, as C(.), C(./cmd/app) or its import path.
      - Files (C(main.go)) are refused, as a program built from files loses its module and version.
    type: str
    default: .
  name:
    description:
      - The name of the service and of the binary.
      - Default is the last element of the path of O(package), or of the module.
    type: str
  dest:
    description:
      - Directory of the results. A binary goes to C(<dest>/<goos>-<goarch>[-<variant>]/<name>), with
        C(<name>.provenance.json) beside it.
      - It may lie within O(source), ignored by git or not.
    type: path
    required: true
  targets:
    description:
      - What to build for, as V(linux/amd64), V(linux/arm/7), V(linux/amd64/v3), V(linux/mips/softfloat).
      - The third part is the value of C(GOAMD64), C(GOARM), C(GOARM64), C(GO386), C(GOMIPS), C(GOMIPS64),
        C(GOPPC64) or C(GORISCV64).
      - Default is Linux on the builder's own architecture.
    type: list
    elements: str
  version:
    description:
      - The version. Default is the output of C(git describe --tags), without a leading C(v), with C(-dirty)
        at the end where a file that is compiled differs from the commit, wherever in the repository it is.
      - Tags belong to modules as in Go. Tags without a C(/) are of the module at the top of the repository;
        the module in C(api) has the tags C(api/v1.4.0). Where the module's path ends in C(/v2), only the tags
        C(v2.*) count, whether it is in a directory C(v2) or not. A module without a tag of its own has the
        first 12 digits of the commit as its version.
      - Outside of git it is C(0.0.0-) and 12 digits of a digest over the sources.
    type: str
  stamp:
    description:
      - Values for string variables of the program, as in C(main.version) or
        C(example.com/app/internal/about.Commit).
      - V({version}), V({commit}) and V({time}) are replaced. The time is the commit's, never the current
        one, so that a build can be repeated.
      - A variable that does not exist, or cannot be set by the linker, is an error, while C(go build)
        ignores it.
    type: dict
    default: {}
  ldflags:
    description:
      - Flags for the linker. The default leaves out symbols and debug information, a third of the size;
        after that C(strip) finds nothing more to remove.
    type: list
    elements: str
    default: ['-s', '-w']
  gcflags:
    description: Flags for the compiler.
    type: list
    elements: str
    default: []
  flags:
    description:
      - Further flags of C(go build) - C(-race), C(-msan), C(-asan), C(-cover), C(-covermode), C(-coverpkg),
        C(-asmflags), C(-buildmode).
      - C(-a) and C(-installsuffix) are accepted and left out with a warning, as they cost half a minute and
        change no byte. C(-toolexec) is refused.
    type: list
    elements: str
    default: []
  tags:
    description: Build tags.
    type: list
    elements: str
    default: []
  trimpath:
    description:
      - Leave the builder's directories out of the binary. Without it, another directory gives other bytes,
        and everything is compiled again.
    type: bool
    default: true
  cgo:
    description:
      - Allow C code. A static binary then needs a static C library, set by C(CC) in O(environment), and the
        linker's flags V(-linkmode external) and V(-extldflags "-static"); see the examples. Where only the
        standard library uses C, the O(tags) V(netgo) and V(osusergo) are enough.
    type: bool
    default: false
  cgo_stubs:
    description:
      - What to do with O(cgo=false) and a package that has parts in C, and compiles without them. Many such
        packages become stubs that fail at their first use.
      - V(refuse) refuses those that are known to fail, as C(github.com/mattn/go-sqlite3), and warns of
        others. V(warn) warns of all, V(ignore) of none. The standard library does not count.
    type: str
    choices: [refuse, warn, ignore]
    default: refuse
  static:
    description:
      - What to do with a binary that needs a loader or a library of the host. It is read from the binary,
        not guessed from flags.
    type: str
    choices: [require, warn, ignore]
    default: require
  mod:
    description: Where modules come from. V(vendor) takes them from C(vendor/), V(mod) may write to C(go.mod).
    type: str
    choices: [readonly, vendor, mod]
    default: readonly
  workspace:
    description:
      - Build with the C(go.work) in O(source) or the nearest directory above it. Without it, workspaces are
        off, and C(go.mod) alone says where modules come from.
    type: bool
    default: false
  pgo:
    description:
      - Profile to optimise by. V(auto) takes C(default.pgo) in the directory of the package, V(off) none;
        any other value is a file's path.
    type: str
    default: auto
  max_size:
    description:
      - The maximum size of a binary, in bytes or as V(10MiB). A larger one is an error, and the previous
        one stays.
    type: str
  upx:
    description:
      - Pack the binary with UPX, which must be installed on the builder.
      - Rarely useful. The program starts 20 times slower and shares no memory between processes, and a
        C(tar.gz) of the plain binary is at most a quarter larger.
    type: bool
    default: false
  upx_args:
    description: Arguments for UPX.
    type: list
    elements: str
    default: ['-9']
  embed:
    description:
      - Patterns of files that must be embedded, relative to O(source), as in V(web/dist/*.js). C(*) also
        matches C(/).
      - Finds a front-end build that was forgotten, and a file whose name begins with a dot.
    type: list
    elements: str
    default: []
  gates:
    description:
      - What must pass before anything is built. Each runs over the whole module, for the builder's own
        platform, once for the same code, tests and files in C(testdata). The provenance records that it
        passed.
      - V(govulncheck) must be installed on the builder. It fails where a vulnerability counts, by
        O(vulnerabilities), and also where the scan could not be made.
    type: list
    elements: str
    choices: [vet, test, govulncheck]
    default: []
  go:
    description: The C(go) command. The default is searched in C(PATH), then in C(/usr/local/go/bin).
    type: str
    default: go
  goproxy:
    description: Go module proxies, as in C(GOPROXY). Default is the builder's own setting.
    type: str
  goprivate:
    description:
      - Patterns of module paths that no proxy and no checksum database may see. Default is the builder's
        own setting.
    type: list
    elements: str
  gosumdb:
    description: The checksum database, as in C(GOSUMDB). Default is the builder's own setting.
    type: str
  offline:
    description: Download nothing. Modules come from the module cache, or from C(vendor/) with O(mod=vendor).
    type: bool
    default: false
  pass_environment:
    description:
      - Names of variables of the builder's environment that reach Go while it downloads modules, as
        V(CI_GIT_TOKEN) for a credential helper of git. Compilers, tests and the binary do not see them.
      - Their values are in no provenance and no result. In the output of Go and git V(***) stands for them.
      - A name that is not set is left out. For Go's own settings use O(goproxy), O(goprivate) and
        O(environment).
    type: list
    elements: str
    default: []
  gocache:
    description: Directory of Go's build cache. Default is the builder's own.
    type: path
  gomodcache:
    description: Directory of Go's module cache. Default is the builder's own.
    type: path
  environment:
    description:
      - Further variables for the build - C(GO*), C(CGO_*), C(CC), C(CXX), C(FC), C(AR), C(PKG_CONFIG*).
      - Nothing else of the builder's environment reaches the compiler. C(GOFLAGS) and C(GOENV) are off, and
        so are other toolchains (C(GOTOOLCHAIN)) and a C(GOWORK) of your own, unless set here.
    type: dict
    default: {}
  force:
    description: Build and run the gates even if nothing changed.
    type: bool
    default: false
  jobs:
    description: How many targets are built in parallel. Default is the number of processors.
    type: int
extends_documentation_fragment:
  - slipway.golang.vulnerabilities
  - slipway.golang.attributes
seealso:
  - module: slipway.golang.package
  - module: slipway.golang.release
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Build orders for amd64 and arm64
  slipway.golang.build:
    source: "{{ playbook_dir }}/../orders"
    package: ./cmd/orders
    dest: "{{ playbook_dir }}/dist/bin"
    targets: [linux/amd64, linux/arm64]
    stamp:
      main.version: "{version}"
      main.commit: "{commit}"
    gates: [vet, test]
    max_size: 20MiB
  delegate_to: localhost
  run_once: true
  register: built

- name: Build a static binary with SQLite, which needs C
  slipway.golang.build:
    source: /src/ledger
    dest: /src/ledger/dist
    cgo: true
    environment:
      CC: musl-gcc
    ldflags: ['-s', '-w', '-linkmode external', '-extldflags "-static"']
  delegate_to: localhost
"""

RETURN = r"""
artifacts:
  description: One for each target, as O(slipway.golang.package#module:artifacts) takes them.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The binary.
      type: str
      sample: /src/orders/dist/bin/linux-amd64/orders
    provenance:
      description: The file that describes how the binary was built.
      type: str
      sample: /src/orders/dist/bin/linux-amd64/orders.provenance.json
    name:
      description: Name of the service.
      type: str
      sample: orders
    version:
      description: Version.
      type: str
      sample: 1.4.2
    commit:
      description: Commit of the source; empty outside of git.
      type: str
    time:
      description: Time of the commit in seconds since the epoch; 0 outside of git.
      type: int
      sample: 1763600000
    dirty:
      description: Whether a file that is compiled differs from the commit.
      type: bool
    goos:
      description: Operating system.
      type: str
      sample: linux
    goarch:
      description: Architecture.
      type: str
      sample: amd64
    variant:
      description: Variant of the architecture; empty where it has none.
      type: str
      sample: v1
    go_version:
      description: Version of Go.
      type: str
      sample: go1.26.8
    size:
      description: Bytes of the binary; null in check mode when it would be built.
      type: int
      sample: 7712345
    sha256:
      description: SHA-256 of the binary; null in check mode when it would be built.
      type: str
    static:
      description:
        - Whether it needs no loader and no library of the host; null in check mode when it would be built.
      type: bool
    build_id:
      description: Go's build ID; null in check mode when it would be built.
      type: str
    before_upx:
      description: RV(artifacts[].size) and RV(artifacts[].sha256) before UPX; null without UPX.
      type: dict
    cgo_stubs:
      description: Packages that are compiled without their parts in C; see O(cgo_stubs).
      type: list
      elements: str
    input_digest:
      description: SHA-256 over all inputs of this target.
      type: str
    reasons:
      description: Why it was built, or would be in check mode. Empty when there was nothing to do.
      type: list
      elements: str
      sample: ["main.go changed", "ldflags: -s -w -> none"]
    changed:
      description: Whether the bytes changed, or the version or commit that they stand for.
      type: bool
    seconds:
      description: Seconds that building and checking it took; 0 when it was not built.
      type: float
      sample: 0.71
commands:
  description: The commands that built, or would in check mode, as lists of arguments.
  returned: success
  type: list
  elements: list
gates:
  description:
    - For each gate its RV(gates[].name), whether it was RV(gates[].due) and whether it RV(gates[].ran).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the gate.
      type: str
    due:
      description: Whether code or tests changed since it passed.
      type: bool
    ran:
      description: Whether it ran and passed.
      type: bool
reasons:
  description: Why anything was built; with the target where a reason does not hold for all.
  returned: success
  type: list
  elements: str
input_digest:
  description: SHA-256 over the inputs of all targets.
  returned: success
  type: str
name:
  description: Name of the service.
  returned: success
  type: str
version:
  description: Version of all artifacts.
  returned: success
  type: str
commit:
  description: Commit of the source; empty outside of git.
  returned: success
  type: str
time:
  description: Time of the commit in seconds since the epoch; 0 outside of git.
  returned: success
  type: int
dirty:
  description: Whether a file that is compiled differs from the commit.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.builder.build import build
from ..module_utils.builder.request import Request
from ..module_utils.common.build_options import OPTIONS
from ..module_utils.common.errors import SlipwayError


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = build(Request(module.params, module.check_mode))
    except SlipwayError as error:
        module.fail_json(msg=str(error), **error.facts)
    if not module._diff:
        del result["diff"]
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
