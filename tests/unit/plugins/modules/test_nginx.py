# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx_site and nginx_upstream on a host whose nginx accepts everything, in a directory of their own."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import (
    apply,
    config_files,
    drain,
    flags,
    process,
    state,
    template,
    upstream,
)
from ansible_collections.slipway.golang.plugins.modules import nginx_site, nginx_upstream


@pytest.fixture
def nginx(tmp_path, monkeypatch):
    """A directory in place of /etc/nginx, and an nginx that runs and has loaded what is in it."""
    for module in (template, upstream, config_files):
        monkeypatch.setattr(module, "DIRECTORY", str(tmp_path))
    monkeypatch.setattr(template, "COMMON", str(tmp_path / "conf.d" / "00-slipway.conf"))
    monkeypatch.setattr(flags, "DIRECTORY", str(tmp_path / "slipway"))
    monkeypatch.setattr(state, "DEFAULT_SITE", str(tmp_path / "sites-enabled" / "default"))
    monkeypatch.setattr(config_files, "OWNER", os.geteuid())
    monkeypatch.setattr(config_files, "test_files", lambda files: None)
    monkeypatch.setattr(apply, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(apply, "require_nginx", lambda: None)
    monkeypatch.setattr(process, "facts", template.Facts)
    monkeypatch.setattr(process, "is_active", lambda: True)
    monkeypatch.setattr(process, "has_not_loaded", lambda paths: False)
    nginx = SimpleNamespace(reloads=0, conf_d=tmp_path / "conf.d", flags=tmp_path / "slipway")

    def reload():
        nginx.reloads += 1

    monkeypatch.setattr(process, "reload", reload)
    return nginx


@pytest.fixture
def site(tmp_path):
    """A function that runs nginx_site with these options."""

    def run(check_mode=False, **given):
        specs = nginx_site.ARGUMENTS
        server = {name: spec.get("default") for name, spec in specs["servers"]["options"].items()}
        options = {name: spec.get("default") for name, spec in specs.items()}
        options.update({"name": "orders", "acme_webroot": str(tmp_path / "acme")}, **given)
        options["servers"] = [dict(server, address=address) for address in given.get("servers", ["a:1"])]
        result = nginx_site.run(options, check_mode)
        documented = set(yaml.safe_load(nginx_site.RETURN)) - {"nginx"}
        assert set(result) == documented | {"changed", "diff", "warnings"}
        return result

    return run


def files(nginx):
    return sorted(path.name for path in nginx.conf_d.iterdir()) if nginx.conf_d.exists() else []


SITE = ["00-slipway.conf", "slipway-orders.conf", "slipway-orders.upstream.conf"]


def test_check_mode_reports_what_would_be_done_and_changes_nothing(nginx, site):
    result = site(check_mode=True)
    assert result["changed"] and result["actions"][-1] == "reload nginx"
    assert len(result["diff"]) == 3
    assert files(nginx) == [] and nginx.reloads == 0


def test_a_site_is_written_once(nginx, site, tmp_path):
    result = site()
    assert result["actions"] == [
        "write %s/%s" % (nginx.conf_d, name) for name in (SITE[0], SITE[2], SITE[1])
    ] + [
        "create %s/acme" % tmp_path,
        "reload nginx",
    ]
    assert files(nginx) == SITE and nginx.reloads == 1
    again = site()
    assert (again["changed"], again["actions"], again["diff"]) == (False, [], [])
    assert nginx.reloads == 1


def test_maintenance_begins_and_ends_without_a_reload(nginx, site):
    site()
    assert site(maintenance=True)["actions"] == ["begin maintenance"]
    assert [path.name for path in nginx.flags.iterdir()] == ["orders.maintenance.html"]
    assert site()["actions"] == ["end maintenance"]
    assert nginx.reloads == 1


def test_a_site_is_removed_with_all_of_its_files(nginx, site):
    site()
    site(name="billing", domains=["billing.example.com"])
    assert site(state="absent")["changed"]
    assert files(nginx) == ["00-slipway.conf", "slipway-billing.conf", "slipway-billing.upstream.conf"]
    assert site(name="billing", state="absent")["changed"] and files(nginx) == []
    assert not site(name="billing", state="absent")["changed"]


def test_wrong_options_are_refused_before_anything_is_read(site):
    with pytest.raises(InvalidInput, match="^domains: "):
        site(domains=["a;b"])


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_server_is_drained_and_undrained(nginx, site, monkeypatch, check_mode):
    site(servers=["127.0.0.1:1", "127.0.0.1:2"])
    monkeypatch.setattr(drain, "wait", lambda address, timeout: timeout)
    options = {"name": "orders", "server": "127.0.0.1:2", "timeout": 7}
    before = (nginx.conf_d / SITE[2]).read_text(encoding="utf-8")
    result = nginx_upstream.run(dict(options, state="drain"), check_mode)
    assert result["changed"] and result["servers"] == {"127.0.0.1:1": False, "127.0.0.1:2": True}
    assert result["connections"] == (0 if check_mode else 7)
    assert result["diff"]["before"] == before != result["diff"]["after"]
    drained = (nginx.conf_d / SITE[2]).read_text(encoding="utf-8")
    assert drained == (before if check_mode else result["diff"]["after"])
    result = nginx_upstream.run(dict(options, state="undrain"), check_mode)
    assert result["changed"] is not check_mode and "connections" not in result
    assert (nginx.conf_d / SITE[2]).read_text(encoding="utf-8") == before


def test_a_drained_server_stays_drained_when_the_site_changes(nginx, site):
    servers = ["127.0.0.1:1", "127.0.0.1:2"]
    site(servers=servers)
    drain.apply(drain.decide("orders", {"127.0.0.1:2": True}))
    assert site(servers=servers)["drained"] == ["127.0.0.1:2"]
    assert site(servers=servers, keepalive=1)["drained"] == ["127.0.0.1:2"]
