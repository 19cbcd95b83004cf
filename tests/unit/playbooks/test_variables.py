# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first play of every playbook reads the variables that a user's own playbook passes on, too."""

from __future__ import annotations

import re
import sys

import pytest
import yaml


@pytest.fixture
def site(tmp_path):
    """A function that writes a playbook of the user's which imports ours, and returns its path."""

    def write(**variables):
        play = {
            "name": "Deploy",
            "ansible.builtin.import_playbook": "slipway.golang.deploy",
            "vars": variables,
        }
        path = tmp_path / "site.yml"
        path.write_text(yaml.safe_dump([play]), encoding="utf-8")
        return str(path)

    return write


def test_variables_of_the_users_own_playbook_are_followed(play, site):
    run = play(site(slipway_waves=[1, 2], slipway_migrate=["up"]))
    assert run.status == 0, run.output
    assert [name for name in run.names() if name.startswith("run ")] == ["run web1"]
    assert run.output.count("PLAY [Deploy]") == 2, "two waves"


def test_variables_of_the_users_own_playbook_are_checked(play, site):
    run = play(site(slipway_wavs=[1, 2]))
    assert run.status == 2
    assert "slipway_wavs: there is no such variable" in run.output
    assert "slipway_waves" in run.output
    assert run.names() == []


def test_variables_that_a_play_before_set_are_checked(play, site, tmp_path):
    before = {
        "name": "Choose",
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"name": "Choose", "ansible.builtin.set_fact": {"slipway_waves": "[1, many]"}}],
    }
    path = tmp_path / "site.yml"
    site()
    path.write_text(
        yaml.safe_dump([before] + yaml.safe_load(path.read_text(encoding="utf-8"))), encoding="utf-8"
    )
    run = play(str(path))
    assert run.status == 2
    assert "slipway_waves" in run.output and "many" in run.output
    assert run.names() == []


# What a user writes as text, as by -e NAME=VALUE, reaches the modules as what it means.
AS_TEXT = {
    "slipway_unit": "{memory_max: 512M, user: deploy}",
    "slipway_health": "{path: /healthz, deadline: '9'}",
    "slipway_env": "{LEVEL: '{% raw %}{{ inventory_hostname }}{% endraw %}'}",
    "slipway_pull_from": "[https://mirror.example/orders/]",
    "slipway_artifacts": "[orders-2.0.0-linux-amd64.tar.gz]",
    "slipway_smoke": "off",
    "slipway_keep": "",
    "slipway_lease_seconds": " ",
    "slipway_alternate_port": "",
    "slipway_waves": "[1, 100%]",
}


def test_text_and_blanks_are_taken_for_what_they_mean(play, tmp_path):
    run = play("deploy", **AS_TEXT)
    assert run.status == 0, run.output
    (first,) = [call["args"] for call in run.calls if call["call"] == "release" and call["host"] == "web1"]
    assert first["unit"] == {"memory_max": "512M", "user": "deploy"}
    assert first["health"] == {"path": "/healthz", "deadline": 9.0}
    assert first["pull_from"] == ["https://mirror.example/orders/"]
    assert first["artifact"] == [str(tmp_path / "orders-2.0.0-linux-amd64.tar.gz")]
    assert str(first["smoke"]) == "False" and int(first["keep"]) == 5
    assert "alternate_port" not in first
    lease = next(call["args"] for call in run.calls if call["call"] == "lease")
    assert int(lease["ttl"]) == 600


def test_everything_wrong_is_refused_at_once_before_any_host_is_asked(play):
    wrong = {
        "slipway_confirm_within_seconds": 4,
        "slipway_keep": -1,
        "slipway_domain": "Orders.example.com",
        "slipway_proxy": {"status_port": -1},
        "slipway_build": {"flags": ["-o=x"]},
        "slipway_unit": {"memory": "1G"},
    }
    run = play("deploy", **wrong)
    assert run.status == 2 and run.calls == []
    assert all(name in run.output for name in wrong) and "Nothing was changed" in run.output
    assert "(web1, web2, web3)" in run.output


