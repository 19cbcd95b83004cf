# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of pods, as kubectl prints them."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import log_query
from ansible_collections.slipway.golang.plugins.plugin_utils import log_lines
from ansible_collections.slipway.golang.plugins.plugin_utils.clusters import kubectl, logs

NEW, OLD = "2.0.0-" + "b" * 12, "1.0.0-" + "a" * 12
PRINTED = """[pod/orders-new-1/orders] 2026-11-28T12:00:02.500000001Z {"level":"error","msg":"two"}
[pod/orders-old-1/orders] 2026-11-28T12:00:01Z one
[pod/orders-new-1/orders] 2026-11-28T12:00:03.25Z three
unable to retrieve container logs
"""
RELEASES = {"orders-new-1": NEW, "orders-old-1": OLD}
BEGIN = 1795867200  # 2026-11-28T12:00:00Z


def rows(release=None, **given):
    query = logs.Query(dict({"since": {"at": BEGIN}}, **given), BEGIN + 10)
    return query.rows(PRINTED, RELEASES, release)


def test_lines_come_in_order_with_the_release_of_their_pod():
    found = rows()
    assert [row[0] - BEGIN * 1000000 for row in found] == [1000000, 2500000, 3250000]
    assert [row[3] for row in found] == [OLD, NEW, NEW]
    assert [row.text for row in log_lines.rows("c1", log_query.packed(found))] == [
        "one",
        found[1][4],
        "three",
    ]


@pytest.mark.parametrize(
    "given, count",
    [
        ({"since": {"at": BEGIN + 2}}, 2),
        ({"until": {"at": BEGIN + 3}}, 2),
        ({"since": {"ago": 7.5}, "after": True}, 1),  # what was there at that moment came before
        ({"grep": "O"}, 0),
        ({"grep": "o"}, 2),
        ({"level": 3}, 3),
        ({"release": "1.0.0"}, 1),
        ({"release": NEW}, 2),
    ],
    ids=str,
)
def test_lines_are_chosen_as_on_hosts(given, count):
    assert len(rows(**given)) == count


@pytest.mark.parametrize(
    "text, reason, words",
    [
        ('Error from server (Forbidden): pods "x" is forbidden: exceeded quota', "Forbidden", 'pods "x"'),
        ("Warning: something\nError from server (Conflict): it changed\n", "Conflict", "it changed"),
        ('error: context "x" does not exist', "", "context"),
        ("", "", "no reason"),
    ],
)
def test_what_kubectl_says_is_the_message(text, reason, words):
    error = kubectl._error(text)
    assert error.reason == reason and words in str(error) and "Warning" not in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout",
        "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?",
    ],
)
def test_a_cluster_that_is_away_is_unreachable(text):
    assert isinstance(kubectl._error(text), kubectl.AnsibleConnectionFailure)
