# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects around the pods of a service. Each function returns one object, or None where it has no use."""

from __future__ import annotations

import ipaddress

from ...module_utils.common import canonical
from . import pod
from .probes import HTTP, min_ready_seconds, seconds_to_progress

# The words of systemd for addresses. A pod reaches itself in any case.
_NETWORKS = {
    "localhost": (),
    "link-local": ("169.254.0.0/16", "fe80::/64"),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
}
_DNS = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
# Requests come and go; pods that went too early would have to come again.
_CALM = {
    "scaleUp": {"stabilizationWindowSeconds": 30},
    "scaleDown": {
        "stabilizationWindowSeconds": 300,
        "policies": [{"type": "Percent", "value": 25, "periodSeconds": 60}],
    },
}
REQUESTS_PER_SECOND = "http_requests_per_second"


def named(request, api, kind, name=None, component=pod.SERVER, **more):
    """The beginning of every object."""
    labels = {**pod.selector(request, component), "app.kubernetes.io/managed-by": "slipway"}
    metadata = {"name": name or request.name}
    if request.options["namespace"]:
        metadata["namespace"] = request.options["namespace"]
    return {"apiVersion": api, "kind": kind, "metadata": {**metadata, "labels": labels, **more}}


def deployment(request):
    found = named(request, "apps/v1", "Deployment", **_described(request))
    scaled = "max" in request.scale
    spec = {} if scaled else {"replicas": request.scale["min"]}  # the HPA's business then
    spec.update(
        revisionHistoryLimit=max(request.values["slipway_keep"], 1),
        minReadySeconds=min_ready_seconds(request.check),
        progressDeadlineSeconds=seconds_to_progress(request.check),
        strategy=_strategy(request),
        selector={"matchLabels": pod.selector(request)},
        template=pod.template(request),
    )
    return {**found, "spec": spec}


def _described(request):
    """What people read: the version is here alone, as another version of the same image is no other pod."""
    found = {}
    if request.unit["description"]:
        found["kubernetes.io/description"] = request.unit["description"]
    if request.version:
        found["kubernetes.io/change-cause"] = "%s %s" % (request.app, request.version)
    return {"annotations": {key: found[key] for key in sorted(found)}} if found else {}


def _strategy(request):
    storage = request.options["storage"]
    if storage and not storage.get("shared"):
        return {"type": "Recreate"}  # the next pod waits for the claim of this one
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}


def service(request):
    ports = pod.ports(request)
    if not ports:
        return None
    spec = {"type": request.options["service"], "selector": pod.selector(request), "ports": []}
    for port in ports:
        own = {
            "name": port["name"],
            "port": port["containerPort"],
            "targetPort": port["name"],
            "protocol": "TCP",
        }
        if port["name"] == HTTP:
            own.update(port=80, appProtocol="http")
            if request.options["node_port"]:
                own["nodePort"] = request.options["node_port"]
        spec["ports"].append(own)
    return {**named(request, "v1", "Service"), "spec": spec}


def service_account(request):
    return {**named(request, "v1", "ServiceAccount"), "automountServiceAccountToken": False}


def hpa(request):
    if "max" not in request.scale:
        return None
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": request.name},
        "minReplicas": request.scale["min"],
        "maxReplicas": request.scale["max"],
        "metrics": list(_metrics(request.scale)),
        "behavior": _CALM,
    }
    return {**named(request, "autoscaling/v2", "HorizontalPodAutoscaler"), "spec": spec}


def _metrics(scale):
    for name in ("cpu", "memory"):
        if name in scale:
            target = {"type": "Utilization", "averageUtilization": scale[name]}
            yield {"type": "Resource", "resource": {"name": name, "target": target}}
    if "requests_per_second" in scale:
        target = {"type": "AverageValue", "averageValue": str(scale["requests_per_second"])}
        yield {"type": "Pods", "pods": {"metric": {"name": REQUESTS_PER_SECOND}, "target": target}}


def pdb(request):
    """None for a single pod: its node could never be emptied."""
    if request.scale["min"] < 2:
        return None
    spec = {
        "maxUnavailable": 1,
        # A pod that does not serve anyway keeps no node from being emptied.
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": pod.selector(request)},
    }
    return {**named(request, "policy/v1", "PodDisruptionBudget"), "spec": spec}


def network_policy(request):
    """Clients reach the ports of the service and no others; slipway_unit.ip_allow limits both directions."""
    networks = _networks(request.unit["ip_allow"])
    ports = [{"port": port["containerPort"], "protocol": "TCP"} for port in pod.ports(request)]
    incoming = {"ports": ports, **({"from": networks} if networks is not None else {})}
    spec = {
        # Those of the migration too.
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": request.name}},
        "policyTypes": ["Ingress"],
        # An empty list of sources or of ports means all of them.
        "ingress": [incoming] if ports and networks != [] else [],
    }
    if networks is not None:
        spec["policyTypes"].append("Egress")
        spec["egress"] = [*([{"to": networks}] if networks else []), _DNS]
    return {**named(request, "networking.k8s.io/v1", "NetworkPolicy"), "spec": spec}


def _networks(allowed):
    """Blocks of addresses; None for no limit."""
    if not allowed or "any" in allowed:
        return None
    blocks = []
    for word in allowed:
        known = _NETWORKS.get(word)
        blocks += [str(ipaddress.ip_network(word, strict=False))] if known is None else known
    return [{"ipBlock": {"cidr": block}} for block in dict.fromkeys(blocks)]


def ingress(request):
    if not request.options["ingress"]:
        return None
    backend = {"service": {"name": request.name, "port": {"name": HTTP}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    spec = {"ingressClassName": request.options["ingress"]}
    if request.values["slipway_tls"]:
        secret = request.options["tls_secret"] or request.name + "-tls"
        spec["tls"] = [{"hosts": list(request.domains), "secretName": secret}]
    spec["rules"] = [{"host": domain, "http": {"paths": paths}} for domain in request.domains]
    return {**named(request, "networking.k8s.io/v1", "Ingress"), "spec": spec}


def http_route(request):
    if not request.options["gateway"]:
        return None
    namespace, dummy, gateway = request.options["gateway"].rpartition("/")
    parent = {"name": gateway, **({"namespace": namespace} if namespace else {})}
    spec = {
        "parentRefs": [parent],
        "hostnames": list(request.domains),
        "rules": [{"backendRefs": [{"name": request.name, "port": 80}]}],
    }
    return {**named(request, "gateway.networking.k8s.io/v1", "HTTPRoute"), "spec": spec}


def migration(request):
    """Its name says what it does, so the same migration of the same release is run once."""
    if not request.migrate:
        return None
    template = pod.migration(request)
    digest = canonical.sha256(canonical.to_json(template["spec"]))[:10]
    spec = {
        "backoffLimit": 0,
        "activeDeadlineSeconds": request.migrate["timeout"],
        "template": template,
    }
    name = "%s-migrate-%s" % (request.name, digest)
    return {**named(request, "batch/v1", "Job", name, pod.MIGRATE), "spec": spec}


def secret(request, content):
    """Of what a file must not have: for the cluster alone."""
    if not content:
        return None
    found = named(request, "v1", "Secret", content.name)
    return {**found, "type": "Opaque", "immutable": True, "stringData": content.data}
