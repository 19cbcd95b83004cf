# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common import unit
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import systemctl, unit_file

GOOD = "[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("/bin/true", "/opt/orders/current/bin/orders"),
        GOOD + "StandardOutput=syslog\n",
        GOOD.replace("[Service]", "After=no-such.service\n[Service]"),
        unit.render(unit.sections("orders", {}, binary="/bin/true")),
        unit.render(unit.sections("orders", {}, binary="/opt/orders/current/bin/orders")),
    ],
    ids=[
        "plain",
        "binary comes later",
        "old habit",
        "names an unknown unit",
        "our own",
        "our own, binary comes later",
    ],
)
def test_a_unit_that_can_run_verifies(text):
    unit_file.verify({"orders.service": text})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "Foo=bar\n", "Foo"),
        (GOOD + "MemoryMax=banana\n", "banana"),
        (GOOD + "Type=execute\n", "service type"),
        (GOOD + "RestartSteps2=1\n", "RestartSteps2"),
        (GOOD.replace("/bin/true", "bin/true"), "bin/true"),
        ("[Service]\nType=notify\n", "no ExecStart="),
        ("[Servace]\nExecStart=/bin/true\n", "Servace"),
        ("hello\n" + GOOD, "outside of section"),
        (GOOD.replace("/bin/true", "/etc/passwd"), "not executable"),
    ],
)
def test_the_error_of_systemd_is_in_the_message(text, message):
    with pytest.raises(SlipwayError) as caught:
        unit_file.verify({"orders.service": text})
    assert message in str(caught.value)
    assert "orders.service" in str(caught.value)
    assert "slipway-verify" not in str(caught.value)


@pytest.mark.parametrize("name", ["orders@.service", "orders-api@.service"])
def test_a_template_whose_binary_comes_later_verifies(name):
    """`verify` speaks of a template by the name of an instance."""
    unit_file.verify({name: GOOD.replace("/bin/true", "/opt/orders/%i/bin/orders")})
    options = unit.sections("orders", {}, binary="/opt/orders/%i/bin/orders")
    unit_file.verify({name: unit.render(options)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "MemoryMax=banana\n", "banana"),
        ("[Service]\nType=notify\n", "no ExecStart="),
        (GOOD.replace("/bin/true", "/etc/passwd"), "not executable"),
    ],
)
def test_the_error_of_systemd_in_a_template_is_a_refusal(text, message):
    with pytest.raises(SlipwayError, match="systemd refuses orders@.service") as caught:
        unit_file.verify({"orders@.service": text})
    assert message in str(caught.value)
    assert "slipway-verify" not in str(caught.value)


def test_units_that_belong_together_are_judged_together():
    socket = "[Socket]\nListenStream=127.0.0.1:9\n"
    unit_file.verify({"orders.service": GOOD, "orders.socket": socket})
    with pytest.raises(SlipwayError, match="Lissten"):
        unit_file.verify({"orders.service": GOOD, "orders.socket": socket + "Lissten=1\n"})


def test_a_line_about_an_instance_of_another_template_is_not_ours(monkeypatch):
    answers(monkeypatch, 252, 1, "x-orders@i.service: Service has no ExecStart=. Refusing.")
    with pytest.raises(SlipwayError, match="could not verify orders@.service"):
        unit_file.verify({"orders@.service": GOOD})


@pytest.mark.parametrize("instance", ["i", "test-instance", "test_instance"])
def test_every_version_names_an_instance_its_own_way(monkeypatch, instance):
    line = "orders@%s.service: Command /opt/orders/%s/bin/orders is not executable: No such file or directory"
    answers(monkeypatch, 252, 1, line % (instance, instance))
    unit_file.verify({"orders@.service": GOOD})
    answers(monkeypatch, 252, 1, "Unit orders@%s.service has a bad unit file setting." % instance)
    with pytest.raises(SlipwayError, match="systemd refuses orders@.service"):
        unit_file.verify({"orders@.service": GOOD})


def answers(monkeypatch, version, returncode, stderr):
    monkeypatch.setattr(systemctl, "version", lambda: version)
    answer = type("Answer", (), {"returncode": returncode, "stderr": stderr, "stdout": ""})
    monkeypatch.setattr(systemctl, "run", lambda argv, timeout=120: answer)


@pytest.mark.parametrize(
    ("version", "returncode", "stderr"),
    [
        (245, 0, "orders.service:3: Unknown lvalue 'ProtectProc' in section 'Service', ignoring"),
        (245, 1, "/lib/systemd/system/other.service:3: Unknown key 'Foo' in section [Service], ignoring."),
        (245, 1, "orders.service: Command /opt/x is not executable: No such file or directory"),
        (252, 1, "orders.service: Command /opt/x is not executable: No such file or directory"),
        (252, 1, "orders.service:3: Unknown key 'RestartSteps' in section [Service], ignoring."),
        (252, 0, "other.service: Failed"),
    ],
)
def test_noise_of_other_versions_is_no_error(monkeypatch, version, returncode, stderr):
    answers(monkeypatch, version, returncode, stderr)
    unit_file.verify({"orders.service": GOOD})


