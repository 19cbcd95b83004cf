# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options in ``slipway_gitops``: the repository of manifests that a cluster follows."""

from __future__ import annotations

import re

from ..module_utils.common import names
from ..module_utils.common.errors import InvalidInput, SlipwayError
from .kinds import Unfit, like, nearest, text

# A URL, the short form of ssh, or a directory. None begins with a dash, which git takes for an option.
_REPOSITORY = re.compile(
    r"(?:https?|ssh|git|file)://[^\s-][^\s]*|[A-Za-z0-9_.]+@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s]+|/[^\s]+"
)
_PASSWORD = re.compile(r"[a-z]+://[^/@]*:[^/@]*@")
_BRANCH = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.+-]|/(?=[A-Za-z0-9])){0,199}")


def _repository(value, place):
    value = text()(value, place)
    if _PASSWORD.match(value):
        raise InvalidInput(
            "gitops.repository", "(hidden)", "leave the password to git's own credential helpers"
        )
    if not _REPOSITORY.fullmatch(value):
        raise Unfit("use a URL, as in git@example.com:shop/manifests.git, or an absolute path")
    return value


def _path(value, place):
    return names.check_member(text()(value, place), "gitops.path")


OPTIONS = {
    "repository": _repository,
    "path": _path,
    "branch": like(_BRANCH, "use the name of a branch, as in main"),
}
DEFAULTS = {"branch": "main"}


def read(value, place):
    """What the user wrote, checked."""
    read_ = {}
    for key, item in value.items():
        if key not in OPTIONS:
            raise InvalidInput("gitops", key, "there is no such option%s" % nearest(key, OPTIONS))
        if item is None:
            continue
        try:
            read_[key] = OPTIONS[key](item, place)
        except Unfit as error:
            raise InvalidInput("gitops." + key, item, str(error)) from error
    for key in ("repository", "path"):
        if read_ and key not in read_:
            raise SlipwayError("slipway_gitops.%s is not set: repository and path are both needed" % key)
    return {**DEFAULTS, **read_} if read_ else {}
