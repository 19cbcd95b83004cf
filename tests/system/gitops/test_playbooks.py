# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks with slipway_gitops: a commit for each release in a real repository, and no cluster."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml
from support import lab

SECRET = "s3cret-of-the-test"
IMAGE = "registry.example.com/orders@sha256:%s"
PATHS = {"staging": "clusters/staging/orders", "production": "clusters/production/orders"}


def git(directory, *arguments):
    own = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")
    return lab.call(["git", "-C", directory, *own, *arguments]).strip()


class Repository:
    """A bare repository, and an inventory of two clusters that follow it."""

    def __init__(self, directory):
        self.directory, self.bare = directory, directory / "manifests.git"
        work = directory / "work"
        lab.call(["git", "init", "--quiet", "--bare", "--initial-branch=main", self.bare])
        lab.call(["git", "clone", "--quiet", self.bare, work])
        git(work, "checkout", "--quiet", "-b", "main")
        git(work, "commit", "--quiet", "--allow-empty", "-m", "Begin")
        git(work, "push", "--quiet", "origin", "main")

    def write(self, version, digest="0a" * 32, **more):
        hosts = {
            name: {"slipway_gitops": {"repository": str(self.bare), "path": path}}
            for name, path in PATHS.items()
        }
        kubernetes = {"image": IMAGE % digest, "namespace": "shop", "public_env": ["LEVEL"]}
        service = {"slipway_app": "orders", "slipway_version": version, "slipway_env": {"LEVEL": "info"}}
        service.update(slipway_kubernetes=kubernetes, slipway_waves=[1], **more)
        inventory = {"all": {"children": {"clusters": {"hosts": hosts, "vars": service}}}}
        (self.directory / "inventory.json").write_text(json.dumps(inventory))

    def playbook(self, name, *flags, **variables):
        inventory = self.directory / "inventory.json"
        argv = lab.playbook_argv("slipway.golang." + name, *flags, inventory=inventory, variables=variables)
        environment = lab.ansible_environment(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")
        done = lab.run(argv, environment=environment, timeout=120)
        print(done)
        return done

    def subjects(self):
        return git(self.bare, "log", "--format=%s", "main").splitlines()

    def tree(self, path):
        return git(self.bare, "ls-tree", "-r", "main", "--", path)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def test_a_release_is_one_commit_for_each_cluster_and_so_is_a_rollback(repository):
    repository.write("1.4.1")
    done = repository.playbook("kubernetes", "--check", "--diff")
    assert done.code == 0 and "kind: Deployment" in done.out and repository.subjects() == ["Begin"]

    done = repository.playbook("kubernetes")
    assert done.code == 0, str(done)
    found = repository.subjects()
    assert len(found) == 3 and all(subject.startswith("orders 1.4.1 (1.4.1-") for subject in found[:2])
    old = {path: repository.tree(path) for path in PATHS.values()}
    text = git(repository.bare, "show", "main:%s/deployment.yaml" % PATHS["production"])
    (container,) = yaml.safe_load(text)["spec"]["template"]["spec"]["containers"]
    assert container["image"] == IMAGE % ("0a" * 32)

    done = repository.playbook("kubernetes")
    assert done.code == 0 and "Nothing to do" in done.out and len(repository.subjects()) == 3

    repository.write("1.4.2", digest="0b" * 32)
    done = repository.playbook("kubernetes")
    assert done.code == 0 and len(repository.subjects()) == 5
    assert all(repository.tree(path) != old[path] for path in old)

    done = repository.playbook("rollback")
    assert done.code == 0, str(done)
    assert repository.subjects()[0].startswith("Roll back orders 1.4.1 (1.4.1-")
    assert {path: repository.tree(path) for path in old} == old


def test_what_cannot_be_in_a_repository_is_refused_in_the_plan(repository):
    repository.write("1.4.1", slipway_config=[])
    done = repository.playbook("kubernetes", slipway_env=json.dumps({"LEVEL": "info", "TOKEN": SECRET}))
    assert done.code != 0 and "public_env" in done.out and SECRET not in done.out + done.err
    done = repository.playbook("kubernetes", slipway_soak_seconds=5)
    assert done.code != 0 and "slipway_soak_seconds" in done.out
    assert repository.subjects() == ["Begin"]


def test_a_repository_that_cannot_be_had_is_a_problem_of_the_plan(repository):
    repository.write("1.4.1")
    subprocess.run(["rm", "-rf", str(repository.bare)], check=True)
    done = repository.playbook("kubernetes")
    assert done.code != 0 and "git clone failed" in done.out and "Nothing was changed" in done.out
