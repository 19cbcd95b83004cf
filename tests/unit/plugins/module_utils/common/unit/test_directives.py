# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import subprocess

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import unit
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError
from hypothesis import given
from hypothesis import strategies as st

BINARY = "/opt/orders/current/bin/orders"


def values(key, section="Service", **options):
    parts = unit.sections(
        "orders", options, binary=BINARY, environment_file="/opt/orders/current/environment"
    )
    return [value for name, value in parts[section] if name == key]


@pytest.mark.parametrize(
    ("options", "key", "expected"),
    [
        ({}, "User", ["orders"]),
        ({}, "Group", []),
        ({"user": "web", "group": "www"}, "User", ["web"]),
        ({"user": "web", "group": "www"}, "Group", ["www"]),
        ({}, "Type", ["exec"]),
        ({"type": None}, "Type", ["exec"]),
        ({}, "ExecStart", [BINARY]),
        ({"exec_args": ["-c", "a b"]}, "ExecStart", [BINARY + ' -c "a b"']),
        ({"exec_args": ["100%", "$HOME", "${X}"]}, "ExecStart", [BINARY + ' 100%% $$HOME "$${X}"']),
        (
            {"exec_args": ['say "hi"', "back\\slash\\"]},
            "ExecStart",
            [BINARY + ' "say \\"hi\\"" "back\\\\slash\\\\"'],
        ),
        ({"exec_args": [";", "", "'"]}, "ExecStart", [BINARY + ' ";" "" "\'"']),
        ({}, "EnvironmentFile", ["/opt/orders/current/environment"]),
        ({"working_directory": "/srv/50% off"}, "WorkingDirectory", ["/srv/50%% off"]),
        ({"working_directory": "/srv/data"}, "Environment", ["HOME=/var/lib/orders"]),
        ({}, "WorkingDirectory", ["/var/lib/orders"]),
        ({"state_directory": False}, "WorkingDirectory", []),
        ({"state_directory": False}, "Environment", []),
        ({"state_directory": False, "working_directory": "/srv"}, "WorkingDirectory", ["/srv"]),
        ({}, "RestrictAddressFamilies", ["AF_UNIX AF_INET AF_INET6 AF_NETLINK"]),
        ({}, "StateDirectoryMode", ["0750"]),
        ({}, "RuntimeDirectoryMode", ["0750"]),
        ({}, "ExecStartPre", []),
        (
            {"proxy_user": "www-data"},
            "ExecStartPre",
            [
                '+/bin/sh -c \'echo "a+ /run/orders - - - - user:www-data:x,default:user:www-data:rwx"'
                " | systemd-tmpfiles --create -'"
            ],
        ),
        ({"proxy_user": "www-data"}, "UMask", ["0007"]),
        ({"proxy_user": "www-data", "hardening": {"UMask": "0027"}}, "UMask", ["0027"]),
        ({}, "UMask", ["0077"]),
        ({}, "RestartSteps", []),
        ({}, "RestartMaxDelaySec", []),
        ({"restart_steps": 5}, "RestartSteps", ["5"]),
        ({"restart_steps": 5}, "RestartMaxDelaySec", ["20"]),
        ({"credentials": {"db": "/etc/a%b"}}, "LoadCredential", ["db:/etc/a%%b"]),
        ({"drain_seconds": 60}, "TimeoutStopSec", ["65"]),
        ({"drain_seconds": "60"}, "TimeoutStopSec", ["65"]),
        ({}, "KillMode", ["mixed"]),
        ({}, "Restart", ["on-failure"]),
        ({"restart_steps": 0}, "RestartMaxDelaySec", []),
        ({"memory_max": "512M"}, "MemoryMax", ["512M"]),
        ({"memory_max": "1000"}, "Environment", ["HOME=/var/lib/orders", "GOMEMLIMIT=900"]),
        ({"memory_max": "512M"}, "Environment", ["HOME=/var/lib/orders", "GOMEMLIMIT=483183820"]),
        ({"memory_max": "50%"}, "MemoryMax", ["50%"]),
        ({"memory_max": "50%"}, "Environment", ["HOME=/var/lib/orders"]),
        ({"cpu_quota": "100%"}, "Environment", ["HOME=/var/lib/orders", "GOMAXPROCS=1"]),
        ({"cpu_quota": "101%"}, "Environment", ["HOME=/var/lib/orders", "GOMAXPROCS=2"]),
        ({"cpu_quota": "20%"}, "Environment", ["HOME=/var/lib/orders", "GOMAXPROCS=1"]),
        ({"cpu_quota": "150%"}, "CPUQuota", ["150%"]),
        ({"tasks_max": 64}, "TasksMax", ["64"]),
        ({}, "LimitNOFILE", ["65536"]),
        ({}, "StateDirectory", ["orders"]),
        ({}, "LogsDirectory", []),
        ({"state_directory": False, "logs_directory": True}, "StateDirectory", []),
        ({"logs_directory": True}, "LogsDirectory", ["orders"]),
        ({}, "CapabilityBoundingSet", [""]),
        ({"capabilities": ["CAP_NET_BIND_SERVICE"]}, "CapabilityBoundingSet", ["CAP_NET_BIND_SERVICE"]),
        ({"capabilities": ["CAP_NET_BIND_SERVICE"]}, "AmbientCapabilities", ["CAP_NET_BIND_SERVICE"]),
        ({"capabilities": ["CAP_NET_BIND_SERVICE"]}, "PrivateUsers", ["false"]),
        ({}, "PrivateUsers", ["true"]),
        ({"read_write_paths": ["/srv/a b", "-/srv/c"]}, "ReadWritePaths", ['"/srv/a b"', "-/srv/c"]),
        ({}, "IPAddressDeny", []),
        ({"ip_allow": ["10.0.0.0/8", "localhost", "::1"]}, "IPAddressDeny", ["any"]),
        ({"ip_allow": ["10.0.0.0/8", "localhost", "::1"]}, "IPAddressAllow", ["10.0.0.0/8 localhost ::1"]),
        ({}, "SystemCallFilter", ["@system-service", "~@privileged @resources"]),
        ({"hardening": {"SystemCallFilter": "@system-service"}}, "SystemCallFilter", ["@system-service"]),
        ({"hardening": {"ProtectHome": None}}, "ProtectHome", []),
        ({"hardening": {"ProtectHome": False}}, "ProtectHome", ["false"]),
        ({"hardening": {"UMask": "00%7"}}, "UMask", ["00%%7"]),
        ({"directives": {"Service": {"OOMScoreAdjust": -100}}}, "OOMScoreAdjust", ["-100"]),
        (
            {"directives": {"Service": {"Environment": ["HOST=%H", "A=1"]}}},
            "Environment",
            ["HOME=/var/lib/orders", "HOST=%H", "A=1"],
        ),
    ],
)
def test_the_service_section_says(options, key, expected):
    assert values(key, **options) == expected


