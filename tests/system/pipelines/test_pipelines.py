# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pipelines in examples/pipelines: what linters say of them, and what their scripts do to hosts."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from support import lab

PIPELINES = lab.CHECKOUT / "examples" / "pipelines"
PROGRAMS = lab.CHECKOUT / ".work" / "programs"
ACTIONLINT = "v1.7.12"
FLEET = lab.Fleet("pipelines", "web=1")


@pytest.fixture(scope="session")
def actionlint():
    home = PROGRAMS / ("actionlint-" + ACTIONLINT)
    if not (home / "actionlint").exists():
        package = "github.com/rhysd/actionlint/cmd/actionlint@" + ACTIONLINT
        environment = dict(os.environ, GOBIN=str(home), CGO_ENABLED="0", GOFLAGS="")
        lab.call([lab.find_go(), "install", package], environment=environment)
    return home / "actionlint"


@pytest.fixture(scope="session")
def python_tools():
    """The directory with zizmor and check-jsonschema, as their requirements pin them."""
    wanted = Path(__file__).with_name("requirements-pipelines.txt")
    home = PROGRAMS / ("pipelines-" + hashlib.sha256(wanted.read_bytes()).hexdigest()[:12])
    if not (home / "done").exists():
        shutil.rmtree(home, ignore_errors=True)
        lab.call([sys.executable, "-m", "venv", home])
        pip = [home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        lab.call([*pip, "--require-hashes", "-r", wanted])
        (home / "done").touch()
    return home / "bin"


@pytest.fixture
def repository(tmp_path):
    """A service's repository with the files where docs/how-to/pipelines.md says."""
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / "deploy").mkdir()
    shutil.copy(PIPELINES / "github.yml", tmp_path / ".github" / "workflows" / "deploy.yml")
    shutil.copy(PIPELINES / "gitlab.yml", tmp_path / ".gitlab-ci.yml")
    for name in ("deploy.sh", "summary.sh"):
        shutil.copy(PIPELINES / name, tmp_path / "deploy")
    return tmp_path


def test_actionlint_finds_nothing(actionlint, repository):
    # Its own checks: shellcheck is for the scripts, which `make lint` looks at.
    lab.call([actionlint, "-shellcheck=", "-pyflakes=", repository / ".github/workflows/deploy.yml"])


def test_zizmor_finds_nothing(python_tools, repository):
    done = lab.run([python_tools / "zizmor", "--offline", "--no-config", "--persona=pedantic", repository])
    assert done.code == 0, str(done)
    assert "No findings to report" in done.out + done.err


@pytest.mark.parametrize(
    "schema, path",
    [("vendor.github-workflows", ".github/workflows/deploy.yml"), ("vendor.gitlab-ci", ".gitlab-ci.yml")],
)
def test_files_are_valid_by_their_schemas(python_tools, repository, schema, path):
    lab.call([python_tools / "check-jsonschema", "--builtin-schema", schema, repository / path])


def test_both_pipelines_do_the_same(repository):
    github = yaml.safe_load((repository / ".github/workflows/deploy.yml").read_text())
    gitlab = yaml.safe_load((repository / ".gitlab-ci.yml").read_text())
    said = json.dumps(github["jobs"]["production"]["steps"])
    for command in gitlab["build"]["script"]:
        assert command in json.dumps(github["jobs"]["build"]["steps"])
    for command in gitlab[".deploy"]["script"] + gitlab[".deploy"]["after_script"]:
        assert command in said


@pytest.fixture(scope="module")
def host():
    with FLEET:
        yield lab.Host(FLEET, "web1")


def test_the_scripts_of_a_pipeline_deploy(host, repository):
    """Build, deploy and summary as a job calls them; the key is in the environment."""
    shutil.copytree(lab.CHECKOUT / "examples" / "hello", repository, dirs_exist_ok=True)
    host.sure("useradd --system --no-create-home hello")  # what slipway.golang.setup does once
    known = FLEET.variables()["web1"]
    service = {
        "slipway_app": "hello",
        "slipway_version": "1.0.0",
        "slipway_source": "..",
        "slipway_stamp": {"main.version": "{version}"},
        "slipway_build": {"go": lab.find_go()},
        "slipway_health": {"path": "/healthz", "min_ready_seconds": 0.1},
    }
    own = {"ansible_host": "127.0.0.1", "ansible_port": known["ansible_port"], "ansible_user": "root"}
    inventory = {"all": {"children": {"staging": {"hosts": {"web1": own}}}, "vars": service}}
    (repository / "deploy" / "inventory.yml").write_text(json.dumps(inventory))
    shutil.copy(FLEET.state / "known_hosts", repository / "deploy" / "known_hosts")
    key = Path(known["ansible_ssh_private_key_file"]).read_text()
    environment = lab.ansible_environment(
        STAGE="staging", SSH_KEY=key, ANSIBLE_SSH_CONTROL_PATH_DIR=FLEET.connections
    )

    def shell(command):
        done = lab.run(
            ["bash", "-c", "cd %s && %s" % (repository, command)], environment=environment, timeout=300
        )
        assert key not in done.out + done.err
        return done

    gitlab = yaml.safe_load((repository / ".gitlab-ci.yml").read_text())
    for command in gitlab["build"]["script"] + gitlab[".deploy"]["script"]:
        done = shell(command)
        assert done.code == 0, str(done)
    (command,) = gitlab[".deploy"]["after_script"]
    assert "| web1 | - | 1.0.0-" in shell(command).out and "| ok |" in shell(command).out
    assert not [
        path for path in repository.rglob("*") if path.is_file() and key in path.read_text(errors="ignore")
    ]

    # Another key of the host is not accepted, over a connection of its own.
    environment["ANSIBLE_SSH_ARGS"] = "-o ControlMaster=no -o ControlPath=none"
    (repository / "deploy" / "known_hosts").write_text("")
    done = shell(gitlab[".deploy"]["script"][0])
    assert done.code != 0 and "unreachable" in done.out
