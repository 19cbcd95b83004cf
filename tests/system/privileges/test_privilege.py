# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who can read, write and run what on a host with a service: by trying. See docs/results/privileges.md."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from support.lab import CHECKOUT

from .conftest import SECRETS

USERS = ("orders", "operator", "auditor", "outsider")
NOBODY = set()
SUDO = "sudo -n "

# What is tried, and who succeeds.
MATRIX = [
    (
        "read the release",
        "cat /opt/orders/current/bin/orders >/dev/null && cat /opt/orders/current/manifest.json",
        set(USERS),
    ),
    ("read the environment", "cat /opt/orders/current/environment", NOBODY),
    ("read the environment of an older release", "cat /opt/orders/releases/*/environment", NOBODY),
    ("read the deploy history", "cat /opt/orders/history.jsonl", NOBODY),
    ("read what is being unpacked", "ls /opt/orders/incoming/", NOBODY),
    ("read the rights of others", "cat /etc/sudoers.d/slipway-orders", NOBODY),
    (
        "read the process's environment as somebody else",
        "test $(id -un) != orders && cat /proc/$(pidof orders)/environ",
        NOBODY,
    ),
    ("change the program", "echo x >>/opt/orders/current/bin/orders", NOBODY),
    (
        "replace the program",
        "mv /bin/true /opt/orders/current/bin/orders || cp /bin/true /opt/orders/current/bin/new",
        NOBODY,
    ),
    ("switch to another release", "ln -sfn releases/evil /opt/orders/current", NOBODY),
    ("add a release", "mkdir /opt/orders/releases/evil", NOBODY),
    ("drop something into incoming", "mkdir /opt/orders/incoming/evil", NOBODY),
    ("rename the app's directory", "mv /opt/orders /opt/orders2", NOBODY),
    ("change the unit", "echo >>/etc/systemd/system/orders.service", NOBODY),
    (
        "add a drop-in to the unit",
        "mkdir -p /etc/systemd/system/orders.service.d && touch /etc/systemd/system/orders.service.d/x.conf",
        NOBODY,
    ),
    ("write the service's own state", "touch /var/lib/orders/mine", {"orders"}),
    ("read the service's own state", "ls /var/lib/orders/", {"orders"}),
    ("hold the deploy lock", "flock -n /opt/orders/lock true", NOBODY),
    ("start the service", SUDO + "/usr/bin/systemctl start orders.service", {"operator"}),
    ("restart the service", SUDO + "/usr/bin/systemctl restart orders.service", {"operator"}),
    ("forget its failures", SUDO + "/usr/bin/systemctl reset-failed orders.service", {"operator"}),
    ("see its status", SUDO + "/usr/bin/systemctl --no-pager status orders.service", {"operator", "auditor"}),
    (
        "see its journal",
        SUDO + "/usr/bin/journalctl --no-pager -n 200 -u orders.service",
        {"operator", "auditor"},
    ),
    ("see it in a pager, which has a shell", SUDO + "/usr/bin/systemctl status orders.service", NOBODY),
    ("see the journal of another unit", SUDO + "/usr/bin/journalctl --no-pager -u ssh.service", NOBODY),
    (
        "see the journal of another unit beside",
        SUDO + "/usr/bin/journalctl --no-pager -u orders.service -u ssh.service",
        NOBODY,
    ),
    (
        "see files through journalctl",
        SUDO + "/usr/bin/journalctl --no-pager -u orders.service --file=/etc/shadow",
        NOBODY,
    ),
    ("restart another service", SUDO + "/usr/bin/systemctl restart cron.service", NOBODY),
    (
        "restart another service beside",
        SUDO + "/usr/bin/systemctl restart orders.service cron.service",
        NOBODY,
    ),
    ("restart a service of a similar name", SUDO + "/usr/bin/systemctl restart orders", NOBODY),
    ("restart it on another machine", SUDO + "/usr/bin/systemctl restart -H evil orders.service", NOBODY),
    ("edit the unit", SUDO + "/usr/bin/systemctl edit orders.service", NOBODY),
    (
        "set a property of the unit",
        SUDO + "/usr/bin/systemctl set-property orders.service MemoryMax=1G",
        NOBODY,
    ),
    ("enable a unit", SUDO + "/usr/bin/systemctl enable /tmp/evil.service", NOBODY),
    ("run a unit of one's own", SUDO + "/usr/bin/systemd-run id", NOBODY),
    ("run a shell", SUDO + "sh -c true", NOBODY),
    ("roll back by install.sh", SUDO + "/opt/orders/current/install.sh --rollback", NOBODY),
    ("become the service", SUDO + "-u orders true", NOBODY),
    ("log in as the service", "su orders -c true </dev/null", NOBODY),
    (
        "bring an environment through sudo",
        "SYSTEMD_PAGER='touch /tmp/pwned' PAGER='touch /tmp/pwned' "
        + SUDO
        + "/usr/bin/systemctl --no-pager status orders.service >/dev/null && test -e /tmp/pwned",
        NOBODY,
    ),
    ("stop the service", SUDO + "/usr/bin/systemctl stop orders.service", {"operator"}),
]


