# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What oras says of a failure becomes one line with a remedy. Real registries: system/image."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder.image import registry
from ansible_collections.slipway.golang.plugins.module_utils.builder.processes import Completed
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError

SETTINGS = {"oras": "oras", "ca_file": None, "registry_config": None, "plain_http": False}


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        (
            'Error: failed to resolve digest: HEAD "https://r:5/v2/": response status code 401: Unauthorized',
            "password",
        ),
        ("Error: basic credential not found", "password"),
        (
            "Error response from registry: denied: requested access to the resource is denied",
            "may not do that",
        ),
        ("Error response from registry: denied: the quota of this project is exceeded", "free space there"),
        ("Error response from registry: toomanyrequests: slow down", "or wait"),
        (
            'Error: Head "https://r:5/v2/": dial tcp 10.0.0.1:5: connect: connection refused',
            "answer from this machine",
        ),
        (
            'Error: Head "https://r/v2/": dial tcp: lookup r on 10.0.0.2:53: no such host',
            "answer from this machine",
        ),
        ('Error: "https://r/v2/": x509: certificate signed by unknown authority', "ca_file"),
        ('Error: Head "https://r/v2/": http: server gave HTTP response to HTTPS client', "plain_http"),
        ("Error: something else", "run again when the cause is gone"),
    ],
)
def test_a_failure_has_its_remedy(said, remedy):
    done = Completed(["oras"], 1, "", "Copying abc image\nCopied  abc image\n%s\nUsage: oras\n" % said)
    error = str(registry.Registry(SETTINGS)._failure(done, "r:5/shop/orders", "did not take it"))
    assert error.startswith("r:5/shop/orders: did not take it: ") and remedy in error
    assert "\n" not in error and "Usage" not in error and "abc" not in error


def test_a_failure_without_a_word():
    done = Completed(["oras"], 137, "", "")
    error = str(registry.Registry(SETTINGS)._failure(done, "r/orders", "cannot send it"))
    assert "oras ended with 137" in error


def test_oras_that_is_not_there():
    with pytest.raises(SlipwayError, match="go install oras.land/oras/cmd/oras@v1"):
        registry.find("/nowhere/oras")