def test_the_other_sections_say_when_to_start_and_when_to_give_up():
    assert values("Description", "Unit") == ["orders"]
    assert values("Description", "Unit", description="50% of all") == ["50%% of all"]
    assert values("After", "Unit") == values("Wants", "Unit") == ["network-online.target"]
    assert values("After", "Unit", after=["postgresql.service", "redis.service"]) == [
        "postgresql.service redis.service"
    ]
    assert values("Wants", "Unit", wants=[]) == []
    assert values("WantedBy", "Install") == ["multi-user.target"]
    assert values("WantedBy", "Install", directives={"Install": {"WantedBy": ["", "x.target"]}}) == [
        "multi-user.target",
        "",
        "x.target",
    ]
    assert values("Requires", "Unit", directives={"Unit": {"Requires": "x.mount"}}) == ["x.mount"]


def test_a_service_that_never_comes_up_is_given_up_in_finite_time():
    attempts, interval = (int(values("StartLimit" + key, "Unit")[0]) for key in ("Burst", "IntervalSec"))
    assert 180 <= attempts * int(values("RestartSec")[0]) <= interval


@pytest.mark.parametrize(
    ("arg", "word"),
    [
        ("{port}", '"${PORT}"'),
        (":{port}", '":${PORT}"'),
        ("-listen=[::1]:{port}", '"-listen=[::1]:${PORT}"'),
        ("$HOME:{port}", '"$$HOME:${PORT}"'),
        ("100%:{port}", '"100%%:${PORT}"'),
        ("{{port}}", '"{port}"'),
        ("{{{port}}}", '"{{port}}"'),
        ("{config}/app.toml", "/opt/orders/current/config/app.toml"),
        ("-c={config}:{port}", '"-c=/opt/orders/current/config:${PORT}"'),
        ("{{config}}", '"{config}"'),
        ("{version} {Port} {port }", '"{version} {Port} {port }"'),
        ('{"addr": ":{port}"}', '"{\\"addr\\": \\":${PORT}\\"}"'),
    ],
)
def test_an_argument_may_name_the_port_and_the_configuration(arg, word):
    parts = unit.sections(
        "orders",
        {"exec_args": [arg]},
        binary=BINARY,
        port_variable="PORT",
        config="/opt/orders/current/config",
    )
    assert dict(parts["Service"])["ExecStart"] == "%s %s" % (BINARY, word)


