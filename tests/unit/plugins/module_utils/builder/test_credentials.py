# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials for private modules: they reach git, and nothing else."""

from __future__ import annotations

import base64
import http.server
import os
import subprocess
import threading

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.builder import processes, toolchain
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput, SlipwayError

from .workshop import Workshop

TOKEN = "glpat-s3cret/with+odd=signs"
MODULE = "github.com/team/lib"
ELSEWHERE = "git.example.com/team/else.git"
HELPER = """\
#!/bin/sh
[ "$1" = get ] || exit 0
echo "username=ci"
echo "password=$CI_GIT_TOKEN"
"""
ASKPASS = """\
#!/bin/sh
case $1 in
Username*) echo ci ;;
*) echo "$CI_GIT_TOKEN" ;;
esac
"""


class Private(http.server.SimpleHTTPRequestHandler):
    """Repositories as files, for those who have the token."""

    def do_GET(self):
        given = self.headers.get("Authorization", "")
        if given != "Basic " + base64.b64encode(b"ci:" + TOKEN.encode()).decode():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def server(tmp_path):
    """The address of a server that has the repositories of two private modules."""
    for path in (MODULE, ELSEWHERE):
        name = path.rpartition("/")[2].partition(".")[0]
        library = Workshop(tmp_path / name)
        library.write("go.mod", "module %s\n\ngo 1.21\n" % path)
        library.write("main.go", 'package lib\n\nfunc Word() string { return "private" }\n')
        library.commit(tag="v1.0.0")
        bare = tmp_path / "www" / "team" / name
        library.git("clone", "--quiet", "--bare", ".", str(bare))
        subprocess.run(["git", "update-server-info"], cwd=bare, check=True)
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *rest: Private(*rest, directory=str(tmp_path / "www"))
    ) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield "http://127.0.0.1:%d/" % listening.server_address[1]
        listening.shutdown()
        thread.join()


def script(path, text):
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def uses(shop, module):
    shop.write("go.mod", "module example.com/hello\n\ngo 1.21\n\nrequire %s v1.0.0\n" % module)
    shop.write("main.go", 'package main\n\nimport "%s"\n\nfunc main() { println(lib.Word()) }\n' % module)


@pytest.fixture(params=["credential helper", "GIT_ASKPASS"])
def customer(request, shop, server, tmp_path, monkeypatch):
    """A service that needs the private module, on a machine where git gets the token from the environment."""
    settings = '[url "%s"]\n' % server
    settings += "".join("\tinsteadOf = https://%s/\n" % host for host in ("github.com", "git.example.com"))
    if request.param == "credential helper":
        settings += "[credential]\n\thelper = %s\n" % script(tmp_path / "helper", HELPER)
    else:
        monkeypatch.setenv("GIT_ASKPASS", script(tmp_path / "askpass", ASKPASS))
    (tmp_path / "gitconfig").write_text(settings, encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GOENV", "off")
    uses(shop, MODULE)
    return shop


@pytest.fixture
def options(tmp_path):
    """The options of the build, with a module cache of its own."""
    yield {
        "mod": "mod",  # writes go.sum
        "goprivate": ["git.example.com", "github.com/team"],
        "gomodcache": str(tmp_path / "modules"),
    }
    subprocess.run(["chmod", "-R", "u+w", str(tmp_path / "modules")], check=False, stderr=subprocess.DEVNULL)


def everything(directory):
    """The content of all files below a directory."""
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())


def test_a_token_reaches_the_credential_helper_and_no_file_and_no_result(customer, options, monkeypatch):
    monkeypatch.setenv("CI_GIT_TOKEN", TOKEN)
    result = customer.build(pass_environment=["CI_GIT_TOKEN"], **options)
    binary = result["artifacts"][0]["path"]
    assert subprocess.run([binary], check=True, stderr=subprocess.PIPE).stderr == b"private\n"
    assert TOKEN not in str(result) and TOKEN.encode() not in everything(customer.dest)
    assert "CI_GIT_TOKEN" not in everything(customer.dest).decode("utf-8", "replace")


@pytest.mark.parametrize("module", [MODULE, ELSEWHERE])
def test_without_its_name_the_token_does_not_get_through_and_the_message_says_how(
    customer, options, monkeypatch, module
):
    uses(customer, module)
    monkeypatch.setenv("CI_GIT_TOKEN", TOKEN)
    with pytest.raises(SlipwayError) as caught:
        customer.build(**options)
    assert str(caught.value).startswith("git cannot read the repository of a module.")
    assert "slipway_build: {pass_environment: [CI_GIT_TOKEN]" in str(caught.value)


