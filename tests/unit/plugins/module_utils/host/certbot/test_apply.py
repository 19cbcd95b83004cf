# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever goes wrong, nothing is lost, and what served before serves on."""

from __future__ import annotations

import os

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot import apply, cli
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.plan import (
    decide,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.request import (
    PRODUCTION,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.state import FILES, observe

from .lineages import NAME, make_pair, reasons, request, tree


def test_another_hook_needs_no_new_certificate(lineage, tmp_path):
    state = lineage()
    assert reasons(state, deploy_hook="/usr/local/sbin/reload") == []
    hook = tmp_path / "hook"
    hook.write_text("#!/bin/sh\n", encoding="ascii")
    hook.chmod(0o755)
    for path, text in ((str(hook), str(hook)), ("", "none")):
        requested = request(deploy_hook=path)
        plan = decide(requested, observe(state.paths), state.certificate.not_before)
        assert (plan.issue, plan.hook) == (False, True)
        assert plan.reasons[0].endswith("-> " + text)
        apply.change_hook(requested, state)
        after = observe(state.paths)
        assert decide(requested, after, state.certificate.not_before).reasons == []
        assert dict(state.parameters, renew_hook=None) == dict(after.parameters, renew_hook=None)


def test_a_hook_that_is_not_there_is_refused_before_anything_changes(lineage):
    state = lineage()
    with pytest.raises(SlipwayError, match="/nonexistent/hook is not on this host"):
        apply.change_hook(request(deploy_hook="/nonexistent/hook"), state)
    assert observe(state.paths).deploy_hook == "/usr/local/sbin/reload"


def lose_key(paths):
    os.unlink(os.path.join(paths.archive, "privkey1.pem"))


def lose_live(paths):
    for name in FILES:
        os.unlink(os.path.join(paths.live, name))
    os.rmdir(paths.live)


def lose_renewal(paths):
    os.unlink(paths.renewal)


def spoil_renewal(paths):
    with open(paths.renewal, "a", encoding="utf-8") as handle:
        handle.write("what is this\n")


def empty_renewal(paths):
    with open(paths.renewal, "w", encoding="utf-8"):
        pass


def spoil_certificate(paths):
    with open(paths.fullchain, "w", encoding="ascii") as handle:
        handle.write("hello")


def swap_key(paths):
    make_pair(os.path.join(paths.archive, "other.pem"), os.path.join(paths.archive, "privkey1.pem"), [NAME])


def flatten(paths):
    os.unlink(paths.key)
    os.rename(os.path.join(paths.archive, "privkey1.pem"), paths.key)


@pytest.mark.parametrize(
    "damage, expected",
    [
        (lose_key, "certificate files are lost: privkey.pem"),
        (lose_live, "certificate files are lost: cert.pem, chain.pem, fullchain.pem, privkey.pem"),
        (lose_renewal, "certbot does not know the files in"),
        (spoil_renewal, "line 16 is neither a section nor a setting"),
        (empty_renewal, "does not say how the certificate was obtained"),
        (spoil_certificate, "there is no PEM certificate in it"),
        (swap_key, "privkey.pem does not belong to fullchain.pem"),
        (flatten, "these must be links into"),
    ],
)
def test_damage_is_reported_and_the_files_are_moved_without_loss(lineage, damage, expected):
    paths = lineage().paths
    damage(paths)
    state = observe(paths)
    plan = decide(request(), state, 0)
    assert plan.issue and not state.known
    assert expected in plan.reasons[0]
    before = tree(paths.config_dir)
    with pytest.raises(SlipwayError, match="certbot got no certificate"):
        apply.issue(request(), state, run=lambda argv, bundle: refusal(paths, argv))
    assert tree(paths.config_dir) == before


def refusal(paths, argv):
    """What certbot prints if the CA refuses; by then the paths have to be free."""
    assert "--force-renewal" not in argv
    assert paths.present() == []
    return cli.Result(
        1, "An unexpected error occurred:\nValueError: Requesting ca/dir: Connection refused\n", ""
    )


def test_plain_files_that_came_from_elsewhere_serve_on_until_certbot_has_its_own(paths):
    os.makedirs(paths.live)
    make_pair(paths.fullchain, paths.key, [NAME])
    state = observe(paths)
    assert state.serves and not state.known
    with pytest.raises(SlipwayError, match="The present certificate stays in place and expires in 89 days"):
        apply.issue(request(), state, run=lambda argv, bundle: refusal(paths, argv))
    assert observe(paths).serves


def test_an_account_that_the_ca_does_not_know_is_replaced_once_and_restored_if_that_fails(lineage):
    state, accounts = lineage(), []

    def run(argv, bundle):
        accounts.append(os.path.isdir(state.paths.accounts(PRODUCTION)))
        error = (
            "acme.messages.Error: urn:ietf:params:acme:error:accountDoesNotExist :: The request "
            "specified an account that does not exist :: gone\n"
        )
        return cli.Result(1, "An unexpected error occurred:\nAttributeError: can't set attribute\n", error)

    with pytest.raises(SlipwayError, match="accountDoesNotExist"):
        apply.issue(request(domains=[NAME, "www.example.com"]), state, run=run)
    assert accounts == [True, False]
    assert observe(state.paths).account_gone is None
