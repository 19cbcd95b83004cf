# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose signature a host accepts, as ssh-keygen itself sees it."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.artifact import signature


@pytest.fixture
def release(tmp_path):
    """A directory with a manifest, and the keys of ann and eve beside it."""
    for name in ("ann", "eve"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(tmp_path / name)],
            check=True,
        )
    (tmp_path / "manifest.json").write_text("{}\n")
    return tmp_path


def sign(release, who, namespace="slipway"):
    argv = [
        "ssh-keygen",
        "-q",
        "-Y",
        "sign",
        "-n",
        namespace,
        "-f",
        str(release / who),
        str(release / "manifest.json"),
    ]
    subprocess.run(argv, check=True, capture_output=True)


def allowed(release, who="ann", options=""):
    return "%s@example.com %s %s" % (who, options, (release / (who + ".pub")).read_text())


def test_a_trusted_signer_is_named(release):
    sign(release, "ann")
    assert (
        signature.verify(
            str(release), allowed(release, "eve") + allowed(release, options='namespaces="slipway"')
        )
        == "ann@example.com"
    )


def test_an_artifact_without_a_signature_is_refused(release):
    with pytest.raises(SlipwayError, match="is not signed"):
        signature.verify(str(release), allowed(release))


def test_a_right_digest_does_not_help_an_unknown_signer(release):
    sign(release, "eve")
    with pytest.raises(SlipwayError, match="not in slipway_allowed_signers"):
        signature.verify(str(release), allowed(release))


def test_a_signature_of_another_manifest_is_refused(release):
    sign(release, "ann")
    (release / "manifest.json").write_text('{"other": 1}\n')
    with pytest.raises(SlipwayError, match="signature is not valid"):
        signature.verify(str(release), allowed(release))


def test_what_was_signed_for_another_purpose_is_refused(release):
    sign(release, "ann", namespace="git")
    with pytest.raises(SlipwayError, match="signature is not valid"):
        signature.verify(str(release), allowed(release))


@pytest.mark.parametrize("options", ['valid-before="20200101"', 'valid-after="20990101"', 'namespaces="git"'])
def test_a_key_that_is_revoked_by_its_time_or_kept_to_another_purpose_is_refused(release, options):
    sign(release, "ann")
    with pytest.raises(SlipwayError):
        signature.verify(str(release), allowed(release, options=options))


def test_a_key_that_is_taken_out_of_the_list_is_refused_from_then_on(release):
    sign(release, "ann")
    assert signature.verify(str(release), allowed(release))
    with pytest.raises(SlipwayError, match="not in slipway_allowed_signers"):
        signature.verify(str(release), allowed(release, "eve"))


@pytest.mark.parametrize(
    "text", ["", "\n", "# nobody\n", "ann@example.com\n", "* ssh-ed25519 AAAA\n", "\0", "x" * 100_000]
)
def test_a_list_that_names_nobody_trusts_nobody(release, text):
    sign(release, "ann")
    with pytest.raises(SlipwayError):
        signature.verify(str(release), text)


BEGIN = b"-----BEGIN SSH SIGNATURE-----\n"


@pytest.mark.parametrize("content", [b"", b"\0" * 100, BEGIN, BEGIN + b"AAAA\n-----END SSH SIGNATURE-----\n"])
def test_a_file_that_is_no_signature_is_refused(release, content):
    (release / "manifest.json.sig").write_bytes(content)
    with pytest.raises(SlipwayError):
        signature.verify(str(release), allowed(release))
