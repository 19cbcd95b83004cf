# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why certbot has to run: lineages as certbot lays them out, and options as users give them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot import apply, cli
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.backup import Backup
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.plan import (
    decide,
    describe,
    preview,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.request import (
    PRODUCTION,
    STAGING,
    Request,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.certbot.state import FILES, Paths, observe
from ansible_collections.slipway.golang.plugins.modules.certbot_certificate import ARGUMENTS

DAY = 86400
NAME = "shop.example.com"
CURVE = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
RENEWAL = """# renew_before_expiry = 30 days
version = 2.1.0
archive_dir = {archive}
cert = {live}/cert.pem

# Options used in the renewal process
[renewalparams]
account = b1184908c16c31760c248f6e8c546d34
server = {server}
authenticator = webroot
webroot_path = /var/lib/slipway-acme,
key_type = ecdsa
renew_hook = /usr/local/sbin/reload
[[webroot_map]]
shop.example.com = /var/lib/slipway-acme
"""


def options(**given):
    """What Ansible makes of a task with these options."""
    defaults = {name: spec.get("default") for name, spec in ARGUMENTS.items()}
    return dict(defaults, **dict({"domains": [NAME], "webroot": "/var/lib/slipway-acme"}, **given))


def request(**given):
    return Request(options(**given))


def make_pair(certificate, key, names, kind=None, days=90):
    argv = [
        "openssl",
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        *(kind or CURVE),
        "-keyout",
        key,
        "-out",
        certificate,
        "-days",
        str(days),
    ]
    names = ",".join("DNS:" + name for name in names)
    subprocess.run(
        [*argv, "-subj", "/CN=" + NAME, "-addext", "subjectAltName=" + names], check=True, capture_output=True
    )


@pytest.fixture
def paths(tmp_path):
    return Paths(NAME, str(tmp_path))


@pytest.fixture
def lineage(paths):
    """A lineage on disk, as certbot leaves one."""

    def made(names=(NAME,), kind=None, server=PRODUCTION, settings=RENEWAL):
        for folder in (paths.live, paths.archive, os.path.dirname(paths.renewal)):
            os.makedirs(folder)
        targets = {name: os.path.join(paths.archive, name.replace(".pem", "1.pem")) for name in FILES}
        make_pair(targets["cert.pem"], targets["privkey.pem"], names, kind)
        for name in FILES:
            if not os.path.exists(targets[name]):
                os.link(targets["cert.pem"], targets[name])
            os.symlink(
                "../../archive/%s/%s" % (NAME, os.path.basename(targets[name])),
                os.path.join(paths.live, name),
            )
        with open(paths.renewal, "w", encoding="utf-8") as handle:
            handle.write(settings.format(archive=paths.archive, live=paths.live, server=server))
        os.makedirs(os.path.join(paths.accounts(server), "b1184908c16c31760c248f6e8c546d34"))
        return observe(paths)

    return made


def reasons(state, now=None, **given):
    now = state.certificate.not_before if now is None else now
    return decide(request(**given), state, now).reasons


def test_nothing_is_to_be_done_where_all_is_as_request(lineage):
    state = lineage()
    assert state.known
    assert reasons(state) == []
    assert not decide(request(), state, state.certificate.not_before).changed


def test_a_bare_host_has_no_certificate_yet(paths):
    state = observe(paths)
    plan = decide(request(), state, 0)
    assert (plan.issue, plan.reasons) == (True, ["no certificate yet"])
    assert describe(state) == ""
    assert "domains: shop.example.com\n" in preview(request(), state, plan)


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"domains": [NAME, "www.shop.example.com"]}, "domains: added www.shop.example.com"),
        ({"domains": ["www.shop.example.com"], "name": NAME}, "domains: added www.shop.example.com"),
        ({"key_type": "rsa"}, "key type: ecdsa -> rsa"),
        ({"elliptic_curve": "secp384r1"}, "elliptic curve: secp256r1 -> secp384r1"),
        ({"server": "https://ca.example.com/dir"}, "CA: %s -> https://ca.example.com/dir" % PRODUCTION),
        (
            {"webroot": "/srv/acme"},
            "authenticator: webroot webroot_path=/var/lib/slipway-acme -> webroot webroot_path=/srv/acme",
        ),
        (
            {"authenticator": "standalone"},
            "authenticator: webroot webroot_path=/var/lib/slipway-acme -> standalone",
        ),
        ({"preferred_chain": "Root X"}, "preferred chain: any -> Root X"),
        ({"reuse_key": True}, "reuse key: false -> true"),
    ],
)
def test_a_difference_is_a_reason_to_reissue(lineage, given, expected):
    state = lineage()
    plan = decide(request(**given), state, state.certificate.not_before)
    assert plan.issue
    assert plan.reasons[0] == expected
    assert describe(state) != preview(request(**given), state, plan)


