# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fetching from real servers that do real harm. molecule/fleet has them on other hosts, with TLS."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.server
import json
import os
import threading
import urllib.request
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.artifact import pull, stage
from ansible_collections.slipway.golang.plugins.module_utils.host.releases.layout import Layout
from ansible_collections.slipway.golang.plugins.plugin_utils import mirror

from .tarballs import members_for, tar_gz

CONTENT = os.urandom(1_000_000)
TOKEN = "abc.def-1_2="
GOOD = 'Bearer realm="http://%s/token",service="reg",scope="repository:shop:pull"'
CHALLENGE = {
    "blob": GOOD,
    "moved": GOOD,
    "basic": 'Basic realm="http://%s/token"',
    "file": 'Bearer realm="file:///etc/passwd?%s"',
    "hostile": 'Bearer realm="http://%s/token"',
    "nothing": "%s",
}


class Answers(http.server.BaseHTTPRequestHandler):
    """As the path says."""

    asked = []
    content = CONTENT

    def do_GET(self):
        kind = self.path.partition("?")[0].strip("/")
        begin = int(self.headers.get("Range", "bytes=0-")[6:].rstrip("-"))
        self.asked.append(begin)
        if kind == "token":
            return self.send_token()
        if kind.startswith("v2/") and self.headers.get("Authorization") != "Bearer " + TOKEN:
            self.send_response(401)
            self.send_header("WWW-Authenticate", CHALLENGE[kind.rpartition("/")[2]] % self.headers["Host"])
            return self.end_headers()
        if kind == "v2/moved":
            self.send_response(307)
            self.send_header("Location", "http://localhost:%d/store" % self.server.server_address[1])
            return self.end_headers()
        if kind == "store" and "Authorization" in self.headers:
            return self.send_error(400)
        if kind == "missing":
            return self.send_error(404)
        if kind == "forbidden":
            return self.send_error(403)
        if kind == "busy" and len(self.asked) < 3:
            return self.send_error(503)
        if kind in ("away", "down", "astray"):
            self.send_response(302)
            self.send_header(
                "Location",
                {
                    "away": "http://%s/good" % self.headers["Host"],
                    "down": "file:///etc/passwd",
                    "astray": "http://[a/",
                }[kind],
            )
            return self.end_headers()
        ranges = begin and kind != "forgetful"
        content = self.content[begin:] if ranges else self.content
        self.send_response(206 if ranges else 200)
        self.send_header(
            "Content-Length", "many" if kind == "babble" else str(len(content) + (kind == "larger"))
        )
        self.end_headers()
        if kind == "silent":
            self.server.stop.wait(10)
            return None
        if kind == "dripping":
            with contextlib.suppress(OSError):
                while not self.server.stop.wait(0.05):
                    self.wfile.write(b"x")
            return None
        cut = kind in ("cut", "forgetful") and len(self.asked) < 5 or kind == "hopeless"
        self.wfile.write(content[: 0 if kind == "hopeless" and begin else 300_000] if cut else content)
        return None

    def send_token(self):
        """As a registry does for everybody who may read."""
        self.send_response(200)
        self.end_headers()
        good = self.path.endswith("?service=reg&scope=repository%3Ashop%3Apull")
        self.wfile.write(json.dumps({"token": TOKEN if good else "a\r\nX: b"}).encode())

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture
def url():
    Answers.asked = []
    Answers.content = CONTENT
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.stop = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "http://127.0.0.1:%d/" % server.server_address[1]
    server.stop.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("kind", ["blob", "moved"])
def test_a_registry_gives_a_token_to_everybody(kind, url, tmp_path):
    pull.fetch(url + "v2/" + kind, len(CONTENT), str(tmp_path / "file"))
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["basic", "file", "hostile", "nothing"])
def test_a_registry_that_wants_a_password_or_worse(kind, url, tmp_path):
    with pytest.raises(SlipwayError, match="HTTP status 401"):
        pull.fetch(url + "v2/" + kind, len(CONTENT), str(tmp_path / "file"))
    assert len(Answers.asked) <= 2