def test_the_port_has_the_name_that_the_service_gives_it():
    parts = unit.sections("orders", {"exec_args": [":{port}"]}, binary=BINARY, port_variable="APP_PORT")
    assert dict(parts["Service"])["ExecStart"] == BINARY + ' ":${APP_PORT}"'


def test_the_log_has_a_limit_of_its_own_only_if_it_is_given():
    def limit(**options):
        return values("LogRateLimitIntervalSec", **options), values("LogRateLimitBurst", **options)

    assert limit() == limit(log_rate_limit={"burst": None, "interval_sec": None}) == ([], [])
    assert limit(log_rate_limit={"burst": 50000, "interval_sec": 5}) == (["5"], ["50000"])
    assert limit(log_rate_limit={"burst": "0"}) == ([], ["0"])


def test_the_log_has_the_name_of_the_app_whatever_a_raw_directive_starts():
    """By default it is the program's, which is the app's: a line for it would change every live unit."""
    assert values("SyslogIdentifier") == []
    wrapped = {"ExecStart": ["", "/usr/bin/nice /opt/orders/current/bin/orders"]}
    assert values("SyslogIdentifier", directives={"Service": wrapped}) == ["orders"]
    named = dict(wrapped, SyslogIdentifier="shop")
    assert values("SyslogIdentifier", directives={"Service": named}) == ["shop"]


