# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and directories on the controller that the variables name: refused here if they cannot be used.

Only those that a playbook reads: `status` needs no source.
"""

from __future__ import annotations

import functools
import os

from ..module_utils.builder import members
from ..module_utils.builder import request as build_request
from ..module_utils.builder.signing import Signer
from ..module_utils.common import build_options
from ..module_utils.common.errors import SlipwayError
from . import artifact
from .values import renamed

# What the names of a build's options are for the user.
_OF_THE_BUILD = dict(build_options.VARIABLES, files="slipway_files", signing_key="slipway_signing_key")


def problems(values, names):
    """What is wrong with the files of these variables, as sentences."""
    found = []
    for name in names:
        if not values[name] or (name == "slipway_config" and values["slipway_before_tasks"]):
            continue  # the tasks before a rollout may write the templates
        value = values[name] if isinstance(values[name], list) else [values[name]]
        paths = [item["src"] if isinstance(item, dict) else item for item in value]
        found += [READERS[name](name, path, values["slipway_app"]) for path in paths]
    return [problem for problem in found if problem]


def problems_of_build(build):
    """What the modules build and package would refuse of one build (``fleet.builds``)."""
    given = {name: build[name] for name in ("source", "name", "targets", "version", "stamp")}
    options = {name: spec.get("default") for name, spec in build_options.OPTIONS.items()}
    options.update(build["options"])
    options.update(given, dest=build["dist"])
    checks = [
        functools.partial(build_request.Request, options),
        functools.partial(members.find, build["files"]),
    ]
    if build["signing_key"]:
        checks.append(functools.partial(Signer, build["signing_key"]))
    for check in checks:
        try:
            check()
        except SlipwayError as error:
            yield renamed(str(error), _OF_THE_BUILD, "slipway_build")


def _no_file(name, path, dummy):
    """A file that can be read, such as a list of tasks."""
    try:
        with open(path, "rb") as handle:
            handle.read(1)
    except OSError as error:
        return "%s: %r cannot be read on the controller: %s" % (name, path, error.strerror)
    return ""


def _no_template(name, path, dummy):
    try:
        with open(path, encoding="utf-8") as handle:
            handle.read()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return "%s: %r cannot be read on the controller: %s" % (name, path, reason)
    return ""


@functools.lru_cache(maxsize=None)
def _no_artifact(name, path, app):
    try:
        manifest = artifact.read_manifest(path)
    except SlipwayError as error:
        return "%s: %s" % (name, str(error).partition("artifact: ")[2] or error)
    if manifest.name != app:
        return "%s: %r is of %s, not of %s" % (name, path, manifest.name, app)
    return ""


def _no_directory(name, path, dummy):
    """A file that is written at the end: too late to learn that it cannot be."""
    directory = os.path.dirname(path)
    if os.path.isdir(path):
        return "%s: %r is a directory: name a file in it" % (name, path)
    if not os.path.isdir(directory):
        return "%s: there is no directory %s on the controller: create it first" % (name, directory)
    if not os.access(path if os.path.exists(path) else directory, os.W_OK):
        return "%s: %r cannot be written by this user" % (name, path)
    return ""


READERS = {
    "slipway_artifacts": _no_artifact,
    "slipway_config": _no_template,
    "slipway_drain_tasks": _no_file,
    "slipway_undrain_tasks": _no_file,
    "slipway_before_tasks": _no_file,
    "slipway_after_tasks": _no_file,
    "slipway_summary": _no_directory,
    "slipway_report": _no_directory,
    "slipway_plan": _no_directory,
}
