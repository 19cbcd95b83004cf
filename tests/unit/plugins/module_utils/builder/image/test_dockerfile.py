# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Dockerfile of the same content. system/image builds one, and compares the binaries."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError

from . import tarballs
from .tarballs import image, tarball_of


@pytest.fixture
def written(tmp_path):
    (tmp_path / "source" / "assets").mkdir(parents=True)
    (tmp_path / "source" / "config.json").write_text("{}", encoding="utf-8")

    def write(check_mode=False, **options):
        artifact = tarball_of(tmp_path / "dist")
        given = {"dockerfile": True, "source": str(tmp_path / "source"), **options}
        result = image(artifact, check_mode, **given)
        path = tmp_path / "dist" / "orders.Dockerfile"
        return result, path.read_text(encoding="utf-8") if path.exists() else ""

    return write


def test_it_builds_with_the_commands_of_the_artifact(written):
    result, text = written()
    assert result["dockerfile"] is True
    assert "ARG GO_IMAGE=golang:1.26.8\n" in text
    assert "GOEXPERIMENT=none \\\n    go build -trimpath" in text
    assert """'-ldflags=-s -w -X '"'"'main.v=a b'"'"'' -o /image/orders ./cmd/orders\n""" in text
    assert "\nFROM scratch\n" in text
    assert "\nUSER 65532:65532\nENV PORT=8080\nEXPOSE 8080\n" in text
    assert 'LABEL "org.opencontainers.image.version"="1.4.2"\n' in text
    assert text.endswith('STOPSIGNAL SIGTERM\nENTRYPOINT ["/orders"]\n')


def test_a_second_run_leaves_it(written):
    written()
    result, _text = written()
    assert (result["dockerfile"], result["changed"]) == (False, False)


def test_check_mode_writes_none(written):
    result, text = written(check_mode=True)
    assert result["dockerfile"] is True and text == ""


def test_files_arguments_labels_and_a_base(written, tmp_path):
    source = tmp_path / "source"
    digest = "sha256:" + "0" * 64
    base = image(tarball_of(tmp_path / "base"))
    files = [
        {"src": str(source / "assets"), "dest": None, "exclude": []},
        {"src": str(source / "config.json"), "dest": "/etc/config.json", "exclude": []},
    ]
    (source / "assets" / "a.css").write_text("", encoding="utf-8")
    (source / "run it.sh").write_text("", encoding="utf-8")
    (source / "run it.sh").chmod(0o700)
    files.append({"src": str(source / "*.sh"), "dest": "bin/", "exclude": []})
    _result, text = written(files=files, args=["-port", "{port}"], labels={"a": 'b"$ü'}, time_zones=False)
    assert (
        """RUN install -D -m 0644 -- assets/a.css /files/assets/a.css && \\
    install -D -m 0755 -- 'run it.sh' '/files/bin/run it.sh' && \\
    install -D -m 0644 -- config.json /files/etc/config.json

FROM scratch
COPY --from=build /image/ /
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /files/ /
"""
        in text
    )
    assert 'LABEL "a"="b\\"\\$ü"\n' in text
    assert text.endswith('CMD ["-port", "8080"]\n')
    with pytest.raises(SlipwayError, match="a Dockerfile cannot begin with a layout"):
        written(base="%s@%s" % (base["layout"], base["digest"]))
    assert digest not in text


def test_files_from_elsewhere(written, tmp_path):
    (tmp_path / "elsewhere").write_text("", encoding="utf-8")
    files = [{"src": str(tmp_path / "elsewhere"), "dest": None, "exclude": []}]
    with pytest.raises(SlipwayError, match="takes files of the module's directory only"):
        written(files=files)


def test_certificates_of_the_user_are_those_of_the_source(written, tmp_path):
    for place in ("source", "elsewhere"):
        path = tmp_path / place / "ca.pem"
        path.parent.mkdir(exist_ok=True)
        path.write_text(tarballs.CERTIFICATE, encoding="utf-8")
    _result, text = written(ca_certificates=str(tmp_path / "source" / "ca.pem"))
    assert "install -D -m 0644 -- ca.pem /files/etc/ssl/certs/ca-certificates.crt\n" in text
    assert "COPY --from=build /etc/ssl" not in text
    with pytest.raises(SlipwayError, match="takes files of the module's directory only"):
        written(ca_certificates=str(tmp_path / "elsewhere" / "ca.pem"))


def test_files_whose_place_is_not_known(tmp_path):
    artifact = tarball_of(tmp_path / "dist", **{"templates/index.html": "x"})
    with pytest.raises(SlipwayError, match="name in files where the files of the artifact are"):
        image(artifact, dockerfile=True, source=str(tmp_path))


def test_a_binary_of_another_tool(written, monkeypatch):
    monkeypatch.setattr(tarballs, "PROVENANCE", json.loads('{"command": [], "inputs": {}, "binary": {}}'))
    with pytest.raises(SlipwayError, match="was built elsewhere, and its commands are not known"):
        written()


@pytest.mark.parametrize("change", [{"binary": {"before_upx": {"size": 1}}}, {"inputs": {"cgo": "true"}}])
def test_binaries_that_a_dockerfile_could_not_repeat(written, monkeypatch, change):
    monkeypatch.setattr(tarballs, "PROVENANCE", dict(tarballs.PROVENANCE, **change))
    with pytest.raises(SlipwayError, match="there is none for binaries with upx or cgo"):
        written()
