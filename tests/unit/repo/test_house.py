# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of docs/explanation/architecture.md and CONTRIBUTING.md, checked on every file there is."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common.faults import FAULTS
from ansible_collections.slipway.golang.plugins.module_utils.common.strategies import STRATEGIES

from . import words

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"
COLLECTION = ("ansible_collections", "slipway", "golang", "plugins")
MAX_LINES = 450

COMMON = {"module_utils/common", "module_utils/common/health", "module_utils/common/unit"}


def host(*packages):
    return {"module_utils/host/" + package for package in packages} | COMMON


# Which package may import which. Every package may import itself and the standard library.
MAY_IMPORT = {
    "modules": {"module_utils/builder", "module_utils/builder/image"} | host("systemd", "nginx", "certbot"),
    "action": {"plugin_utils"} | COMMON,
    "callback": {"plugin_utils"} | COMMON,
    "filter": {"plugin_utils"} | COMMON,
    # What a module checks later, the controller checks first: with the same code.
    "plugin_utils": {"module_utils/builder", "module_utils/builder/image"} | host("nginx", "certbot"),
    "doc_fragments": set(),
    "module_utils/builder/image": {"module_utils/builder"} | COMMON,
    "module_utils/builder": COMMON,
    # From the engine down to what the operating system offers.
    "module_utils/host": host("deploy", "drill", "observe", "releases", "system"),
    "module_utils/host/drill": host("deploy", "drill/faults", "releases", "systemd", "system"),
    "module_utils/host/drill/faults": host(
        "deploy", "deploy/strategies", "artifact", "network", "releases", "systemd", "system"
    ),
    "module_utils/host/observe": host("deploy", "deploy/strategies", "releases", "systemd", "system"),
    "module_utils/host/deploy": host(
        "deploy/strategies", "artifact", "releases", "nginx", "systemd", "system"
    ),
    "module_utils/host/deploy/strategies": host("releases", "nginx", "systemd", "system"),
    "module_utils/host/artifact": host("releases", "system"),
    "module_utils/host/network": host("systemd", "system"),
    "module_utils/host/releases": host("system"),
    "module_utils/host/nginx": host("systemd", "system"),
    "module_utils/host/certbot": host("systemd", "system"),
    "module_utils/host/systemd": host("system"),
    "module_utils/host/system": COMMON,
    "module_utils/common/health": {"module_utils/common"},
    "module_utils/common/unit": {"module_utils/common"},
    "module_utils/common": set(),
}
KNOWS_ANSIBLE = {"modules", "action", "callback", "filter", "plugin_utils"}
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


def package_of(parts):
    """The longest package in MAY_IMPORT that a path or dotted name below plugins/, as its parts, is in."""
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[:length])
        if name in MAY_IMPORT:
            return name
    return "/".join(parts[:-1])


def sources():
    return sorted(
        path.relative_to(PLUGINS) for path in PLUGINS.rglob("*.py") if "__pycache__" not in path.parts
    )


def imports(path):
    """What a file imports, anywhere in it: ("outside", name) or ("inside", parts below plugins/)."""
    package = path.parent.parts
    nodes = list(_running_code(ast.parse((PLUGINS / path).read_text(encoding="utf-8"))))
    for node in nodes:
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
    yield from (("inside", package + name) for name in _names_for_importlib(nodes))


