# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every option, with values that try to leave their field: each is refused, or stays in its field.

The tables of options are read, not repeated: a new option is tested without a change here.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.action import lease, release
from ansible_collections.slipway.golang.plugins.module_utils.common import (
    environment,
    health,
    nginx_options,
    unit,
)
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot import (
    request as certificate_request,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy.request import Request
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import request as site_request
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import template, upstream
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout
from ansible_collections.slipway.golang.plugins.modules import certbot_certificate

ROOT = Path(__file__).resolve().parents[3]
PIECES = [
    '"',
    "'",
    "\n",
    "\r",
    "\0",
    "\x1b[2J",
    "%n",
    "%%",
    "$HOME",
    "${host}",
    "$$",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "`id`",
    "$(id)",
    ";",
    "}",
    "{",
    "#",
    "\\",
    "\\n",
    " ",
    "\t",
    "ü",
    "\u202e",
    "\u2028",
    "\ud800",
    "..",
    "/../..",
    "*",
    "!",
    "|",
    "&",
    "<",
    "=",
]
HOSTILE = [
    form % piece.replace("%", "%%") % () for piece in PIECES for form in ("%s", "x%sy", "/x%sy", "x%s")
] + ["-e", "--help", "-", "", "x" * 100_000]


def filled(spec, value, benign):
    """A hostile value in every shape that an option of this type accepts."""
    kind = spec["type"]
    if kind in ("str", "path", "raw"):
        return [value]
    if kind == "dict" and "options" not in spec:
        return [{value: "x"}, {"X-Test": value}, {"X": {value: "x"}}]
    if kind == "dict":
        return [
            dict(benign, **{name: one})
            for name, inner in spec["options"].items()
            for one in filled(inner, value, {})
        ]
    if kind == "list" and spec.get("elements") == "dict":
        return [
            [dict(benign, **{name: one})]
            for name, inner in spec["options"].items()
            for one in filled(inner, value, {})
        ]
    return [[value], ["x", value]] if kind == "list" else []


def accepted(function, *arguments):
    """What a function returns; None if it refuses the arguments."""
    try:
        return function(*arguments)
    except SlipwayError:
        return None


# --- unit files -----------------------------------------------------------------------------------

SYSTEMD_LANGUAGE = {"directives"}  # these are systemd's own language by intention, one line each
SINGLE_PERCENT = re.compile(r"(?:CPUQuota|MemoryMax)=.*")


def unit_text(options):
    return unit.render(
        unit.sections(
            "orders",
            options,
            binary="/opt/orders/current/bin/orders",
            environment_file="/opt/orders/current/environment",
        )
    )


def keys(text):
    """The names of the directives as systemd reads them: a backslash at the end of a line continues it."""
    assert not re.search(r"\\\n", text)
    return [line.partition("=")[0] for line in re.split(r"[\n\r]", text) if line]


@pytest.mark.parametrize("name", sorted(unit.OPTIONS))
def test_an_option_of_the_unit_stays_in_its_line(name):
    plain = keys(unit_text({}))
    for value in HOSTILE:
        for given in filled(unit.OPTIONS[name], value, {}):
            text = accepted(unit_text, {name: given})
            if text is None:
                continue
            added = [key for key in keys(text) if key not in plain]
            assert set(added) <= OWN_LINES.get(name, set()), (given, added)
            if name not in SYSTEMD_LANGUAGE:
                assert_inert(text)


OWN_LINES = {
    "group": {"Group"},
    "working_directory": {"WorkingDirectory"},
    "credentials": {"LoadCredential"},
    "read_write_paths": {"ReadWritePaths"},
    "memory_max": {"MemoryMax", "Environment"},
    "cpu_quota": {"CPUQuota", "Environment"},
    "ip_allow": {"IPAddressDeny", "IPAddressAllow"},
    "directives": set(),
    "hardening": set(),
}


def assert_inert(text):
    """No specifier and no variable is left for systemd to expand, and quotes are balanced."""
    for line in text.splitlines():
        if not SINGLE_PERCENT.fullmatch(line):
            assert "%" not in line.replace("%%", ""), line
        if line.startswith("ExecStart="):
            assert "$" not in line.replace("$$", ""), line
            assert re.fullmatch(r'ExecStart=/\S+(?: (?:[^\s"\'\\]+|"(?:[^"\\]|\\["\\])*"))*', line), line


def test_a_directive_of_the_user_is_one_line_of_its_own_section():
    for value in HOSTILE:
        for section, key in (("Service", value), (value, "OOMScoreAdjust"), ("Service", "OOMScoreAdjust")):
            text = accepted(unit_text, {"directives": {section: {key: value}}})
            assert text is None or keys(text) == keys(
                unit_text({"directives": {"Service": {"OOMScoreAdjust": 1}}})
            )


# --- the environment ------------------------------------------------------------------------------


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_a_variable_of_the_environment_comes_back_as_it_was_given(value):
    for variables in ({"KEY": value, "OTHER": "1"}, {value: "x", "OTHER": "1"}):
        if accepted(environment.check, variables):
            assert environment.parse(environment.render(variables)) == variables


# --- health checks --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(health.OPTIONS))
def test_an_option_of_a_health_check_stays_in_its_request(name):
    for base in (
        {"port": 80, "path": "/"},
        {"port": 80},
        {"socket": "/run/x", "path": "/"},
        {"type": "command", "command": ["true"]},
    ):
        for value in HOSTILE:
            for given in filled(health.OPTIONS[name], value, {}):
                check = accepted(health.parse, dict(base, **{name: given}))
                if check and check.type == "http":
                    parts = [check.path or "", check.host, *check.headers, *check.headers.values()]
                    assert not re.search(r"[\r\n\0]", "".join(parts)), given
                    assert not re.search(r"\s", (check.path or "") + check.host), given


# --- nginx ----------------------------------------------------------------------------------------

# nginx's own language in one block by intention, and the content of a file.
NGINX_LANGUAGE = {"snippet", "maintenance_page"}
TOKEN = re.compile(
    r'\s+|#[^\n]*|(?P<mark>[;{}])|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s;{}"]+)', re.DOTALL
)
VARIABLES = re.compile(r"\$\{?([a-z_0-9]+)")


def nginx_site(options):
    """Both files of a site, as the module would write them."""
    wanted = {name: spec.get("default") for name, spec in nginx_options.OPTIONS.items()}
    wanted.update(
        {
            "domains": ["orders.example.com"],
            "servers": [server()],
            "certificate": "/c.pem",
            "certificate_key": "/k.pem",
        },
        **options,
    )
    wanted["servers"] = [dict(server(), **one) for one in wanted["servers"]]
    wanted["static"] = [
        dict({"path": "/static/", "directory": "/srv", "max_age": 1}, **one) for one in wanted["static"]
    ]
    site_request.check(wanted)
    return template.render("orders", wanted, template.Facts(), "yes") + upstream.render("orders", wanted)


def server():
    return dict(
        {name: spec.get("default") for name, spec in nginx_options.OPTIONS["servers"]["options"].items()},
        address="127.0.0.1:8080",
    )


def directives(text):
    """(depth, name, how many arguments) of every directive, read as nginx reads it; and all the words."""
    found, words, line, depth, at = [], [], [], 0, 0
    while at < len(text):
        match = TOKEN.match(text, at)
        assert match, text[at : at + 50]
        at = match.end()
        word = match["quoted"] if match["quoted"] is not None else match["word"]
        if match["mark"]:
            found += [(depth, line[0])] if line else []
            depth, line = depth + {"{": 1, "}": -1, ";": 0}[match["mark"]], []
        elif word is not None:
            line.append(word)
            words.append(word)
    assert depth == 0 and not line
    return found, words


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name, spec in nginx_options.OPTIONS.items()
        if name not in NGINX_LANGUAGE and "choices" not in spec
    ),
)
def test_an_option_of_a_site_stays_in_its_directive(name):
    spec = nginx_options.OPTIONS[name]
    benign = {
        "servers": {"address": "127.0.0.1:8080"},
        "static": {"path": "/static/", "directory": "/srv"},
    }.get(name, {})
    for value in HOSTILE:
        for given in filled(spec, value, benign):
            text = accepted(nginx_site, {name: given})
            if text is not None:
                found, words = directives(text)
                assert {head for dummy, head in found} <= KNOWN, given
                used = set(VARIABLES.findall(" ".join(words)))
                assert used <= OUR_VARIABLES, (given, used)