def test_a_domain_that_is_no_longer_wanted_is_a_reason(lineage):
    assert reasons(lineage(names=[NAME, "old.example.com"])) == ["domains: removed old.example.com"]


def test_a_size_of_an_rsa_key_is_judged_only_where_it_was_asked_for(lineage):
    state = lineage(kind=["rsa:2048"])
    assert reasons(state, key_type="rsa") == []
    assert reasons(state, key_type="rsa", rsa_key_size=3072) == ["RSA key size: 2048 -> 3072"]


@pytest.mark.parametrize(
    "left, expected",
    [
        (31 * DAY, []),
        (29.5 * DAY, ["expires in 29 days"]),
        (3 * 3600, ["expires in 3 h"]),
        (-3.5 * DAY, ["expired 3 days ago"]),
    ],
)
def test_a_certificate_is_renewed_in_its_last_third(lineage, left, expected):
    state = lineage()
    assert reasons(state, now=state.certificate.not_after - left) == expected


def test_going_from_staging_to_production_reissues_and_the_other_way_is_refused(lineage):
    state = lineage(server=STAGING)
    assert reasons(state) == ["CA: %s -> %s" % (STAGING, PRODUCTION)]
    state.parameters["server"] = PRODUCTION
    with pytest.raises(SlipwayError, match="staging would put a test certificate in its place"):
        reasons(state, staging=True)
    assert reasons(state, staging=True, now=state.certificate.not_after + DAY)[-1] == "expired 1 day ago"


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


def test_an_account_that_is_gone_is_a_reason(lineage):
    state = lineage()
    os.rmdir(os.path.join(state.paths.accounts(PRODUCTION), "b1184908c16c31760c248f6e8c546d34"))
    assert "b1184908c16c31760c248f6e8c546d34" in reasons(observe(state.paths))[0]


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
def test_damage_is_told_and_makes_room_without_loss(lineage, damage, expected):
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
    """What certbot comes to where the CA refuses; by then the place has to be free."""
    assert "--force-renewal" not in argv
    assert paths.present() == []
    return cli.Result(
        1, "An unexpected error occurred:\nValueError: Requesting ca/dir: Connection refused\n", ""
    )


def tree(folder):
    """Everything below a folder: links by their targets, files by their content."""
    state = {}
    for home, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(home, name)
            state[path] = os.readlink(path) if path.is_symlink() else path.is_dir() or path.read_bytes()
    return state


def test_plain_files_that_came_from_elsewhere_serve_on_until_certbot_has_its_own(paths):
    os.makedirs(paths.live)
    make_pair(paths.fullchain, paths.key, [NAME])
    state = observe(paths)
    assert state.serves and not state.known
    with pytest.raises(SlipwayError, match="The present certificate stays in place and expires in 89 days"):
        apply.issue(request(), state, run=lambda argv, bundle: refusal(paths, argv))
    assert observe(paths).serves


def test_an_account_that_the_ca_forgot_makes_room_once_and_comes_back_where_that_did_not_help(lineage):
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


def test_what_is_restore_keeps_what_came_to_its_place(tmp_path):
    live = tmp_path / "live"
    live.mkdir()
    (live / "old").touch()
    backup = Backup(str(tmp_path), "x")
    backup.move([str(live)])
    assert (os.stat(tmp_path / "slipway-backup").st_mode & 0o777) == 0o700
    live.mkdir()
    (live / "new").touch()
    backup.restore()
    assert os.listdir(live) == ["old"]
    assert [path.name for path in (tmp_path / "slipway-backup").rglob("new")] == ["new"]


