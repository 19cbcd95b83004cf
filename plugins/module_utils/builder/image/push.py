# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send an image to a registry. The tag is the last thing that gets there, so it never names a part."""

from __future__ import annotations

from ...common.errors import Rejected
from . import cosign
from .image import Image
from .options import tags as filled
from .request import Request


def push(request: Request, image: Image, tags: list[str]) -> list[str]:
    """Send what is missing, and return why, as sentences; nothing in check mode."""
    moving = filled(request.moving, request.version, image.commit)
    registry, to = request.registry, request.to
    now = {tag: registry.digest_of("%s:%s" % (to, tag)) for tag in dict.fromkeys([*tags, *moving])}
    _refuse(request, image, {tag: digest for tag, digest in now.items() if tag not in moving})
    missing = registry.missing(to, image.manifests)
    late = [tag for tag, digest in now.items() if digest != image.digest]
    unsigned = bool(request.sign) and (image.digest in missing or not cosign.is_signed(request, image.digest))
    reasons = (
        (["%s has not got all of it" % to] if missing else [])
        + (["%s has no signature of it" % to] if unsigned else [])
        + ["%s:%s is %s" % (to, tag, now[tag][:19] + "…" if now[tag] else "nothing yet") for tag in late]
    )
    if request.check_mode:
        return reasons
    if missing:
        registry.push(request.layout, image.digest, to)
    if unsigned:
        cosign.sign(request, image.digest)
    if late:
        registry.tag(to, image.digest, late)
    return reasons


def _refuse(request: Request, image: Image, now: dict[str, str]) -> None:
    """A tag that somebody relies on does not become another image."""
    for tag, digest in now.items():
        if digest and digest != image.digest:
            raise Rejected(
                "refused: %s:%s is another image already, %s, and this one is %s. Give the service another "
                "version, remove the tag from the registry, or list it in slipway_image.moving (option "
                "moving). Nothing was pushed" % (request.to, tag, digest, image.digest),
                outcome="refused",
                digest=image.digest,
            )
