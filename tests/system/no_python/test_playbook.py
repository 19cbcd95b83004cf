# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook scp with two hosts without Python; slipway.golang.release after install.sh on one with it."""

from __future__ import annotations

import json
import re

import pytest
from support import lab

from .conftest import FLEET, PORT, Host, pack, playbook


@pytest.fixture
def plain(fleet):
    """Both hosts without Python, with nothing installed."""
    hosts = [fleet, Host("plain2")]
    for host in hosts:
        host.shell = "sh"
        host.forget_everything()
    return hosts


def scp(*flags, artifacts, **variables):
    settings = {
        "slipway_hosts": "plain",
        "slipway_app": "orders",
        "slipway_port": int(PORT),
        "slipway_waves": ["100%"],
    }
    settings.update({"slipway_health": {"path": "/healthz", "min_ready_seconds": 1}}, **variables)
    return playbook("scp", *flags, slipway_artifacts=[str(tarball.path) for tarball in artifacts], **settings)


def changed(done):
    """Host name to the number of changed tasks, from the recap."""
    return {
        host: int(count) for host, count in re.findall(r"^(plain\d) .*changed=(\d+)", done.out, re.MULTILINE)
    }


def test_from_nothing_to_a_new_version(plain, tarball):
    done = scp("--check", artifacts=[tarball("1.0.0")])
    assert done.code == 0 and changed(done) == {"plain1": 1, "plain2": 1}, done
    assert all(host.run("ls /opt/orders").code for host in plain)

    done = scp(artifacts=[tarball("1.0.0")])
    assert done.code == 0 and changed(done) == {"plain1": 1, "plain2": 1}, done
    assert [host.serving() for host in plain] == ["1.0.0", "1.0.0"]

    pids = [host.pid() for host in plain]
    for flags in ((), ("--check",)):
        done = scp(*flags, artifacts=[tarball("1.0.0")])
        assert done.code == 0 and changed(done) == {"plain1": 0, "plain2": 0}, done
    assert [host.pid() for host in plain] == pids

    done = scp(
        "--check", artifacts=[tarball("1.0.0")], slipway_install_flags=["--port-variable", "ADMIN_PORT"]
    )
    assert done.code == 0 and changed(done) == {"plain1": 1, "plain2": 1}, done
    assert [host.pid() for host in plain] == pids

    done = scp(artifacts=[tarball("2.0.0")])
    assert done.code == 0 and [host.serving() for host in plain] == ["2.0.0", "2.0.0"], done
    assert all(host.run("ls -d /var/tmp/slipway.*").code for host in plain)


def test_the_environment_of_the_inventory(plain, tarball):
    settings = {"slipway_env": {"ADMIN_ADDR": ":{port}", "SECRET": "it's $HOME\nhunter2"}}
    done = scp(artifacts=[tarball("1.0.0")], **settings)
    assert done.code == 0, done
    for host in plain:
        text = host.sure("cat /opt/orders/current/environment")
        assert text == 'ADMIN_ADDR=":%s"\nPORT="%s"\nSECRET="it\'s \\$HOME\nhunter2"\n' % (PORT, PORT)
        assert host.run("ls /var/tmp/slipway.*").code
    pids = [host.pid() for host in plain]
    for flags in ((), ("--check",)):
        done = scp(*flags, artifacts=[tarball("1.0.0")], **settings)
        assert done.code == 0 and changed(done) == {"plain1": 0, "plain2": 0}, done
    assert [host.pid() for host in plain] == pids
    done = scp("--check", artifacts=[tarball("1.0.0")], slipway_env={"SECRET": "hunter3"})
    assert done.code == 0 and changed(done) == {"plain1": 1, "plain2": 1}, done
    assert "hunter" not in done.out + done.err
    assert [host.pid() for host in plain] == pids


