# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Prometheus of a cluster reads and alerts on, and how its adapter counts requests for the HPA."""

from __future__ import annotations

from ..observe import rules
from ..observe.service import Service
from . import pod
from .objects import REQUESTS_PER_SECOND, named
from .probes import HTTP

_API = "monitoring.coreos.com/v1"
_REQUESTS = "http_request_duration_seconds_count"


def service_monitor(request):
    if not request.options["prometheus_operator"]:
        return None
    port = HTTP if request.metrics_port == request.port else "metrics"
    endpoint = {"port": port, "path": request.metrics["path"] or "/metrics", "relabelings": _labels(request)}
    spec = {"selector": {"matchLabels": pod.selector(request)}, "endpoints": [endpoint]}
    return {**named(request, _API, "ServiceMonitor"), "spec": spec}


def _labels(request):
    """The labels that the metrics have on hosts: so alerts and dashboards are the same."""
    return [
        {"action": "replace", "targetLabel": "job", "replacement": "slipway_app"},
        {"action": "replace", "targetLabel": "app", "replacement": request.app},
        {"action": "replace", "targetLabel": "instance", "sourceLabels": ["__meta_kubernetes_pod_name"]},
    ]


def prometheus_rule(request):
    if not request.options["prometheus_operator"]:
        return None
    of_hosts = {"address": "", "group": "", "slipway_soak_seconds": 0, "slipway_waves": [1]}
    of_hosts.update(slipway_gate={"from": "off"}, slipway_shares=[])
    observed = Service(request.app, {"pods": {**request.values, **of_hosts}}, {})
    return {
        **named(request, _API, "PrometheusRule"),
        "spec": rules.groups_of_pods(observed, request.options["namespace"]),
    }


def adapter_rule(request):
    """A rule for the configuration of prometheus-adapter, from the same words as the metric of the HPA."""
    if "requests_per_second" not in request.scale:
        return None
    series = '%s{job="slipway_app",app="%s",namespace!="",pod!=""}' % (_REQUESTS, request.app)
    by_name = {"namespace": {"resource": "namespace"}, "pod": {"resource": "pod"}}
    rule = {
        "seriesQuery": series,
        "resources": {"overrides": by_name},
        "name": {"as": REQUESTS_PER_SECOND},
        "metricsQuery": "sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)",
    }
    return {"rules": [rule]}