def _running_code(node):
    """All nodes of a tree, without what is only for type checkers and never runs."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and getattr(child.test, "id", None) == "TYPE_CHECKING"):
            yield from _running_code(child)


def _names_for_importlib(nodes):
    """The relative names in a file that uses importlib, such as ".deploy.info"."""
    if not any(isinstance(node, ast.Attribute) and node.attr == "import_module" for node in nodes):
        return
    for node in nodes:
        if isinstance(node, ast.Constant) and re.fullmatch(r"(\.[a-z_]+)+", str(node.value)):
            yield tuple(node.value[1:].split("."))


def check_imports(path):
    package = package_of(path.parent.parts)
    assert package in MAY_IMPORT, "%s is in a package without a line in MAY_IMPORT" % path
    for kind, target in imports(path):
        if kind == "inside":
            allowed = MAY_IMPORT[package] | {package}
            assert package_of(target) in allowed, "%s imports %s" % (path, ".".join(target))
        elif target in ("ansible", "ansible_collections"):
            assert package in KNOWS_ANSIBLE, "%s imports Ansible" % path


@pytest.mark.parametrize("path", sources(), ids=str)
def test_imports_run_one_way(path):
    check_imports(path)


def test_the_allowed_imports_have_no_circle():
    assert circle(MAY_IMPORT) is None


def graph():
    """{file: the files that it imports}, by their paths below plugins/; an __init__.py is a file too."""
    files = set(sources())
    edges = {}
    for path in files:
        targets = set()
        for kind, target in imports(path):
            if kind == "inside":
                targets |= _files_of(target, path, files)
        edges[path] = targets
    return edges


def _files_of(target, importer, files):
    """The files that an import runs: the module, and packages that the importer itself is not in."""
    found = set()
    for length in range(1, len(target) + 1):
        init = Path(*target[:length], "__init__.py")
        if init in files and init.parent not in importer.parents:
            found.add(init)
    module = Path(*target).with_suffix(".py")
    attribute_of = Path(*target[:-1]).with_suffix(".py") if len(target) > 1 else None
    package = Path(*target[:-1], "__init__.py")
    return found | {next((path for path in (module, attribute_of, package) if path in files), None)} - {None}


def circle(edges):
    """One circle in a graph, as the list of its nodes; None if there is none."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node) :] + [node]
        if node in done:
            return None
        path.append(node)
        found = next(filter(None, (visit(target) for target in sorted(edges.get(node, ()), key=str))), None)
        path.pop()
        done.add(node)
        return found

    return next(filter(None, (visit(node) for node in sorted(edges, key=str))), None)


def test_no_imports_form_a_circle():
    found = circle(graph())
    assert found is None, " -> ".join(map(str, found))


