# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The manifests of a service as files, and as the objects that a cluster gets."""

from __future__ import annotations

from . import monitoring, objects, yaml_text

HEADER = (
    "# Written by slipway.golang.manifests. What is changed here is overwritten: use slipway_kubernetes.\n"
)
KUSTOMIZATION = "kustomization.yaml"
# In the order in which a cluster wants them.
OBJECTS = {
    "serviceaccount.yaml": objects.service_account,
    "networkpolicy.yaml": objects.network_policy,
    "migrate.yaml": objects.migration,
    "service.yaml": objects.service,
    "deployment.yaml": objects.deployment,
    "hpa.yaml": objects.hpa,
    "pdb.yaml": objects.pdb,
    "ingress.yaml": objects.ingress,
    "httproute.yaml": objects.http_route,
    "servicemonitor.yaml": monitoring.service_monitor,
    "prometheusrule.yaml": monitoring.prometheus_rule,
}
# Not for the cluster itself.
OTHERS = {"prometheus-adapter.yaml": monitoring.adapter_rule}
NAMES = (*OBJECTS, *OTHERS, KUSTOMIZATION)


def files(request) -> dict[str, str]:
    """File name to text. No secret is in any of them."""
    found = {name: make(request) for name, make in {**OBJECTS, **OTHERS}.items()}
    found = {name: content for name, content in found.items() if content}
    found[KUSTOMIZATION] = _kustomization(request, [name for name in found if name in OBJECTS])
    return {name: HEADER + yaml_text.render(content) for name, content in sorted(found.items())}


def _kustomization(request, resources):
    content = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(resources),
    }
    return {**content, **({"patches": request.options["patches"]} if request.options["patches"] else {})}


def secrets(request) -> list[dict]:
    """The Secrets by content: for the cluster, and for no file."""
    contents = (request.secret_environment, request.secret_config)
    return [objects.secret(request, content) for content in contents if content]


def for_cluster(request) -> list[dict]:
    """All objects of the release, in the order in which a cluster wants them."""
    found = (make(request) for make in OBJECTS.values())
    return [yaml_text.plain(item) for item in [*secrets(request), *found] if item]
