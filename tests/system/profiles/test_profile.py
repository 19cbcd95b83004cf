# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A profile of three hosts: whose it is, what it adds up to, who may take it, and what is in no file."""

from __future__ import annotations

import gzip
import http.client
import json
import re

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import pprof

from .conftest import FIRST, LIVE, SECRETS, STOPPED

SOCKETS = {
    "web1": "/run/orders/pprof.sock",
    "web2": "/run/orders/pprof.sock",
    "odd1": "/run/orders@green/pprof.sock",
}
# For root alone: what a release is started with, and what its health check sends.
KEPT = re.compile(r"/opt/orders/(releases/[^/]+/environment(\.template)?|history\.jsonl)")
CONNECT = (
    "runuser -u %s -- python3 -c 'import socket, sys\n"
    "connection = socket.socket(socket.AF_UNIX)\n"
    "connection.connect(sys.argv[1])' %s"
)


def test_right_after_a_deploy_the_live_instance_is_asked(profiled, hosts):
    dummy, known, dummy = profiled
    units = {row["host"]: row["unit"] for row in known["hosts"]}
    assert units == {"web1": "orders.service", "web2": "orders.service", "odd1": "orders@green.service"}
    assert {row["release"].rpartition("-")[0] for row in known["hosts"]} == {LIVE}
    assert known["release"] == LIVE  # its ids differ: so do the units of the strategies
    assert hosts["odd1"].run("systemctl is-active orders@blue").out.strip() == "inactive"


def test_the_samples_of_the_whole_are_those_of_the_hosts(profiled, orders):
    dummy, known, dummy = profiled
    merged = pprof.read(orders.file("cpu-*.pb.gz").read_bytes())
    assert all(row["samples"] > 0 for row in known["hosts"]) and len(known["hosts"]) == 3
    assert merged.samples == known["samples"] == sum(row["samples"] for row in known["hosts"])
    assert known["cpu_seconds"] == round(merged.cpu_seconds, 3) > 0
    busiest = max(merged.functions, key=merged.functions.get)
    assert busiest in ("main.burn", "main.multiplying.next")


def test_nothing_listens_that_did_not_before(profiled):
    for name, seen in profiled[2].items():
        assert len(seen) > 4 and len(set(seen)) == 1, (name, set(seen))
        assert SOCKETS[name] in seen[0] and "6060" not in seen[0]


@pytest.mark.parametrize("name", SOCKETS)
def test_only_root_and_the_service_reach_the_socket(profiled, hosts, name):
    host = hosts[name]
    for user in ("nobody", "www-data"):
        refused = host.run(CONNECT % (user, SOCKETS[name]))
        assert refused.code != 0 and "PermissionError" in refused.err
    host.sure("python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"%s\")'" % SOCKETS[name])
    assert host.sure("stat -c '%%a %%U' %s" % SOCKETS[name]) == "600 orders\n"


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_in_no_profile_no_report_and_not_on_the_console(profiled, orders, hosts, name):
    secret = SECRETS[name]
    assert secret not in orders.console
    files = [path for path in orders.directory.rglob("*") if path.is_file() and path != orders.inventory]
    written = [path for path in files if "-cpu-" in path.name or path.suffix == ".html"]
    assert len(written) == 4 + 2, written
    for path in files:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.name.endswith(".gz") else content
        assert secret.encode() not in content and secret not in path.name, path
    for host in hosts.values():
        kept = host.files_with(secret)
        assert kept and all(KEPT.fullmatch(path) for path in kept), kept


def test_the_program_did_put_its_secret_into_its_profile(profiled, hosts):
    raw = hosts["web1"].sure(
        "curl -s --unix-socket %s 'http://localhost/debug/pprof/goroutine?debug=1' & "
        "for i in $(seq 50); do curl -s 'http://127.0.0.1:8080/busy?ms=20' >/dev/null & "
        "curl -s --unix-socket %s 'http://localhost/debug/pprof/goroutine?debug=1'; done; wait"
        % (SOCKETS["web1"], SOCKETS["web1"])
    )
    assert SECRETS["environment"] in raw


def test_what_is_there_now_takes_no_time(orders):
    orders.sure("profile", slipway_kind="goroutine", slipway_hosts_at_most=1, slipway_seconds=600)
    known = orders.known()
    assert (known["kind"], len(known["hosts"])) == ("goroutine", 1) and known["samples"] > 0


def test_the_next_release_is_compared_with_this_one(profiled, orders):
    """Nothing else than the file of the release before is needed."""
    before = profiled[1]
    path = orders.dist / "orders-1.0.0-cpu-20260101T000000Z.json"
    path.write_text(json.dumps(dict(before, artifact="other", taken="2026-01-01T00:00:00Z")))
    profile = orders.file("cpu-*.pb.gz").read_bytes()
    (orders.dist / "orders-1.0.0-cpu-20260101T000000Z.pb.gz").write_bytes(profile)
    orders.sure("profile", slipway_against="previous", slipway_seconds=1, slipway_hosts_at_most=1)
    assert orders.known()["against"] == "orders-1.0.0-cpu-20260101T000000Z.pb.gz"


def test_a_service_that_serves_no_pprof_says_what_to_do(orders):
    ran = orders.play("profile", slipway_pprof={"socket": "other.sock"})
    assert ran.done.code != 0
    assert (
        "/run/orders@green/other.sock: No such file or directory. Let it serve net/http/pprof there"
        in ran.said
    )
    ran = orders.play("profile", slipway_pprof={"port": 22})
    assert "127.0.0.1:22 is served by process" in ran.said and "nothing was asked" in ran.said


def test_nginx_does_not_serve_profiles(orders, hosts):
    port = int(hosts["odd1"].variables["lab_http_port"])
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    client.request("GET", "/debug/pprof/", headers={"Host": "orders.example.test"})
    assert client.getresponse().status == 404


def test_a_mixture_of_releases_is_refused(orders):
    said = orders.mixed.said
    assert orders.mixed.done.code != 0
    assert re.search(
        r"%s-[0-9a-f]{12} on web1; .* %s-[0-9a-f]{12} on odd1" % (re.escape(STOPPED), re.escape(FIRST)), said
    ), said
