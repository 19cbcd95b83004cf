# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which modules a live release has: from the bill that came with it, as long as it runs what was released."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import go_buildinfo
from ansible_collections.slipway.golang.plugins.module_utils.builder import sbom as bills
from ansible_collections.slipway.golang.plugins.module_utils.common import canonical
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import live
from ansible_collections.slipway.golang.plugins.module_utils.host.observe import sbom
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout

RELEASE = "1.4.2-0a1b2c3d4e5f"
INFO = go_buildinfo.parse(
    "go1.26.8\n\tpath\texample.com/orders/cmd/orders\n\tmod\texample.com/orders\t(devel)\t\n"
    "\tdep\texample.com/lib\tv1.0.0\th1:abc=\n\tdep\texample.com/old\tv0.1.0\t\n\t=>\t./old\t\t\n"
)


def bill(info=INFO):
    return bills.render(
        info, name="orders", version="1.4.2", target={"goos": "linux"}, binary_sha256="ab" * 32
    )


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function: ask a host that serves 1.4.2, with this bill."""
    release = SimpleNamespace(
        id=RELEASE, version="1.4.2", artifact="ab" * 32, strategy="restart", path=str(tmp_path), app="orders"
    )
    monkeypatch.setattr(live.systemctl, "show", lambda unit: {"MainPID": os.getpid()})
    monkeypatch.setattr(live, "running_release", lambda layout, pid: RELEASE)
    monkeypatch.setattr(Layout, "releases", lambda self: {RELEASE: release})
    monkeypatch.setattr(sbom, "binary_intact", lambda release, pid: True)

    def run(content=None, listed=None, history=(), **more):
        content = bill() if content is None else content
        files = {sbom.NAME: {"sha256": canonical.sha256(content)}} if listed is None else listed
        manifest = SimpleNamespace(goos="linux", goarch="amd64", variant="v1", files=files)
        for module in (live, sbom):
            monkeypatch.setattr(module, "manifest_of", lambda release: manifest)
        (tmp_path / sbom.NAME).write_bytes(more.get("on_disk", content))
        lines = "".join(json.dumps(entry) + "\n" for entry in history)
        (tmp_path / "history.jsonl").write_text(lines, encoding="utf-8")
        return sbom.sbom({"name": "orders", "root": str(tmp_path)}, None)

    return run


def test_the_modules_of_the_live_release(run):
    answer = run()
    assert answer["release"] == RELEASE and answer["target"] == "linux/amd64/v1"
    assert answer["main"] == "pkg:golang/example.com/orders@1.4.2"
    assert answer["modules"] == [
        ["./old", "", "example.com/old v0.1.0"],
        ["example.com/lib", "v1.0.0", ""],
        ["std", "1.26.8", ""],
    ]
    assert answer["digest"] == canonical.sha256(bill())
    assert answer["since"] is None and answer["changed"] is False


def test_since_when_it_is_live(run):
    def act(at, **more):
        return dict({"act": "deploy", "to": RELEASE, "outcome": "ok", "at": at}, **more)

    history = [
        act("2026-11-01T00:00:00Z"),
        act("2026-11-02T00:00:00Z", to="1.4.1-0a1b2c3d4e5f"),
        act("2026-11-03T00:00:00Z", act="rollback", outcome="unconfirmed"),
        act("2026-11-03T00:00:09Z", act="rollback", message="confirmed"),
        act("2026-11-04T00:00:00Z", outcome="rejected"),
        act("2026-11-05T00:00:00Z", act="stage"),
    ]
    assert run(history=history)["since"] == "2026-11-03T00:00:00Z"


def test_what_is_not_what_was_released_says_nothing(run, monkeypatch):
    with pytest.raises(SlipwayError, match="was altered since it was released"):
        run(on_disk=b"{}")
    with pytest.raises(SlipwayError, match="has no bill of materials"):
        run(listed={})
    monkeypatch.setattr(sbom, "binary_intact", lambda release, pid: False)
    with pytest.raises(SlipwayError, match="the binary that orders.service runs is not the one of 1.4.2-"):
        run()


@pytest.mark.parametrize("content", [bill(None), b"[]", b"{", b'{"components": [{"name": "x"}]}'])
def test_a_bill_without_modules_is_no_clean_one(run, content):
    with pytest.raises(SlipwayError, match="lists no module"):
        run(content=content)
