# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""slipway.golang.manifests: write the objects of Kubernetes that run a service. It connects to nothing."""

from __future__ import annotations

import os

from ..plugin_utils import config_files, service_options
from ..plugin_utils.controller_action import ControllerAction
from ..plugin_utils.manifests import files, refusals
from ..plugin_utils.manifests.directory import Change
from ..plugin_utils.manifests.request import Request

ARGUMENTS = {
    "dest": {"type": "path", "required": True},
    "from_variables": {"type": "bool", "default": False},
    "image": {"type": "str"},
    "name": {"type": "str"},
    "config": {
        "type": "list",
        "elements": "dict",
        "options": {"src": {"type": "path", "required": True}, "dest": {"type": "str", "required": True}},
    },
    "domain": {"type": "list", "elements": "str"},
    "environment": {"type": "dict"},
    "health": {"type": "dict"},
    "keep": {"type": "int"},
    "kubernetes": {"type": "dict"},
    "metrics": {"type": "dict"},
    "migrate": {"type": "raw"},
    "port": {"type": "int"},
    "port_variable": {"type": "str"},
    "strategy": {"type": "str"},
    "tls": {"type": "bool"},
    "unit": {"type": "dict"},
    "version": {"type": "str"},
}


class ActionModule(ControllerAction):
    """In check mode it writes nothing."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec(ARGUMENTS)
        with self.failing_into(result):
            request = self._request(arguments, task_vars)
            dest = self._loader.path_dwim(os.path.expanduser(arguments["dest"]))
            change = Change(dest, files.files(request))
            if change and not self._task.check_mode:
                change.apply()
            result.update(_described(request, change))
            if self._task.diff:
                result["diff"] = change.diff()
        return result

    def _request(self, arguments, task_vars):
        values = service_options.of_manifests(arguments, task_vars, self._templar.template)
        config = config_files.render(self, values["slipway_config"], task_vars)
        return Request(values, arguments["image"], config)


def _described(request, change):
    contents = (request.secret_environment, request.secret_config)
    return {
        "changed": bool(change),
        "dest": change.dest,
        "image": request.image,
        "files": sorted(change.after),
        "written": sorted(change.written),
        "removed": sorted(change.removed),
        "secrets": [{"name": item.name, "keys": sorted(item.data)} for item in contents if item],
        "notes": list(refusals.notes(request)),
    }
