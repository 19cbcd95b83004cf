# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of an app's alerts, for `promtool test rules`: each fires in its case, none in what is normal.

A series is written as promtool reads it: ``1x9`` is ten times 1, ``0+60x9`` counts up by 60, a minute each.
"""

from __future__ import annotations

from . import rules

HOST, OTHER = "web1", "web2"
HOUR = 60


def tests(service):
    """The content of the file, in a directory beside that of the rules."""
    cases = [case for case in (*_firing(service), *_quiet(service)) if case]
    return {
        "rule_files": ["../rules/%s.yml" % service.app],
        "evaluation_interval": "1m",
        "tests": cases,
    }


# --- series


def _probe(service, values, host=HOST, metric="probe_success"):
    return _series(metric, values, job="slipway_probe", app=service.app, instance=host)


def _node(metric, values, host=HOST, /, **labels):
    return _series(metric, values, job="slipway_node", instance=host, **labels)


def _own(service, metric, values, host=HOST, **labels):
    return _series(metric, values, job="slipway_app", app=service.app, instance=host, **labels)


def _requests(service, values, status="200", host=HOST):
    return _own(service, "http_request_duration_seconds_count", values, host, status=status)


def _quick(service, values, status="200", host=HOST):
    bound = "%g" % service.options["slower_than"]
    return _own(service, "http_request_duration_seconds_bucket", values, host, status=status, le=bound)


def _info(service, release, values, host=HOST):
    return _node("slipway_release_info", values, host, app=service.app, release=release)


def _ready(service, release, values, host=HOST):
    return _node("slipway_release_ready_seconds", values, host, app=service.app, release=release)


def _since(service, release, values, host=HOST):
    return _node("slipway_release_live_since_seconds", values, host, app=service.app, release=release)


def _restarts(service, values, host=HOST):
    unit = service.app + ".service"
    return _node("node_systemd_service_restart_total", values, host, name=unit)


def _series(metric, values, /, **labels):
    text = ",".join('%s="%s"' % item for item in sorted(labels.items()))
    return {"series": "%s{%s}" % (metric, text), "values": values}


# --- each alert in its case


def _firing(service):
    hold = service.mixed_seconds // 60 + 2
    yield _fires(service, "Down", 10, [_probe(service, "1x4 0x10")], instance=HOST)
    yield _fires(
        service,
        "Down",
        10,
        [_probe(service, "0x20", metric="up")],
        instance=HOST,
        case="the exporter that asks does not answer",
    )
    mixed = [
        _info(service, "1.0.0-a", "1x%d" % (hold + 10)),
        _info(service, "1.1.0-b", "1x%d" % (hold + 10), OTHER),
    ]
    yield _fires(service, "Mixed", hold, mixed)
    yield _fires(service, "Restarting", 20, [_restarts(service, "0x9 0+1x10")], instance=HOST)
    bad = [_requests(service, "0+600x90"), _requests(service, "0+60x90", status="500")]
    yield _fires(service, "Errors", 70, bad)
    slow = [_requests(service, "0+600x90"), _quick(service, "0+500x90")]
    yield _fires(service, "Slow", 70, slow)
    if service.memory_max:
        used = int(service.memory_max * 0.95)
        yield _fires(
            service,
            "NearMemoryMax",
            20,
            [_own(service, "process_resident_memory_bytes", "%dx30" % used)],
            instance=HOST,
        )
    starts = [
        _info(service, "1.4.0-d", "1x30"),
        _since(service, "1.4.0-d", "0x30"),
        *(_ready(service, name, "1.1x30") for name in ("1.1.0-a", "1.2.0-b", "1.3.0-c")),
        _ready(service, "1.4.0-d", "2.5x30"),
    ]
    yield _fires(service, "StartsSlowly", 5, starts, instance=HOST, release="1.4.0-d")
    soon = 10 * 86400
    yield _fires(
        service,
        "CertificateEnds",
        90,
        [_probe(service, "%dx100" % soon, metric="probe_ssl_earliest_cert_expiry")],
        instance=HOST,
    )


def _fires(service, name, minute, series, case="", **labels):
    """A test that exactly this alert fires; None if the app has no such alert."""
    rule = next((rule for rule in rules.alerts(service) if rule["alert"] == service.title + name), None)
    if rule is None:
        return None
    expected = {
        "exp_labels": dict(rule["labels"], **labels),
        "exp_annotations": {key: _filled(text, labels) for key, text in rule["annotations"].items()},
    }
    checks = [
        {
            "eval_time": "%dm" % minute,
            "alertname": other,
            "exp_alerts": [expected] if other == rule["alert"] else [],
        }
        for other in rules.names(service)
    ]
    title = "%s fires%s" % (rule["alert"], ": " + case if case else "")
    return {"name": title, "interval": "1m", "input_series": series, "alert_rule_test": checks}


def _filled(text, labels):
    for name, value in labels.items():
        text = text.replace("{{ $labels.%s }}" % name, value)
    return text


# --- what is normal


def _quiet(service):
    yield _is_quiet(
        service, "a deploy, host by host", range(5, 51, 5), _rollout(service, "1.0.0-a", "1.1.0-b")
    )
    yield _is_quiet(
        service, "a rollback, host by host", range(5, 51, 5), _rollout(service, "1.1.0-b", "1.0.0-a")
    )
    yield _is_quiet(
        service, "a night with one error in 20 requests", range(6 * HOUR, 7 * HOUR + 1, 5), _night(service)
    )


def _rollout(service, old, new):
    """Both hosts change within a few minutes; each is away for a moment, and one has a failed request."""
    series = []
    for host, minute in ((HOST, 10), (OTHER, 14)):
        after = 60 - minute
        series += [
            _probe(service, "1x%d 0 1x%d" % (minute - 1, after), host),
            _info(service, old, "1x%d _x%d" % (minute - 1, after), host),
            _info(service, new, "_x%d 1x%d" % (minute, after), host),
            _since(service, old, "-99999x%d _x%d" % (minute - 1, after), host),
            _since(service, new, "_x%d %dx%d" % (minute, minute * 60, after), host),
            _ready(service, old, "0.06x60", host),
            _ready(service, new, "_x%d 0.07x%d" % (minute, after), host),
            _restarts(service, "0x60", host),
            _own(service, "process_start_time_seconds", "1x%d 700x%d" % (minute - 1, after), host),
            _own(service, "process_resident_memory_bytes", "20000000x60", host),
            _requests(service, "0+600x60", host=host),
            _requests(service, "0x%d 2x%d" % (minute, after), status="502", host=host),
            _quick(service, "0+600x60", host=host),
        ]
    return series


def _night(service):
    """One request in three minutes for seven hours, and one of them fails or is slow."""
    good = "0x2 " + " ".join("%dx2" % count for count in range(1, 7 * HOUR // 3))
    return [
        _probe(service, "1x%d" % (7 * HOUR)),
        _requests(service, good),
        _requests(service, "0x%d 1x%d" % (6 * HOUR + 30, 30), status="500"),
        _quick(service, good),
    ]


def _is_quiet(service, title, minutes, series):
    checks = [
        {"eval_time": "%dm" % minute, "alertname": name, "exp_alerts": []}
        for name in rules.names(service)
        for minute in minutes
    ]
    return {"name": "silent: " + title, "interval": "1m", "input_series": series, "alert_rule_test": checks}
