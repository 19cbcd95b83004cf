# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import zlib

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import steps, wire
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils import transport

MODULES = {"slipway." + name for name in transport._sources()}
PACKAGES = {
    "slipway." + name + "." for name, (is_package, dummy) in transport._sources().items() if is_package
}


def run(command, data):
    """What a host's shell makes of a command and its standard input."""
    done = subprocess.run(["sh", "-c", command], input=data, capture_output=True, check=False)
    return {"rc": done.returncode, "stdout": done.stdout.decode(), "stderr": done.stderr.decode()}


@pytest.mark.parametrize("interpreter", ["python3", "/usr/bin/env python3", sys.executable])
def test_a_host_reads_the_engine_from_its_standard_input_and_answers(interpreter):
    answer = run(transport.command(interpreter), transport.parcel({"step": "plan", "name": "or ders"}))
    result = transport.result_of(answer)
    assert result["failed"] and result["outcome"] == "rejected"
    assert ("is not usable" if os.geteuid() == 0 else "needs root") in result["msg"]


def test_a_bug_in_the_engine_is_reported_with_its_traceback():
    result = transport.result_of(
        run(transport.command("python3"), transport.parcel({"step": "no such step"}))
    )
    assert result["outcome"] == "unknown" and "Traceback" in result["exception"]


