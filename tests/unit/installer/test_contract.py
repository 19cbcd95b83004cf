# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""install.sh does what Python does: the cases of tests/contract, read by the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CONTRACT = Path(__file__).resolve().parents[2] / "contract"
ENVIRONMENT = json.loads((CONTRACT / "environment.json").read_text(encoding="utf-8"))
PRUNE = json.loads((CONTRACT / "prune.json").read_text(encoding="utf-8"))["cases"]

RENDER = """
if ! is_clean_text "$1"; then echo "not clean text"; exit 1; fi
: >"$2"
render_environment "$@"
"""
PRUNE_SCRIPT = """
base=$1
outcomes >"$1/outcomes"
cat "$1/outcomes"
echo --
superfluous "$1/releases" "$1/outcomes" "$2" "$3" "$4"
"""


def each(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case["name"])


@pytest.fixture
def render(call, tmp_path):
    """Render an environment as install.sh does; returns exit code, output and the written file."""

    def run(source, variable="PORT", port=""):
        (tmp_path / "source").write_bytes(source.encode())
        done = call(RENDER, tmp_path / "source", tmp_path / "target", variable, port, "0")
        assert done.stderr == b""
        target = tmp_path / "target"
        return done.returncode, done.stdout.decode(), target.read_bytes().decode() if target.exists() else ""

    return run


@each(ENVIRONMENT["render"])
def test_an_environment_comes_back_unchanged(render, case):
    assert render(case["text"]) == (0, "", case["text"])


@each(ENVIRONMENT["render"])
def test_bare_values_mean_themselves(render, case):
    """Without quotes around it a value of one line means itself, unless it begins with a quote."""
    variables = {
        key: value
        for key, value in case["variables"].items()
        if "\n" not in value and not value.startswith('"')
    }
    lines = {line.partition("=")[0]: line for line in case["text"].splitlines()}
    text = "".join(lines[key] + "\n" for key in sorted(variables))
    assert render("".join("%s=%s\n" % item for item in variables.items())) == (0, "", text)


@each(ENVIRONMENT["port"])
def test_the_port_becomes_a_variable(render, case):
    assert render(case["source"], case["variable"], case["port"]) == (0, "", case["text"])


@each(ENVIRONMENT["refused"])
def test_a_variable_that_neither_side_accepts(render, case):
    code, output, text = render("".join('%s="%s"\n' % item for item in case["variables"].items()))
    assert code == 1 and output != "" and text == ""
    assert "hunter2" not in output


@each(PRUNE)
def test_releases_to_remove(call, tmp_path, case):
    (tmp_path / "history.jsonl").write_text("".join(line + "\n" for line in case["history"]))
    (tmp_path / "releases").write_text("".join(release + "\n" for release in case["releases"]))
    done = call(PRUNE_SCRIPT, tmp_path, case["keep"], case["current"], case["previous"])
    assert (done.returncode, done.stderr) == (0, b"")
    outcomes, removed = (part.splitlines() for part in done.stdout.decode().split("--\n"))
    assert [line.split(" ") for line in outcomes] == case["outcomes"]
    assert sorted(removed) == case["removed"]