@pytest.mark.parametrize("path", sources(), ids=str)
def test_relative_imports_only(path):
    text = (PLUGINS / path).read_text(encoding="utf-8")
    assert not re.search(r"^\s*(?:from|import) ansible_collections\.slipway", text, re.MULTILINE)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A function that writes files below a plugins/ of its own, on which the rules then look."""
    monkeypatch.setitem(globals(), "PLUGINS", tmp_path)

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return write


@pytest.mark.parametrize(
    "name, text, breach",
    [
        ("module_utils/host/x.py", "from ..builder import job\n", "builder"),
        ("module_utils/host/x.py", "import ansible.errors\n", "imports Ansible"),
        ("module_utils/host/system/x.py", "def late():\n    from ..deploy import y\n", "deploy"),
        ("module_utils/host/nginx/x.py", "from ..deploy.strategies import y\n", "deploy"),
        ("module_utils/host/certbot/x.py", "from ..nginx import y\n", "nginx"),
        ("module_utils/common/x.py", "from .health import y\n", "health"),
        ("module_utils/host/system/x.py", "import importlib\nimportlib.import_module('.y.z')\n", None),
        ("module_utils/host/x.py", "importlib.import_module('.nginx.y')\n", "nginx"),
        ("somewhere/x.py", "", "MAY_IMPORT"),
    ],
)
def test_an_import_that_goes_up_is_noticed(tree, name, text, breach):
    tree({name: text})
    if breach is None:
        check_imports(Path(name))
        return
    with pytest.raises(AssertionError, match=breach):
        check_imports(Path(name))


@pytest.mark.parametrize(
    "files",
    [
        {"p/a.py": "from . import b\n", "p/b.py": "from .a import name\n"},
        {"p/a.py": "from .b import c\n", "p/b.py": "def late():\n    from . import a\n"},
        {"p/__init__.py": "from .a import name\n", "p/a.py": "from . import name\n"},
        {"p/a.py": "from ..q.b import c\n", "q/__init__.py": "from ..p import a\n", "q/b.py": ""},
    ],
)
def test_a_circle_of_imports_is_noticed(tree, files):
    tree({"module_utils/common/" + name: text for name, text in files.items()})
    with pytest.raises(AssertionError, match="->"):
        test_no_imports_form_a_circle()


def test_an_import_for_type_checkers_is_none(tree):
    tree({"p/a.py": "if TYPE_CHECKING:\n    from ansible import x\n    from .a import y\n"})
    assert list(imports(Path("p/a.py"))) == []


def test_a_package_that_exports_its_modules_is_no_circle(tree):
    tree({"p/__init__.py": "from .a import name\n", "p/a.py": "from . import b\n", "p/b.py": ""})
    test_no_imports_form_a_circle()


# --- size -----------------------------------------------------------------------------------------


def too_long(*folders):
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [
        str(path)
        for path in files
        if "__pycache__" not in path.parts and path.read_bytes().count(b"\n") > MAX_LINES
    ]


def test_no_file_is_too_long():
    assert too_long(PLUGINS, ROOT / "roles") == []


def test_a_file_that_is_too_long_is_noticed(tree, tmp_path):
    tree({"fits.py": "\n" * MAX_LINES, "long.yml": "\n" * (MAX_LINES + 1)})
    assert too_long(tmp_path) == [str(tmp_path / "long.yml")]


# --- words ----------------------------------------------------------------------------------------

CHECKED = ("plugins", "roles", "playbooks", "molecule", "scripts", "lab", "installer", "Makefile", "tests")


def checked_files(name):
    """(path, text) of every file; data that is no UTF-8 text included."""
    path = ROOT / name
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        below = file.relative_to(ROOT)
        if file.is_file() and file != words.WORDS and not {"__pycache__", "output"} & set(below.parts):
            yield below, file.read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize("name", CHECKED)
def test_no_word_is_banned(name):
    found = [
        "%s: %s" % (path, problem)
        for path, text in checked_files(name)
        for problem in words.problems(str(path)) + words.problems(text)
    ]
    assert not found, "\n" + "\n".join(found)


def test_a_banned_word_is_noticed_anywhere():
    banned = [(re.compile(r"\bnix(es)?\b", re.IGNORECASE), "nothing")]
    for text in ("# Nix here", "nix_it = 1", "def test_nix():", "theNixes", "molecule/nix.yml", "x: nix"):
        assert len(words.problems(text, banned)) == 1, text
    assert words.problems("\nNix", banned) == ["line 2: 'Nix': use 'nothing'"]
    assert words.problems("phoenix nixon unix_socket", banned) == []


def test_the_list_of_banned_words_is_read():
    assert len(words.BANNED) > 10
    assert all(instead for _pattern, instead in words.BANNED)


# --- strategies and options -----------------------------------------------------------------------


def strategy_files(folder):
    return {path.stem for path in folder.glob("*.py")} - {"__init__"}


def test_every_strategy_is_a_file_and_a_line():
    assert strategy_files(PLUGINS / "module_utils/host/deploy/strategies") == set(STRATEGIES)


def test_every_fault_is_a_file_and_a_line():
    assert strategy_files(PLUGINS / "module_utils/host/drill/faults") == set(FAULTS)


def test_a_strategy_without_a_line_is_noticed(tree, tmp_path):
    tree({"__init__.py": "", **{name + ".py": "" for name in STRATEGIES}, "canary.py": ""})
    assert strategy_files(tmp_path) - set(STRATEGIES) == {"canary"}


class Recorder(Exception):
    """In place of AnsibleModule: keeps the argument spec, and ends the module."""

    def __init__(self, argument_spec, **dummy):
        super().__init__()
        self.argument_spec = argument_spec
        raise self


def load_plugin(kind, name):
    return importlib.import_module(".".join((*COLLECTION, kind, name)))


def declared_options(name, monkeypatch):
    """The argument spec of the action plugin, if that validates the options, else of the module."""
    if (PLUGINS / "action" / (name + ".py")).exists():
        action = load_plugin("action", name)
        if hasattr(action, "ARGUMENTS"):
            return action.ARGUMENTS
    module = load_plugin("modules", name)
    monkeypatch.setattr(module, "AnsibleModule", Recorder)
    with pytest.raises(Recorder) as recorded:
        module.main()
    return recorded.value.argument_spec


def documented_options(name):
    """The options of a module's DOCUMENTATION, with those of its fragments."""
    documentation = yaml.safe_load(load_plugin("modules", name).DOCUMENTATION)
    options = dict(documentation.get("options") or {})
    for fragment in documentation.get("extends_documentation_fragment", []):
        options.update(fragment_options(*fragment[len("slipway.golang.") :].split(".")))
    for spec in options.values():
        described = re.search(r"the options of M\(slipway\.golang\.(\w+)\)", str(spec["description"]))
        if spec["type"] == "dict" and described:
            spec["suboptions"] = fragment_options(described[1])
    return options


