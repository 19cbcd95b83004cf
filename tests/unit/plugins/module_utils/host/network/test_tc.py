# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queueing disciplines of a host with two interfaces, by a tc that remembers them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.network import tc

ROOTS = {"lo": "qdisc noqueue 0: root refcnt 2", "eth0": "qdisc mq 0: root\nqdisc fq_codel 0: parent :1"}


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Its interfaces; ``roots`` is what `tc qdisc show` prints, ``netem`` whether the kernel has it."""
    found = SimpleNamespace(roots=dict(ROOTS), netem=True, argv=[])
    for name, state in (("lo", "unknown"), ("eth0", "up"), ("eth1", "down")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "operstate").write_text(state + "\n")

    def run(argv):
        words, code = argv[1:], 0
        name = words[3] if words[1] != "show" else words[3]
        if words[1] == "show":
            return SimpleNamespace(stdout=found.roots.get(name, ""), stderr="", returncode=0)
        found.argv.append(" ".join(words))
        if words[:2] == ["qdisc", "add"] and words[4] == "root":
            found.roots[name] = "qdisc htb 5120: root refcnt 2 r2q 10 default 0"
        elif words[:2] == ["qdisc", "del"]:
            found.roots[name] = ROOTS[name]
        elif "netem" in words and not found.netem:
            code = 2
        return SimpleNamespace(stdout="", stderr="Specified qdisc kind is unknown.", returncode=code)

    monkeypatch.setattr(tc, "INTERFACES", str(tmp_path))
    monkeypatch.setattr(tc.systemctl, "run", run)
    monkeypatch.setattr(tc, "PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
    return found


def test_what_is_slowed_is_whole_again(host):
    tc.require()
    assert tc.slow("5120", 200, 256) == "each answer is delayed by 200 ms"
    assert "5120:" in host.roots["lo"] and "5120:" in host.roots["eth0"]
    with pytest.raises(SlipwayError, match="of its own"):
        tc.require()
    tc.restore("5121")
    assert "5120:" in host.roots["lo"]
    tc.restore("5120")
    tc.restore("5120")
    assert host.roots == ROOTS
    assert [line for line in host.argv if " del " in line] == [
        "qdisc del dev eth0 root",
        "qdisc del dev lo root",
    ]


def test_without_netem_the_line_is_narrow(host):
    host.netem = False
    assert "answers share 256 kbit/s" in tc.slow("5120", 200, 256)
    assert any(
        line == "class change dev lo parent 5120: classid 5120:0001 htb rate 256kbit" for line in host.argv
    )


def test_a_discipline_that_somebody_chose_is_left_alone(host):
    host.roots["eth0"] = "qdisc tbf 8001: root refcnt 2 rate 1Gbit"
    with pytest.raises(SlipwayError, match="the interface eth0 has a queueing discipline of its own"):
        tc.require()
    tc.restore("5120")
    assert host.argv == []


def test_each_app_has_a_number_of_its_own():
    numbers = {tc.number_of(app) for app in ("orders", "bill", "shop", "mail", "stock")}
    assert len(numbers) == 5 and all(number.isdigit() and len(number) == 4 for number in numbers)
    assert tc.class_of("5120") == "5120:0001"


def test_an_interface_that_is_down_is_left_alone(host):
    tc.slow("5120", 200, 256)
    assert not any("eth1" in line for line in host.argv)