EVERYTHING = {
    "redirect_from": ["www.example.com"],
    "servers": [server()],
    "trusted_proxies": ["10.0.0.0/8"],
    "streaming": ["/events"],
    "limit_rate": "1r/s",
    "static": [{"path": "/static/", "directory": "/srv", "max_age": 1}],
    "headers": {"X-A": "$a"},
    "hsts_max_age": 1,
    "ssl_stapling": True,
    "acme_forward": "a:80",
}
ALL_FOUND, ALL_WORDS = directives(nginx_site(EVERYTHING) + nginx_site({"gzip": False, "access_log": False}))
KNOWN = {head for dummy, head in ALL_FOUND}
OUR_VARIABLES = set(VARIABLES.findall(" ".join(ALL_WORDS)))


def test_a_snippet_does_not_leave_its_block():
    for value in [
        *HOSTILE,
        "}",
        "} server { listen 81; ",
        "a;}\nserver{",
        "'}",
        '"}"',
        "if (1) {",
        "return 200 'x;'; }",
    ]:
        if accepted(nginx_site, {"snippet": value}) is not None:
            assert value.count("{") == value.count("}") or re.search(r"[\"'#\\]", value), value


# --- a release, a certificate, a lease ------------------------------------------------------------

RELEASE = {
    "name": "orders",
    "port": 8080,
    "artifacts": [{"goarch": "amd64", "variant": "v1", "version": "1.0.0", "digest": "0" * 64}],
}


