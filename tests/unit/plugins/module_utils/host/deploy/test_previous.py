# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`previous`, where a rollback goes to, is a release that was good."""

from __future__ import annotations

import sys

import pytest

from .managed_host import version_of


@pytest.fixture(autouse=True)
def _streamed(monkeypatch):
    """What the bootstrap keeps for the engine, for the timer of a release that waits to be confirmed."""
    for name in ("bootstrap", "packed"):
        monkeypatch.setattr(sys.modules["__main__"], name, b"", raising=False)


def go_back(host, **options):
    result = host.deploy(release="previous", **options)
    assert result["outcome"] == "ok", result
    return version_of(result["current"])


def revert(host):
    """What the playbook does to a host that slipway_on_failure names: it worked here."""
    old = host.layout.previous()
    assert host.deploy(release=old, reverts=True)["outcome"] == "ok"
    return version_of(old)


def test_a_rollback_after_a_rollout_was_reverted_skips_the_release_of_that_rollout(served):
    served.deploy("2.0.0")
    served.deploy("3.0.0")
    assert revert(served) == "2.0.0"
    assert served.links() == ("2.0.0", "1.0.0")
    assert go_back(served) == "1.0.0"


def test_the_release_that_was_reverted_is_none_of_the_good_ones(served):
    served.deploy("2.0.0")
    revert(served)
    assert served.links() == ("1.0.0", None)
    outcomes = [entry for entry in served.history() if entry[1] == "2.0.0"]
    assert outcomes == [("deploy", "2.0.0", "ok"), ("deploy", "2.0.0", "reverted")]
    assert served.history()[-1] == ("rollback", "1.0.0", "ok")


def test_it_may_be_deployed_again_and_has_to_prove_itself_again(served):
    served.deploy("2.0.0")
    revert(served)
    result = served.deploy("2.0.0")
    assert result["outcome"] == "ok" and "smoke test passed" in result["actions"]
    assert served.links() == ("2.0.0", "1.0.0")


def test_a_release_that_was_never_confirmed_is_skipped_too(served):
    served.deploy("2.0.0")
    served.deploy("3.0.0", confirm_within=60)
    served.deploy("4.0.0")
    assert served.links() == ("4.0.0", "2.0.0")


def test_a_rollback_that_somebody_asked_for_can_be_undone(served):
    served.deploy("2.0.0")
    assert go_back(served) == "1.0.0"
    assert go_back(served) == "2.0.0"


@pytest.mark.parametrize("strategy", ["socket", "blue_green"])
def test_it_is_the_same_with_every_strategy(host, strategy):
    host.configure_nginx()
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        assert host.deploy(version, strategy=strategy)["outcome"] == "ok"
    old = host.layout.previous()
    assert host.deploy(release=old, strategy=strategy, reverts=True)["outcome"] == "ok"
    assert host.links() == ("2.0.0", "1.0.0")