def fragment_options(name, part="documentation"):
    fragment = load_plugin("doc_fragments", name).ModuleDocFragment
    return yaml.safe_load(getattr(fragment, part.upper())).get("options") or {}


def comparable(options, nested):
    """{name: all that an argument spec and a documentation have in common}."""
    return {
        name: {
            "type": spec.get("type", "str"),
            "required": spec.get("required", False),
            "default": spec.get("default"),
            "choices": sorted(spec.get("choices") or ()),
            "elements": spec.get("elements"),
            "options": comparable(spec.get(nested) or {}, nested),
        }
        for name, spec in options.items()
    }


@pytest.mark.parametrize("name", sorted(path.stem for path in (PLUGINS / "modules").glob("[a-z]*.py")))
def test_options_are_as_documented(name, monkeypatch):
    declared = comparable(declared_options(name, monkeypatch), "options")
    assert declared == comparable(documented_options(name), "suboptions")


@pytest.mark.parametrize(
    "change",
    [
        {"type": "int"},
        {"required": True},
        {"default": "b"},
        {"choices": ["a", "c"]},
        {"elements": "str"},
        {"suboptions": {"y": {}}},
    ],
)
def test_a_wrong_documentation_is_noticed(change):
    spec = {"type": "str", "default": "a", "choices": ["a", "b"]}
    same = comparable({"x": spec}, "suboptions")
    assert comparable({"x": dict(spec, **change)}, "suboptions") != same
    assert comparable({}, "suboptions") != same


# --- modules, roles and tasks ---------------------------------------------------------------------


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


def becoming_somebody(node, inherited=None):
    """The names of tasks on the controller that `ansible_become: true`, set for all hosts, would make root's.

    A variable wins over the keyword `become`, so these tasks need the variable. The tasks of users, which
    playbooks include, may want both.
    """
    for item in node if isinstance(node, list) else []:
        own = {**(inherited or {}), **{key: item[key] for key in ("delegate_to", "hosts") if key in item}}
        own["vars"] = {**own.get("vars", {}), **(item.get("vars") or {})}
        on_controller = "localhost" in (own.get("delegate_to"), own.get("hosts")) or "local_action" in item
        inner = [
            key for key in ("tasks", "pre_tasks", "post_tasks", "block", "rescue", "always") if key in item
        ]
        if on_controller and not inner and own["vars"].get("ansible_become") is not False:
            yield item.get("name")
        for key in inner:
            yield from becoming_somebody(item[key], own)


@pytest.mark.parametrize("path", [path for path in task_files() if path.parts[0] != "molecule"], ids=str)
def test_tasks_on_the_controller_never_become_anybody(path):
    assert not list(becoming_somebody(yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    "text",
    [
        "[{name: x, m: , delegate_to: localhost}]",
        "[{name: x, m: , delegate_to: localhost, become: false}]",
        "[{hosts: localhost, tasks: [{name: x, m: }]}]",
        "[{hosts: web, vars: {ansible_become: true}, tasks: [{name: x, m: , delegate_to: localhost}]}]",
        "[{delegate_to: localhost, block: [{name: y, vars: {ansible_become: false}}], always: [{name: x}]}]",
    ],
)
def test_a_task_on_the_controller_that_becomes_somebody_is_noticed(text):
    assert list(becoming_somebody(yaml.safe_load(text))) == ["x"]


@pytest.mark.parametrize("path", [path for path in task_files() if path.parts[0] == "roles"], ids=str)
def test_roles_do_not_call_roles_and_pipe_nothing_into_a_shell(path):
    for task in tasks(yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))):
        called = {word.rpartition(".")[2] for word in task}
        assert called.isdisjoint({"include_role", "import_role"}), "%s calls another role" % path
        assert "shell" not in called, "%s uses a shell" % path


@pytest.mark.parametrize("path", sources(), ids=str)
def test_the_wings_speak_python_3_8(path):
    if package_of(path.parts).startswith("module_utils/") or path.parts[0] == "modules":
        ast.parse((PLUGINS / path).read_text(encoding="utf-8"), feature_version=(3, 8))