def files_of(options):
    """The unit files of a request, and its environment."""
    request = Request(options)
    assert re.fullmatch(r"/[A-Za-z0-9._@+:,=/-]*", request.layout.root)
    return [unit.render(parts) for parts in request.strategy.units(request).values()], environment.render(
        request.environment
    )


@pytest.mark.parametrize("name", sorted(set(release.ARGUMENTS) - {"unit", "health", "external_health"}))
def test_an_option_of_a_release_stays_in_its_place(monkeypatch, name):
    monkeypatch.setattr(os, "geteuid", lambda: 0)  # anybody else would be sent away before
    plain = keys(files_of(RELEASE)[0][0])
    for value in HOSTILE:
        for given in filled(release.ARGUMENTS[name], value, {}):
            written = accepted(files_of, dict(RELEASE, **{name: given}))
            if written:
                units, variables = written
                assert keys(units[0]) == plain, given
                assert_inert(units[0])
                assert len(environment.parse(variables)) == variables.count('"\n'), given
                assert environment.check(environment.parse(variables)), given


@pytest.mark.parametrize("name", sorted(lease.ARGUMENTS))
def test_a_lease_of_any_name_stays_below_the_apps_own_directory(name):
    for value in HOSTILE:
        layout = accepted(Layout, value if name == "name" else "orders", value if name == "root" else None)
        if layout:
            assert ".." not in layout.lease.split("/") and "\n" not in layout.lease


CERTIFICATE = {
    "name": None,
    "domains": ["shop.example.com"],
    "email": None,
    "server": None,
    "staging": False,
    "authenticator": "webroot",
    "webroot": "/var/lib/acme",
    "authenticator_options": {},
    "standalone_port": None,
    "standalone_address": None,
    "key_type": "ecdsa",
    "elliptic_curve": None,
    "rsa_key_size": None,
    "reuse_key": None,
    "preferred_chain": None,
    "deploy_hook": None,
    "certbot": "certbot",
    "ca_bundle": None,
}


# Ansible accepts only a number, a boolean or a choice here.
NO_TEXT = {"key_type", "elliptic_curve", "rsa_key_size", "standalone_port", "staging", "reuse_key"}
PROGRAM = {"certbot"}  # of the user's choice


def test_every_option_of_a_certificate_is_tried():
    documented = set(yaml.safe_load(certbot_certificate.DOCUMENTATION)["options"])
    assert set(CERTIFICATE) == documented - {"state", "revoke", "force"}


@pytest.mark.parametrize("name", sorted(set(CERTIFICATE) - NO_TEXT - PROGRAM))
def test_an_option_of_a_certificate_is_one_word_of_certbots_command_line(name):
    kind = {"domains": {"type": "list"}, "authenticator_options": {"type": "dict"}}.get(name, {"type": "str"})
    for value in HOSTILE:
        for given in filled(kind, value, {}):
            request = accepted(certificate_request.Request, dict(CERTIFICATE, **{name: given}))
            if request:
                words = [
                    request.name,
                    request.server,
                    request.email,
                    request.preferred_chain,
                    request.deploy_hook,
                    *request.domains,
                    *request.plugin_options.values(),
                ]
                for word in filter(None, words):
                    assert not word.startswith("-") and not re.search(r"[\x00-\x1f\x7f\"']", word), given
                if request.deploy_hook:  # certbot hands it to a shell
                    assert re.fullmatch(r"/[\w./+-]+", request.deploy_hook, re.ASCII)


# --- roles ----------------------------------------------------------------------------------------