def test_a_reissue_asks_nothing_and_keeps_what_was_not_said_again(lineage):
    state = lineage(
        settings=RENEWAL.replace("key_type", "preferred_chain = Root X\nreuse_key = True\nkey_type")
    )
    argv = cli.issue(request(key_type="rsa", rsa_key_size=3072, email="ops@example.com"), state)
    line = " ".join(argv)
    for words in (
        "certonly --non-interactive --agree-tos --cert-name shop.example.com",
        "--force-renewal --renew-with-new-domains",
        "--email ops@example.com",
        "--authenticator webroot --webroot-path=/var/lib/slipway-acme",
        "--key-type rsa --rsa-key-size 3072",
        "--preferred-chain Root X",
        "--deploy-hook /usr/local/sbin/reload",
        "--reuse-key --new-key",
    ):
        assert words in line
    assert "--break-my-certs" not in line


def test_a_plugin_gets_its_options_by_their_full_names(paths):
    requested = request(
        domains=["*.example.com"],
        authenticator="dns-cloudflare",
        authenticator_options={"credentials": "/root/c.ini", "propagation-seconds": 30},
    )
    argv = cli.issue(requested, observe(paths))
    assert requested.name == "example.com"
    assert argv[argv.index("dns-cloudflare") + 1 :][:2] == [
        "--dns-cloudflare-credentials=/root/c.ini",
        "--dns-cloudflare-propagation-seconds=30",
    ]
    standalone = request(authenticator="standalone", standalone_port=8080, standalone_address="127.0.0.1")
    assert {"--http-01-port=8080", "--http-01-address=127.0.0.1"} <= set(
        cli.issue(standalone, observe(paths))
    )


@pytest.mark.parametrize(
    "given, field",
    [
        ({"domains": []}, "domains"),
        ({"domains": ["shop"]}, "domains"),
        ({"domains": ["Shop.example.com"]}, "domains"),
        ({"domains": ["shop.example.com\n"]}, "domains"),
        ({"domains": ["--help"]}, "domains"),
        ({"domains": ["-x.example.com"]}, "domains"),
        ({"domains": ["a..example.com"]}, "domains"),
        ({"domains": ["192.0.2.1"]}, "domains"),
        ({"domains": ["a.example.com", "a.example.com"]}, "domains"),
        ({"domains": ["a%d.example.com" % number for number in range(101)]}, "domains"),
        ({"domains": ["*.example.com"]}, "domains"),
        ({"domains": ["*.example.com"], "authenticator": "standalone"}, "domains"),
        ({"name": "../shop"}, "name"),
        ({"name": ""}, "name"),
        ({"server": "http://ca.example.com/dir"}, "server"),
        ({"server": "https://ca.example.com/dir\n"}, "server"),
        ({"server": "https://ca.example.com/../../dir x"}, "server"),
        ({"server": PRODUCTION, "staging": True}, "staging"),
        ({"email": "ops"}, "email"),
        ({"email": "--help@example.com"}, "email"),
        ({"webroot": None}, "webroot"),
        ({"webroot": "acme"}, "webroot"),
        ({"webroot": "/srv/a,b"}, "webroot"),
        ({"webroot": "/srv/../etc"}, "webroot"),
        ({"authenticator": "web root"}, "authenticator"),
        ({"authenticator": "--manual"}, "authenticator"),
        ({"authenticator": "standalone", "standalone_port": 70000}, "standalone_port"),
        ({"authenticator": "standalone", "standalone_address": "example.com; id"}, "standalone_address"),
        ({"authenticator": "dns-x", "authenticator_options": {"cred entials": "x"}}, "authenticator_options"),
        (
            {"authenticator": "dns-x", "authenticator_options": {"credentials": "a\nb"}},
            "authenticator_options.credentials",
        ),
        ({"key_type": "ecdsa", "rsa_key_size": 4096}, "rsa_key_size"),
        ({"key_type": "rsa", "elliptic_curve": "secp384r1"}, "elliptic_curve"),
        ({"key_type": "rsa", "rsa_key_size": 1024}, "rsa_key_size"),
        ({"deploy_hook": "nginx -s reload"}, "deploy_hook"),
        ({"deploy_hook": "/bin/true; /bin/false"}, "deploy_hook"),
        ({"preferred_chain": "--help"}, "preferred_chain"),
        ({"ca_bundle": "bundle.pem"}, "ca_bundle"),
    ],
)
def test_bad_options_are_refused_by_name(given, field):
    with pytest.raises(InvalidInput, match="^%s: " % field.replace(".", r"\.")):
        request(**given)
