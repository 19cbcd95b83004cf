# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of the house (docs/architecture.md), held over whatever rooms exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"

# Which room may import which; every room may import itself, and the standard library.
MAY_IMPORT = {
    "modules": {"module_utils/builder", "module_utils/host", "module_utils/common"},
    "action": {"plugin_utils", "module_utils/common"},
    "callback": {"plugin_utils", "module_utils/common"},
    "filter": {"plugin_utils", "module_utils/common"},
    "plugin_utils": {"module_utils/common"},
    "doc_fragments": set(),
    "module_utils/builder": {"module_utils/common"},
    "module_utils/host": {"module_utils/common"},
    "module_utils/common": set(),
}
KNOWS_ANSIBLE = {"modules", "action", "callback", "filter", "plugin_utils"}
COLLECTION = ("ansible_collections", "slipway", "golang", "plugins")
TYPES = {
    "str": str,
    "path": str,
    "list": list,
    "dict": dict,
    "bool": bool,
    "int": int,
    "float": (int, float),
    "raw": object,
}


def room_of(parts):
    """The room of a path or a dotted name below plugins/, given as its parts."""
    parts = tuple(parts)
    return "/".join(parts[:2]) if parts[:1] == ("module_utils",) else "/".join(parts[:1])


def sources():
    return sorted(
        path.relative_to(PLUGINS) for path in PLUGINS.rglob("*.py") if "__pycache__" not in path.parts
    )


