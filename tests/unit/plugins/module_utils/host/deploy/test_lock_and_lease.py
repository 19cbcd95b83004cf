# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One deploy of an app at a time on a host, by its lock; one rollout at a time over a fleet, by its lease."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.releases import lease
from ansible_collections.slipway.golang.plugins.module_utils.host.system import lock

from .artifacts import artifact
from .managed_host import APP, refusal


def test_a_second_deploy_at_the_same_time(untouched):
    with lock.held(untouched.layout.lock, {"actor": "bob@desk", "to": "3.0.0"}):
        before = untouched.everything()
        message = refusal(untouched.apply("2.0.0", artifact(APP, "2.0.0").stream()))
        assert untouched.everything() == before
    assert "Another deploy holds" in message and "bob@desk" in message and "Nothing was changed" in message
    assert untouched.history() == [("deploy", "1.0.0", "ok")]


def test_a_second_deploy_does_not_remove_what_the_first_one_stages(served):
    with lock.held(served.layout.lock, {}):
        work = os.path.join(served.layout.incoming, "half")
        os.mkdir(work)
        refusal(served.apply("2.0.0"))
        assert os.path.isdir(work)


def test_a_removal_during_a_deploy(untouched):
    with lock.held(untouched.layout.lock, {"actor": "bob@desk"}):
        assert "bob@desk" in refusal(untouched.deploy(state="absent"))


def test_a_lock_whose_owner_died_is_free(served):
    with open(served.layout.lock, "w", encoding="utf-8") as handle:
        handle.write('{"actor": "bob@desk", "pid": 1}\n')
    assert served.deploy("2.0.0")["outcome"] == "ok"
    with open(served.layout.lock, encoding="utf-8") as handle:
        assert handle.read() == ""


def test_the_lock_is_free_again_after_an_error_of_any_kind(served):
    def fail(dummy):
        raise ZeroDivisionError

    served.systemd.before = fail
    with pytest.raises(ZeroDivisionError):
        served.deploy("2.0.0")
    assert served.history()[-1] == ("deploy", "2.0.0", "unknown")
    served.systemd.before = lambda dummy: None
    assert served.deploy("2.0.0")["outcome"] == "ok"


@pytest.fixture
def clock(monkeypatch):
    """The time of day as leases see it, which a test can move."""
    real = {name: getattr(time, name) for name in ("monotonic", "sleep", "strftime", "gmtime")}
    fake = SimpleNamespace(now=time.time(), time=lambda: fake.now, **real)
    monkeypatch.setattr(lease, "time", fake)
    return fake


def test_an_overtaken_rollout_is_refused_before_anything_changes(untouched):
    untouched.deploy("2.0.0", state="staged", fencing_token=9)
    before = untouched.everything()
    message = refusal(untouched.deploy("3.0.0", fencing_token=8))
    assert (
        "A newer rollout of orders has been to this host: its fencing token is 9, "
        "and that of this rollout is 8" in message
    )
    assert untouched.everything() == before
    assert untouched.deploy("3.0.0", state="staged", fencing_token=9)["outcome"] == "ok"
    assert untouched.deploy("4.0.0", state="staged")["outcome"] == "ok"  # not part of a rollout


def test_a_lease_is_for_one_rollout_at_a_time(host):
    first = host.acquire_lease("a")
    assert (first["changed"], host.acquire_lease("a")["changed"]) == (True, False)
    message = refusal(host.acquire_lease("b"))
    assert "Another rollout of orders is in progress: a rollout, by a, since" in message
    assert host.release_lease("b")["changed"] is False
    assert host.release_lease("a")["changed"] is True
    second = host.acquire_lease("b")
    assert second["counter"] > first["counter"]


def test_a_lease_that_lapsed_goes_to_the_next_one_and_cannot_be_renewed(host, clock):
    first = host.acquire_lease("a", ttl=60)
    clock.now += 59
    refusal(host.acquire_lease("b"))
    assert host.acquire_lease("a", ttl=60, renew=True)["counter"] == first["counter"]
    clock.now += 61
    second = host.acquire_lease("b")
    assert second["changed"] and second["counter"] > first["counter"]
    refusal(host.acquire_lease("a", renew=True))
    assert host.release_lease("a")["changed"] is False
    refusal(host.acquire_lease("c"))


def test_a_released_lease_cannot_be_renewed(host):
    host.acquire_lease("a")
    host.release_lease("a")
    assert "has lapsed" in refusal(host.acquire_lease("a", renew=True))


def test_a_new_lease_has_a_higher_token_than_any_rollout_that_was_here(served):
    served.deploy("2.0.0", fencing_token=1 << 40)
    assert served.acquire_lease("a")["counter"] == (1 << 40) + 1


def test_a_rollout_whose_lease_lapsed_is_refused(served, clock):
    first = served.acquire_lease("a")["counter"]
    clock.now += 61
    second = served.acquire_lease("b")["counter"]
    assert served.deploy("2.0.0", fencing_token=second)["outcome"] == "ok"
    refusal(served.deploy("3.0.0", fencing_token=first))
    assert served.says() == "2.0.0 says nothing"


def test_a_ttl_that_is_too_short_to_renew(host):
    assert "use 10 seconds or more" in refusal(host.acquire_lease("a", ttl=9))
