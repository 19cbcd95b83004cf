# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment in which Go runs: the builder's network, and nothing else of the builder."""

from __future__ import annotations

import os
import shutil

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import go_build, toolchain
from ansible_collections.slipway.golang.plugins.module_utils.common import canonical


def probed(shop, **options):
    """The environment that Go gets."""
    return toolchain.probe(shop.request(**options)).environment


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch, tmp_path):
    """Go's own file of settings is empty, unless a test fills it."""
    monkeypatch.setenv("GOENV", str(tmp_path / "goenv"))
    for name in toolchain.NETWORK:
        monkeypatch.delenv(name, raising=False)


def test_a_wrapper_is_replaced_by_what_it_wraps(shop):
    wrapper = shop.write(
        "../wrapper/go", '#!/bin/sh\nexec "%s" "$@"\n' % os.path.realpath(shutil.which("go"))
    )
    wrapper.chmod(0o755)
    found = toolchain.probe(shop.request(go=str(wrapper)))
    assert found.go == os.path.join(found.goroot, "bin", "go")


def test_go_is_found_in_its_usual_place_without_a_path(shop, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    if os.access("/usr/local/go/bin/go", os.X_OK):
        assert toolchain.find("go") == "/usr/local/go/bin/go"


def test_the_builder_s_proxy_settings_hold_wherever_they_are_written(shop, monkeypatch, tmp_path):
    (tmp_path / "goenv").write_text(
        "GOPROXY=https://proxy.example.com\nGOFLAGS=-tags=leak\n", encoding="utf-8"
    )
    monkeypatch.setenv("GONOSUMDB", "example.com/*")
    monkeypatch.setenv("HTTPS_PROXY", "http://gate.example.com:3128")
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ca.pem")
    environment = probed(shop)
    assert environment["GOPROXY"] == "https://proxy.example.com"
    assert environment["GONOSUMDB"] == "example.com/*"
    assert environment["HTTPS_PROXY"] == "http://gate.example.com:3128"
    assert environment["SSL_CERT_FILE"] == "/etc/ca.pem"
    assert environment["GOFLAGS"] == ""
    assert environment["GOENV"] == "off"


def test_options_win_over_the_builder_s_settings(shop, monkeypatch):
    monkeypatch.setenv("GOPROXY", "https://other.example.com")
    environment = probed(
        shop,
        goproxy="https://proxy.example.com,direct",
        goprivate=["a.example", "b.example/*"],
        gosumdb="off",
    )
    assert environment["GOPROXY"] == "https://proxy.example.com,direct"
    assert (
        environment["GOPRIVATE"]
        == environment["GONOPROXY"]
        == environment["GONOSUMDB"]
        == "a.example,b.example/*"
    )
    assert environment["GOSUMDB"] == "off"
    assert probed(shop, goproxy="https://proxy.example.com", offline=True)["GOPROXY"] == "off"


@pytest.mark.parametrize(
    "name",
    [
        "CC",
        "CGO_CFLAGS",
        "GOAMD64",
        "GOEXPERIMENT",
        "GOTOOLCHAIN",
        "LD_LIBRARY_PATH",
        "SECRET_TOKEN",
        "GODEBUG",
    ],
)
def test_nothing_else_reaches_go(shop, monkeypatch, name):
    monkeypatch.setenv(name, "v3" if name == "GOAMD64" else "local" if name == "GOTOOLCHAIN" else "")
    monkeypatch.setenv("GOTOOLCHAIN", "go1.99.0")
    assert probed(shop).get(name) in (None, "local")


def test_caches_are_the_builder_s_or_the_ones_given(shop, tmp_path):
    assert os.path.isabs(probed(shop)["GOCACHE"])
    environment = probed(shop, gocache=str(tmp_path / "c"), gomodcache=str(tmp_path / "m"))
    assert (environment["GOCACHE"], environment["GOMODCACHE"]) == (str(tmp_path / "c"), str(tmp_path / "m"))


def test_no_credentials_of_a_proxy_come_back(shop):
    secret = "https://user:hunter2@proxy.example.com"
    result = shop.build(goproxy=secret)
    with open(result["artifacts"][0]["provenance"], encoding="utf-8") as handle:
        assert "hunter2" not in handle.read() + str(result)


def test_the_collector_is_left_alone_where_memory_is_short(shop, monkeypatch):
    request = shop.request(targets=["linux/amd64"])
    monkeypatch.setattr(go_build, "_available_memory", lambda: 1 << 40)
    assert go_build.memory_settings(request, 1)["GOGC"] == "off"
    monkeypatch.setattr(go_build, "_available_memory", lambda: 1 << 30)
    assert go_build.memory_settings(request, 1) == {}
    monkeypatch.setattr(go_build, "_available_memory", lambda: 1 << 40)
    assert go_build.memory_settings(shop.request(environment={"GOGC": "50"}), 1) == {}


def test_upx_packs_and_the_digest_before_is_kept(shop, monkeypatch, tmp_path):
    plain = shop.build(version="1")["artifacts"][0]
    upx = shop.write("../tools/upx", '#!/bin/sh\nfor file; do :; done\nprintf packed >> "$file"\n')
    upx.chmod(0o755)
    monkeypatch.setenv("PATH", "%s:%s" % (upx.parent, os.environ["PATH"]))
    packed = shop.build(version="1", upx=True)
    artifact = packed["artifacts"][0]
    assert packed["reasons"] == ["upx: none -> -9"]
    assert artifact["before_upx"] == {"size": plain["size"], "sha256": plain["sha256"]}
    assert artifact["sha256"] == canonical.sha256_file(artifact["path"]) != plain["sha256"]
    assert not shop.build(version="1", upx=True)["changed"]
    upx.write_text("#!/bin/sh\necho CantPackException >&2\nexit 2\n", encoding="utf-8")
    with pytest.raises(Exception, match="upx cannot pack hello for linux/amd64"):
        shop.build(version="1", upx=True, force=True)