def test_what_install_sh_cannot_do_is_refused(plain, tarball):
    done = scp(artifacts=[tarball("1.0.0")], slipway_strategy="socket")
    assert done.code == 2 and "slipway_strategy is set, and this playbook cannot" in done.out + done.err, done
    flags = ["--env-file", "/root/orders.env"]
    done = scp(artifacts=[tarball("1.0.0")], slipway_env={"A": "1"}, slipway_install_flags=flags)
    assert done.code == 2 and "slipway_env and --env-file" in done.out + done.err, done
    assert all(host.run("ls /opt/orders").code for host in plain)


def test_a_bad_release_stops_at_the_first_host_with_its_message(plain, tarball):
    assert scp(artifacts=[tarball("1.0.0")]).code == 0
    plain[0].sure("printf 'UNHEALTHY=1\\nPORT=%s\\n' >/root/unhealthy.env" % PORT)
    health = {"path": "/healthz", "deadline": 2, "min_ready_seconds": 1}
    done = scp(
        artifacts=[tarball("2.0.0")],
        slipway_waves=[1, 1],
        slipway_health=health,
        slipway_install_flags=["--env-file", "/root/unhealthy.env"],
    )
    assert done.code == 2, done
    assert re.search(
        r"^REVERTED: 2\.0\.0-\w+ is not healthy: no good answer within 2 s: "
        r"http://127\.0\.0\.1:8080/healthz: 500\.$",
        done.out + done.err,
        re.M,
    )
    assert re.search(
        r"^1\.0\.0-\w+ was put back; it is running and healthy\.$", done.out + done.err, re.MULTILINE
    )
    assert "plain2" not in changed(done)
    assert [host.serving() for host in plain] == ["1.0.0", "1.0.0"]


def test_no_tarball_for_this_host(plain, tarball, tmp_path):
    done = scp(artifacts=[tarball("1.0.0")], slipway_app="other")
    assert done.code == 2 and "is of orders, not of other" in done.out + done.err, done
    done = scp(artifacts=[pack(tmp_path, "1.0.0", goarch="s390x")])
    assert done.code == 2 and "is orders for linux/" in done.out + done.err, done


def test_a_health_check_that_install_sh_does_not_know(plain, tarball):
    done = scp(artifacts=[tarball("1.0.0")], slipway_health={"path": "/healthz", "status": [200]})
    assert done.code == 2 and "It does not support type, scheme, socket" in done.out + done.err


class TestReleaseContinues:
    """What install.sh leaves is what slipway.golang.release would have made, and the reverse."""

    @pytest.fixture
    def web(self, fleet):
        host = Host("web1")
        host.forget_everything()
        return host

    @staticmethod
    def release(tarball, **options):
        health = {"path": "/healthz", "min_ready_seconds": 1}
        arguments = dict(
            {"name": "orders", "artifact": [str(tarball.path)], "port": int(PORT), "health": health},
            **options,
        )
        argv = [
            "ansible",
            "web1",
            "-i",
            FLEET.inventory,
            "-m",
            "slipway.golang.release",
            "-a",
            json.dumps(arguments),
        ]
        printed = lab.call(argv, environment=lab.ansible_environment(), timeout=FLEET.timeout)
        return json.loads(printed.split("=>", 1)[1])

    def test_there_and_back(self, web, tarball):
        assert web.install(tarball("1.0.0"), "--port", PORT).code == 0
        pid = web.pid()
        result = self.release(tarball("1.0.0"))
        assert (result["changed"], web.pid()) == (False, pid), result

        first = web.link("current")
        result = self.release(tarball("2.0.0"))
        assert (result["changed"], result.get("previous")) == (True, first), result

        done = web.install(tarball("2.0.0"))
        assert done.code == 0 and "already current and healthy" in done.out, done
        done = web.run("/opt/orders/current/install.sh --rollback")
        assert done.code == 0 and web.link("current") == first, done

        result = self.release(tarball("1.0.0"))
        assert result["changed"] is False, result
        assert [(entry["act"], entry["outcome"]) for entry in web.history()] == [
            ("install", "ok"),
            ("deploy", "ok"),
            ("rollback", "ok"),
        ]
