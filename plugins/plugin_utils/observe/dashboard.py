# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dashboard of one app, as Grafana imports it. Deploys are marks on every graph.

A panel whose metrics this app does not have is left out.
"""

from __future__ import annotations

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
_HEIGHT = 8


def dashboard(service):
    """The content of the file."""
    return {
        "uid": "slipway-" + service.app,
        "title": service.app,
        "tags": ["slipway"],
        "editable": True,
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_datasource(), _instances(service)]},
        "annotations": {"list": [_deploys(service)]},
        "panels": _placed([panel for panel in _panels(service) if panel]),
    }


def expressions(content):
    """Each panel's title and expression, and those of the marks."""
    found = [
        (panel["title"], target["expr"]) for panel in content["panels"] for target in panel.get("targets", [])
    ]
    return found + [(mark["name"], mark["expr"]) for mark in content["annotations"]["list"]]


def _datasource():
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _instances(service):
    query = 'label_values(slipway_release_info{app="%s"}, instance)' % service.app
    return {
        "name": "instance",
        "label": "Host",
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": "instances"},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _deploys(service):
    """Marks at the times that the metric itself has, so that Prometheus may have missed the moment."""
    return {
        "name": "Deploys",
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": "blue",
        "expr": "slipway_release_live_since_seconds{%s} * 1000" % _of(service),
        "useValueForTime": True,
        "titleFormat": "{{release}}",
        "textFormat": "{{instance}}",
    }


def _of(service, more=""):
    return 'app="%s",instance=~"$instance"%s' % (service.app, more)


def _panels(service):
    node, unit = _of(service), r"%s(@(blue|green))?\\.service" % service.app
    live = "and on (job, instance, app, release) slipway_release_info{%s}" % node
    yield _panel("Live release", "table", [("", "slipway_release_info{%s}" % node)], instant=True)
    if service.probes():
        yield _panel("Answers from outside", "stat", [("{{instance}}", "probe_success{%s}" % node)])
    yield from _traffic(service) if service.has_metrics else ()
    yield _panel(
        "Start-up time per release",
        "bargauge",
        [("{{release}}", "max by (release) (slipway_release_ready_seconds{%s})" % node)],
        unit="s",
        instant=True,
    )
    yield _panel(
        "Start-up time of the live release",
        "timeseries",
        [("{{instance}} {{release}}", "slipway_release_ready_seconds{%s} %s" % (node, live))],
        unit="s",
    )
    phases = "max by (phase) (slipway_release_phase_seconds{%s})" % node
    yield _panel("Phases of the last deploy", "bargauge", [("{{phase}}", phases)], unit="s", instant=True)
    acts = "sum by (act, outcome) (slipway_acts_total{%s})" % node
    yield _panel("Deploys and rollbacks, by outcome", "table", [("", acts)], instant=True)
    restarts = 'node_systemd_service_restart_total{instance=~"$instance",name=~"%s"}' % unit
    yield _panel(
        "Restarts by systemd", "timeseries", [("{{instance}} {{name}}", "increase(%s[1h])" % restarts)]
    )
    yield from _process(service) if service.has_metrics else ()
    if service.tls:
        expiry = "(probe_ssl_earliest_cert_expiry{%s} - time()) / 86400" % node
        yield _panel("Days until the certificate ends", "stat", [("{{instance}}", expiry)], unit="d")


def _traffic(service):
    of = "{%s}" % _of(service, ',job="slipway_app"')
    count = "http_request_duration_seconds_count" + of
    bucket = "http_request_duration_seconds_bucket" + of
    rate = "sum by (%s) (rate(%s[$__rate_interval]))"
    yield _panel(
        "Requests per second", "timeseries", [("{{status}}", rate % ("status", count))], unit="reqps"
    )
    errors = count.replace("{", '{status=~"5..",')
    # Without a single error there is no such series, and zero is the answer.
    share = "(%s or 0 * %s) / %s" % tuple(rate % ("instance", name) for name in (errors, count, count))
    yield _panel("Share of errors", "timeseries", [("{{instance}}", share)], unit="percentunit")
    quantiles = [
        ("p%s" % percent, "histogram_quantile(0.%s, %s)" % (percent, rate % ("le", bucket)))
        for percent in ("50", "95", "99")
    ]
    yield _panel("Duration of requests", "timeseries", quantiles, unit="s")
    routes = "topk(10, %s)" % (rate % ("method, route", count))
    yield _panel("Busiest routes", "timeseries", [("{{method}} {{route}}", routes)], unit="reqps")


def _process(service):
    of = "{%s}" % _of(service, ',job="slipway_app"')
    memory = [("{{instance}}", "process_resident_memory_bytes" + of)]
    if service.memory_max:
        memory.append(("memory_max", "vector(%d)" % service.memory_max))
    yield _panel("Memory", "timeseries", memory, unit="bytes")
    processor = "rate(process_cpu_seconds_total%s[$__rate_interval])" % of
    yield _panel("Processor, in cores", "timeseries", [("{{instance}}", processor)])
    yield _panel("Goroutines", "timeseries", [("{{instance}}", "go_goroutines" + of)])


def _panel(title, kind, queries, unit="short", instant=False):
    """``queries``: pairs of legend and expression."""
    return {
        "title": title,
        "type": kind,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": letter,
                "datasource": DATASOURCE,
                "expr": expr,
                "legendFormat": legend,
                "instant": instant,
                "range": not instant,
                "format": "table" if kind == "table" else "time_series",
            }
            for letter, (legend, expr) in zip("ABCDEF", queries)
        ],
        "options": {},
    }


def _placed(panels):
    """Two panels a row."""
    half = WIDTH // 2
    return [
        dict(
            panel,
            id=number + 1,
            gridPos={"x": number % 2 * half, "y": number // 2 * _HEIGHT, "w": half, "h": _HEIGHT},
        )
        for number, panel in enumerate(panels)
    ]