def test_without_a_port_the_braces_are_literal():
    assert values("ExecStart", exec_args=["{port}", "{{port}}"]) == [BINARY + ' "{port}" "{{port}}"']


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"usr": "x"}, ["usr", "did you mean user"]),
        ({"user": "Web Server"}, ["unit.user"]),
        ({"user": "0"}, ["unit.user"]),
        ({"group": "a:b"}, ["unit.group"]),
        ({"type": "forking"}, ["unit.type", "exec, simple, notify"]),
        ({"state_directory": "yes"}, ["unit.state_directory"]),
        ({"description": "x\nExecStartPre=/bin/sh"}, ["unit.description", "line break"]),
        ({"description": "x\\"}, ["unit.description", "backslash"]),
        ({"exec_args": ["x\rUser=root"]}, ["unit.exec_args"]),
        ({"exec_args": "-c x"}, ["unit.exec_args", "list"]),
        ({"exec_args": [{"a": 1}]}, ["unit.exec_args"]),
        ({"after": ["a.service\nUser=root"]}, ["unit.after"]),
        ({"after": ["postgresql"]}, ["unit.after", "postgresql.service"]),
        ({"wants": ["a.service b.service"]}, ["unit.wants"]),
        ({"working_directory": "srv"}, ["unit.working_directory", "absolute"]),
        ({"working_directory": "/srv/../etc"}, ["unit.working_directory"]),
        ({"credentials": {"a:b": "/x"}}, ["unit.credentials"]),
        ({"credentials": {"a": "/x\nUser=root"}}, ["unit.credentials.a"]),
        ({"credentials": ["a"]}, ["unit.credentials", "dictionary"]),
        ({"read_write_paths": ["srv"]}, ["unit.read_write_paths"]),
        ({"memory_max": "512MB"}, ["unit.memory_max", "512M"]),
        ({"memory_max": "0"}, ["unit.memory_max"]),
        ({"cpu_quota": "2"}, ["unit.cpu_quota", "150%"]),
        ({"tasks_max": 0}, ["unit.tasks_max"]),
        ({"limit_nofile": True}, ["unit.limit_nofile"]),
        ({"log_rate_limit": {"burst": -1}}, ["unit.log_rate_limit.burst"]),
        ({"log_rate_limit": {"interval_sec": "1min"}}, ["unit.log_rate_limit.interval_sec"]),
        ({"log_rate_limit": 5}, ["unit.log_rate_limit", "dictionary"]),
        ({"drain_seconds": -1}, ["unit.drain_seconds"]),
        ({"start_limit_burst": 0}, ["unit.start_limit_burst"]),
        ({"capabilities": ["net_bind_service"]}, ["unit.capabilities", "CAP_NET_BIND_SERVICE"]),
        ({"ip_allow": ["10.0.0.0/33"]}, ["unit.ip_allow", "10.0.0.0/8"]),
        ({"hardening": {"ProtectHom": True}}, ["ProtectHom", "did you mean ProtectHome"]),
        ({"hardening": {"ExecStartPre": "x"}}, ["ExecStartPre", "unit.directives"]),
        ({"hardening": {"UMask": "0\nUser=root"}}, ["unit.hardening.UMask"]),
        ({"hardening": {"UMask": {"a": 1}}}, ["unit.hardening.UMask"]),
        ({"proxy_user": "www data"}, ["unit.proxy_user"]),
        ({"proxy_user": "www-data", "runtime_directory": False}, ["unit.proxy_user", "runtime directory"]),
        ({"directives": {"Servce": {}}}, ["Servce"]),
        ({"directives": {"Service": {"A=b\nUser": "x"}}}, ["unit.directives.Service"]),
        ({"directives": {"Service": {"Nice": "1\nUser=root"}}}, ["unit.directives.Service.Nice"]),
        ({"directives": {"Service": {"Nice": "1\\"}}}, ["unit.directives.Service.Nice", "backslash"]),
        ({"directives": {"Service": {"Nice": None}}}, ["unit.directives.Service.Nice"]),
        ({"directives": {"Service": "Nice=1"}}, ["unit.directives.Service"]),
    ],
)
def test_bad_options_are_refused_by_name(options, words):
    with pytest.raises(InvalidInput) as caught:
        unit.sections("orders", options, binary=BINARY)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("binary", ["bin/orders", "/opt/../bin/x", "/opt/x\nUser=root", "", None, "-/bin/x"])
def test_a_bad_binary_is_refused(binary):
    with pytest.raises(SlipwayError, match="binary"):
        unit.sections("orders", {}, binary=binary)


TEXT_OPTIONS = ("description", "user", "group", "working_directory", "memory_max", "cpu_quota")
LIST_OPTIONS = ("exec_args", "after", "wants", "read_write_paths", "capabilities", "ip_allow")


@given(st.sampled_from(TEXT_OPTIONS + LIST_OPTIONS), st.text(min_size=1))
def test_no_value_can_add_a_directive(name, value):
    """Any value is refused, or gives a file with the same lines as a harmless value."""
    tame = {
        "memory_max": "1M",
        "cpu_quota": "1%",
        "capabilities": "CAP_CHOWN",
        "ip_allow": "::1",
        "after": "a.service",
        "wants": "a.service",
    }
    for options in ({name: [value]} if name in LIST_OPTIONS else {name: value},):
        try:
            text = unit.render(unit.sections("orders", options, binary=BINARY))
        except SlipwayError:
            return
        harmless = tame.get(name, "/x" if "path" in name or "directory" in name else "x")
        expected = unit.render(
            unit.sections("orders", {name: [harmless] if name in LIST_OPTIONS else harmless}, binary=BINARY)
        )
        assert len(re.split("[\n\r\v\f]", text)) == len(expected.splitlines()) + 1
        keys = [line.split("=")[0] for line in text.splitlines()]
        assert [key for key in keys if key != "Environment"] == [
            line.split("=")[0] for line in expected.splitlines() if not line.startswith("Environment=")
        ]
        assert not any(line.endswith("\\") for line in text.splitlines())


