# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration files are rendered on the controller, with the variables of the host."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins import loader as plugin_loader
from ansible.template import Templar
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import InvalidInput
from ansible_collections.slipway.golang.plugins.plugin_utils import config_files


def lookup(name, **others):
    """The plugin without its collection's name, which only a whole Ansible can resolve."""
    return plugin_loader.lookup_loader.get(name.rpartition(".")[2], **others)


@pytest.fixture
def render(tmp_path):
    action = SimpleNamespace(_loader=DataLoader())
    action._shared_loader_obj = SimpleNamespace(lookup_loader=SimpleNamespace(get=lookup))

    def rendered(files, entries=None, **variables):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        action._templar = Templar(loader=action._loader, variables=variables)
        entries = entries or [{"src": name, "dest": name} for name in files]
        return config_files.render(
            action, [dict(entry, src=str(tmp_path / entry["src"])) for entry in entries], variables
        )

    return rendered


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zone = {{ zone }}\n", "zone = b\n"),
        ("no newline at the end: {{ zone }}", "no newline at the end: b"),
        ('{"zone": "{{ zone }}", "listen": ":{port}"}', '{"zone": "b", "listen": ":{port}"}'),
        ('{"a": 1}', '{"a": 1}'),
        ("[1, 2]\n", "[1, 2]\n"),
        ("{{ number }}", "7"),
        ("{% for host in peers %}\n- {{ host }}\n{% endfor %}\n", "- web1\n- web2\n"),
        ("{% raw %}{{port}} {{ .Name }}{% endraw %}\n", "{{port}} {{ .Name }}\n"),
        ("back\\slash \\n\n", "back\\slash \\n\n"),
        ("\u20ac {{ nested }}\r\n", "\u20ac b!\n"),
        ("", ""),
    ],
)
def test_a_template_gives_its_text(render, text, expected):
    variables = {"zone": "b", "number": 7, "peers": ["web1", "web2"], "nested": "b!"}
    assert render({"app.conf": text}, **variables) == {"app.conf": expected}


def test_each_host_gets_its_own(render):
    assert [render({"a": "{{ zone }}\n"}, zone=zone)["a"] for zone in "bc"] == ["b\n", "c\n"]


def test_a_template_may_include_its_neighbour(render):
    entries = [{"src": "t/app.conf", "dest": "x/app.conf"}]
    files = {"t/app.conf": "{% include 'part.j2' %}\n", "t/part.j2": "zone {{ zone }}"}
    assert render(files, entries, zone="b") == {"x/app.conf": "zone b\n"}


@pytest.mark.parametrize(
    ("files", "entries", "words"),
    [
        ({}, [{"src": "gone", "dest": "a"}], ["config.src", "gone", "cannot be read", "No such file"]),
        ({"a": "{{ missing }}"}, None, ["config.src", "cannot be rendered", "missing"]),
        ({"a": "{% if %}"}, None, ["config.src", "cannot be rendered"]),
        ({"a": b"\xff\xfe"}, None, ["config.src", "UTF-8"]),
        ({"a": "{{ [1] }}"}, None, ["config.src", "to_json"]),
        ({"a": ""}, [{"src": "a", "dest": "../a"}], ["config.dest"]),
        ({"a": ""}, [{"src": "a", "dest": "/etc/a"}], ["config.dest"]),
        ({"a": ""}, [{"src": "a", "dest": "b"}, {"src": "a", "dest": "b"}], ["config.dest", "one name"]),
    ],
)
def test_what_cannot_be_rendered_is_refused_by_name(render, files, entries, words):
    with pytest.raises(InvalidInput) as caught:
        render(files, entries)
    assert all(word in str(caught.value) for word in words), str(caught.value)
