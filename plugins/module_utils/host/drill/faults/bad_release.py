# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bad release is deployed: the binary that runs, with an environment in which Go's runtime ends at once.

The host is to notice, and to go back. Where it does not, the end of the drill does so.
"""

from __future__ import annotations

import os

from ....common import environment
from ....common.errors import SlipwayError
from ...artifact import stage
from ...deploy.deploy import deploy
from ...deploy.request import Request
from ...deploy.strategies.blue_green import COLORS
from ...deploy.target import Target
from ...releases.history import History
from ...releases.layout import Layout, release_record
from ...system import lock
from ...system.files import read_text, remove

# Go's runtime refuses a limit that is no number of bytes: fatal error, malformed GOMEMLIMIT.
BAD = {"GOMEMLIMIT": "slipway drill"}
LOCK_WAIT = 600
# A rollback at the end of a drill removes no release.
KEEP = 1000


def plan(live, options):
    layout = live.layout
    if layout.current() != live.release.id:
        raise SlipwayError("%s runs, and current is %s: deploy again" % (live.release.id, layout.current()))
    target = _target(live.release)
    if target.id in layout.releases():
        raise SlipwayError("%s is on this host already: remove it" % layout.path_of(target.id))
    return {
        "app": layout.app,
        "strategy": live.release.strategy,
        "good": live.release.id,
        "bad": target.id,
        "port_variable": options.get("port_variable"),
        "alternate_port": options.get("alternate_port"),
        "port": live.release.port or options.get("port"),
        "health": History(layout.history).health_of(live.release.id) or options.get("health") or {},
        "links": {link: _named_by(layout, link) for link in ("previous", *COLORS)},
        "files": os.listdir(layout.root),
        "does": "deploys %s, which is %s with a bad environment" % (target.id, live.release.id),
    }


def _target(release):
    """The release with one variable more."""
    rendered = environment.render({**environment.parse(read_text(release.environment_file)), **BAD})
    template = release.template
    if template:
        template = environment.render({**environment.parse(template), **BAD})
    units, config = release.units(), release.config
    record = release_record(
        release.app,
        release.version,
        release.artifact,
        rendered,
        units,
        release.strategy,
        template=template,
        config=config,
        port=release.port,
    )
    return Target(record, units, rendered, template=template, config=config)


def begin(facts):
    request = _request(facts, facts["bad"])
    good = request.layout.releases()[facts["good"]]
    with lock.held(request.layout.lock, {"actor": facts["actor"], "to": facts["bad"]}):
        stage.stage(request, _target(good), good, None)
    try:
        deploy(request, None)
    except SlipwayError as error:
        if not _was_noticed(error):
            raise
        return "the bad release was %s, after %d ms" % (error.OUTCOME, sum(_phases(error).values()))
    raise SlipwayError("the bad release went live: %s has no effect on it" % " ".join(BAD))


def _was_noticed(error):
    """It was started, and found to be bad: by blue_green before it got a request, else after."""
    return error.OUTCOME == "reverted" or (error.OUTCOME == "rejected" and "start" in _phases(error))


def _phases(error):
    return error.facts.get("phases") or {}


def undo(facts):
    """Go back, if the host has not, and remove the bad release with all that names it."""
    layout = Layout(facts["app"], facts["root"])
    if layout.current() == facts["bad"]:
        deploy(_request(facts, facts["good"]), None)
    with lock.held(layout.lock, {"actor": facts["actor"], "to": facts["good"]}, LOCK_WAIT):
        if layout.current() == facts["bad"]:  # its deploy has just ended: try again
            raise SlipwayError("%s is live" % facts["bad"])
        for link in ("previous", *COLORS):
            if _named_by(layout, link) == facts["bad"]:
                layout.point(link, facts["links"].get(link))
        for name in set(os.listdir(layout.root)) - set(facts["files"]):
            if name.partition(".")[0] in COLORS:
                remove(os.path.join(layout.root, name))
        if facts["bad"] in layout.releases():
            layout.discard(facts["bad"])


def _named_by(layout, link):
    """The release that a link of the app names."""
    try:
        return os.path.basename(os.readlink(os.path.join(layout.root, link)))
    except OSError:
        return None


def _request(facts, release_id):
    """The deploy of a release that this host has."""
    own = {key: facts[key] for key in ("strategy", "port", "port_variable", "alternate_port", "health")}
    return Request(
        dict(
            own,
            name=facts["app"],
            root=facts["root"],
            release=release_id,
            smoke=False,  # the smoke test would find it before anybody is affected
            reverts=release_id == facts["good"],
            keep=KEEP,
            lock_wait=LOCK_WAIT,
            actor="%s: drill" % facts["actor"],
            deploy_id=facts["id"],
        )
    )