# What validates a role's own text: a pattern of the role, or the module that it is passed to.
# A new variable of a role needs a line here.
BY_PATTERN = {
    "system_user_name": ("system_user", "name_pattern"),
    "system_user_group": ("system_user", "name_pattern"),
    "system_user_units": ("system_user", "unit_pattern"),
    "system_user_removed_paths": ("system_user", "path_pattern"),
    "system_user_operators_group": ("system_user", "name_pattern"),
    "system_user_auditors_group": ("system_user", "name_pattern"),
    "go_toolchain_version": ("go_toolchain", "version_pattern"),
    "certbot_version": ("certbot", "version_pattern"),
    "certbot_deploy_hook": ("certbot", "hook_pattern"),
    "certbot_plugins": ("certbot", "pinned"),
    "certbot_certificates": ("certbot", "name_pattern"),
    "monitoring_app": ("monitoring", "app_pattern"),
    "monitoring_dest": ("monitoring", "path_pattern"),
    "monitoring_listen": ("monitoring", "address_pattern"),
    "monitoring_from": ("monitoring", "address_pattern"),
    "monitoring_textfile": ("monitoring", "directory_pattern"),
    "monitoring_socket": ("monitoring", "file_pattern"),
    "monitoring_socket_path": ("monitoring", "path_pattern"),
    "monitoring_user": ("monitoring", "user_pattern"),
    "log_shipping_app": ("log_shipping", "app_pattern"),
    "log_shipping_to": ("log_shipping", "to_pattern"),
    "log_shipping_index": ("log_shipping", "index_pattern"),
    "log_shipping_user": ("log_shipping", "user_pattern"),
    "log_shipping_ca_file": ("log_shipping", "path_pattern"),
    "log_shipping_client_certificate": ("log_shipping", "path_pattern"),
    "log_shipping_client_key": ("log_shipping", "path_pattern"),
}
BY_MODULE = {
    "certbot_email",
    "certbot_server",
    "certbot_authenticator",
    "certbot_authenticator_options",
    "certbot_webroot",
    "nginx_proxy_name",
    "nginx_proxy_domains",
    "nginx_proxy_servers",
    "nginx_proxy_certificate",
    "nginx_proxy_certificate_key",
    "nginx_proxy_site",
    "nginx_proxy_acme_webroot",
    "nginx_proxy_acme_forward",
    "rollout_app",
    "rollout_artifacts",
    "rollout_release",
    "rollout_environment",
    "rollout_port",
    "rollout_port_variable",
    "rollout_config",
    "rollout_unit",
    "rollout_health",
    "rollout_strategy",
    "rollout_allowed_signers",
    "systemd_service_name",
    "systemd_service_binary",
    "systemd_service_environment_file",
    "systemd_service_unit",
    "rollout_external_health",
    "rollout_balanced_address",
    "rollout_pull_from",
    "rollout_pull_ca_file",
}
# Ansible itself uses these: names of packages, hosts and task files, the content of a file, and what `file`
# and `user` validate.
BY_ANSIBLE = {
    "log_shipping_password",
    "certbot_ca_certificate",
    "certbot_issuer",
    "certbot_removed_files",
    "nginx_proxy_package",
    "system_user_groups",
    "system_user_directories",
    "go_toolchain_dir",
    "go_toolchain_bin_dir",
    "go_toolchain_sha256",
    "go_toolchain_url",
    "go_toolchain_archive",
    "rollout_balancers",
    "rollout_drain_tasks",
    "rollout_undrain_tasks",
    # Written as JSON and YAML; promtool checks it.
    "monitoring_files",
}


def texts_of_roles():
    for path in sorted((ROOT / "roles").glob("*/meta/argument_specs.yml")):
        for name, spec in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"][
            "options"
        ].items():
            if spec["type"] not in ("bool", "int", "float") and "choices" not in spec:
                yield name


def test_every_text_of_a_role_has_something_that_validates_it():
    assert set(texts_of_roles()) == set(BY_PATTERN) | BY_MODULE | BY_ANSIBLE


@pytest.mark.parametrize("variable", sorted(BY_PATTERN))
def test_a_role_lets_nothing_hostile_into_a_template(variable):
    role, name = BY_PATTERN[variable]
    pattern = yaml.safe_load((ROOT / "roles" / role / "vars/main.yml").read_text(encoding="utf-8"))[
        "__%s_%s" % (role, name)
    ]
    for value in HOSTILE:
        if re.match(pattern, value):
            assert (
                re.fullmatch(r"[A-Za-z0-9._/+@=-]*", value, re.ASCII)
                and not value.startswith("-")
                and len(value) < 5000
            ), value
