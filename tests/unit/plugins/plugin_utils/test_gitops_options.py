# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import variables

GIVEN = {"repository": "git@example.com:shop/manifests.git", "path": "clusters/prod/orders"}


def read(**more):
    found, problems = variables.read(
        {"slipway_app": "orders", "slipway_gitops": {**GIVEN, **more}}, lambda value: value, "/"
    )
    return found.get("slipway_gitops"), problems


@pytest.mark.parametrize(
    "url",
    ["https://example.com/a.git", "ssh://git@example.com/a.git", "/srv/git/a.git", "file:///srv/git/a.git"],
)
def test_repositories(url):
    found, problems = read(repository=url)
    assert problems == [] and found == {**GIVEN, "repository": url, "branch": "main"}


@pytest.mark.parametrize(
    "more, words",
    [
        ({"repository": "--upload-pack=touch /tmp/x"}, "gitops.repository"),
        ({"repository": "ext::sh -c true"}, "gitops.repository"),
        ({"repository": "https://ann:s3cret-of-the-test@example.com/a.git"}, "credential helpers"),
        ({"repository": None}, "slipway_gitops.repository is not set"),
        ({"path": "../elsewhere"}, "gitops.path"),
        ({"path": "/etc"}, "gitops.path"),
        ({"branch": "-x"}, "gitops.branch"),
        ({"branch": "a..b//"}, "gitops.branch"),
        ({"brunch": "main"}, "did you mean branch"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(more, words):
    (problem,) = read(**more)[1]
    assert words in problem and "s3cret" not in problem


def test_nothing_is_nothing():
    assert variables.setting("slipway_gitops", None) == {}
