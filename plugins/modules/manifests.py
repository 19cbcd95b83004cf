# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests
short_description: Write the objects of Kubernetes that run a service
version_added: 0.1.0
description:
  - Makes files for C(kubectl apply -k) from the variables of a service. They say what its unit says on hosts,
    memory, CPU, C(GOMEMLIMIT), drain, port, environment, rights, health check.
  - What a unit has and a pod cannot have is refused before anything is written, with the reason.
  - Of the environment and the configuration files no file has more than the name of a Secret. That name
    changes with its content. The Secret itself is for the cluster alone.
  - It runs on the controller, and connects to nothing. Files in O(dest) that are not wanted any more are
    removed; files of other names are left alone.
options:
  dest:
    description: The directory for the files on the controller.
    type: path
    required: true
  from_variables:
    description: Take every option that is not given from the variables of the host, C(slipway_app) and so on.
      All options below stand for the variable of that name.
    type: bool
    default: false
  name:
    description: The service's name, C(slipway_app).
    type: str
  image:
    description: The reference of the image, with its digest. By default C(image) in O(kubernetes).
    type: str
  kubernetes:
    description: How the service runs in a cluster, C(slipway_kubernetes), see the page on Kubernetes.
    type: dict
  unit:
    description: The options of the unit, as for M(slipway.golang.release).
    type: dict
  health:
    description: The health check, as for M(slipway.golang.release).
    type: dict
  environment:
    description: The environment. Variables that C(public_env) in O(kubernetes) does not list are in no file.
    type: dict
  config:
    description: Configuration files to render, as for M(slipway.golang.release).
    type: list
    elements: dict
    suboptions:
      src:
        description: The template on the controller.
        type: path
        required: true
      dest:
        description: Its path in the configuration.
        type: str
        required: true
  port:
    description: The port that the service listens on.
    type: int
  port_variable:
    description: The variable from which it reads its port.
    type: str
  domain:
    description: The names of the service, for an Ingress or an HTTPRoute.
    type: list
    elements: str
  tls:
    description: Whether the Ingress has TLS.
    type: bool
  strategy:
    description: How a release replaces the one before. V(socket) is refused; pods replace each other in turn.
    type: str
  migrate:
    description: The arguments of a migration, which becomes a Job.
    type: raw
  metrics:
    description: Where the service has its metrics, C(slipway_metrics).
    type: dict
  keep:
    description: How many old ReplicaSets the cluster keeps.
    type: int
  version:
    description: The version, for people to read.
    type: str
extends_documentation_fragment:
  - slipway.golang.attributes
seealso:
  - module: slipway.golang.release
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Write manifests from the variables of the host
  slipway.golang.manifests:
    from_variables: true
    image: r.example.com/orders@sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
    dest: "{{ inventory_dir }}/manifests/{{ inventory_hostname }}"

- name: Write manifests of a service that has no inventory
  slipway.golang.manifests:
    name: orders
    image: r.example.com/orders@sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
    unit: {memory_max: 512M, cpu_quota: 100%}
    health: {path: /healthz}
    kubernetes: {namespace: shop, replicas: 3, ingress: nginx, host: orders.example.com}
    dest: deploy/orders
"""

RETURN = r"""
dest:
  description: The directory of the files.
  returned: success
  type: str
  sample: /home/ann/deploy/orders
image:
  description: The image, without its tag.
  returned: success
  type: str
files:
  description: The names of all files of the service.
  returned: success
  type: list
  elements: str
  sample: [deployment.yaml, kustomization.yaml]
written:
  description: The names of those that were, or in check mode would be, written.
  returned: success
  type: list
  elements: str
removed:
  description: The names of those that were, or in check mode would be, removed.
  returned: success
  type: list
  elements: str
secrets:
  description: The Secrets that the Deployment names and no file has - their names and keys.
  returned: success
  type: list
  elements: dict
  sample: [{name: orders-env-5f70bf18a0, keys: [TOKEN]}]
notes:
  description: Options of the unit that a pod has no counterpart for, and that do no harm.
  returned: success
  type: list
  elements: str
"""
