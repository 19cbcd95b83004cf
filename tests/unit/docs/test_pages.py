# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every page is found from the index, no link is dead, and what pages say of the repository is so."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import re

import pytest
import yaml

REPO = pathlib.Path(__file__).resolve().parents[3]
GALAXY = yaml.safe_load((REPO / "galaxy.yml").read_text(encoding="utf-8"))
PLUGINS = REPO / "plugins"


def script(name):
    spec = importlib.util.spec_from_file_location(name, REPO / "scripts" / (name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


links = script("check_links")
site = script("docs_pages")


def test_no_link_is_dead():
    assert links.dead_links(links.markdown_files()) == []


def test_a_dead_link_is_noticed(tmp_path):
    (tmp_path / "here.md").write_text(
        "# A heading: `x`\n[a](there.md) [b](here.md#a-heading-x) [c](#nothing) [d](https://example.com/)\n"
        "`[e](code.md)` [f]\n\n```\n[g](fence.md)\n```\n\n[f]: gone.md\n",
        encoding="utf-8",
    )
    (tmp_path / "page.html").write_text(
        '<p id="x"><a href="#x">a</a><a href="#y">b</a><img src="no.png"><a href="/root">c</a></p>',
        encoding="utf-8",
    )
    found = links.dead_links([tmp_path / "here.md", tmp_path / "page.html"])
    assert [line.split(": ", 1)[1] for line in found] == [
        "there.md: no such file",
        "#nothing: no such heading or id",
        "gone.md: no such file",
        "#y: no such heading or id",
        "no.png: no such file",
        "/root: an absolute path does not work from a file",
    ]


def test_every_page_is_reached_from_the_index():
    start = REPO / "docs" / "README.md"
    reached, todo = set(), [start]
    while todo:
        page = todo.pop()
        if page in reached:
            continue
        reached.add(page)
        for link in links.links_of_markdown(page.read_text(encoding="utf-8")):
            target = pathlib.Path(os.path.normpath(page.parent / link.partition("#")[0]))
            if target.suffix == ".md" and target.is_file():
                todo.append(target)
    assert [str(path) for path in (REPO / "docs").rglob("*.md") if path not in reached] == []


@pytest.mark.parametrize("page", sorted((REPO / "docs").glob("*/*.md")), ids=lambda page: page.stem)
def test_every_page_leads_back_to_the_index(page):
    assert "(../README.md" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted((REPO / "docs" / "results").glob("*.md")), ids=lambda page: page.stem)
def test_results_name_their_command_and_their_date(page):
    text = page.read_text(encoding="utf-8")
    assert re.search(r"^```console\n\$ \S", text, re.MULTILINE)
    assert re.search(r"\b20\d\d-\d\d-\d\d\b", text)


def test_all_pages_agree_where_the_project_is_published():
    repository = GALAXY["repository"]
    assert GALAXY["homepage"] == repository
    assert all(GALAXY[key].startswith(repository + "/") for key in ("documentation", "issues"))
    host, owner, dummy = repository.rsplit("/", 2)
    ours = re.compile(re.escape("%s/%s/" % (host, owner)) + r"[\w.-]*\w")
    named = set()
    for path in [*links.markdown_files(), REPO / ".github" / "ISSUE_TEMPLATE" / "config.yml"]:
        text = path.read_text(encoding="utf-8")
        named |= {re.sub(r"\.git$", "", address) for address in ours.findall(text)}
        assert "<this repository>" not in text, path
    assert named == {repository}
    assert "git+%s.git" % repository in (REPO / "README.md").read_text(encoding="utf-8")


def test_the_files_that_the_architecture_names_are_there():
    text = (REPO / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    named = set(
        re.findall(
            r"`((?:host|builder|common|action|plugin_utils|playbooks|lab|roles|scripts)/[\w./]*)`",
            text,
        )
    )
    assert len(named) > 25
    below = (REPO, PLUGINS, PLUGINS / "module_utils")
    assert [path for path in sorted(named) if not any((root / path).exists() for root in below)] == []


def test_links_out_of_the_site_lead_to_the_repository():
    text = "[a](../examples/hello) [b](../playbooks/setup.yml) [c](how-to/tls.md#renewal) [d](https://example.com)"
    known = {"docs/how-to/tls.md", "examples/hello/README.md"}
    assert site.for_the_site("docs/README.md", text, known, "https://repo") == (
        "[a](../examples/hello/README.md) [b](https://repo/blob/main/playbooks/setup.yml) "
        "[c](how-to/tls.md#renewal) [d](https://example.com)"
    )


def test_every_page_of_the_documentation_is_in_the_site():
    inside = set(site.pages())
    for path in links.markdown_files():
        page = path.relative_to(REPO).as_posix()
        if page.startswith("docs/") or "/" not in page:
            assert page in inside, page


def test_the_readme_names_all_that_users_call():
    text = (REPO / "README.md").read_text(encoding="utf-8")
    names = [path.stem for path in (PLUGINS / "modules").glob("*.py") if path.stem != "__init__"]
    names += [path.stem for path in (REPO / "playbooks").glob("*.yml")]
    names += [path.name for path in (REPO / "roles").iterdir() if path.is_dir()]
    assert [name for name in names if "`%s`" % name not in text] == []


def test_the_quickstart_is_within_the_first_sixty_lines():
    begin = (REPO / "README.md").read_text(encoding="utf-8").splitlines()[:60]
    assert any("slipway.golang.deploy   -i" in line for line in begin)


def test_the_changelog_has_every_fragment():
    text = (REPO / "CHANGELOG.md").read_text(encoding="utf-8")
    plain = re.sub(r"</?code>", "", text).replace("\\", "")
    for path in (REPO / "changelogs" / "fragments").glob("*.yml"):
        for entries in yaml.safe_load(path.read_text(encoding="utf-8")).values():
            for entry in entries if isinstance(entries, list) else [entries]:
                assert entry.replace("``", "").strip() in plain, "run: bash scripts/changelog_preview.sh"
