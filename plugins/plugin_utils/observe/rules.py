# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The alerts of one app, as a rule file of Prometheus.

Few, and each says which playbook helps. An alert whose metrics this app does not have is left out.
"""

from __future__ import annotations

# Burn rate and its two windows: so fast, the errors of 30 days are used up in two days, or in five.
_BURNS = ((14.4, "1h", "5m"), (6, "6h", "30m"))
MEMORY_SHARE = 0.9
CERTIFICATE_DAYS = 14
# One error at night is no reason to wake somebody, however few requests there are.
LEAST_BAD = 5
# A start that takes no longer is fine, whatever the releases before it took.
SLOW_START_SECONDS = 1
STATUS = "ansible-playbook slipway.golang.status -i <inventory>"
ROLLBACK = "ansible-playbook slipway.golang.rollback -i <inventory>"
DEPLOY = "ansible-playbook slipway.golang.deploy -i <inventory>"
SETUP = "ansible-playbook slipway.golang.setup -i <inventory>"


def groups(service):
    """The content of the file."""
    return {"groups": [{"name": "slipway-" + service.app, "rules": list(alerts(service))}]}


def alerts(service):
    app = service.app
    if service.probes():
        yield _alert(service, *_down(app))
    yield _alert(service, *_mixed(service))
    yield _alert(service, *_restarting(service))
    if service.has_metrics:
        yield _alert(service, *_errors(service))
        yield _alert(service, *_slow(service))
    if service.has_metrics and service.memory_max:
        yield _alert(service, *_near_memory_max(service))
    yield _alert(service, *_starts_slowly(app))
    if service.tls:
        yield _alert(service, *_certificate_ends(app))


def groups_of_pods(service, namespace=None):
    """The same for pods: what a Prometheus in the cluster knows by asking them, and nothing else."""
    own = 'job="slipway_app",app="%s"' % service.app
    own += ',namespace="%s"' % namespace if namespace else ""
    found = [_no_pod(service.app, own), _restarting_pods(service.app, own), _errors(service), _slow(service)]
    if service.memory_max:
        found.append(_near_memory_max(service))
    return {"groups": [{"name": "slipway-" + service.app, "rules": [_alert(service, *one) for one in found]}]}


def names(service):
    return [rule["alert"] for rule in alerts(service)]


def silenced(title):
    """The alerts that a wave may fire on its hosts, or for the app while its hosts differ."""
    return [title + name for name in ("Down", "Mixed", "Restarting")]


def _alert(service, name, severity, hold, expr, summary, command):
    return {
        "alert": service.title + name,
        "expr": expr,
        "for": hold,
        "labels": {"app": service.app, "severity": severity},
        "annotations": {"summary": summary, "command": command},
    }


def _down(app):
    probe = 'job="slipway_probe",app="%s"' % app
    # Where the exporter itself does not answer, there is no probe_success.
    expr = "min by (app, instance) (probe_success{%s} or up{%s}) == 0" % (probe, probe)
    summary = app + " on {{ $labels.instance }} does not answer from outside"
    return "Down", "page", "2m", expr, summary, STATUS


def _no_pod(app, own):
    return "Down", "page", "2m", "absent(up{%s} == 1)" % own, "No pod of %s answers" % app, STATUS


def _restarting_pods(app, own):
    expr = "max by (instance) (changes(process_start_time_seconds{%s}[15m])) >= 3" % own
    summary = app + " in {{ $labels.instance }} ends and is restarted again and again"
    return "Restarting", "page", "0m", expr, summary, STATUS


def _mixed(service):
    expr = 'count by (app) (count by (app, release) (slipway_release_info{app="%s"})) > 1' % service.app
    summary = "The hosts of %s have different releases: a rollout did not end" % service.app
    return "Mixed", "ticket", "%ds" % service.mixed_seconds, expr, summary, DEPLOY


def _restarting(service):
    unit = r"%s(@(blue|green))?\\.service" % service.app
    counted = 'sum by (instance) (increase(node_systemd_service_restart_total{name=~"%s"}[15m])) >= 3' % unit
    if service.has_metrics:
        # Also where the node exporter counts no restarts. Deploys and rollbacks are starts too.
        starts = 'changes(process_start_time_seconds{job="slipway_app",app="%s"}[15m])' % service.app
        counted += " or max by (instance) (%s) >= 5" % starts
    summary = service.app + " on {{ $labels.instance }} ends and is restarted again and again"
    return "Restarting", "page", "0m", counted, summary, STATUS


def _requests(service, more=""):
    return 'http_request_duration_seconds_count{job="slipway_app",app="%s"%s}' % (service.app, more)


def _errors(service):
    bad = "sum by (app) (rate(%s[{window}]))" % _requests(service, ',status=~"5.."')
    summary = "%s answers too many requests with an error of its own" % service.app
    return "Errors", "page", "2m", _burns(service, bad), summary, ROLLBACK


def _slow(service):
    # Prometheus 2 has le="1", and 3 has le="1.0".
    seconds = "%g" % service.options["slower_than"]
    bound = seconds + r"(\\.0)?" if seconds.isdigit() else seconds.replace(".", r"\\.")
    quick = _requests(service, ',le=~"%s"' % bound).replace("_count{", "_bucket{")
    bad = "(sum by (app) (rate(%s[{window}])) - sum by (app) (rate(%s[{window}])))"
    summary = "Too many requests to %s take longer than %s s" % (service.app, seconds)
    return "Slow", "page", "2m", _burns(service, bad % (_requests(service), quick)), summary, ROLLBACK


def _burns(service, bad):
    """More than the budget allows in a long window and in a short one, and of enough requests.

    The long window makes sure of it, the short one ends the alert soon after the trouble.
    """
    every = "sum by (app) (rate(%s[{window}]))" % _requests(service)
    least = service.options["min_requests"]
    parts = []
    for factor, long, short in _BURNS:
        limit = "%g" % min(factor * (1 - service.options["objective"] / 100), 0.99)
        ratio = "%s / %s > %s" % (bad, every, limit)
        enough = ["%s >= %d" % (_counted(every), least), "%s >= %d" % (_counted(bad), LEAST_BAD)]
        terms = [term.replace("{window}", long) for term in (ratio, *enough)]
        parts.append("(%s)" % " and ".join([*terms, ratio.replace("{window}", short)]))
    return " or ".join(parts)


def _counted(rate):
    return rate.replace("rate(", "increase(")


def _near_memory_max(service):
    used = 'max by (instance) (process_resident_memory_bytes{job="slipway_app",app="%s"})' % service.app
    expr = "%s > %d" % (used, service.memory_max * MEMORY_SHARE)
    summary = service.app + " on {{ $labels.instance }} is near its limit memory_max"
    return "NearMemoryMax", "ticket", "10m", expr, summary, STATUS


def _starts_slowly(app):
    own = '{app="%s"}' % app
    same = "and on (job, instance, app, release)"
    ready, info = "slipway_release_ready_seconds" + own, "slipway_release_info" + own
    earlier = "(%s unless on (job, instance, app, release) %s)" % (ready, info)
    live = " ".join(
        [
            "%s > %d %s %s" % (ready, SLOW_START_SECONDS, same, info),
            # For an hour: then everybody knows.
            "%s (time() - slipway_release_live_since_seconds%s < 3600)" % (same, own),
            "and on (job, instance, app) count by (job, instance, app) (%s) >= 3" % earlier,
        ]
    )
    median = "2 * max by (app, instance) (quantile by (job, app, instance) (0.5, %s))" % earlier
    expr = "max by (app, instance, release) (%s) > on (app, instance) group_left () %s" % (live, median)
    summary = (
        "{{ $labels.release }} on {{ $labels.instance }} took more than twice as long to start as its "
        "predecessors"
    )
    return "StartsSlowly", "ticket", "0m", expr, summary, STATUS


def _certificate_ends(app):
    expiry = 'probe_ssl_earliest_cert_expiry{job="slipway_probe",app="%s"}' % app
    expr = "min by (app, instance) (%s) - time() < %d" % (expiry, CERTIFICATE_DAYS * 86400)
    summary = "The certificate of %s on {{ $labels.instance }} ends in less than %d days" % (
        app,
        CERTIFICATE_DAYS,
    )
    return "CertificateEnds", "ticket", "1h", expr, summary, SETUP
