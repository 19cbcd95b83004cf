# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lineage on disk."""

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.request import PRODUCTION
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.state import FILES, Paths, observe

from .lineages import NAME, RENEWAL, make_pair


@pytest.fixture
def paths(tmp_path):
    return Paths(NAME, str(tmp_path))


@pytest.fixture
def lineage(paths):
    """A lineage on disk, as certbot leaves one."""

    def made(names=(NAME,), kind=None, server=PRODUCTION, settings=RENEWAL):
        for folder in (paths.live, paths.archive, os.path.dirname(paths.renewal)):
            os.makedirs(folder)
        targets = {name: os.path.join(paths.archive, name.replace(".pem", "1.pem")) for name in FILES}
        make_pair(targets["cert.pem"], targets["privkey.pem"], names, kind)
        for name in FILES:
            if not os.path.exists(targets[name]):
                os.link(targets["cert.pem"], targets[name])
            os.symlink(
                "../../archive/%s/%s" % (NAME, os.path.basename(targets[name])),
                os.path.join(paths.live, name),
            )
        with open(paths.renewal, "w", encoding="utf-8") as handle:
            handle.write(settings.format(archive=paths.archive, live=paths.live, server=server))
        os.makedirs(os.path.join(paths.accounts(server), "b1184908c16c31760c248f6e8c546d34"))
        return observe(paths)

    return made
