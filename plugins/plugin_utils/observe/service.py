# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be observed of one app: its hosts, where they answer, its limits. Drawn from its variables."""

from __future__ import annotations

import re

from ...module_utils.common import health
from .. import metrics_options
from ..combinations import port_for
from ..fleet import longest_test, wave_sizes

NODE_PORT = 9100
BLACKBOX = "127.0.0.1:9115"
# How long two releases at once are normal beyond the soak and the shares.
MIXED_SECONDS = 900
_MEMORY = re.compile(r"([1-9][0-9]{0,15})([KMGT]?)")
_SCALE = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class Service:
    """One app. ``hosts``: host to its values (``variables.setting``), in the order of the inventory.

    ``address`` and ``group`` are among the values of a host; ``balancers`` is host to its address.
    """

    def __init__(self, app: str, hosts: dict[str, dict], balancers: dict[str, str]):
        first = next(iter(hosts.values()))
        self.app = app
        self.title = title_of(app)
        self.hosts = hosts
        self.balancers = balancers
        self.options = metrics_options.filled(first["slipway_metrics"])
        self.has_metrics = metrics_options.serves_metrics(first["slipway_metrics"])
        self.domains = first["slipway_domain"]
        self.tls = bool(self.domains and first["slipway_tls"])
        self.memory_max = _bytes(first["slipway_unit"].get("memory_max"))
        self.mixed_seconds = longest_test(first) + MIXED_SECONDS
        self.waves = _waves(list(hosts), first["slipway_waves"])

    def targets(self) -> list[dict]:
        """What Prometheus is to scrape, in the form of file_sd."""
        found = [_target(self._at(host, NODE_PORT), job="slipway_node", instance=host) for host in self.hosts]
        for host, values in self.hosts.items():
            found += [self._own(host, *pair) for pair in self._own_ports(values)]
        return found + [self._probe(*probe) for probe in self.probes()]

    def _at(self, host, port):
        return _joined(self.hosts[host]["address"], port)

    def _own_ports(self, values):
        """Where the app's own metrics are on a host: pairs of port and color."""
        if not self.has_metrics:
            return []
        options = metrics_options.filled(values["slipway_metrics"])
        if options["socket"]:
            return [(options["port"] or metrics_options.PROXY_PORT, None)]
        port = options["port"] or _port(values)
        if not options["port"] and values["slipway_strategy"] == "blue_green":
            return [(port, "blue"), (values["slipway_alternate_port"] or port + 1, "green")]
        return [(port, None)]

    def _own(self, host, port, color):
        labels = {"color": color} if color else {}
        path = self.options["path"] or "/metrics"
        place = {"group": self.hosts[host]["group"], "wave": str(self.waves[host])}
        return _target(
            self._at(host, port),
            job="slipway_app",
            app=self.app,
            instance=host,
            __metrics_path__=path,
            **labels,
            **place,
        )

    def probes(self) -> list[tuple]:
        """The checks from outside: host, blackbox exporter's module, its target, and the name to ask for."""
        domain = self.domains[0].replace("*.", "", 1) if self.domains else None
        found = []
        if domain:
            # Each nginx by its own address: the name leads to one of them, or to none yet.
            fronts = self.balancers or {host: values["address"] for host, values in self.hosts.items()}
            found = [self._front(host, address, domain) for host, address in fronts.items()]
        if not domain or self.balancers:
            direct = (self._direct(host, values) for host, values in self.hosts.items())
            found += [probe for probe in direct if probe]
        return found

    def _front(self, host, address, domain):
        check = _check(next(iter(self.hosts.values())))
        scheme, port = ("https", 443) if self.tls else ("http", 80)
        if _is_plain(check):
            target = "%s://%s%s" % (scheme, _joined(address, port), check.path)
            return host, "http_2xx", target, domain
        return host, "tcp_connect", _joined(address, port), None

    def _direct(self, host, values):
        check = _check(values)
        port = _port(values) and check.port
        if not port or values["slipway_strategy"] == "blue_green":
            return None  # of two ports one is at rest
        if _is_plain(check) and check.scheme == "http":
            return host, "http_2xx", "http://%s%s" % (self._at(host, port), check.path), None
        return host, "tcp_connect", self._at(host, port), None

    def _probe(self, host, module, target, name):
        more = {"__param_hostname": name} if name else {}
        return _target(
            BLACKBOX,
            job="slipway_probe",
            app=self.app,
            instance=host,
            __metrics_path__="/probe",
            __param_module=module,
            __param_target=target,
            **more,
        )


def title_of(app: str) -> str:
    """The beginning of the names of its alerts."""
    return "".join(part.capitalize() for part in re.split("[^A-Za-z0-9]+", app))


def _target(address, **labels):
    return {"targets": [address], "labels": labels}


def _joined(address, port):
    return ("[%s]:%s" if ":" in address else "%s:%s") % (address, port)


def _port(values):
    return port_for(values["slipway_port"], values["slipway_health"])


def _check(values):
    return health.parse(health.given(values["slipway_health"]), default_port=_port(values) or 8080)


def _is_plain(check):
    """Whether a GET without more, which is answered by 2xx, is what the health check wants."""
    return (
        check.type == "http"
        and check.method == "GET"
        and not (check.headers or check.body or check.response_headers)
        and any(first <= 200 <= last for first, last in check.status)
    )


def _bytes(memory_max):
    """A limit in bytes; None without one, and for a share of the host's memory."""
    match = _MEMORY.fullmatch(memory_max or "")
    return int(match[1]) * _SCALE[match[2]] if match else None


def _waves(hosts, waves):
    """Host to the number of its wave, if all hosts change."""
    numbers = [
        number for number, size in enumerate(wave_sizes(waves, len(hosts)), 1) for _host in range(size)
    ]
    return dict(zip(hosts, numbers))
