# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing that a user writes is ignored: every documented variable, with a wrong name, type and value.

What is refused here is refused by the first task of every playbook (tests/unit/playbooks/test_variables.py).
"""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder.image import options as image_options
from ansible_collections.slipway.golang.plugins.module_utils.common import (
    build_options,
    health,
    nginx_options,
    unit,
)
from ansible_collections.slipway.golang.plugins.plugin_utils import (
    gate_options,
    gitops_options,
    kubernetes_options,
    metrics_options,
    role_variables,
    variables,
)

PAGE = pathlib.Path(__file__).resolve().parents[4] / "docs" / "reference" / "variables.md"
DOCUMENTED = re.findall(r"^\| `(slipway_[a-z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
# Variable to a value that is right, one of a wrong type, and one that is wrong.
VALUES = {
    "slipway_app": ("orders", ["orders"], "Orders!"),
    "slipway_port": (8080, [8080], 65536),
    "slipway_port_variable": ("APP_PORT", ["PORT"], "APP-PORT"),
    "slipway_env": ({"A": "b"}, ["A=b"], {"A-B": "c"}),
    "slipway_config": ([{"src": "a", "dest": "a"}], {"src": "a"}, [{"src": "a", "dest": "/etc/a"}]),
    "slipway_health": ({"path": "/"}, ["path"], {"status": ["600"]}),
    "slipway_unit": ({"memory_max": "1G"}, ["user"], {"user": "Deploy User"}),
    "slipway_source": ("..", [".."], "a\0b"),
    "slipway_targets": (["linux/arm64"], {"linux": "arm64"}, ["linux/armm64"]),
    "slipway_version": ("1.4.2", ["1.4.2"], "../1.4.2"),
    "slipway_stamp": ({"main.version": "{version}"}, ["main.version"], {"main.version": "{verison}"}),
    "slipway_build": ({"package": "./cmd/a"}, "./cmd/a", {"flags": ["-o=x"]}),
    "slipway_files": ([{"src": "a"}], "a", [{"src": "a", "dest": "../a"}]),
    "slipway_dist": ("dist", ["dist"], "a\0b"),
    "slipway_signing_key": ("key", ["key"], "a\0b"),
    "slipway_artifacts": (["a.tar.gz"], [["a.tar.gz"]], ["a\0b"]),
    "slipway_hosts": ("app", ["app"], "a\0b"),
    "slipway_waves": ([1, "10%"], {"first": 1}, [0]),
    "slipway_max_failures": (1, [1], -1),
    "slipway_on_failure": ("revert_all", ["halt"], "revert"),
    "slipway_soak_seconds": (10, [10], -1),
    "slipway_gate": ({"from": "off"}, ["5xx"], {"bad": "4xx"}),
    "slipway_shares": ([], {"first": 5}, [25, 5]),
    "slipway_confirm_within_seconds": (5, [5], 4),
    "slipway_delta": (True, [True], "perhaps"),
    "slipway_pull_from": ("https://mirror.example/a/", {"url": "x"}, "ftp://mirror.example/"),
    "slipway_pull_ca_file": (None, ["/etc/ca.pem"], "ca.pem"),
    "slipway_lease": (False, [False], "perhaps"),
    "slipway_lease_wait_seconds": (10, [10], -1),
    "slipway_lease_seconds": (10, [10], 9),
    "slipway_unhealthy_first": (True, [True], "perhaps"),
    "slipway_drain_tasks": ("drain.yml", ["drain.yml"], "a\0b"),
    "slipway_undrain_tasks": ("undrain.yml", ["undrain.yml"], "a\0b"),
    "slipway_migrate": (["up"], "up", {"args": ["up"], "timeout": 0}),
    "slipway_before_tasks": ("before.yml", ["before.yml"], "a\0b"),
    "slipway_after_tasks": ("after.yml", ["after.yml"], "a\0b"),
    "slipway_summary": ("summary.json", ["summary.json"], "a\0b"),
    "slipway_report": ("report.html", ["report.html"], "a\0b"),
    "slipway_plan": ("plan.json", ["plan.json"], "a\0b"),
    "slipway_strategy": ("socket", ["socket"], "rolling"),
    "slipway_alternate_port": (None, [8081], 0),
    "slipway_smoke": (False, [False], "perhaps"),
    "slipway_adopt": (True, [True], "perhaps"),
    "slipway_remove_data": (True, [True], "perhaps"),
    "slipway_keep": (0, [0], -1),
    "slipway_allowed_signers": ("ci ssh-ed25519 AAAAC3Nz", ["ci"], "/etc/allowed_signers"),
    "slipway_release": ("1.4.2", ["1.4.2"], "../current"),
    "slipway_domain": ("orders.example.com", {"name": "x"}, "Orders.example.com"),
    "slipway_acme_email": ("ops@example.com", ["ops@example.com"], "ops@example"),
    "slipway_tls": (False, [False], "perhaps"),
    "slipway_certificate": (None, ["/etc/a.pem"], "a.pem"),
    "slipway_certificate_key": (None, ["/etc/a.key"], "a.key"),
    "slipway_proxy": ({"limit_rate": "20r/s"}, ["gzip"], {"limit_rate": "20 per second"}),
    "slipway_address": ("10.0.0.1", ["10.0.0.1"], "10.0.0.1:80/x"),
    "slipway_issuer": ("web1", ["web1"], "a\0b"),
    "slipway_image": ({"to": "registry.example.com/shop/orders"}, ["to"], {"base": "debian:12"}),
    "slipway_metrics": ({"path": "/metrics"}, ["path"], {"path": "metrics"}),
    "slipway_kubernetes": ({"namespace": "shop"}, ["namespace"], {"namespace": "Shop"}),
    "slipway_kubeconfig": ("kubeconfig", ["kubeconfig"], "a\0b"),
    "slipway_context": ("production", ["production"], "a\0b"),
    "slipway_gitops": (
        {"repository": "/srv/a.git", "path": "a"},
        ["a"],
        {"repository": "a.git", "path": "a"},
    ),
    "slipway_operators": ("ops", ["ops"], "Ops Team"),
    "slipway_auditors": ("audit", ["audit"], "Audit Team"),
    "slipway_since": ("2h30m", ["10m"], "yesterday"),
    "slipway_until": ("2099-11-28 12:01", ["10m"], "2026-13-01"),
    "slipway_level": ("warn", ["warn"], "warm"),
    "slipway_grep": ("order [0-9]+", ["order"], "order ["),
    "slipway_lines": (5000, [5000], 0),
    "slipway_follow": (60, [60], -1),
    "slipway_json": (True, [True], "perhaps"),
    "slipway_logs": ({"to": "https://logs.example.com/x"}, ["https://logs.example.com"], {"to": "ftp://a"}),
    "slipway_command": (["migrate"], {"args": ["x"]}, "say 'hi"),
    "slipway_run_on": ("all", ["all"], "both"),
    "slipway_run_timeout_seconds": (1, [1], 0),
    "slipway_become": (False, [False], "perhaps"),
    "slipway_install_flags": (["--quiet"], "--quiet", ["a\0b"]),
    "slipway_pprof": ({"port": 6060}, ["port"], {"socket": "../pprof.sock"}),
    "slipway_kind": ("heap", ["heap"], "wall"),
    "slipway_seconds": (30, [30], 0),
    "slipway_hosts_at_most": (5, [5], 0),
    "slipway_against": ("previous", ["previous"], "a\0b"),
    "slipway_pgo": (True, [True], "perhaps"),
    "slipway_measure": (True, [True], "perhaps"),
    "slipway_load": ({"path": "/orders"}, ["/orders"], {"path": "orders"}),
    "slipway_fault": ("kill", ["kill"], "explode"),
    "slipway_on": ("web1,web2", {"host": "web1"}, ["a\0b"]),
    "slipway_at_most": (2, [2], 0),
    "slipway_yes": ("orders", ["orders"], "a\0b"),
    "slipway_ask": ({"host": "a", "port": 80}, ["a"], {"command": ["true"]}),
    "slipway_patience_seconds": (60, [60], 0),
    "slipway_lost_at_most": (0, [0], -1),
    "slipway_seconds_at_most": (5, [5], -1),
}
TABLES = {
    "slipway_health": (health.OPTIONS, {}),
    "slipway_unit": (unit.OPTIONS, {}),
    "slipway_build": (build_options.OPTIONS, build_options.VARIABLES),
    "slipway_proxy": (nginx_options.OPTIONS, nginx_options.VARIABLES),
    "slipway_metrics": (metrics_options.OPTIONS, {}),
    "slipway_gate": (gate_options.OPTIONS, {}),
    "slipway_ask": (health.OPTIONS, {}),
    "slipway_image": (image_options.OPTIONS, {}),
    "slipway_kubernetes": (kubernetes_options.OPTIONS, {}),
    "slipway_gitops": (gitops_options.OPTIONS, {}),
}
NESTED = [(variable, option) for variable in sorted(TABLES) for option in TABLES[variable][0]]


def problems(**given):
    return variables.read(dict({"slipway_app": "orders"}, **given), lambda value: value, "/inventory")[1]


def test_every_documented_variable_is_here():
    assert len(DOCUMENTED) > 50
    assert sorted(VALUES) == sorted(DOCUMENTED) == sorted(variables.VARIABLES)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_the_right_value_is_taken(name):
    assert problems(**{name: VALUES[name][0]}) == []


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_wrong_name_is_refused_with_the_right_one(name):
    wrong = name[:-1]
    assert wrong not in VALUES
    (problem,) = problems(**{wrong: VALUES[name][0]})
    assert problem.startswith("%s: there is no such variable; did you mean %s?" % (wrong, name))


@pytest.mark.parametrize("name", sorted(VALUES))
@pytest.mark.parametrize("which", [1, 2], ids=["wrong type", "wrong value"])
def test_a_wrong_type_and_a_wrong_value_are_refused_by_name(name, which):
    (problem,) = problems(**{name: VALUES[name][which]})
    assert re.match(r"%s[.a-z_]*: .* is not usable: \S" % name, problem, re.DOTALL), problem


@pytest.mark.parametrize(("variable", "option"), NESTED)
def test_a_misspelt_option_is_refused_with_the_right_one(variable, option):
    wrong = option + "x"
    (problem,) = problems(**{variable: {wrong: None}})
    own = TABLES[variable][1].get(option)
    meant = "the variable " + own if own else option
    offered = re.fullmatch(
        r"%s: %r is not usable: there is no such option; did you mean (.+)\?" % (variable, wrong), problem
    )
    assert offered, problem
    assert offered[1] in (meant, *TABLES[variable][0])  # such as cert, if that is as near


@pytest.mark.parametrize(("variable", "option"), NESTED)
def test_an_option_of_a_wrong_type_is_refused_by_its_name(variable, option):
    own = TABLES[variable][1].get(option)
    (problem,) = problems(**{variable: {option: object()}})
    if own:
        assert problem == "%s: %r is not usable: set the variable %s instead" % (variable, option, own)
    else:
        assert problem.startswith("%s.%s: " % (variable, option)) and "is not usable: use " in problem


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("slipway_stamp", {"version": "1"}, "use a package's import path"),
        ("slipway_stamp", {"main.version": "{versoin}"}, "{versoin} is unknown"),
        ("slipway_files", [{"src": "a", "mode": "0644"}], "mode is unknown in it; there are src, dest and"),
        ("slipway_files", [{"dest": "a"}], "each entry is a dictionary with src"),
        ("slipway_files", [{"src": "a", "exclude": "*.md"}], "use a list"),
        ("slipway_config", [{"src": "a", "dest": "a", "mode": "1"}], "mode is unknown in it; there are src"),
        ("slipway_config", [{"src": "a", "dest": "a"}, {"src": "b", "dest": "a"}], "two files cannot"),
        ("slipway_config", [{"src": "a", "dest": "a"}, {"src": "b", "dest": "a/b"}], "a file too"),
        ("slipway_migrate", {"args": ["up"], "tiemout": 60}, "tiemout is unknown in it"),
        ("slipway_migrate", {"args": ["up"], "timeout": "soon"}, "use a whole number"),
        ("slipway_migrate", {"timeout": 60}, "use the arguments of the binary"),
        ("slipway_migrate", [], "use the arguments of the binary"),
        ("slipway_waves", [], "it has no wave"),
        ("slipway_unit", {"log_rate_limit": {"brust": 1}}, "brust is unknown in it; did you mean burst?"),
        ("slipway_unit", {"log_rate_limit": {"burst": "many"}}, "use a whole number"),
        ("slipway_command", [], "it has no argument"),
        ("slipway_image", {"to": "shop/orders"}, "use a registry and a repository in small letters"),
        ("slipway_image", {"files": [{"dest": "/a"}]}, "each entry is a dictionary with src"),
        ("slipway_image", {"user": "nonroot"}, "use numbers"),
        ("slipway_image", {"load": "cri-o"}, "use true, false, docker, podman or containerd"),
        ("slipway_image", {"gate": {"found": [1]}}, "each entry needs command"),
        ("slipway_image", {"gate": {"command": ["x"], "found": ["one"]}}, "use exit codes from 1 to 125"),
        ("slipway_image", {"sign": {"key": "x"}}, "key is unknown in it"),
        ("slipway_image", {"tags": ["{app}"]}, "{app} is unknown"),
        ("slipway_image", {"ca_certificates": ["x"]}, "use a text"),
        ("slipway_metrics", {"textfile": "exporter"}, "use an absolute path"),
        ("slipway_metrics", {"port": 70000}, "use a whole number from 1 to 65535"),
        ("slipway_metrics", {"path": "/a b"}, "use a path, as in /metrics"),
        ("slipway_metrics", {"path": "/a$(id)"}, "use a path, as in /metrics"),
        ("slipway_metrics", {"socket": "../x.sock"}, "use the name of a file"),
        ("slipway_metrics", {"socket": ".."}, "use the name of a file"),
        ("slipway_metrics", {"from": ["mon1"]}, "use an address, as in 10.0.0.5"),
        ("slipway_metrics", {"listen": "mon1"}, "use an address, as in 10.0.0.5"),
        ("slipway_metrics", {"objective": 100}, "use a percentage from 50 to 99.999"),
        ("slipway_metrics", {"objective": "most"}, "use a percentage, as in 99.9"),
        ("slipway_metrics", {"slower_than": 0}, "use a number above 0"),
        ("slipway_metrics", {"min_requests": 0}, "use a number above 0"),
        ("slipway_metrics", {"alertmanager": "mon1:9093"}, "use a URL, as in http://mon1"),
        ("slipway_metrics", {"alertmanager": "http://mon1:99999"}, "use a URL, as in http://mon1"),
        ("slipway_metrics", {"alertmanager": "http://"}, "use a URL, as in http://mon1"),
        ("slipway_gate", {"bad": "5xx or slower than 1 minute"}, "use '5xx', or '5xx or slower than 800ms'"),
        ("slipway_gate", {"bad": "5xx or slower than 0.0s"}, "use '5xx', or '5xx or slower than 800ms'"),
        (
            "slipway_gate",
            {"from": "command", "command": ["x"], "bad": "5xx"},
            "What from: command counts says itself which requests are bad",
        ),
        ("slipway_gate", {"at_least": 0}, "use a whole number, 1 or more"),
        ("slipway_gate", {"worse_by": 60}, "use percentage points from 0 to 50"),
        ("slipway_gate", {"from": "prometheus"}, "_gate.url: it is not set, and from: prometheus needs it"),
        ("slipway_gate", {"from": "command"}, "_gate.command: it is not set, and from: command needs it"),
        ("slipway_gate", {"url": "http://mon1:9090"}, "it is for from: prometheus"),
        ("slipway_gate", {"from": "nginx", "command": ["x"]}, "it is for from: command"),
        (
            "slipway_gate",
            {"from": "prometheus", "url": "http://mon1:9090", "requests": "sum(x)", "bad_requests": "y"},
            "name the release in it, by {release} or {version}",
        ),
        ("slipway_gate", {"from": "prometheus", "url": "mon1:9090"}, "use a URL, as in http://mon1"),
        ("slipway_shares", [5, 5], "use some of 1, 5, 10, 25, 50, in this order"),
        ("slipway_shares", [30], "use some of 1, 5, 10, 25, 50, in this order"),
    ],
)
def test_a_key_of_an_entry_is_refused_with_the_remedy(name, value, words):
    (problem,) = problems(**{name: value})
    assert problem.startswith(name) and words in problem


def test_a_password_in_a_url_is_refused_and_not_shown():
    (problem,) = problems(slipway_metrics={"alertmanager": "http://ann:s3cret@mon1:9093"})
    assert problem.startswith("slipway_metrics.alertmanager: '(hidden)' is not usable: use a URL without")
    assert "s3cret" not in problem


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"objective": "99.5%", "port": "9101"}, {"objective": 99.5, "port": 9101}),
        ({"dest": "files", "install": "yes"}, {"dest": "/inventory/files", "install": True}),
        (
            {"alertmanager": "https://mon1.example.com/am/", "path": None},
            {"alertmanager": "https://mon1.example.com/am/"},
        ),
        ("{from: [10.0.0.5, '2001:db8::1']}", {"from": ["10.0.0.5", "2001:db8::1"]}),
    ],
    ids=str,
)
def test_what_is_observed_is_taken_for_what_it_means(given, read):
    assert variables.setting("slipway_metrics", given, "/inventory") == read


def test_the_names_that_tables_lack_are_offered_with_the_words_of_the_user():
    (problem,) = problems(slipway_unit={"memory": "1G"})
    assert problem.endswith("did you mean memory_max?")
    (problem,) = problems(slipway_proxy={"domain": ["a.example.com"]})
    assert problem.startswith("slipway_proxy: 'domain' is not usable: there is no such option")


ROLE_VARIABLES = [(role, name) for role in role_variables.roles() for name in role_variables.known(role)]


def test_the_variables_of_all_roles_are_known():
    assert {path.name for path in role_variables.ROLES.iterdir() if path.is_dir()} == {
        role for role, _name in ROLE_VARIABLES
    }


@pytest.mark.parametrize(("role", "name"), ROLE_VARIABLES)
def test_a_misspelt_variable_of_a_role_is_refused_with_the_right_one(role, name):
    wrong = name + "x"
    (problem,) = problems(**{wrong: "x"})
    assert re.match("%s: the role %s has no such variable; did you mean %s_" % (wrong, role, role), problem)
    assert problems(**{name: "x"}) == []


@pytest.mark.parametrize(
    "name", ["certbot_certs", "certbot_install_method", "certbot_result", "rollout_result", "rollouts"]
)
def test_a_name_that_is_ones_own_is_left_alone(name):
    assert problems(**{name: "x"}) == []
