# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files are installed after nginx has tested them, and rolled back if nginx does not load them."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host.nginx import (
    apply,
    config_files,
    process,
    template,
)
from ansible_collections.slipway.golang.plugins.module_utils.host.systemd import written

from .sites import render


class Nginx:
    """An nginx whose answers the test chooses; it records what it was asked to do."""

    def __init__(self, monkeypatch):
        self.active = True
        self.reload_errors = []
        self.test_error = self.current_error = None
        self.calls = []
        monkeypatch.setattr(process, "is_active", lambda: self.active)
        monkeypatch.setattr(process, "reload", self.reload)
        monkeypatch.setattr(config_files, "test_files", lambda files: self.test("test", self.test_error))
        monkeypatch.setattr(config_files, "test_current", lambda: self.test("current", self.current_error))

    def test(self, call, error):
        self.calls.append(call)
        if error:
            raise config_files.InvalidConfiguration(error, "nginx: [emerg] " + error)

    def reload(self):
        self.calls.append("reload")
        if self.reload_errors:
            raise SlipwayError(self.reload_errors.pop(0))


@pytest.fixture
def nginx(monkeypatch):
    return Nginx(monkeypatch)


@pytest.fixture
def path(tmp_path):
    """A file of nginx's that is in use."""
    file = tmp_path / "site.conf"
    file.write_text("old\n", encoding="utf-8")
    return file


def test_a_tested_file_is_installed_and_loaded(nginx, path):
    apply.install("orders", {str(path): "new\n"})
    assert path.read_text(encoding="utf-8") == "new\n"
    assert nginx.calls == ["test", "reload"]


def test_an_nginx_that_is_not_running_is_started_only_on_request(nginx, path):
    nginx.active = False
    apply.install("orders", {str(path): "new\n"})
    assert nginx.calls == ["test"]
    apply.install("orders", {str(path): "newer\n"}, start=True)
    assert nginx.calls == ["test", "test", "reload"]


def test_a_file_that_nginx_refuses_is_never_installed(nginx, path):
    nginx.test_error = "unknown directive"
    with pytest.raises(SlipwayError, match="unknown directive. Nothing was changed: nginx serves as before"):
        apply.install("orders", {str(path): "new\n"})
    assert path.read_text(encoding="utf-8") == "old\n"
    assert nginx.calls == ["test", "current"]


def test_an_error_that_was_there_before_is_reported_as_such(nginx, path):
    nginx.test_error = nginx.current_error = "unknown directive"
    with pytest.raises(SlipwayError, match="already has this error, without this site's change.*Repair it"):
        apply.install("orders", {str(path): "new\n"})


@pytest.mark.parametrize(
    "active, errors, outcome",
    [
        (True, ["bind() failed"], "The old configuration was restored, and nginx serves with it"),
        (True, ["bind() failed", "still"], "restored on disk, but nginx does not load it either: still"),
        (False, ["bind() failed"], "The old configuration was restored. nginx is not running, as before"),
    ],
    ids=["serves again", "does not load the old one either", "was not running"],
)
def test_files_that_nginx_does_not_load_are_rolled_back(nginx, path, active, errors, outcome):
    nginx.active, nginx.reload_errors = active, errors
    added = path.with_name("added.conf")
    with pytest.raises(SlipwayError, match="bind\\(\\) failed. .*%s" % outcome):
        apply.install("orders", {str(path): "new\n", str(added): "new\n"}, start=True)
    assert path.read_text(encoding="utf-8") == "old\n"
    assert not added.exists()


def test_an_error_in_the_snippet_is_reported_with_its_own_line():
    files = {template.path_of("orders"): render(snippet="gzip on;\nprox_pass x;\n")}
    number = files[template.path_of("orders")].splitlines().index("prox_pass x;") + 1
    message = apply.explain(
        'unknown directive "prox_pass" in %s:%d' % (template.path_of("orders"), number),
        files,
        "orders",
        "gzip on;\nprox_pass x;\n",
    )
    assert message.startswith("snippet, line 2 (prox_pass x;): nginx says: unknown directive")


def test_a_server_that_cannot_be_resolved_is_named():
    message = apply.explain(
        'host not found in upstream "nope:80" in /etc/nginx/conf.d/slipway-orders.upstream.conf:4',
        {},
        "orders",
        "",
    )
    assert message.startswith("servers: nope:80 cannot be resolved on this host")


def test_a_host_that_answers_challenges_is_named_if_it_cannot_be_resolved():
    files = {template.path_of("orders"): render(acme_forward="nope:80")}
    message = apply.explain(
        'host not found in upstream "nope" in %s:8' % template.path_of("orders"), files, "orders", ""
    )
    assert message.startswith("acme_forward: nope cannot be resolved on this host")


@pytest.fixture
def kept(monkeypatch, tmp_path):
    monkeypatch.setattr(written, "ADOPTED", str(tmp_path / "adopted-"))
    return tmp_path / "adopted-orders"


def test_a_file_that_somebody_wrote_by_hand_is_kept(path, kept):
    path.write_bytes(b"server { listen 81; } # \xff\n")
    (copy,) = apply.keep("orders", [str(path)])
    assert copy.startswith(str(kept / "site.conf."))
    with open(copy, "rb") as handle:
        assert handle.read() == b"server { listen 81; } # \xff\n"
    assert apply.keep("orders", [str(path)]) == [copy], "once is enough"


def test_a_maintenance_page_that_somebody_put_there_is_kept(tmp_path, kept):
    page = tmp_path / "orders.maintenance.html"
    page.write_text("<h1>Moving house</h1>\n", encoding="utf-8")
    (copy,) = apply.keep("orders", [str(page)], page="<h1>Back soon</h1>\n")
    assert "orders.maintenance.html." in copy


def test_what_slipway_wrote_is_not_kept(tmp_path, path, kept):
    link = tmp_path / "link.conf"
    link.symlink_to(path)
    path.write_text(render(), encoding="utf-8")
    page = tmp_path / "orders.maintenance.html"
    for text in (template.PAGE, "<h1>Back soon</h1>\n"):
        page.write_text(text, encoding="utf-8")
        paths = [str(path), str(page), str(link), str(tmp_path / "missing")]
        assert apply.keep("orders", paths, page="<h1>Back soon</h1>\n") == []
    assert not kept.exists()
