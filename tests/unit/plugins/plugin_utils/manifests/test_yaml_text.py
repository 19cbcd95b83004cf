# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.plugin_utils.manifests import yaml_text
from hypothesis import given, settings
from hypothesis import strategies as st

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=50, deadline=None)
@given(values)
def test_what_is_written_is_what_is_read(value):
    assert yaml.safe_load(yaml_text.render(value)) == value


@pytest.mark.parametrize(
    "word",
    [
        "1e3",
        "0o17",
        "012",
        "1_000",
        "yes",
        "Off",
        "y",
        "~",
        "null",
        "2026-11-28",
        "1:30",
        ".inf",
        "",
        "a: b",
        "#",
    ],
)
def test_a_text_that_some_reader_takes_for_something_else_is_quoted(word):
    assert yaml_text.render({"a": word}) == 'a: "%s"\n' % word


@pytest.mark.parametrize("word", ["orders", "apps/v1", "sha256:0a1b", "/healthz", "ReadWriteOnce", "a.b-c"])
def test_an_ordinary_word_is_plain(word):
    assert yaml_text.render({"a": word}) == "a: %s\n" % word


def test_lines_stay_lines_and_long_ones_are_not_folded():
    text = yaml_text.render({"a": "one\ntwo\n", "b": "x " * 200 + "x"})
    assert text.startswith("a: |\n  one\n  two\n") and text.count("\n") == 4


def test_the_same_part_twice_is_written_twice():
    part = {"cpu": 1}
    assert "&" not in yaml_text.render([part, part])


def test_half_a_character_is_refused_as_not_every_reader_takes_it():
    for value in ("\ud800", {"\ud800": 1}, ["\ud800"]):
        with pytest.raises(InvalidInput, match="half a character"):
            yaml_text.render(value)


def test_the_types_of_ansible_are_gone():
    class Text(str):
        pass

    assert yaml_text.render({Text("a"): [Text("b")], "c": (1, 2.5)}) == "a:\n- b\nc:\n- 1\n- 2.5\n"
