# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`{port}`, `{config}` and configuration files: every instance has its own, with every strategy."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import unit
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.artifact import stage
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy.target import Target
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import live_color
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import accounts

from .artifacts import ARGUMENTS
from .managed_host import APP, GIVE_UP, UNIT, refusal

SMOKE = "orders-smoke.service"


@pytest.fixture(autouse=True)
def own_group(monkeypatch):
    """Only root can give a file to another group."""
    monkeypatch.setattr(Target, "service_gid", lambda target: os.getegid())


@pytest.fixture(params=["restart", "blue_green", "socket"])
def strategy(request, host):
    if request.param == "blue_green":
        host.configure_nginx()
    return request.param


def by_flag(host, **options):
    """Options for a service that takes its port as an argument and from nowhere else."""
    arguments = [*ARGUMENTS, str(host.behaviours), "127.0.0.1:{port}"]
    return dict(
        {"unit": {"user": "nobody", "exec_args": arguments}, "port_variable": "APP_LISTEN_PORT"}, **options
    )


def live_config(host, strategy):
    if strategy == "blue_green":
        return os.path.join(host.root, live_color.live(APP) + ".config")
    return os.path.join(os.path.realpath(os.path.join(host.root, "current")), "config")


def live_port(host, strategy):
    if strategy == "blue_green":
        return {"blue": host.port, "green": host.other_port}[live_color.live(APP)]
    return host.port


def test_the_port_as_an_argument(host, strategy):
    options = by_flag(host, strategy=strategy)
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        result = host.deploy(version, **options)
        assert result["outcome"] == "ok", result
        if strategy != "blue_green":
            assert "smoke test passed" in result["actions"]
        assert host.says(live_port(host, strategy)) == version + " says nothing"
        assert not host.deploy(version, **options)["changed"]
    result = host.deploy(release="previous", **options)
    assert result["outcome"] == "ok" and host.says(live_port(host, strategy)) == "2.0.0 says nothing"


def test_the_port_and_the_directory_within_values_of_the_environment(host, strategy):
    options = {
        "strategy": strategy,
        "environment": {"GREETING": "{config}/text"},
        "config": {"text": "I am {port}, not {{port}} or {other}, in {config}"},
    }
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        assert host.deploy(version, **options)["outcome"] == "ok"
        port, place = live_port(host, strategy), live_config(host, strategy)
        assert host.says(port) == "%s says I am %d, not {port} or {other}, in %s" % (version, port, place)
        assert not host.deploy(version, **options)["changed"]
    assert host.deploy(release="previous", strategy=strategy)["outcome"] == "ok"
    port, place = live_port(host, strategy), live_config(host, strategy)
    assert host.says(port) == "2.0.0 says I am %d, not {port} or {other}, in %s" % (port, place)


def test_an_unhealthy_release_leaves_the_old_one_with_its_own(host, strategy):
    options = {"strategy": strategy, "environment": {"GREETING": "{config}/text"}, "smoke": False}
    assert host.deploy("1.0.0", config={"text": "old {port}"}, **options)["outcome"] == "ok"
    host.behave("2.0.0", "unhealthy")
    result = host.deploy("2.0.0", config={"text": "new {port}"}, health=GIVE_UP, **options)
    assert result["failed"]
    port = live_port(host, strategy)
    assert host.says(port) == "1.0.0 says old %d" % port


def test_the_smoke_test_has_its_own(host):
    seen = []

    def look(call):
        path = os.path.join(host.root, "smoke.config")
        if call == "stop " + SMOKE and os.path.exists(path):
            with open(os.path.join(path, "text"), encoding="ascii") as handle:
                seen.append((handle.read(), host.systemd.running()))

    host.systemd.before = look
    result = host.deploy("1.0.0", environment={"GREETING": "{config}/text"}, config={"text": "{port}"})
    assert "smoke test passed" in result["actions"]
    assert [running for dummy, running in seen] == [[SMOKE]] and seen[0][0] != str(host.port)
    assert not os.path.exists(os.path.join(host.root, "smoke.config"))