def imports(path):
    """What a file imports: ("outside", name) or ("inside", parts below plugins/)."""
    package = path.parent.parts
    for node in ast.walk(ast.parse((PLUGINS / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                base = COLLECTION + package[: len(package) - node.level + 1] + base
            targets = [base + (alias.name,) for alias in node.names]
        else:
            continue
        for target in targets:
            yield (
                ("inside", target[len(COLLECTION) :])
                if target[: len(COLLECTION)] == COLLECTION
                else ("outside", target[0])
            )


@pytest.mark.parametrize("path", sources(), ids=str)
def test_imports_run_one_way(path):
    room = room_of(path.parts)
    assert room in MAY_IMPORT, "%s is in a room that docs/architecture.md does not know" % path
    for kind, target in imports(path):
        if kind == "inside":
            assert room_of(target) in MAY_IMPORT[room] | {room}, "%s imports %s" % (path, ".".join(target))
        elif target in ("ansible", "ansible_collections"):
            assert room in KNOWS_ANSIBLE, "%s knows Ansible" % path


@pytest.mark.parametrize("path", sources(), ids=str)
def test_relative_imports_only(path):
    text = (PLUGINS / path).read_text(encoding="utf-8")
    assert not re.search(r"^\s*(?:from|import) ansible_collections\.slipway", text, re.MULTILINE)


def test_the_rules_notice_a_breach(tmp_path, monkeypatch):
    (tmp_path / "module_utils" / "host").mkdir(parents=True)
    path = Path("module_utils/host/x.py")
    (tmp_path / path).write_text(
        "from ..builder import job\nfrom . import y\nimport ansible.errors\n", encoding="utf-8"
    )
    monkeypatch.setitem(globals(), "PLUGINS", tmp_path)
    found = list(imports(path))
    assert found == [
        ("inside", ("module_utils", "builder", "job")),
        ("inside", ("module_utils", "host", "y")),
        ("outside", "ansible"),
    ]
    with pytest.raises(AssertionError, match="builder"):
        test_imports_run_one_way(path)


def modules():
    return sorted(path.stem for path in (PLUGINS / "modules").glob("*.py") if path.stem != "__init__")


def test_the_action_group_has_every_module():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert sorted(name for name in runtime["action_groups"]["golang"] if isinstance(name, str)) == modules()


def roles():
    return sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())


def load(role, path):
    file = ROOT / "roles" / role / path
    return yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}


def options(role):
    return load(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]


@pytest.mark.parametrize("role", roles())
def test_a_role_is_complete(role):
    home = ROOT / "roles" / role
    for file in (
        "README.md",
        "defaults/main.yml",
        "meta/main.yml",
        "meta/argument_specs.yml",
        "tasks/main.yml",
    ):
        assert (home / file).is_file(), "roles/%s lacks %s" % (role, file)
    assert (ROOT / "molecule" / role / "converge.yml").is_file(), "there is no scenario molecule/%s" % role
    assert "slipway.golang.%s" % role in (home / "README.md").read_text(encoding="utf-8"), (
        "the README shows no use of the role"
    )


@pytest.mark.parametrize("role", roles())
def test_defaults_and_argument_specs_agree(role):
    defaults, specs = load(role, "defaults/main.yml") or {}, options(role)
    assert set(defaults) == {name for name, spec in specs.items() if "default" in spec}
    for name, spec in specs.items():
        assert bool(spec.get("required")) != ("default" in spec), (
            "%s must be required or have a default" % name
        )
    for name, value in defaults.items():
        assert value == specs[name]["default"], name
        assert type(value) is type(specs[name]["default"]), name


@pytest.mark.parametrize("role", roles())
def test_defaults_have_the_type_that_is_documented(role):
    for name, spec in options(role).items():
        value, kind = spec.get("default"), spec["type"]
        if "default" in spec and not (isinstance(value, str) and "{{" in value):
            assert isinstance(value, TYPES[kind]), name
            assert kind == "bool" or not isinstance(value, bool), name


@pytest.mark.parametrize("role", roles())
def test_variables_carry_the_role_in_their_name(role):
    for name in list(options(role)) + list(load(role, "defaults/main.yml") or {}):
        assert name.startswith(role + "_"), name
    for name in load(role, "vars/main.yml") or {}:
        assert name.startswith("__%s_" % role), "%s in vars/ is private" % name


@pytest.mark.parametrize("role", roles())
def test_every_default_says_why_one_would_change_it(role):
    lines = (ROOT / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8").splitlines()
    for before, line in zip(lines, lines[1:]):
        if re.match(r"[a-z]", line):
            assert before.startswith("# "), line


def task_files():
    found = [path for folder in ("roles", "playbooks", "molecule") for path in (ROOT / folder).rglob("*.yml")]
    return sorted(
        path.relative_to(ROOT) for path in found if {"meta", "defaults", "vars"}.isdisjoint(path.parts)
    )


def tasks(node):
    """Every task of a parsed file, through plays and blocks."""
    for item in node if isinstance(node, list) else []:
        if not isinstance(item, dict):
            continue
        yield item
        for key in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            yield from tasks(item.get(key))


KEYWORDS = {
    "any_errors_fatal",
    "args",
    "async",
    "become",
    "become_user",
    "changed_when",
    "check_mode",
    "connection",
    "debugger",
    "delay",
    "delegate_facts",
    "delegate_to",
    "diff",
    "environment",
    "failed_when",
    "force_handlers",
    "gather_facts",
    "gather_subset",
    "handlers",
    "hosts",
    "ignore_errors",
    "ignore_unreachable",
    "listen",
    "loop",
    "loop_control",
    "max_fail_percentage",
    "module_defaults",
    "name",
    "no_log",
    "notify",
    "order",
    "poll",
    "port",
    "post_tasks",
    "pre_tasks",
    "register",
    "remote_user",
    "retries",
    "roles",
    "run_once",
    "serial",
    "strategy",
    "tags",
    "tasks",
    "throttle",
    "timeout",
    "until",
    "vars",
    "vars_files",
    "when",
    "block",
    "rescue",
    "always",
    "with_items",
}


@pytest.mark.parametrize("path", task_files(), ids=str)
def test_tasks_name_modules_in_full(path):
    for task in tasks(yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))):
        for word in set(task) - KEYWORDS:
            assert word.count(".") >= 2, "%s: %r is no full name (task %r)" % (path, word, task.get("name"))


@pytest.mark.parametrize("path", [path for path in task_files() if path.parts[0] == "roles"], ids=str)
def test_roles_do_not_call_roles_and_pipe_nothing_into_a_shell(path):
    for task in tasks(yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))):
        called = {word.rpartition(".")[2] for word in task}
        assert called.isdisjoint({"include_role", "import_role"}), "%s calls another role" % path
        assert "shell" not in called, "%s uses a shell" % path


@pytest.mark.parametrize("path", sources(), ids=str)
def test_the_wings_speak_python_3_8(path):
    if room_of(path.parts).startswith("module_utils/") or path.parts[0] == "modules":
        ast.parse((PLUGINS / path).read_text(encoding="utf-8"), feature_version=(3, 8))
