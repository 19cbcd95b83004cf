# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import preflight, request
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import apply, flags, process, upstream
from ansible_collections.slipway.golang.plugins.module_utils.host.releases import metrics
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import systemctl, transient

from .faults import Faults
from .managed_host import UNIT, Host
from .systemd_model import Systemd


class Root:
    """The module ``os`` of a process that is root. What these tests do works without root."""

    def __getattr__(self, name):
        return getattr(os, name)

    @staticmethod
    def geteuid():
        return 0


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host without the app."""
    for name in ("units", "log", "behaviours", "tmp", "nginx/conf.d", "nginx/slipway"):
        (tmp_path / name).mkdir(parents=True)
    model = Systemd(str(tmp_path / "units"), str(tmp_path / "log"))
    for module in (request, apply):
        monkeypatch.setattr(module, "os", Root())
    monkeypatch.setattr(systemctl, "subprocess", model)
    monkeypatch.setattr(transient, "is_there", model.is_transient)
    monkeypatch.setattr(preflight, "open", model.open, raising=False)
    monkeypatch.setattr(Layout.__init__, "__defaults__", (None, str(tmp_path / "units")))
    monkeypatch.setattr(flags, "DIRECTORY", str(tmp_path / "nginx" / "slipway"))
    monkeypatch.setattr(upstream, "DIRECTORY", str(tmp_path / "nginx"))
    monkeypatch.setattr(metrics, "DIRECTORY", str(tmp_path / "exporter"))
    monkeypatch.setattr(process, "binary", lambda: "/usr/sbin/nginx")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: None
    )  # no power fails here, and it costs most of the time
    systemctl.version.cache_clear()
    yield Host(tmp_path, model)
    model.shut_down()
    shutil.rmtree(
        tmp_path / "opt", ignore_errors=True
    )  # a quarter of a gigabyte in all, which pytest would keep
    systemctl.version.cache_clear()


@pytest.fixture
def served(host):
    """A host that serves 1.0.0."""
    assert host.deploy("1.0.0")["outcome"] == "ok"
    return host


@pytest.fixture
def untouched(served):
    """A host that serves 1.0.0, and after the test still does, by the same process, links and unit."""
    pid, unit, calls = (
        served.systemd.pid(UNIT),
        (served.unit_dir / UNIT).read_bytes(),
        len(served.systemd.calls),
    )
    yield served
    assert served.says() == "1.0.0 says nothing"
    assert served.systemd.pid(UNIT) == pid
    assert (served.unit_dir / UNIT).read_bytes() == unit
    assert served.links() == ("1.0.0", None)
    assert served.systemd.running() == [UNIT]
    assert os.listdir(served.layout.incoming) == []
    assert not any(call.endswith(" " + UNIT) for call in served.systemd.calls[calls:])


@pytest.fixture
def faults(host, monkeypatch):
    return Faults(monkeypatch, host)