def test_a_variable_that_is_not_set_is_named_where_the_download_fails(customer, options, monkeypatch):
    monkeypatch.delenv("CI_GIT_TOKEN", raising=False)
    with pytest.raises(SlipwayError, match="Not set in the environment of the builder: CI_GIT_TOKEN"):
        customer.build(pass_environment=["CI_GIT_TOKEN"], **options)


def test_a_variable_that_is_not_set_is_not_needed_where_the_modules_are_there(customer, options, monkeypatch):
    monkeypatch.setenv("CI_GIT_TOKEN", TOKEN)
    digest = customer.build(pass_environment=["CI_GIT_TOKEN"], **options)["input_digest"]
    monkeypatch.delenv("CI_GIT_TOKEN")
    again = customer.build(pass_environment=["CI_GIT_TOKEN"], **options)
    assert not again["changed"] and again["input_digest"] == digest


def test_a_token_that_git_prints_is_hidden(customer, options, monkeypatch, tmp_path):
    chatty = HELPER.replace("echo", 'echo "the token is $CI_GIT_TOKEN" >&2; echo', 1)
    with open(os.environ["GIT_CONFIG_GLOBAL"], "a", encoding="utf-8") as settings:
        settings.write("[credential]\n\thelper =\n\thelper = %s\n" % script(tmp_path / "chatty", chatty))
    monkeypatch.setenv("CI_GIT_TOKEN", TOKEN + "-expired")
    with pytest.raises(SlipwayError, match="the token is [*]{3}") as caught:
        customer.build(pass_environment=["CI_GIT_TOKEN"], **options)
    assert TOKEN not in str(caught.value) + str(caught.value.facts)


def test_a_module_that_is_found_by_another_kind_of_path(customer, options, monkeypatch):
    uses(customer, ELSEWHERE)
    monkeypatch.setenv("CI_GIT_TOKEN", TOKEN)
    assert customer.build(pass_environment=["CI_GIT_TOKEN"], **options)["changed"]


def test_tests_do_not_see_the_token_and_have_the_modules_that_they_need(customer, options, monkeypatch):
    monkeypatch.setenv("CI_GIT_TOKEN", TOKEN)
    customer.write("main.go", "package main\n\nfunc main() {}\n")
    customer.write(
        "main_test.go",
        'package main\n\nimport (\n\t"os"\n\t"testing"\n\n\t"%s"\n)\n\n'
        'func TestToken(t *testing.T) { if os.Getenv("CI_GIT_TOKEN") != "" { t.Fatal(lib.Word()) } }\n'
        % MODULE,
    )
    result = customer.build(pass_environment=["CI_GIT_TOKEN"], gates=["test", "vet"], **options)
    assert result["gates"][0]["ran"]


@pytest.mark.parametrize("name", ["CI_GIT_TOKEN", "_x", "GITHUB_TOKEN", "no_proxy"])
def test_names_that_can_be_passed(shop, monkeypatch, name):
    monkeypatch.setenv(name, "some value")
    found = toolchain.probe(shop.request(pass_environment=[name]))
    assert name not in found.environment or name == "no_proxy"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GOPRIVATE", "use the option goprivate"),
        ("GOPROXY", "use the option goproxy"),
        ("GONOSUMDB", "use the option environment"),
        ("CC", "use the option environment"),
        ("CI_GIT_TOKEN=abc", "give names"),
        ("glpat-abc", "give names"),
        ("", "give names"),
    ],
)
def test_names_that_cannot_be_passed_and_values_that_are_given_by_mistake(shop, name, words):
    with pytest.raises(InvalidInput, match=words) as caught:
        shop.build(pass_environment=[name])
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fatal: '%s'" % TOKEN, "fatal: '***'"),
        ("https://ci:glpat-s3cret/with%2Bodd%3Dsigns@h/x", "https://***@h/x"),
        ("glpat-s3cret%2Fwith%2Bodd%3Dsigns", "***"),
        ("https://oauth2:other@host/x and https://tok@host", "https://***@host/x and https://***@host"),
        ("ssh://git@host/x: on line 1", "ssh://git@host/x: on line 1"),
        ("key line two", "key ***"),
    ],
)
def test_what_is_hidden_in_messages(text, shown):
    secrets = [TOKEN, "line one\nline two", "1", ""]
    failed = processes.Completed(["go"], 1, text, text).without(secrets)
    assert failed.stderr == failed.stdout == shown
    assert processes.Completed(["go"], 0, text, text).without(secrets).stdout == text
