# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example gin-api on two hosts, deployed twice, and a third host with the distribution's Prometheus."""

from __future__ import annotations

import concurrent.futures
import functools
import json
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from support import lab

FLEET = lab.Fleet("metrics", "web=2", "mon=1", timeout=900)
WEB = ("web1", "web2")
SECRETS = {"environment": "correct-horse-battery-staple", "header": "correct-horse-of-the-health-check"}
HEALTH = {"path": "/healthz", "period": 0.1, "min_ready_seconds": 0.1}
# What the playbook observe installs. It comes over the network while the service is built.
PACKAGES = {
    "web1": "prometheus-node-exporter",
    "web2": "prometheus-node-exporter",
    "mon1": "prometheus prometheus-alertmanager prometheus-blackbox-exporter",
}
DOWNLOAD = "apt-get -qq update && apt-get -qqy install --no-install-recommends --download-only %s"
# The tests need some samples, not one every 15 seconds.
OFTEN = (
    "sed -i 's/_interval: 15s/_interval: 2s/' /etc/prometheus/prometheus.yml && systemctl reload prometheus"
)
SERVICE = {
    "slipway_app": "gin-api",
    "slipway_source": str(lab.CHECKOUT / "examples/gin-api"),
    "slipway_stamp": {"main.version": "{version}", "main.commit": "{commit}"},
    "slipway_targets": ["linux/amd64"],
    "slipway_build": {"go": lab.find_go()},
    "slipway_env": {"GREETING": SECRETS["environment"]},
    "slipway_health": HEALTH,
    "slipway_unit": {"memory_max": "256M", "drain_seconds": 5},
    "slipway_waves": [1, 1],
}


class Observed:
    """The fleet's own controller, and its Prometheus."""

    def __init__(self, directory: Path, hosts: dict[str, lab.Host]):
        self.directory = directory
        self.console = ""
        self.hosts = hosts
        known = FLEET.variables()
        self.address = {name: known[name]["lab_address"] for name in hosts}
        # Those of all services, so Prometheus and Alertmanager can be reached from here.
        metrics = {"install": True, "socket": "pprof.sock", "listen": "0.0.0.0"}
        metrics["alertmanager"] = "http://%s:9093" % self.address["mon1"]
        own = {
            name: {key: value for key, value in known[name].items() if key.startswith("ansible_")}
            for name in hosts
        }
        for name, variables in own.items():
            variables["slipway_address"] = self.address[name]
        # No exporter sends such a header, so this host is probed in another way.
        own["web2"]["slipway_health"] = dict(HEALTH, headers={"Authorization": SECRETS["header"]})
        service = dict(SERVICE, slipway_metrics=metrics, slipway_dist=str(directory / "dist"))
        groups = {"web": {"hosts": {name: own[name] for name in WEB}}}
        groups["monitoring"] = {"hosts": {"mon1": own["mon1"]}}
        self.inventory = directory / "inventory.json"
        self.inventory.write_text(json.dumps({"all": {"vars": service, "children": groups}}))

    def play(self, playbook: str, *flags: str, **variables) -> lab.Done:
        done = FLEET.playbook(playbook, *flags, inventory=self.inventory, **variables)
        self.console += done.out + done.err
        return done

    def sure(self, playbook: str, *flags: str, **variables) -> str:
        done = self.play(playbook, *flags, **variables)
        assert done.code == 0, (done.out + done.err)[-6000:]
        return done.out

    def ask(self, expr: str) -> list[dict]:
        """What Prometheus answers now: labels and value."""
        found = self.get("9090/api/v1/query?query=" + urllib.parse.quote(expr))["data"]
        return found["result"]

    def get(self, path: str):
        with urllib.request.urlopen("http://%s:%s" % (self.address["mon1"], path), timeout=10) as reply:
            return json.load(reply)

    def history(self, host: str) -> list[dict]:
        lines = self.hosts[host].sure("cat /opt/gin-api/history.jsonl").splitlines()
        return [json.loads(line) for line in lines]

    @functools.cached_property
    def dashboard(self) -> dict:
        return json.loads(self.hosts["mon1"].sure("cat /etc/prometheus/slipway/dashboards/gin-api.json"))


@pytest.fixture(scope="session")
def observed(tmp_path_factory):
    with FLEET:
        hosts = {name: lab.Host(FLEET, name, past_ssh=True) for name in (*WEB, "mon1")}
        for name in WEB:
            hosts[name].sure("id gin-api 2>/dev/null || useradd --system --user-group gin-api")
        found = Observed(tmp_path_factory.mktemp("observed"), hosts)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            coming = [pool.submit(hosts[name].sure, DOWNLOAD % of) for name, of in PACKAGES.items()]
            # The first release is there before there is anything to observe it with.
            found.sure("slipway.golang.deploy", slipway_version="1.0.0", slipway_metrics={})
            for download in coming:
                download.result()
        found.sure("slipway.golang.observe")
        hosts["mon1"].sure(OFTEN)
        found.sure("slipway.golang.deploy", slipway_version="1.1.0")
        yield found