@pytest.mark.parametrize(
    ("playbook", "variables", "words"),
    [
        ("deploy", {"slipway_drain_tasks": "missing.yml"}, "slipway_drain_tasks: '"),
        ("rollback", {"slipway_summary": "missing/summary.json"}, "slipway_summary: there is no directory"),
        ("scp", {"slipway_artifacts": ["missing.tar.gz"]}, "slipway_artifacts: there is no file"),
        ("setup", {"slipway_issuer": "wbe1"}, "slipway_issuer: 'wbe1' is no host of the inventory"),
        ("deploy", {"slipway_artifacts": "", "slipway_source": "missing"}, "slipway_source: '"),
    ],
)
def test_what_is_missing_on_the_controller_is_refused_first(play, playbook, variables, words):
    run = play(playbook, **variables)
    assert run.status == 2 and run.calls == []
    assert words in run.output and "Nothing was changed" in run.output


def test_a_playbook_asks_only_for_the_files_that_it_reads(play):
    missing = {"slipway_source": "missing", "slipway_artifacts": ["missing.tar.gz"]}
    missing.update(slipway_drain_tasks="missing.yml", slipway_summary="missing/summary.json")
    run = play("status", **missing)
    assert run.status == 0, run.output
    assert sorted(run.names()) == ["release_info web1", "release_info web2", "release_info web3"]


def test_the_installer_is_found_from_a_playbook_of_the_users(play, collections, tmp_path):
    """scp.yml reads a file beside the playbooks of the collection, wherever the user's own playbook is."""
    home = collections / "ansible_collections" / "slipway" / "golang"
    text = (home / "playbooks" / "scp.yml").read_text(encoding="utf-8")
    (lookup,) = re.findall(r'slipway__self_extract: "(.+)"\n', text)
    task = {"name": "Show", "ansible.builtin.debug": {"msg": "found " + lookup}}
    shown = [{"name": "Show", "hosts": "web1", "gather_facts": False, "tasks": [task]}]
    (home / "playbooks" / "where.yml").write_text(yaml.safe_dump(shown), encoding="utf-8")
    site = [{"name": "Show", "ansible.builtin.import_playbook": "slipway.golang.where"}]
    (tmp_path / "site.yml").write_text(yaml.safe_dump(site), encoding="utf-8")
    run = play(str(tmp_path / "site.yml"))
    assert run.status == 0 and "found %s/installer/self_extract.sh" % home in run.output, run.output


def write_inventory(tmp_path, name, **variables):
    """Two hosts of the app and a database, and these variables for all of them."""
    common = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    groups = {"app": {"hosts": {"web1": {}, "web2": {}}}, "db": {"hosts": {"db1": {}}}}
    inventory = {"all": {"vars": dict(common, **variables), "children": groups}}
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(inventory), encoding="utf-8")
    return str(path)


SERVICE = {"slipway_app": "orders", "slipway_artifacts": ["orders-2.0.0-linux-amd64.tar.gz"]}


def test_hosts_and_waves_of_the_inventory_are_followed(play, tmp_path):
    inventory = write_inventory(tmp_path, "site.yml", slipway_hosts="app", slipway_waves=[1, 1], **SERVICE)
    run = play("deploy", inventory=inventory)
    assert run.status == 0, run.output
    assert run.names("run") == ["release web1", "release web2"]
    assert run.output.count("PLAY [Deploy]") == 2, "two waves"


def test_a_wave_of_the_inventory_that_is_none_is_refused(play, tmp_path):
    inventory = write_inventory(tmp_path, "site.yml", slipway_waves=["half"], **SERVICE)
    run = play("status", inventory=inventory)
    assert run.status == 2 and run.calls == [] and "slipway_waves" in run.output


def test_hosts_without_a_file_begin_at_the_current_directory(play):
    """-i web1, with what an inventory would say by -e."""
    variables = dict(SERVICE, ansible_connection="local", ansible_python_interpreter=sys.executable)
    run = play("deploy", inventory="web1,", **variables)
    assert run.status == 0, run.output
    assert run.names() == ["release web1"]


def test_with_several_inventories_each_host_begins_at_its_own(play, tmp_path):
    (tmp_path / "eu").mkdir()
    (tmp_path / "drain.yml").write_text("[]", encoding="utf-8")
    one = {"slipway_app": "orders", "slipway_artifacts": ["../orders-2.0.0-linux-amd64.tar.gz"]}
    write_inventory(tmp_path, "eu/hosts.yml", slipway_drain_tasks="drain.yml", slipway_hosts="app", **one)
    run = play("deploy", inventory="eu/hosts.yml")
    assert run.status == 2 and run.calls == []
    assert "slipway_drain_tasks: '%s/eu/drain.yml' cannot be read" % tmp_path in run.output
