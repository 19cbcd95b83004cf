# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import image
import pytest

DOCKERFILE = """ARG BASE
FROM ${BASE} AS plain
RUN one
FROM plain AS python
RUN two
FROM python AS acme
COPY this that
FROM python AS locale
RUN three
"""


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    context = tmp_path / "pebble"
    context.mkdir()
    (context / "this").write_text("this")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    monkeypatch.setattr(image, "DOCKERFILE", tmp_path / "Dockerfile")
    monkeypatch.setattr(image, "CONTEXT", context)
    return tmp_path


def digests():
    return {name: image.digest(name) for name in image.IMAGES}


def changed(before):
    return {name for name, digest in digests().items() if digest != before[name]}


@pytest.mark.parametrize(
    ("line", "images"),
    [
        ("RUN one", {"plain", "python", "debian11", "debian13", "acme"}),
        ("RUN two", {"python", "debian11", "debian13", "acme"}),
        ("COPY this", {"acme"}),
        ("RUN three", {"debian11"}),
    ],
)
def test_an_image_is_made_again_when_its_part_of_the_recipe_changes(recipe, line, images):
    before = digests()
    (recipe / "Dockerfile").write_text(DOCKERFILE.replace(line, f"{line} more"))
    assert changed(before) == images


def test_a_copied_file_is_part_of_the_recipe_where_it_is_copied(recipe):
    before = digests()
    (recipe / "pebble" / "this").write_text("that")
    assert changed(before) == {"acme"}


def test_two_releases_are_two_images():
    assert image.digest("debian13") != image.digest("python")


def test_every_kind_of_host_has_an_image():
    import inventory

    assert set(inventory.KINDS.values()) == set(image.IMAGES)


def test_an_image_is_built_from_the_stages_that_it_needs(recipe):
    built = "".join(image.stages_of("locale"))
    assert built == DOCKERFILE.replace("FROM python AS acme\nCOPY this that\n", "")
