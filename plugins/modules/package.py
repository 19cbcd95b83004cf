#!/usr/bin/python
# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: package
short_description: Package binaries as reproducible, verifiable tarballs
version_added: 0.1.0
description:
  - Makes one C(tar.gz) for each binary, with a manifest, checksums, a bill of materials (CycloneDX), the
    binary's provenance, an installer for hosts without Python, and files of yours.
  - The same content always gives the same bytes. Owners, modes, times and the order of files come from the
    content and the commit, never from the machine.
  - A tarball is only written if the content of the existing one differs. A new O(compression_level) alone
    changes nothing.
  - Runs beside M(slipway.golang.build), where the binaries are. Needs no Go.
  - Two tasks may write into one O(dest) at the same time, as for two services of one repository.
options:
  artifacts:
    description:
      - What M(slipway.golang.build) returned as RV(slipway.golang.build#module:artifacts).
      - This or O(binaries) is required.
    type: list
    elements: dict
  binaries:
    description:
      - Binaries that another tool built, as goreleaser or a CI job, one for each target.
      - Their provenance says that they were built elsewhere. Where Go is installed, C(go version -m) names
        their modules for the bill of materials, and what they were built from.
    type: list
    elements: dict
    suboptions:
      path:
        description: The binary.
        type: path
        required: true
      target:
        description:
          - What it was built for, as V(linux/amd64/v3). It must agree with the binary.
          - Default is what the binary says. Without Go that is the architecture, with its usual variant.
        type: str
  name:
    description: The name of the service in O(binaries). Default is the name of the file.
    type: str
  version:
    description:
      - The version of O(binaries). Default is the version of the main module in the binary, without a
        leading C(v); Go writes it from 1.24 on.
    type: str
  commit:
    description: The commit of O(binaries). Default is the one in the binary, where Go wrote it.
    type: str
  time:
    description:
      - The time of the commit of O(binaries), in seconds since the epoch. It becomes the time of all files in
        the tarball. Default is the one in the binary, or V(0).
    type: int
  static:
    description: What to do with one of O(binaries) that needs a loader or a library of the host.
    type: str
    choices: [require, warn, ignore]
    default: require
  dest:
    description:
      - Directory of the tarballs, C(<name>-<version>-<goos>-<goarch>[-<variant>].tar.gz), and of
        C(SHA256SUMS).
      - C(SHA256SUMS) lists these tarballs, and those that it listed before and that are still there.
    type: path
    required: true
  files:
    description: Further files for the tarball.
    type: list
    elements: dict
    default: []
    suboptions:
      src:
        description:
          - A file, a directory or a pattern (C(*), C(?), C([]), C(**)) on the machine where the module runs.
          - Links to files within the directory are followed. Links that leave it, devices and what cannot be
            read are errors.
        type: path
        required: true
      dest:
        description:
          - Path in the tarball, below its top directory. With a C(/) at the end, a single file goes below it.
          - The content of a directory goes below it; without O(files[].dest), below the directory's own name,
            or with a C(/) at the end of O(files[].src), below the top. What a pattern finds keeps its path
            from the first wildcard on.
          - Files are C(0755) where their owner may execute them, else C(0644).
        type: str
      exclude:
        description:
          - Patterns of files and directories to leave out. They match the path below O(files[].src) or any
            name in it.
        type: list
        elements: str
        default: []
  unit:
    description:
      - The systemd unit for C(install.sh), as text, or as a dict of the options of
        O(slipway.golang.release#module:unit) from which the hardened unit is made; V({}) is the one with all
        defaults.
      - Hosts that are deployed to with M(slipway.golang.release) do not need it.
    type: raw
  port_variable:
    description: The variable of the environment that C({port}) in C(exec_args) of O(unit) stands for. Pass
      the same one as C(--port-variable) to C(install.sh).
    type: str
    default: PORT
  installer:
    description:
      - The text of the script that becomes C(install.sh) in the tarball. It must begin with C(#!).
      - By default it is C(installer/install.sh) of this collection, which the action plugin reads on the
        controller.
      - Set it to ship an installer of your own, for example with P(ansible.builtin.file#lookup).
      - It is not a secret, but it is long, so it is left out of logs and of RV(ignore:invocation).
    type: str
  signing_key:
    description:
      - An SSH private key with which the manifest is signed (C(ssh-keygen -Y sign -n slipway)). It must have
        no passphrase, unless an agent holds it, and be readable by its owner alone.
    type: path
  compression_level:
    description: From 0 (none) to 9. More than 6 takes three times as long for half a percent.
    type: int
    default: 6
extends_documentation_fragment:
  - slipway.golang.attributes
seealso:
  - module: slipway.golang.build
  - module: slipway.golang.release
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Build orders
  slipway.golang.build:
    source: /src/orders
    dest: /src/orders/dist/bin
  delegate_to: localhost
  run_once: true
  register: built

- name: Package it with its migrations, signed
  slipway.golang.package:
    artifacts: "{{ built.artifacts }}"
    dest: /src/orders/dist
    files:
      - src: /src/orders/migrations
        exclude: ['*.md']
      - src: /src/orders/config.example.yml
        dest: etc/config.yml
    unit: {}
    signing_key: ~/.ssh/release-key
  delegate_to: localhost
  run_once: true
  register: packaged

- name: Package what goreleaser built
  slipway.golang.package:
    binaries:
      - path: /src/orders/dist/orders_linux_amd64_v1/orders
      - path: /src/orders/dist/orders_linux_arm64_v8.0/orders
    version: 1.4.2
    dest: /src/orders/dist/slipway
  delegate_to: localhost
  run_once: true

- name: Package it with an installer of our own
  slipway.golang.package:
    artifacts: "{{ built.artifacts }}"
    dest: /src/orders/dist
    installer: "{{ lookup('ansible.builtin.file', 'install.sh') }}"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
artifacts:
  description: One for each tarball.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The tarball.
      type: str
      sample: /src/orders/dist/orders-1.4.2-linux-amd64.tar.gz
    name:
      description: Name of the service.
      type: str
      sample: orders
    version:
      description: Version.
      type: str
      sample: 1.4.2
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
    digest:
      description:
        - The artifact's digest, which is the SHA-256 of the manifest. The manifest names the whole content.
        - Null in check mode without a binary.
      type: str
    size:
      description: Bytes of the tarball; null in check mode when it would be written.
      type: int
      sample: 3875865
    sha256:
      description: SHA-256 of the tarball as a file; null in check mode when it would be written.
      type: str
    signed:
      description: Whether it carries a signature.
      type: bool
    changed:
      description: Whether its content is new.
      type: bool
checksums:
  description: The file with the SHA-256 of all tarballs, for C(sha256sum -c).
  returned: success
  type: str
  sample: /src/orders/dist/SHA256SUMS
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.builder import prebuilt
from ..module_utils.builder.package import package
from ..module_utils.common.errors import SlipwayError

FILES = {
    "src": {"type": "path", "required": True},
    "dest": {"type": "str"},
    "exclude": {"type": "list", "elements": "str", "default": []},
}
BINARY = {
    "path": {"type": "path", "required": True},
    "target": {"type": "str"},
}
ARGUMENTS = {
    "artifacts": {"type": "list", "elements": "dict"},
    "binaries": {"type": "list", "elements": "dict", "options": BINARY},
    "name": {"type": "str"},
    "version": {"type": "str"},
    "commit": {"type": "str"},
    "time": {"type": "int"},
    "static": {"type": "str", "choices": ["require", "warn", "ignore"], "default": "require"},
    "dest": {"type": "path", "required": True},
    "files": {"type": "list", "elements": "dict", "default": [], "options": FILES},
    "unit": {"type": "raw"},
    "port_variable": {"type": "str", "default": "PORT"},
    "installer": {"type": "str", "no_log": True},  # long: it would fill logs and `invocation`
    "signing_key": {"type": "path", "no_log": False},  # the path of a key, not the key
    "compression_level": {"type": "int", "default": 6},
}


def run(module):
    options = module.params
    given = prebuilt.Given(*(options[field] for field in prebuilt.Given._fields))
    result = package(
        options["artifacts"] or [],
        options["dest"],
        prebuilt=[prebuilt.read(binary, given) for binary in options["binaries"] or []],
        installer=_script(options["installer"]),
        extra=options["files"],
        unit=options["unit"],
        port_variable=options["port_variable"],
        signing_key=options["signing_key"],
        compression_level=options["compression_level"],
        check_mode=module.check_mode,
    )
    diffs = [artifact.pop("diff") for artifact in result["artifacts"]]
    if module._diff:
        result["diff"] = [diff for diff in diffs if diff]
    return result


def _script(text):
    """The installer's bytes. A lookup may have taken its last newline."""
    text = text or ""
    return (text if text.endswith("\n") else text + "\n").encode("utf-8")


def main():
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module)
    except SlipwayError as error:
        module.fail_json(msg=str(error), **error.facts)
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
