# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of three hosts has a vulnerable module; and that the real govulncheck says the same of its binary."""

from __future__ import annotations

import json
import re

from support import lab

from . import world
from .conftest import SECRET

LONG = {"id": world.ID, "until": "2999-12-31", "why": "nothing is parsed"}


def test_the_one_host_with_the_old_module_is_named(orders):
    ran = orders.play("audit")
    assert ran.done.code != 0
    (row,) = ran.summary["found"]
    assert (row["host"], row["id"], row["module"]) == ("web2", world.ID, world.LIB)
    assert (row["version"], row["fixed"]) == (world.OLD, world.NEW)
    assert re.fullmatch(r"1\.0\.0-[0-9a-f]{12}", row["release"])
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["since"])
    assert ran.summary["failed"] and sorted(ran.summary["scanned"]) == ["web1", "web2", "web3"]
    assert ran.summary["databases"] == {orders.database: "2026-11-27T18:02:11Z"}
    assert re.search(
        r"^web2 +1\.0\.0-\S+ +\S+Z +GO-2026-9001 +example\.test/lib v1\.0\.0 +v1\.1\.0$", ran.said, re.M
    )
    assert "Audit: 3 hosts scanned, 1 vulnerabilities on 1 hosts" in ran.said
    assert SECRET not in ran.said + json.dumps(ran.summary)


def test_govulncheck_says_the_same_of_the_binaries(orders):
    for source, expected in ((world.OLD, {(world.ID, world.LIB, world.OLD, world.NEW)}), (world.NEW, set())):
        (binary,) = (orders.directory / "dist" / source).glob("bin/*/orders")
        printed = lab.call([orders.govulncheck, "-json", "-db", orders.database, "-mode=binary", binary])
        assert _findings(printed) == expected


def _findings(printed):
    decoder, at, found = json.JSONDecoder(), 0, set()
    while at < len(printed):
        message, at = decoder.raw_decode(printed, at)
        at += len(printed[at:]) - len(printed[at:].lstrip())
        if "finding" in message:
            finding = message["finding"]
            frame = finding["trace"][0]
            found.add((finding["osv"], frame["module"], frame["version"], finding["fixed_version"]))
    return found


def test_what_is_ignored_does_not_fail_until_its_day_is_over(orders):
    ran = orders.sure("audit", vulnerabilities={"ignore": [LONG]})
    assert ran.summary["found"] == [] and ran.summary["ignored"][0]["ignored"] == LONG
    assert "is ignored until 2999-12-31: nothing is parsed" in ran.said
    ran = orders.play("audit", vulnerabilities={"ignore": [dict(LONG, until="2020-01-01")]})
    assert ran.done.code != 0 and "was ignored until 2020-01-01" in ran.said.replace("\n", " ")


def test_what_could_not_be_scanned_is_not_clean(orders, hosts):
    web1 = hosts["web1"]
    binary = "/opt/orders/current/bin/orders"
    web1.sure("cp %s /tmp/orders && printf x >>/tmp/orders && chmod 755 /tmp/orders" % binary)
    web1.sure("mv %s /tmp/kept && mv /tmp/orders %s && systemctl restart orders" % (binary, binary))
    ran = orders.play("audit", "--limit", "web1")
    web1.sure("mv /tmp/kept %s && systemctl restart orders" % binary)
    assert ran.done.code != 0 and ran.summary["found"] == [] and ran.summary["scanned"] == []
    assert "is not the one of 1.1.0-" in ran.summary["not_scanned"]["web1"][0]
    ran = orders.play("audit", "--limit", "web1", vulnerabilities={"database": "file:///nonexistent"})
    assert ran.done.code != 0
    assert "file:///nonexistent cannot be read" in ran.summary["not_scanned"]["web1"][0]
    orders.sure("audit", "--limit", "web1")


def test_the_gate_has_three_ends(orders):
    """Built again, with the real govulncheck over the source."""
    gate = {"source": world.OLD, "gates": ["govulncheck"]}
    ran = orders.play("build", **gate)
    assert ran.done.code != 0
    assert "govulncheck found 1 vulnerabilities that" in ran.said
    assert "%s: %s %s, fixed in %s" % (world.ID, world.LIB, world.OLD, world.NEW) in ran.said
    assert "calls example.test/lib.Parse" in ran.said
    ran = orders.play("build", vulnerabilities={"level": "required"}, **gate)
    assert ran.done.code != 0 and "govulncheck found 2 vulnerabilities that" in ran.said
    assert "ignored_vulnerabilities" not in orders.provenance(world.OLD)
    ran = orders.play("build", vulnerabilities={"database": "file:///nonexistent"}, **gate)
    assert ran.done.code != 0
    assert "govulncheck could not scan" in ran.said and "govulncheck found" not in ran.said
    orders.sure("build", vulnerabilities={"ignore": [LONG]}, **gate)
    assert orders.provenance(world.OLD)["ignored_vulnerabilities"] == [LONG]