def test_a_transient_run_has_the_sandbox_and_not_the_life_cycle():
    options = {
        "credentials": {"db": "/etc/a%b"},
        "exec_args": ["x"],
        "capabilities": ["CAP_CHOWN"],
        "memory_max": "1M",
        "directives": {"Service": {"ExecStartPre": "/bin/x", "WatchdogSec": 3, "Nice": 5}},
    }
    lines = unit.transient(unit.sections("orders", options, binary=BINARY, environment_file="/e"))
    keys = {line.split("=", 1)[0] for line in lines}
    assert keys.isdisjoint(
        {
            "ExecStart",
            "ExecStartPre",
            "Type",
            "Restart",
            "RestartSec",
            "RestartSteps",
            "WatchdogSec",
            "StartLimitBurst",
        }
    )
    assert keys >= set(unit.HARDENING) | {
        "User",
        "EnvironmentFile",
        "Environment",
        "StateDirectory",
        "LoadCredential",
        "MemoryMax",
        "Nice",
    }
    assert "LoadCredential=db:/etc/a%b" in lines
    assert "RuntimeDirectory=orders-smoke" in lines
    assert not any(
        "PrivateIPC" in line
        for line in unit.transient(unit.sections("orders", {}, binary=BINARY), systemd=247)
    )
    assert unit.transient_args({"exec_args": ["$A", "b%"]}) == ["$$A", "b%"]
    assert unit.transient_args({}) == []
    arguments = {"exec_args": [":{port}", "{config}/$a", "{{port}}"]}
    assert unit.transient_args(arguments, port="4711", config="/c") == [":4711", "/c/$$a", "{port}"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"exec_args": ["a b", "100%", "$HOME", 'q"\\', ";", ""], "description": "50% ; #"},
        {"memory_max": "50%", "cpu_quota": "150%", "tasks_max": 100, "ip_allow": ["10.0.0.0/8", "localhost"]},
        {
            "capabilities": ["CAP_NET_BIND_SERVICE"],
            "credentials": {"a": "/etc/x y%z"},
            "read_write_paths": ["-/srv/a b", "/srv/50%"],
        },
        {
            "cache_directory": True,
            "logs_directory": True,
            "working_directory": "/srv/50% x",
            "type": "notify",
            "restart": "no",
        },
        {"proxy_user": "www-data", "exec_args": [":{port}"]},
    ],
)
def test_systemd_takes_every_line(options, tmp_path):
    path = tmp_path / "orders.service"
    path.write_text(
        unit.render(
            unit.sections(
                "orders",
                options,
                binary="/bin/true",
                environment_file="/etc/50% off",
                port_variable="PORT",
            )
        ),
        encoding="utf-8",
    )
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True, check=False
    )
    known = [line for line in done.stderr.splitlines() if "orders.service" in line]
    assert known == []


def test_the_exposure_is_as_low_as_a_server_can_have(tmp_path):
    path = tmp_path / "orders.service"
    path.write_text(unit.render(unit.sections("orders", {}, binary="/bin/true")), encoding="utf-8")
    argv = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=11", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@given(
    st.lists(st.text(max_size=20), max_size=3),
    st.dictionaries(st.sampled_from(["Nice", "Environment"]), st.text(max_size=20)),
)
def test_a_rendered_unit_is_parsed_to_the_same_sections(arguments, settings):
    options = {"exec_args": arguments, "directives": {"Service": settings, "Unit": {"Before": "x.target"}}}
    try:
        parts = unit.sections("orders", options, binary=BINARY, environment_file="/e")
    except InvalidInput:
        return
    assert unit.parse(unit.render(parts)) == parts


@pytest.mark.parametrize("text", ["", "Nice=5\n", "[Service]\n", "# x\n[Service]\nno setting\n"])
def test_what_is_no_setting_is_left_out(text):
    assert unit.parse(text) == {}