def test_a_change_of_the_configuration_alone_is_a_release_that_moves_no_artifact(host):
    options = {"environment": {"GREETING": "{config}/text"}}
    first = host.deploy("1.0.0", config={"text": "one"}, **options)
    pid = host.systemd.pid(UNIT)
    plan = host.plan("1.0.0", config={"text": "two"}, **options)
    assert plan["changed"] and not plan["needs_artifact"]
    second = host.deploy("1.0.0", config={"text": "two"}, **options)
    assert second["outcome"] == "ok" and second["release"] != first["release"]
    assert host.says() == "1.0.0 says two" and host.systemd.pid(UNIT) != pid
    assert host.deploy(release="previous")["outcome"] == "ok" and host.says() == "1.0.0 says one"


def test_the_diff_has_digests_and_no_text(host):
    host.deploy("1.0.0", config={"a": "hunter2"})
    diff = host.plan("1.0.0", config={"a": "hunter3", "b": "hunter2"})["diff"]
    assert "config/a=(sha256 " in diff["before"] and "config/b=(sha256 " in diff["after"]
    assert diff["before"] != diff["after"] and "hunter" not in str(diff)


def test_a_changed_file_on_the_host_is_noticed_and_replaced(host):
    options = {"environment": {"GREETING": "{config}/text"}, "config": {"text": "right"}}
    host.deploy("1.0.0", **options)
    path = os.path.join(host.root, "current", "config", "text")
    with open(path, "w", encoding="ascii") as handle:
        handle.write("wrong")
    result = host.deploy("1.0.0", **options)
    assert result["changed"] and result["outcome"] == "ok", result
    assert host.says() == "1.0.0 says right"


def test_nothing_of_it_is_left_where_it_is_not_used_any_more(host):
    host.configure_nginx()
    options = {"strategy": "blue_green"}
    for version in ("1.0.0", "2.0.0"):
        host.deploy(version, environment={"GREETING": "{config}/text"}, config={"text": "x"}, **options)
    for version in ("3.0.0", "4.0.0"):
        assert host.deploy(version, **options)["outcome"] == "ok"
    left = sorted(name for name in os.listdir(host.root) if name.startswith(("blue", "green", "smoke")))
    assert left == ["blue", "blue.port", "green", "green.port"]
    assert host.says_behind_nginx() == "4.0.0 says nothing"


def test_what_the_service_would_not_get_is_refused_before_anything_is_done(host):
    result = host.deploy("1.0.0", environment={"GREETING": "{config}/text"})
    assert "slipway_config" in refusal(result)
    result = host.deploy("1.0.0", health={"type": "none"}, **dict(by_flag(host), port=None))
    assert "slipway_port" in refusal(result)
    assert host.systemd.running() == [] and host.history() == []


def test_a_service_without_a_port_is_deployed_where_something_has_that_of_another(host):
    options = {"health": {"type": "none"}, "port": None}
    result = host.deploy("1.0.0", **options)
    assert result["outcome"] == "ok", result
    assert host.layout.release(result["release"]).port is None


def test_a_proxy_user_that_is_not_on_the_host_is_refused():
    text = unit.render(unit.sections(APP, {"user": "root", "proxy_user": "nonesuch"}, binary="/bin/x"))
    with pytest.raises(SlipwayError, match="no user 'nonesuch'"):
        accounts.check_accounts(text)
    accounts.check_accounts(text.replace("nonesuch", "nobody"))


def test_an_artifact_with_a_directory_of_that_name_is_refused(tmp_path):
    (tmp_path / "config").mkdir()
    made = SimpleNamespace(config={"a": ""}, port=None)
    with pytest.raises(SlipwayError, match=r"directory config.*slipway_config.*slipway_files"):
        stage._add_config(made, str(tmp_path), str(tmp_path))


def test_the_group_is_that_of_the_unit():
    assert accounts.service_gid(["[Service]\nUser=root\n", "[Socket]\n"]) == 0
    assert accounts.service_gid(["User=daemon\nGroup=root\n"]) == 0
    with pytest.raises(SlipwayError, match="no group 'nonesuch' .*setup"):
        accounts.service_gid(["User=root\nGroup=nonesuch\n"])
    with pytest.raises(SlipwayError, match="no user 'nonesuch'"):
        accounts.service_gid(["User=nonesuch\n"])
    with pytest.raises(SlipwayError, match="DynamicUser"):
        accounts.service_gid(["User=x\nDynamicUser=yes\n"])
