# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One commit for each release, with real git: none is lost, and a rollback is the old tree again."""

from __future__ import annotations

import subprocess
import threading

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.plugin_utils.clusters import gitops, releases
from ansible_collections.slipway.golang.plugins.plugin_utils.clusters import repository as repositories

from ..manifests import services

PATH = "clusters/prod/orders"


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """An empty branch main in a bare repository; and nobody's own configuration of git."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    path = tmp_path / "manifests.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", str(path), str(work))
    git(work, "checkout", "--quiet", "-b", "main")
    (work / "README.md").write_text("Manifests\n", encoding="utf-8")
    save(work, "Begin")
    return path


def git(directory, *arguments):
    done = subprocess.run(["git", *arguments], cwd=directory, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def save(work, message):
    git(work, "add", "--all")
    own = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")
    git(work, *own, "commit", "--quiet", "-m", message)
    git(work, "push", "--quiet", "origin", "HEAD:main")


def release(version, **more):
    given = {"slipway_app": "orders", "slipway_version": version, **more}
    given["slipway_kubernetes"] = {"namespace": "shop", **given.get("slipway_kubernetes", {})}
    return releases.of_request(services.request(given))


def make(bare, target, path=PATH, **more):
    options = {"repository": str(bare), "branch": "main", "path": path}
    return gitops.Deploy(options, dict({"name": "orders", "release": target, "actor": "ann@desk"}, **more))


def subjects(bare):
    return git(bare, "log", "--format=%s", "main").splitlines()


def tree(bare, commit="main", path=PATH):
    return git(bare, "ls-tree", "-r", commit, "--", path)


def test_a_release_is_one_commit_and_the_same_again_is_none(bare):
    first = release("1.4.1")
    plan = make(bare, first).plan()
    assert plan["changed"] and plan["current"] is None and plan["release"] == first.id
    assert "write deployment.yaml" in plan["actions"] and subjects(bare) == ["Begin"]
    result = make(bare, first).apply()
    assert result["changed"] and result["current"] == first.id
    assert subjects(bare) == ["orders 1.4.1 (%s)" % first.id, "Begin"]
    assert not make(bare, first).plan()["changed"] and not make(bare, first).apply()["changed"]
    assert len(subjects(bare)) == 2
    said = git(bare, "log", "-1", "--format=%B", "main")
    assert "Slipway-Image: " + services.IMAGE in said and "Slipway-Actor: ann@desk" in said


def test_a_rollback_is_the_old_tree_byte_for_byte(bare):
    make(bare, release("1.4.1")).apply()
    old = tree(bare)
    scaled = {"replicas": {"min": 2, "max": 4, "cpu": 60}}
    second = release("1.4.2", slipway_kubernetes=scaled, slipway_unit={"cpu_quota": "50%"})
    make(bare, second).apply()
    assert "hpa.yaml" in tree(bare)
    assert "hpa.yaml" not in old
    result = make(bare, "previous").apply()
    assert tree(bare) == old and result["current"] == release("1.4.1").id
    assert subjects(bare)[0] == "Roll back orders 1.4.1 (%s)" % release("1.4.1").id
    make(bare, "1.4.2").apply()
    assert "hpa.yaml" in tree(bare)
    with pytest.raises(SlipwayError, match="no such release"):
        make(bare, "9.9").apply()


def test_two_writers_at_once_lose_nothing(bare):
    """Ten releases each, to two services and to one: each is one commit on top of the other's."""
    errors = []

    def write(name, path):
        for number in range(10):
            try:
                make(bare, release("%d.%s" % (number, name)), path=path).apply()
            except SlipwayError as error:
                errors.append(error)

    threads = [
        threading.Thread(target=write, args=("a", PATH)),
        threading.Thread(target=write, args=("b", PATH)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    found = subjects(bare)
    assert len(found) == 21 and len(set(found)) == 21
    for name in "ab":
        own = [subject for subject in reversed(found) if ".%s (" % name in subject]
        assert [subject.split()[1] for subject in own] == ["%d.%s" % (number, name) for number in range(10)]
    assert git(bare, "log", "--merges", "--format=%H", "main") == ""


def test_a_race_keeps_what_somebody_else_has_pushed(bare, tmp_path, monkeypatch):
    work = tmp_path / "work"
    pushed = []
    push = repositories.Repository.push

    def late(self):
        if not pushed:
            (work / "other.yaml").write_text("theirs: true\n", encoding="utf-8")
            save(work, "Other")
            pushed.append(True)
        push(self)

    monkeypatch.setattr(repositories.Repository, "push", late)
    make(bare, release("1.4.1")).apply()
    assert [subject.split()[0] for subject in subjects(bare)] == ["orders", "Other", "Begin"]
    assert git(bare, "show", "main:other.yaml") == "theirs: true"


def test_a_plan_that_is_out_of_date_is_not_carried_out(bare):
    make(bare, release("1.4.1")).apply()
    expects = {"current": release("1.4.1").id, "release": release("1.4.3").id}
    make(bare, release("1.4.2")).apply()
    with pytest.raises(SlipwayError, match="out of date"):
        make(bare, release("1.4.3"), expects=expects).apply()
    assert len(subjects(bare)) == 3


def test_no_secret_goes_into_a_repository(bare):
    with pytest.raises(SlipwayError, match="public_env") as caught:
        make(bare, release("1.4.1", slipway_env={"TOKEN": "s3cret-of-the-test"})).apply()
    assert "s3cret-of-the-test" not in str(caught.value) and subjects(bare) == ["Begin"]
    public = {"public_env": ["LEVEL"]}
    make(bare, release("1.4.1", slipway_env={"LEVEL": "info"}, slipway_kubernetes=public)).apply()
    assert "info" in git(bare, "show", "main:%s/deployment.yaml" % PATH)


def test_a_link_in_the_repository_leads_nowhere(bare, tmp_path):
    work, outside = tmp_path / "work", tmp_path / "outside"
    outside.mkdir()
    (work / "clusters").symlink_to(outside)
    save(work, "Link")
    with pytest.raises(SlipwayError):
        make(bare, release("1.4.1")).apply()
    assert list(outside.iterdir()) == []


def test_files_of_others_in_the_directory_are_left_alone(bare, tmp_path):
    work = tmp_path / "work"
    (work / PATH).mkdir(parents=True)
    (work / PATH / "affinity.yaml").write_text("own: true\n", encoding="utf-8")
    save(work, "Own")
    make(bare, release("1.4.1")).apply()
    make(bare, release("1.4.2")).apply()
    make(bare, "previous").apply()
    assert git(bare, "show", "main:%s/affinity.yaml" % PATH) == "own: true"


@pytest.mark.parametrize(
    "url, branch, words",
    [("/nowhere/at/all.git", "main", "git clone failed"), (None, "other", "Remote branch other not found")],
)
def test_a_repository_that_cannot_be_had_is_named(bare, url, branch, words):
    deploy = make(bare, release("1.4.1"))
    deploy.options.update(repository=url or str(bare), branch=branch)
    with pytest.raises(SlipwayError, match=words):
        deploy.plan()