@pytest.mark.parametrize("kind", ["good", "cut", "forgetful", "busy", "away"])
def test_the_file_is_whole(kind, url, tmp_path):
    (tmp_path / "file").write_bytes(b"left over")
    pull.fetch(url + kind, len(CONTENT), str(tmp_path / "file"))
    assert (tmp_path / "file").read_bytes() == CONTENT and (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    if kind == "cut":
        assert Answers.asked == [0, 300_000, 600_000, 900_000]


@pytest.mark.parametrize(
    "kind, message",
    [
        ("missing", "sent 0 of 1000000 bytes: HTTP status 404"),
        ("forbidden", "sent 0 of 1000000 bytes: HTTP status 403"),
        ("larger", "is not the artifact: it has 1000001 bytes"),
        ("hopeless", "sent 300000 of 1000000 bytes: "),
        ("down", "HTTP status 302"),
        ("astray", "invalid HTTP response"),
        ("babble", "invalid HTTP response"),
    ],
)
def test_what_cannot_be_fetched_is_reported_without_secrets(kind, message, url, tmp_path):
    with pytest.raises(SlipwayError, match=message) as caught:
        pull.fetch(url + kind + "?signature=secret", len(CONTENT), str(tmp_path / "file"))
    assert "secret" not in str(caught.value) and "/%s?…" % kind in str(caught.value)


def artifact(binary):
    """An artifact that is not compressed, so that another binary of the same length gives the same size."""
    members, manifest = members_for({"bin/orders": (binary, "0755")})
    return gzip.compress(gzip.decompress(tar_gz(members).read()), 0, mtime=0), manifest.digest


@pytest.fixture
def pulled_stage(url, tmp_path):
    """A function that stages a release whose artifact the host has to pull from the mirror."""
    data, digest = artifact(b"a" * 1000)
    layout = Layout("orders", str(tmp_path / "orders"))
    os.makedirs(layout.incoming)

    def run(path):
        request = SimpleNamespace(
            layout=layout, pull_url=url + path, pull_ca_file=None, allowed_signers=None, app="orders"
        )
        target = SimpleNamespace(id="1.0.0-0a1b2c3d4e5f", artifact={"digest": digest, "size": len(data)})
        with pytest.raises(SlipwayError) as caught:
            stage.stage(request, target, None, None)
        assert os.listdir(layout.incoming) == []
        assert not os.path.exists(layout.releases_dir)
        return caught.value

    return run


def test_a_mirror_that_answers_403_makes_the_host_ask_for_the_full_artifact(pulled_stage):
    error = pulled_stage("forbidden?signature=secret")
    assert error.facts["full_needed"] is True
    assert str(error).startswith("The artifact could not be pulled: http://127.0.0.1:")
    assert "HTTP status 403" in str(error) and "secret" not in str(error)


def test_other_content_under_the_right_name_is_noticed_by_its_digest(pulled_stage):
    Answers.content, other = artifact(b"b" * 1000)
    error = pulled_stage("good?signature=secret")
    assert error.facts["full_needed"] is True
    assert "The artifact is not the requested one: its digest is %s" % other in str(error)
    assert "secret" not in str(error)


def test_a_redirect_from_https_to_http_is_refused():
    request = urllib.request.Request("https://mirror/a")
    with pytest.raises(
        SlipwayError, match="https://mirror/a redirects to another scheme, http://other/b: refused"
    ):
        pull._Redirects().redirect_request(request, None, 302, "Found", {}, "http://other/b")


def test_a_server_that_falls_silent_is_given_up(url, tmp_path, monkeypatch):
    monkeypatch.setattr(pull, "STALLED", 0.1)
    monkeypatch.setattr(pull, "ATTEMPTS", 2)
    with pytest.raises(SlipwayError, match="timed out"):
        pull.fetch(url + "silent", len(CONTENT), str(tmp_path / "file"))


def test_a_server_that_gives_a_byte_now_and_then_is_given_up(url, tmp_path, monkeypatch):
    monkeypatch.setattr(pull, "FIRST", 0.3)
    monkeypatch.setattr(pull, "SLOWEST", 10 * len(CONTENT))
    with pytest.raises(SlipwayError, match="is too slow: it sent [0-9]+ of 1000000 bytes"):
        pull.fetch(url + "dripping", len(CONTENT), str(tmp_path / "file"))


def test_a_server_that_does_not_listen(tmp_path):
    with pytest.raises(SlipwayError, match="Connection refused"):
        pull.fetch("http://127.0.0.1:1/a", 1, str(tmp_path / "file"))


def test_certificates_that_cannot_be_read(tmp_path):
    with pytest.raises(SlipwayError, match=r"pull_ca_file\): /nowhere"):
        pull.fetch("https://127.0.0.1:1/a", 1, str(tmp_path / "file"), "/nowhere")


@pytest.mark.parametrize(
    "urls, message",
    [
        (["ftp://mirror/"], "http"),
        (["oci://registry/"], "use a registry and a repository"),
        (["oci://registry.example/Shop"], "use a registry and a repository"),
        (["oci://registry.example/shop:1.0"], "use a registry and a repository"),
        (["oci://registry.example/shop@sha256:" + "0" * 64], "a tarball has a digest of its own"),
        (["oci://user:secret@registry.example/shop"], "no password"),
        (["oci://registry.example/shop", "https://a/b"], "give it alone"),
        (["file:///etc/"], "http"),
        (["https://a/b?signature=se cret"], "space"),
        (["https://a/b?signature=s\u00e9cret"], "%XX"),
        (["https://[a/?signature=secret"], "malformed"),
        (["https://a:x/?signature=secret"], "malformed"),
        (["https://user:secret@a/"], "no password"),
        (["https://a/b"], "ends with /"),
        (["https://a/b", "https://a/c", "https://a/d"], "ends with /"),
    ],
)
def test_urls_that_no_host_could_use(urls, message):
    with pytest.raises(InvalidInput, match="^pull_from: .*" + message) as caught:
        mirror.check(urls, ["a", "b"])
    assert "cret" not in str(caught.value)


def test_a_registry_has_all_artifacts_by_their_digests(tmp_path):
    tarball = tmp_path / "a.tar.gz"
    tarball.write_bytes(b"tarball")
    request = {
        "artifacts": [{"path": str(tarball)}],
        "pull_from": ["oci://registry.example:5000/shop/orders"],
    }
    mirror.check(request["pull_from"], ["a", "b"])
    assert mirror.url_of(str(tarball), request) == (
        "https://registry.example:5000/v2/shop/orders/blobs/sha256:" + hashlib.sha256(b"tarball").hexdigest()
    )


def test_every_artifact_has_its_url():
    request = {"artifacts": [{"path": "/d/a b.tar.gz"}, {"path": "/d/c.tar.gz"}]}
    assert (
        mirror.url_of("/d/a b.tar.gz", dict(request, pull_from=["https://m/x/"]))
        == "https://m/x/a%20b.tar.gz"
    )
    assert (
        mirror.url_of("/d/c.tar.gz", dict(request, pull_from=["https://m/1", "https://m/2?s=3"]))
        == "https://m/2?s=3"
    )