@pytest.mark.parametrize("what, command, allowed", MATRIX, ids=[row[0] for row in MATRIX])
def test_who_can(host, deployed, what, command, allowed):
    tried = "".join(
        "if runuser -u %s -- sh -c %s; then echo %s >&3; fi; " % (user, shlex.quote(command), user)
        for user in USERS
    )
    succeeded = host.sure(
        "cd /; exec 3>&1 >/dev/null 2>&1; %s systemctl reset-failed orders; systemctl start orders" % tried
    )
    assert set(succeeded.split()) == allowed


def test_the_table_in_the_documentation_is_this_one():
    text = (CHECKOUT / "docs" / "results" / "privileges.md").read_text(encoding="utf-8")
    for what, dummy, allowed in MATRIX:
        cells = " | ".join("yes" if user in allowed else "no" for user in USERS)
        assert "| %s | %s |" % (what, cells) in text, "| %s | %s |" % (what, cells)


@pytest.mark.parametrize("secret", sorted(SECRETS))
def test_a_secret_is_seen_nowhere(host, deployed, secret):
    word = SECRETS[secret]
    assert word not in deployed.said, "in the output of ansible-playbook -vvv --diff"
    for path in deployed.directory.rglob("*"):
        assert not path.is_file() or word.encode() not in path.read_bytes(), path
    assert word not in host.sure(
        "journalctl --no-pager --all --output=verbose; cat /root/command-lines; dmesg 2>/dev/null || true"
    )
    assert host.sure("wc -c </root/command-lines").strip() != "0", "nobody watched"
    found = host.files_with(word)
    readable = [path for path in found if host.may("outsider", "cat %s" % shlex.quote(path))]
    assert found, "the secret has to be somewhere, or this test looks at nothing"
    assert readable == []
    assert {str(Path(path).parent.parent) for path in found if path.endswith("/environment")} <= {
        "/opt/orders/releases"
    }


def test_everything_of_the_app_belongs_to_root_and_only_two_links_are_there(host, deployed):
    assert host.sure("find /opt/orders ! -user root -o -perm /022 ! -type l -o -perm /6000").split() == []
    assert sorted(host.sure("find /opt/orders -type l").split()) in (
        ["/opt/orders/current"],
        ["/opt/orders/current", "/opt/orders/previous"],
    )
    assert host.sure("stat -c %a /opt/orders/incoming").strip() == "700"


# As the service's user, as fast as it goes: everything that a compromised app could try against a deploy.
RACE = """
while :; do
  for place in /opt/orders /opt/orders/incoming /opt/orders/releases \\
    /opt/orders/incoming/* /opt/orders/releases/*; do
    ln -s /etc/shadow "$place/evil"; mkdir "$place/evil"
    mv "$place" "$place.evil"; echo evil >"$place/bin/orders"
  done
  ln -sfn /tmp/evil /opt/orders/current
  ln -sf /etc/shadow /opt/orders/lock; ln -sf /etc/shadow /opt/orders/history.jsonl
  for place in /var/lib/orders/evil /run/orders/evil /run/orders-smoke/evil /tmp/slipway-signers-evil \\
    /tmp/orders /var/tmp/slipway.evil; do ln -sf /etc/passwd $place; done
done 2>/dev/null
"""


def test_a_compromised_app_cannot_come_between_unpacking_and_the_switch(host, deployed):
    """It makes links wherever it may and tries it everywhere else, while two releases go live."""
    before = host.sure("sha256sum /etc/passwd /etc/shadow; stat -c '%U %a' /etc/passwd /etc/shadow")
    host.write("/tmp/race", RACE)
    host.sure("systemd-run --quiet --collect --unit=race --uid=orders --nice=5 sh /tmp/race")
    try:
        for version in ("1.1.0", "1.2.0"):
            deployed.sure("deploy", slipway_version=version)
    finally:
        host.sure("systemctl stop race; rm -f /tmp/orders /tmp/slipway-signers-evil /var/tmp/slipway.evil")
    assert "/1.2.0-" in host.sure("readlink -f /opt/orders/current")
    host.sure("cd /opt/orders/current && sha256sum --quiet -c SHA256SUMS")
    assert host.sure("find /opt/orders -name '*evil*'") == ""
    assert host.sure("find /opt/orders ! -user root") == ""
    assert host.sure("sha256sum /etc/passwd /etc/shadow; stat -c '%U %a' /etc/passwd /etc/shadow") == before


def test_a_directory_is_not_given_away_through_a_link_that_the_service_made(host, deployed):
    host.sure("runuser -u orders -- ln -sfn /etc /var/lib/orders/uploads")
    owner = host.sure("stat -c %U:%G:%a /etc")
    done = deployed.run(
        "setup", "--tags", "all", system_user_directories=[{"path": "/var/lib/orders/uploads"}]
    )
    assert host.sure("stat -c %U:%G:%a /etc") == owner
    assert done.code != 0
    host.sure("rm /var/lib/orders/uploads")
