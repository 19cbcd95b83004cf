# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certbot that is on the host already is used or refused, never joined by a second one."""

from __future__ import annotations

import pytest

WRAPPER = "#!/bin/sh\nexec /usr/local/lib/certbot/5.8.0-0a1b2c3d/bin/certbot\n"


class Places:
    """In place of the directories where certbot may be."""

    def __init__(self, tmp_path, run):
        self.snap, self.local, self.package = (
            tmp_path / name / "certbot" for name in ("snap/bin", "usr/local/bin", "usr/bin")
        )
        for path in (self.snap, self.local, self.package):
            path.parent.mkdir(parents=True)
        self._run = run

    def look(self, install):
        return self._run(
            "certbot",
            tasks_from="existing",
            certbot_install=install,
            certbot_certificates=[],
            __certbot_snaps=[str(self.snap)],
            __certbot_places=[str(self.snap), str(self.local), str(self.package)],
        )


@pytest.fixture
def places(tmp_path, run):
    return Places(tmp_path, run)


@pytest.mark.parametrize("install", ["package", "pip"])
def test_snaps_certbot_is_refused_with_what_to_do(places, install):
    places.snap.write_text("snap", encoding="utf-8")
    message = places.look(install).message
    for words in (str(places.snap), "snap.certbot.renew.timer", "certbot_install: existing", "snap remove"):
        assert words in message


def test_snaps_certbot_is_used_where_that_is_said(places):
    places.snap.write_text("snap", encoding="utf-8")
    assert places.look("existing").message == ""


def test_snaps_certbot_is_used_where_it_is_linked_as_its_instructions_say(places):
    places.snap.write_text("snap", encoding="utf-8")
    places.package.symlink_to(places.snap)
    assert places.look("package").message == ""


def test_a_certbot_that_somebody_put_there_is_not_replaced(places):
    places.local.write_text("#!/bin/sh\nexec /opt/certbot/bin/certbot\n", encoding="utf-8")
    assert "%s is on this host already" % places.local in places.look("pip").message


def test_our_own_is_no_second_one(places):
    places.local.write_text(WRAPPER, encoding="utf-8")
    assert places.look("pip").message == ""


def test_without_any_there_is_nothing_to_use(places):
    assert "there is no certbot on this host" in places.look("existing").message
    assert places.look("package").message == ""
