# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`{port}` in an environment file and in a unit: install.sh makes the release that Python would have made."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import canonical, environment, unit
from ansible_collections.slipway.golang.plugins.module_utils.common.manifest import Manifest
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy import request, target
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import (
    Layout,
    release_record,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.system import platform

from .trees import unit_text

UNIT = "systemd/orders.service"
CASES = [
    ({"ADDR": ":{port}"}, 8080, "PORT"),
    ({"ADDR": "[::1]:{port}", "URL": "http://x:{port}/{port}"}, 8080, "PORT"),
    ({"ADDR": "a\n:{port}\n", "B": 'say "{port}"\\'}, 65535, "PORT"),
    ({"A": "{{port}} {{config}} {other}"}, 8080, "PORT"),
    ({"A": "{{{port}}}"}, 8080, "APP_PORT"),
    ({"PORT": ":{port}"}, 8080, "PORT"),
    ({"PORT": "{port}"}, 8080, "PORT"),
    ({"A": "{{port}}"}, None, "PORT"),
    ({"PORT": "9090", "A": ":{port}"}, None, "PORT"),
    ({"PORT": "0"}, None, "PORT"),
]


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def unit_with(*arguments, **options):
    base = "/opt/orders/current/"
    parts = unit.sections(
        "orders",
        {"exec_args": list(arguments)},
        binary=base + "bin/orders",
        environment_file=base + "environment",
        config=base + "config",
        **options,
    )
    return unit.render(parts).encode("utf-8")


@pytest.mark.parametrize(("variables", "port", "variable"), CASES)
def test_the_release_is_the_one_that_python_would_have_made(
    host, tarball, monkeypatch, variables, port, variable
):
    monkeypatch.setattr(request.os, "geteuid", lambda: 0)
    top = tarball()
    flags = ["--env-file", write(host.root / "env", environment.render(variables))]
    flags += ["--port-variable", variable] + (["--port", str(port)] if port else [])
    host.install(top, *flags)
    manifest = Manifest.parse((top / "manifest.json").read_bytes())
    artifact = {"version": "1.4.2", "digest": manifest.digest, "goarch": platform.goarch(), "variant": ""}
    asked = request.Request(
        {
            "name": "orders",
            "artifacts": [artifact],
            "environment": variables,
            "port": port,
            "port_variable": variable,
        }
    )
    made = target.target_of(asked, {})
    assert host.environment == made.environment
    # Its unit is of the same options, but made by the controller: compare with the one in the tarball.
    record = release_record(
        "orders",
        "1.4.2",
        manifest.digest,
        made.environment,
        {"orders.service": unit_text()},
        "restart",
        template=made.template,
        port=made.port,
    )
    assert (host.current / "release.json").read_bytes() == canonical.to_json(record)
    release = Layout("orders", str(host.base)).release(record["id"])
    assert (release.template, release.port) == (made.template, made.port)
    if made.template:
        assert (host.current / "environment.template").stat().st_mode & 0o777 == 0o600
    # The release's own installer makes the same one again.
    assert "already current" in host.install(host.current)


def test_another_port_goes_to_every_place(host, tarball):
    environment_file = write(host.root / "env", "ADDR=:{port}\nSECRET=s\n")
    host.install(tarball(), "--env-file", environment_file, "--port", "8080")
    assert environment.parse(host.environment) == {"ADDR": ":8080", "PORT": "8080", "SECRET": "s"}
    host.install(host.current, "--port", "9090")
    assert environment.parse(host.environment) == {"ADDR": ":9090", "PORT": "9090", "SECRET": "s"}
    host.install(tarball("1.5.0"))
    assert environment.parse(host.environment)["ADDR"] == ":9090"
    assert json.loads((host.current / "release.json").read_bytes())["port"] == 9090


def test_a_changed_template_is_noticed(host, tarball):
    host.install(tarball(), "--port", "8080")
    template = host.current / "environment.template"
    write(template, template.read_text(encoding="utf-8") + 'A="1"\n')
    done = host.run(host.current, "--rollback")
    assert done.returncode == 1
    assert "already current" not in host.run(tarball(), "--port", "8080").stdout


def test_the_port_as_an_argument(host, tarball):
    top = tarball(**{UNIT: (unit_with("-addr", ":{port}", port_variable="PORT"), "0644")})
    done = host.run(top)
    assert done.returncode == 1 and "${PORT}" in done.stderr and "--port NUMBER" in done.stderr, done.stderr
    host.install(top, "--port", "8080")
    assert ' ":${PORT}"' in (host.current / "units" / "orders.service").read_text(encoding="utf-8")


def test_a_dollar_of_the_users_own_needs_no_variable(host, tarball):
    host.install(tarball(**{UNIT: (unit_with("$PORT", "${PORT}"), "0644")}))


@pytest.mark.parametrize(
    ("text", "flags", "words"),
    [
        ("A=hunter2:{port}", [], ["{port}", "no port is known", "--port"]),
        ("A=hunter2{config}/a", ["--port", "1"], ["{config}", "slipway.golang.release"]),
    ],
)
def test_what_would_stay_empty_is_refused(host, tarball, text, flags, words):
    done = host.run(tarball(), "--env-file", write(host.root / "env", text + "\n"), *flags)
    assert done.returncode == 1 and all(word in done.stderr for word in words), done.stderr
    assert "hunter2" not in done.stdout + done.stderr and host.link("current") is None


def test_a_unit_that_reads_configuration_files_is_refused(host, tarball):
    done = host.run(tarball(**{UNIT: (unit_with("-c", "{config}/app.toml"), "0644")}))
    assert done.returncode == 1 and "/opt/orders/current/config" in done.stderr, done.stderr