def test_a_unit_that_runs_a_stored_parcel_fails_if_the_engine_does(tmp_path):
    """As a rollback does that nobody confirmed, or the end of a drill: nobody reads the answer."""
    path = tmp_path / "parcel"
    ends = {}
    for app in ("or ders", "nobody-s-drill"):
        path.write_bytes(transport.parcel({"step": "end_drill", "name": app}))
        argv = [sys.executable, "-I", "-S", "-c", wire.READ_FILE, str(path)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        ends[app] = done.returncode, wire.result_in(done.stdout).get("failed", False)
    assert ends == {"or ders": (1, True), "nobody-s-drill": (0, False)}


def test_the_artifact_follows_the_request_byte_for_byte(tmp_path):
    tarball = tmp_path / "artifact"
    tarball.write_bytes(bytes(range(256)) * 1000)
    parcel = transport.parcel({"step": "plan"}, str(tarball))
    assert parcel.endswith(tarball.read_bytes())
    assert b'"payload": 256000' in parcel


def sources_in(engine):
    """Module to source, from all parts of an engine."""
    sources = {}
    while engine:
        part = zlib.decompressobj()
        for name, (dummy, source) in json.loads(part.decompress(engine)).items():
            sources[name] = source
        engine = part.unused_data
    return sources


REQUESTS = {
    **{step: {"step": step, "strategy": "restart"} for step in steps.STEPS},
    "apply, blue_green": {"step": "apply", "strategy": "blue_green"},
    "remove": {"step": "apply", "state": "absent"},
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_every_module_of_an_engine_can_be_imported_with_the_standard_library_alone(request_):
    engine = transport.engine_for(request_)
    modules = sorted(sources_in(engine))
    assert "slipway.host.engine" in modules and not any("builder" in name for name in modules)
    finder = wire.BOOTSTRAP.split(b"from slipway.host.engine", maxsplit=1)[0]
    script = finder + b"import importlib\nfor name in %a:\n    importlib.import_module(name)\n" % modules
    parcel = b"%d\n" % len(script) + script + b"%d 0\n" % len(engine) + engine
    answer = run(transport.command("python3"), parcel)
    assert answer["rc"] == 0, answer["stderr"]


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_an_engine_has_what_its_modules_import_late_unless_the_step_does_without(request_):
    sources = sources_in(transport.engine_for(request_))
    missing = {
        target
        for name, source in sources.items()
        for target in late_imports(name, source)
        if target not in sources
    }
    allowed = {"slipway.host.nginx"} if request_.get("strategy") == "restart" else set()
    if request_["step"] == "plan":
        allowed |= {"slipway." + name for name in transport._NOT_PLANNED}
    assert {
        name for name in missing if name not in allowed and name.rpartition(".")[0] not in allowed
    } == set()


def late_imports(name, source):
    """The modules that the functions of a module import."""
    package = name if name + "." in PACKAGES else name.rpartition(".")[0]
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for node in (node for function in functions for node in ast.walk(function)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join(
                [
                    *package.split(".")[: len(package.split(".")) - node.level + 1],
                    *filter(None, [node.module]),
                ]
            )
            yield base
            yield from (
                "%s.%s" % (base, alias.name)
                for alias in node.names
                if "%s.%s" % (base, alias.name) in MODULES
            )


def test_a_plan_imports_none_of_the_libraries_that_it_does_not_use():
    engine = transport.engine_for(REQUESTS["plan"])
    script = wire.BOOTSTRAP.split(b"from slipway.host.engine", maxsplit=1)[0]
    script += b"import slipway.host.deploy.preview, slipway.host.deploy.steps\n"
    script += b"import slipway.common.health.probe_http\nprint(' '.join(sys.modules))\n"
    parcel = b"%d\n" % len(script) + script + b"%d 0\n" % len(engine) + engine
    imported = set(run(transport.command("python3"), parcel)["stdout"].split())
    assert "slipway.host.deploy.steps" in imported
    unused = {"difflib", "email", "http", "ipaddress", "shutil", "ssl", "tempfile", "typing", "urllib"}
    assert not imported & unused


def test_a_part_that_two_steps_share_is_the_same_bytes():
    plan, apply = (transport.engine_for(REQUESTS[step]) for step in ("plan", "apply"))
    assert apply.startswith(plan) and len(transport.engine_for(REQUESTS["acquire_lease"])) < len(plan) / 3


def test_output_before_or_after_the_result_is_ignored():
    stdout = 'Welcome to web1!\r\n{"not": "it"}\n\nSLIPWAY-RESULT {"changed": false}\nbye\n'
    assert transport.result_of({"rc": 0, "stdout": stdout, "stderr": "motd"}) == {"changed": False}


def test_without_python_the_message_names_the_playbook_that_needs_none(tmp_path):
    command = "PATH=%s; %s" % (tmp_path, transport.command("python3"))
    with pytest.raises(SlipwayError, match="There is no Python 3 on this host.*slipway.golang.scp"):
        transport.result_of(run(command, b""))


@pytest.mark.parametrize("interpreter", ["/not/there", "'/not/there", "~/no/such/venv/bin/python -X dev"])
def test_a_missing_interpreter_is_named_with_the_variable_that_names_another(interpreter):
    answer = run(transport.command(interpreter), b"")
    assert transport.has_begun(answer)
    with pytest.raises(SlipwayError, match="set ansible_python_interpreter") as caught:
        transport.result_of(answer, interpreter)
    assert interpreter in str(caught.value)


def test_an_interpreter_in_the_home_directory_is_found(tmp_path, monkeypatch):
    (tmp_path / "my python").symlink_to(sys.executable)
    monkeypatch.setenv("HOME", str(tmp_path))
    answer = run(transport.command("'~/my python'"), transport.parcel({"step": "no such step"}))
    assert transport.result_of(answer)["outcome"] == "unknown"


def test_an_old_python_is_refused_in_one_sentence():
    old = wire.BOOTSTRAP.replace(b"(3, 8)", b"(9, 0)")
    result = transport.result_of(run(transport.command("python3"), b"%d\n" % len(old) + old))
    assert result["failed"] and "needs Python 3.8 or newer" in result["msg"]


def test_an_interpreter_from_the_inventory_cannot_leave_its_quotes(tmp_path):
    mark = tmp_path / "mark"
    run(transport.command("python3; touch %s #" % mark), b"")
    assert not mark.exists()


@pytest.mark.parametrize(
    "key",
    ["add_host", "add_group", "ansible_facts", "ansible_stats", "_ansible_delegated_vars", "_ansible_no_log"],
)
def test_a_host_cannot_return_keys_that_ansible_acts_on(key):
    output = {
        "changed": True,
        key: {"host_name": "evil", "groups": ["web"], "host_vars": {"ansible_connection": "local"}},
    }
    assert transport.result_of({"rc": 0, "stdout": "SLIPWAY-RESULT " + json.dumps(output), "stderr": ""}) == {
        "changed": True
    }
