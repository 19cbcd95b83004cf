# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options in ``slipway_image``: those of the module image, with paths that begin where all others do."""

from __future__ import annotations

from ..module_utils.builder.image import options as image
from ..module_utils.common.errors import InvalidInput, SlipwayError
from . import values
from .kinds import Unfit, list_of, options

_read = options(image.OPTIONS, "image")
check = image.check
_PATHS = ("ca_certificates", "time_zones")


def read(value, place):
    """What the user wrote, checked."""
    files = value.get("files")
    given = _read({key: item for key, item in value.items() if key != "files" or item is None}, place)
    given = {key: item for key, item in given.items() if item is not None}
    if files is not None:
        given["files"] = _files(files, place)
    try:
        image.check(given)
    except InvalidInput as error:
        raise SlipwayError(values.renamed(str(error), {}, "slipway_image")) from error
    for key in _PATHS:
        if isinstance(given.get(key), str) and given[key] != image.AUTO:
            given[key] = place.path(given[key])
    if image.is_layout(given.get("base", "")):
        name, digest = image.split_base(given["base"])
        given["base"] = "%s@%s" % (place.path(name), digest)
    return given


def _files(value, place):
    try:
        return list_of(_file)(value, place)
    except Unfit as error:
        raise InvalidInput("image.files", value, str(error)) from error


def _file(value, place):
    """In an image, a path begins with a slash."""
    if isinstance(value, dict) and isinstance(value.get("dest"), str):
        value = dict(value, dest=value["dest"].lstrip("/"))
    return values.file_to_pack(value, place)