@pytest.mark.parametrize(
    ("version", "returncode", "stderr", "message"),
    [
        (
            247,
            0,
            "orders.service:3: Unknown lvalue 'ProtectProc' in section 'Service', ignoring",
            "ProtectProc",
        ),
        (
            245,
            0,
            "orders.service:3: Unknown lvalue 'LoadCredential' in section 'Service', ignoring",
            "LoadCredential",
        ),
        (252, 1, "Failed to initialize manager: Permission denied", "Permission denied"),
        (252, 1, "", "it printed no reason"),
        (245, 127, "env: 'systemd-analyze': No such file or directory", "systemd-analyze"),
    ],
)
def test_a_unit_that_could_not_be_verified_is_an_error(monkeypatch, version, returncode, stderr, message):
    answers(monkeypatch, version, returncode, stderr)
    with pytest.raises(SlipwayError, match=message):
        unit_file.verify({"orders.service": GOOD})


def test_install_writes_once(tmp_path):
    texts = {"orders.service": GOOD, "orders.socket": "[Socket]\n"}
    assert unit_file.differences(texts, str(tmp_path)) == ["orders.service", "orders.socket"]
    assert unit_file.install(texts, str(tmp_path)) is True
    assert unit_file.install(texts, str(tmp_path)) is False
    assert unit_file.installed("orders.service", str(tmp_path)) == GOOD
    assert os.stat(tmp_path / "orders.service").st_mode == 0o100644
    assert sorted(os.listdir(tmp_path)) == ["orders.service", "orders.socket"]


@pytest.mark.parametrize("damage", ["text", "mode", "link", "binary"])
def test_install_repairs(tmp_path, damage):
    path = tmp_path / "orders.service"
    unit_file.install({"orders.service": GOOD}, str(tmp_path))
    if damage == "mode":
        path.chmod(0o600)
    else:
        path.unlink()
        if damage == "link":
            (tmp_path / "elsewhere").write_text(GOOD, encoding="utf-8")
            path.symlink_to(tmp_path / "elsewhere")
        else:
            path.write_bytes(b"\xff" if damage == "binary" else b"[Unit]\n")
    assert unit_file.install({"orders.service": GOOD}, str(tmp_path)) is True
    assert not path.is_symlink()
    assert path.read_text(encoding="utf-8") == GOOD


def test_install_respects_a_mask_and_survives_an_interrupted_run(tmp_path):
    (tmp_path / "orders.service").symlink_to("/dev/null")
    with pytest.raises(SlipwayError, match="systemctl unmask orders.service"):
        unit_file.install({"orders.service": GOOD}, str(tmp_path))
    (tmp_path / ".other.service.slipway-new").write_text("half", encoding="utf-8")
    assert unit_file.install({"other.service": GOOD}, str(tmp_path)) is True
    assert unit_file.installed("other.service", str(tmp_path)) == GOOD


def test_remove_leaves_drop_ins(tmp_path):
    assert unit_file.remove("orders.service", str(tmp_path)) is False
    unit_file.install({"orders.service": GOOD}, str(tmp_path))
    (tmp_path / "orders.service.d").mkdir()
    assert unit_file.remove("orders.service", str(tmp_path)) is True
    assert os.listdir(tmp_path) == ["orders.service.d"]


@pytest.mark.parametrize(
    ("known", "changed"),
    [([], True), (["a.conf"], False), (["a.conf", "gone.conf"], True), (["gone.conf"], True)],
)
def test_a_drop_in_that_systemd_has_not_read_is_noticed(monkeypatch, tmp_path, known, changed):
    directory = tmp_path / "orders.service.d"
    directory.mkdir()
    (directory / "a.conf").write_text("[Service]\n", encoding="utf-8")
    (directory / "notes.txt").write_text("", encoding="utf-8")
    printed = "DropInPaths=" + " ".join(str(directory / name) for name in known) + "\n"
    monkeypatch.setattr(systemctl, "run", lambda argv: type("Answer", (), {"stdout": printed}))
    assert unit_file.drop_ins_changed("orders.service", [str(tmp_path)]) is changed


def test_what_an_interrupted_run_left_is_removed_also_if_nothing_changes(tmp_path):
    unit_file.install({"orders.service": GOOD}, str(tmp_path))
    (tmp_path / ".orders.service.slipway-new").write_text("half", encoding="utf-8")
    assert not unit_file.install({"orders.service": GOOD}, str(tmp_path))
    assert os.listdir(tmp_path) == ["orders.service"]
