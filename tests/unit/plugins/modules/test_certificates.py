# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot_certificate in check mode and when a certificate is removed; certificate_info of files."""

from __future__ import annotations

import os

import pytest
import yaml
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot import apply
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.state import Paths
from ansible_collections.slipway.golang.plugins.modules import certbot_certificate, certificate_info

from ..module_utils.host.certbot.lineages import NAME, make_pair, options


@pytest.fixture
def paths(tmp_path, monkeypatch):
    """A directory in place of /etc/letsencrypt, on a host without nginx."""
    monkeypatch.setattr(certbot_certificate, "Paths", lambda name: Paths(name, str(tmp_path)))
    monkeypatch.setattr(apply, "nginx_files", lambda directory: [])
    return Paths(NAME, str(tmp_path))


@pytest.fixture
def foreign(paths):
    """Files that certbot does not know."""
    os.makedirs(paths.live)
    make_pair(paths.fullchain, paths.key, [NAME])
    return paths


def test_check_mode_says_why_certbot_would_run(paths):
    result, warnings = certbot_certificate.present(options(), check_mode=True)
    assert (result["changed"], result["reasons"], result["actions"]) == (True, ["no certificate yet"], [])
    assert result["diff"]["before"] == "" and "expires: set by the CA\n" in result["diff"]["after"]
    assert result["fullchain"] == paths.fullchain and "serial" not in result and warnings == []


def test_the_result_is_documented(foreign):
    result, _warnings = certbot_certificate.present(options(), check_mode=True)
    assert set(result) - {"changed", "diff"} < set(yaml.safe_load(certbot_certificate.RETURN))
    assert result["domains"] == [NAME] and result["days_left"] == 89


@pytest.mark.parametrize("check_mode", [True, False])
def test_files_that_certbot_does_not_know_are_moved_away(foreign, check_mode):
    result, warnings = certbot_certificate.absent(options(state="absent"), check_mode)
    assert result["changed"] and result["reasons"] == ["it is there: %s" % foreign.live]
    assert bool(result["actions"]) is os.path.exists(os.path.join(foreign.config_dir, "slipway-backup"))
    assert os.path.exists(foreign.live) is check_mode and warnings == []


def test_nothing_is_to_be_removed_on_a_bare_host(paths):
    result, _warnings = certbot_certificate.absent(options(state="absent"), False)
    assert (result["changed"], result["reasons"], result["actions"]) == (False, [], [])


def test_a_server_that_still_names_the_certificate_is_a_warning(foreign, monkeypatch):
    monkeypatch.setattr(apply, "nginx_files", lambda directory: ["/etc/nginx/conf.d/x.conf"])
    _result, warnings = certbot_certificate.absent(options(state="absent"), False)
    assert warnings == [
        "nginx would not start again: files in %s are named in /etc/nginx/conf.d/x.conf. Remove them there"
        % foreign.live
    ]


def test_every_file_has_its_facts(foreign, tmp_path):
    bad = tmp_path / "bad.pem"
    bad.write_text("hello", encoding="ascii")
    missing = str(tmp_path / "missing.pem")
    result = certificate_info.run({"paths": [foreign.fullchain, str(bad), missing], "key": None})
    good, damaged, none = result["certificates"]
    assert good["exists"] and good["domains"] == [NAME] and "key_matches" not in good
    assert damaged["exists"] and damaged["problem"].endswith("there is no PEM certificate in it")
    assert none == {"path": missing, "exists": False}
    documented = yaml.safe_load(certificate_info.RETURN)["certificates"]["contains"]
    assert set(good) | set(damaged) <= set(documented)


def test_a_key_is_compared_with_one_certificate_only(foreign):
    one = certificate_info.run({"paths": [foreign.fullchain], "key": foreign.key})
    assert one["certificates"][0]["key_matches"]
    with pytest.raises(InvalidInput, match="^key: .*use one path"):
        certificate_info.run({"paths": [foreign.fullchain] * 2, "key": foreign.key})
