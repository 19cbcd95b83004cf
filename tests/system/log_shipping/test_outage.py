# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The targets are away, the hosts are rebooted meanwhile, and their journals are rotated ten times."""

from __future__ import annotations

import collections
import dataclasses
import json

import pytest
from support import lab

from . import sinks as all_sinks
from .conftest import FLEET, LOGS, OUTAGE_SECONDS, PROGRAM, RATES, RELEASE, SECRET, WEB, at_once

# What the sink of each service gets: the lines of that service, or of both.
EXPECTED = {
    "elasticsearch": ("orders",),
    "syslog": ("bill",),
    "journald": ("orders", "bill"),
    "remote": ("orders", "bill"),
}
# Lines of these services in 256 kB of what journalctl prints.
BATCH = 600


@dataclasses.dataclass
class Outage:
    """The keys of the lines that were written and received, and what the playbooks said meanwhile."""

    written: dict[str, list[str]]
    received: dict[str, list[str]]
    status: str
    setup: str
    status_after: str

    def lost(self, sink: str, host: str) -> set[str]:
        names = EXPECTED[sink]
        wanted = {key for key in self.written[host] if key.startswith(names)}
        assert len(wanted) > OUTAGE_SECONDS * sum(RATES[name] for name in names)
        return wanted - set(self.received[sink])

    def doubled(self, sink: str, host: str) -> int:
        counts = collections.Counter(key for key in self.received[sink] if "-%s-" % host in key)
        return sum(counts.values()) - len(counts)


def arrived(sinks, written) -> bool:
    """Whether each sink has the newest line of each service and host."""
    received = {sink: set(sinks.keys_of(sink)) for sink in EXPECTED}
    return all(
        [key for key in keys if key.startswith(name)][-1] in received[sink]
        for sink, names in EXPECTED.items()
        for name in names
        for keys in written.values()
    )


def reboot(host) -> None:
    lab.call(["docker", "restart", "--time", "60", host.container])


@pytest.fixture(scope="module")
def set_up(hosts, sinks, controller):
    controller.write_inventory()
    return controller.sure("setup", "-vvv", "--diff")


@pytest.fixture(scope="module")
def outage(set_up, hosts, sinks, controller):
    everywhere = list(hosts.values())
    at_once(lambda host: host.sure("systemctl daemon-reload; systemctl enable --now orders bill"), everywhere)
    lab.wait_for("the first lines", lambda: all(sinks.keys_of(sink) for sink in EXPECTED))
    at_once(lambda host: host.rotate(), everywhere)
    sinks.stop()
    at_once(lambda host: host.write_lines(OUTAGE_SECONDS / 2), everywhere)
    status = controller.sure("status")
    sinks.stop_proxy()
    setup = controller.sure("setup")
    at_once(reboot, everywhere)
    FLEET.up()
    controller.write_inventory()
    at_once(lambda host: host.write_lines(OUTAGE_SECONDS / 2), everywhere)
    at_once(lambda host: host.rotate(), everywhere)
    sinks.start()
    at_once(lambda host: host.sure("systemctl disable --now orders bill"), everywhere)
    written = {host.name: host.written() for host in everywhere}
    lab.wait_for("the last lines", lambda: arrived(sinks, written))
    return Outage(
        written, {sink: sinks.keys_of(sink) for sink in EXPECTED}, status, setup, controller.sure("status")
    )


def test_a_second_setup_changes_nothing(outage):
    assert outage.setup.count("changed=0") == len(LOGS) * len(WEB)


@pytest.mark.parametrize("host", WEB)
@pytest.mark.parametrize("sink", EXPECTED)
def test_nothing_is_lost_and_at_most_one_batch_arrives_twice(outage, sink, host):
    lost, doubled = sorted(outage.lost(sink, host)), outage.doubled(sink, host)
    counts = len(outage.written[host]), len(lost), doubled
    print("%s of %s: %d lines written, %d lost, %d twice" % (sink, host, *counts))
    assert lost[:5] == []
    assert doubled <= BATCH


def test_setup_and_status_say_since_when_nothing_is_sent(outage):
    for text in (outage.status, outage.setup):
        assert text.count("Nothing was sent since 20") >= len(LOGS) * len(WEB), text[-5000:]
    assert "Connection refused" in outage.status and "HTTP status 502 Bad Gateway" in outage.status
    assert outage.setup.count("sends no logs to") == len(LOGS) * len(WEB)
    assert "Nothing was sent" not in outage.status_after, outage.status_after[-5000:]


def test_fields_arrive_parsed(outage, sinks):
    query = all_sinks.QUERY % (all_sinks.ELASTICSEARCH, "key:* | limit 1")
    document = json.loads(sinks.host.sure(query))
    wanted = {
        "level": "INFO",
        "msg": 'it "works"\tü',
        "deep.a": "[1,2.5]",
        "release": RELEASE,
        "_SYSTEMD_UNIT": "orders.service",
        "PRIORITY": "6",
    }
    assert {
        name: document[name].replace(" ", "") if "." in name else document[name] for name in wanted
    } == wanted
    assert (
        document["_HOSTNAME"] in WEB
        and document["@timestamp"].startswith("20")
        and document["_PID"].isdigit()
    )
    plain = json.loads(sinks.host.sure(all_sinks.QUERY % (all_sinks.ELASTICSEARCH, 'msg:"plain:" | limit 1')))
    assert plain["msg"].startswith("plain: orders-") and "key" not in plain


def test_a_line_of_syslog_is_as_it_was(outage, sinks):
    line = next(line for line in sinks.host.sure("cat /srv/syslog").splitlines() if '"key"' in line)
    head, message = line[: line.index("{")], line[line.index("{") :]
    assert head.startswith("<30>1 20") and head.split()[2] in WEB and head.split()[4].isdigit()
    assert list(json.loads(message)) == ["time", "level", "msg", "key", "deep"] and "\\t" in message


def test_secrets_are_where_only_root_can_read_them(set_up, hosts):
    for host in hosts.values():
        assert host.files_with(SECRET) == []
        host.sure("id outsider >/dev/null 2>&1 || useradd outsider")
        for path in (
            "/etc/clients/client.key",
            "/etc/slipway-logs/orders/forward_logs.py",
            "/run/credentials/*/client.key",
        ):
            assert host.run("runuser -u outsider -- sh -c 'cat %s'" % path).code != 0
        found = host.sure("cat /run/credentials/slipway-journal-upload-*/client.key")
        assert "PRIVATE KEY" in found
        assert "PRIVATE KEY" not in set_up
        command_lines = host.sure("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
        assert "systemd-journal-upload --url=" in command_lines and PROGRAM


def test_what_is_switched_off_leaves_no_other_service_without(outage, hosts, controller):
    controller.sure("setup", "-e", "slipway_hosts=shop-*,orders-*", slipway_logs={})
    for host in hosts.values():
        running = host.sure(
            "systemctl list-units --plain --no-legend --state=active 'slipway-*' | cut -d' ' -f1"
        ).split()
        assert [name.rpartition("-")[0] for name in sorted(running)] == [
            "slipway-journal-upload",
            "slipway-logs",
        ]
    controller.sure("remove", "-e", "slipway_hosts=mail-*")
    for host in hosts.values():
        left = host.sure("ls /etc/slipway-logs; find /etc/systemd /var/lib -name 'slipway-*' -printf '%f\\n'")
        assert set(left.split()) == {"bill", "slipway-logs-bill", "slipway-logs-bill.service"}
