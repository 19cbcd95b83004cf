# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import unit
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import preflight
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import accounts


def text(**options):
    return unit.render(unit.sections("orders", options, binary="/opt/orders/current/bin/orders"))


def test_a_missing_account_is_named_with_the_remedy():
    with pytest.raises(
        SlipwayError,
        match="no user 'no-such-account' on this host: run the playbook slipway.golang.setup first",
    ):
        accounts.check_accounts(text(user="no-such-account"))
    with pytest.raises(SlipwayError, match="no group 'no-such-account'"):
        accounts.check_accounts(text(user="root", group="no-such-account"))


def test_existing_accounts_pass():
    accounts.check_accounts(text(user="root", group="root"))


def test_a_port_of_another_process_is_refused_with_its_name():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(
            SlipwayError, match=r"Port %d is already taken by .* \(pid %d\)" % (port, os.getpid())
        ):
            preflight.check_port(port, "orders.service", 0)
        preflight.check_port(port, "orders.service", os.getpid())
    preflight.check_port(port, "orders.service", 0)
