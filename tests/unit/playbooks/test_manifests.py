# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module manifests in a playbook of the user: files, check mode, diff, refusals; no secret anywhere."""

from __future__ import annotations

import pytest
import yaml

DIGEST = "sha256:" + "0a1b" * 16
IMAGE = "registry.example.com/orders@" + DIGEST
SECRET = "s3cret-of-the-test"
PLAYBOOK = """
- name: Write manifests
  hosts: web1
  gather_facts: false
  tasks:
    - name: Write manifests
      slipway.golang.manifests:
        from_variables: true
        dest: "{{ inventory_dir }}/k8s/{{ inventory_hostname }}"
      register: manifests

    - name: Show what was done
      ansible.builtin.debug:
        var: manifests
"""
GIVEN = {
    "slipway_env": {"TOKEN": SECRET, "LEVEL": "info"},
    "slipway_kubernetes": {"image": IMAGE, "namespace": "shop", "public_env": "LEVEL"},
}


@pytest.fixture
def write(play, tmp_path):
    """A function that runs the playbook, and returns the run and the files that are there then."""
    playbook = tmp_path / "manifests.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")

    def run(check=False, options=(), **given):
        done = play(str(playbook), check=check, options=options, **dict(GIVEN, **given))
        found = tmp_path / "k8s" / "web1"
        return done, {path.name: path.read_text(encoding="utf-8") for path in found.glob("*")}

    return run


def test_manifests_of_a_host_are_written_and_a_second_run_changes_nothing(write):
    done, found = write()
    assert done.status == 0, done.output
    deployment = yaml.safe_load(found["deployment.yaml"])
    (own,) = deployment["spec"]["template"]["spec"]["containers"]
    assert own["image"] == IMAGE and deployment["metadata"]["namespace"] == "shop"
    assert "changed=1" in done.output
    again, same = write()
    assert again.status == 0 and "changed=0" in again.output and same == found


def test_check_mode_shows_the_change_and_writes_nothing(write):
    done, found = write(check=True, options=("--diff",))
    assert done.status == 0 and found == {} and "changed=1" in done.output
    assert "+kind: Deployment" in done.output and "+++" in done.output
    write()
    done, dummy = write(check=True, options=("--diff",), slipway_unit={"memory_max": "1G"})
    assert "+          limits:" in done.output and "-kind: Deployment" not in done.output


def test_no_secret_is_in_a_file_or_in_what_is_printed(write):
    done, found = write(options=("--diff", "-vvv"), slipway_config=[])
    printed = done.output.replace("\n", "")
    after = printed[printed.index("TASK [Write manifests]") :]  # before it -vvv has nothing of ours
    assert SECRET not in after and SECRET not in "".join(found.values())
    assert "orders-env-" in after and '"TOKEN"' in after


def test_configuration_files_are_rendered_and_stay_out_of_the_files(write, tmp_path):
    (tmp_path / "app.toml.j2").write_text("host = '{{ inventory_hostname }}' # " + SECRET, encoding="utf-8")
    given = {"slipway_config": [{"src": "app.toml.j2", "dest": "app.toml"}]}
    given["slipway_unit"] = {"exec_args": ["-config", "{config}/app.toml"]}
    done, found = write(options=("--diff", "-vvv"), **given)
    assert done.status == 0, done.output
    assert "/etc/orders/app.toml" in found["deployment.yaml"] and "orders-config-" in found["deployment.yaml"]
    assert SECRET not in done.output.replace("\n", "").partition("TASK [Write manifests]")[2]
    assert SECRET not in "".join(found.values())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"slipway_kubernetes": {}},
            "slipway_kubernetes.image: None is not usable: use a reference with a digest",
        ),
        ({"slipway_kubernetes": {"image": IMAGE, "replica": 3}}, "did you mean replicas?"),
        ({"slipway_strategy": "socket"}, "slipway_strategy: 'socket' is not possible in a pod"),
    ],
    ids=["image", "option", "strategy"],
)
def test_a_problem_is_said_and_nothing_is_written(write, given, words):
    done, found = write(**given)
    assert done.status != 0 and found == {}
    assert words in " ".join(done.output.replace("\\n", " ").split())
