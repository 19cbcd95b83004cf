#!/usr/bin/python
# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image
short_description: Make an OCI image of packaged binaries, without an engine
version_added: 0.1.0
description:
  - Writes one OCI layout, C(<name>-<version>.oci.tar), with an image for each of the tarballs that
    M(slipway.golang.package) made. The binary in it has the bytes of the tarball.
  - Needs no engine and no network, unless O(base), O(to), O(load) or O(sign) asks for one.
  - The same artifacts and options always give the same digest, for every user, umask, time zone, locale and
    directory. The digest is known before anything is pushed. The CA certificates of O(ca_certificates=auto)
    are those of the machine, and a Python with C(zlib-ng) compresses to other bytes than one with C(zlib).
  - The bill of materials, the provenance and, where the tarball is signed, its signature refer to the image
    of their platform, as artifacts with a C(subject).
  - With O(to) it is pushed by C(oras). The tag is set last, when all is there.
options:
  artifacts:
    description:
      - What M(slipway.golang.package) returned as RV(slipway.golang.package#module:artifacts), or the paths
        of tarballs; one for each platform.
    type: list
    elements: raw
    required: true
  targets:
    description: What there has to be an artifact for, as V(linux/amd64). By default nothing is checked.
    type: list
    elements: str
  dest:
    description: The directory of the layout. Default is that of the first artifact.
    type: path
  port:
    description:
      - The port on which the service listens. It becomes C(EXPOSE) and the variable O(port_variable).
    type: int
  port_variable:
    description: The variable of the environment from which the service reads its port.
    type: str
    default: PORT
  source:
    description: The directory of the Go module, the context of O(dockerfile).
    type: path
  base:
    description:
      - V(scratch), or the image below ours, with its digest - a reference as
        V(registry.example.com/base@sha256:...), which C(oras) brings, or a layout on the disk as
        V(./base.oci.tar@sha256:...), whose path begins with V(/), V(./), V(../) or V(~).
      - It must have an image for every platform. A tag alone is refused.
      - An image on a base has the users, the CA certificates and C(/tmp) of its base.
    type: str
    default: scratch
  files:
    description:
      - Files for the image. Default is the user's files in the tarballs, at the same paths below C(/).
    type: list
    elements: dict
    suboptions:
      src:
        description: A file, a directory or a pattern on the machine where the module runs.
        type: path
        required: true
      dest:
        description: Path in the image.
        type: str
      exclude:
        description: Patterns of files and directories to leave out.
        type: list
        elements: str
        default: []
  args:
    description: Arguments of the service. C({port}) stands for O(port).
    type: list
    elements: str
  labels:
    description:
      - More labels. Every image has C(org.opencontainers.image.title), C(version), C(created), C(revision),
        C(slipway.artifact), C(slipway.binary) and C(slipway.ca_certificates), as far as it is known.
    type: dict
    default: {}
  user:
    description: The user of the service, in numbers. Root is refused.
    type: str
    default: "65532:65532"
  ca_certificates:
    description:
      - V(auto) for the CA certificates of the machine where the module runs, the path of a file, or V(false)
        for none. On a base, V(auto) leaves those of the base.
    type: raw
    default: auto
  time_zones:
    description:
      - V(true) for the time zones of the machine where the module runs, C(/usr/share/zoneinfo), or the path
        of such a directory. A Go program that imports C(time/tzdata) needs none.
    type: raw
    default: false
  stop_signal:
    description: The signal that ends the service.
    type: str
    default: SIGTERM
  compression_level:
    description: Of the layers, from 0 (none) to 9.
    type: int
    default: 6
  to:
    description: Repository to push to, as V(registry.example.com/shop/orders). Without it nothing is pushed.
    type: str
  tags:
    description:
      - The tags. C({version}) and C({commit}) are filled in. What a tag cannot have, as C(+), becomes C(_).
      - A tag that names another image already is refused.
    type: list
    elements: str
    default: ['{version}']
  moving:
    description: Tags that may be moved from another image to this one, as V(latest).
    type: list
    elements: str
    default: []
  tarballs:
    description:
      - Push the tarballs too, as artifacts that refer to their images. Hosts can fetch them from there, with
        O(slipway.golang.release#module:pull_from).
    type: bool
    default: false
  load:
    description:
      - V(true) or V(docker) loads the image into the Docker engine of the machine where the module runs,
        V(podman) and V(containerd) into theirs. Docker and podman get the image for their platform.
      - Docker needs the Docker SDK for Python.
    type: raw
    default: false
  dockerfile:
    description:
      - Write C(<name>.Dockerfile) beside the layout. It builds the same binary with BuildKit, from O(source).
    type: bool
    default: false
  gate:
    description: A scanner that has to accept the image before it is loaded or pushed. It runs each time.
    type: dict
    suboptions:
      command:
        description:
          - The command. C({layout}) is the path of the layout, C({directory}) that of the same layout as a
            directory.
        type: list
        elements: str
        required: true
      found:
        description: Exit codes with which the scanner says that it found something. 0 is clean.
        type: list
        elements: int
        default: [1]
      level:
        description: With V(advisory), an image that could not be scanned is a warning.
        type: str
        choices: [required, advisory]
        default: required
  sign:
    description:
      - Sign the image in the registry with C(cosign), before it gets its tags. The password of the key is
        expected in E(COSIGN_PASSWORD).
    type: dict
    suboptions:
      cosign_key:
        description: The private key that C(cosign generate-key-pair) made.
        type: path
        required: true
      cosign:
        description: The command C(cosign), by name or path.
        type: str
        default: cosign
  oras:
    description: The command C(oras), by name or path.
    type: str
    default: oras
  registry_config:
    description:
      - A file with users of registries, or with helpers that know them, in Docker's form. Default is that of
        Docker, C(~/.docker/config.json).
    type: path
  ca_file:
    description: The CA certificates of the registry.
    type: path
  plain_http:
    description: Speak HTTP with the registry.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.golang.attributes
seealso:
  - module: slipway.golang.package
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Package orders
  slipway.golang.package:
    artifacts: "{{ built.artifacts }}"
    dest: /src/orders/dist
  delegate_to: localhost
  run_once: true
  register: packaged

- name: Make its image
  slipway.golang.image:
    artifacts: "{{ packaged.artifacts }}"
    port: 8080
  delegate_to: localhost
  run_once: true
  register: made

- name: Make it, and push it
  slipway.golang.image:
    artifacts: "{{ packaged.artifacts }}"
    port: 8080
    to: registry.example.com/shop/orders
    moving: [latest]
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
outcome:
  description:
    - V(built) if the layout was written or loaded, V(pushed) if the registry got something, V(unchanged) if
      there was nothing to do.
    - V(refused), with an error, if a tag names another image. Nothing was pushed then.
  returned: success, and when a tag is refused
  type: str
  sample: pushed
digest:
  description: The digest of the image for all platforms. Null in check mode without artifacts.
  returned: success
  type: str
  sample: sha256:6f1c…
layout:
  description: The file with the OCI layout.
  returned: success
  type: str
  sample: /src/orders/dist/orders-1.4.2.oci.tar
reference:
  description: The name of the image in the registry, with its digest; null without O(to).
  returned: success
  type: str
  sample: registry.example.com/shop/orders@sha256:6f1c…
tags:
  description: The names of the image in the registry; empty without O(to).
  returned: success
  type: list
  elements: str
  sample: ["registry.example.com/shop/orders:1.4.2"]
platforms:
  description: One for each platform.
  returned: success
  type: list
  elements: dict
  contains:
    platform:
      description: The platform.
      type: str
      sample: linux/amd64
    digest:
      description: The digest of its image.
      type: str
    image_id:
      description: The digest of its configuration, which engines call the ID of the image.
      type: str
    size:
      description: Bytes of its layers, as they travel.
      type: int
size:
  description: Bytes of all blobs in the layout; null in check mode without artifacts.
  returned: success
  type: int
reasons:
  description: What changed, or what would change in check mode, in words. Empty if nothing did.
  returned: success
  type: list
  elements: str
  sample: ["linux/amd64 layer service: 0a1b2c3d4e5f -> 5f4e3d2c1b0a"]
scan:
  description: What the command of O(gate) came to - V(clean), V(found) or V(not scanned).
  returned: with O(gate), and not in check mode
  type: str
  sample: clean
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.builder.image.make import make
from ..module_utils.builder.image.options import OPTIONS
from ..module_utils.builder.image.request import Request
from ..module_utils.common.errors import SlipwayError

ARGUMENTS = dict(
    OPTIONS,
    artifacts={"type": "list", "elements": "raw", "required": True},
    targets={"type": "list", "elements": "str"},
    dest={"type": "path"},
    port={"type": "int"},
    port_variable={"type": "str", "default": "PORT"},
    source={"type": "path"},
)


def main():
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = make(Request(module.params, module.check_mode))
    except SlipwayError as error:
        module.fail_json(msg=str(error), **error.facts)
    diff = result.pop("diff")
    if module._diff and diff:
        result["diff"] = diff
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
