# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of an app on a host: /opt/<app>, its releases, its two links, and how each of them changes."""

from __future__ import annotations

import json
import os

from ...common import canonical, names
from ...common.errors import SlipwayError
from ..system import account
from ..system.files import read_text, remove, sync_directory

SCHEMA = 1
# Only in releases that use `{port}` or `{config}`, or that have a configuration.
ENVIRONMENT_TEMPLATE = "environment.template"
CONFIG_TEMPLATE = "config.template"
CONFIG = "config"


class Release:
    """One directory below releases/. It is complete: it was renamed into place when it was."""

    def __init__(self, path: str, record: dict):
        self.path = path
        self.record = record
        self.id = record["id"]
        self.version = record["version"]
        self.artifact = record["artifact"]
        self.digest = record["digest"]
        self.strategy = record["strategy"]
        self.app = record["app"]

    @property
    def binary(self) -> str:
        """The file that systemd runs, through the link `current`."""
        return os.path.join(self.path, "bin", self.app)

    @property
    def environment_file(self) -> str:
        return os.path.join(self.path, "environment")

    @property
    def port(self) -> int | None:
        """Where it listens; None if it is unknown, or an older version of Slipway made the release."""
        return self.record.get("port")

    @property
    def template(self) -> str:
        """The environment before `{port}` and `{config}` were filled in; empty if it has neither."""
        return self._text_of(ENVIRONMENT_TEMPLATE) if "template" in self.record else ""

    @property
    def config(self) -> dict:
        """The configuration files, before `{port}` was filled in: path to text."""
        if "config" not in self.record:
            return {}
        try:
            return json.loads(self._text_of(CONFIG_TEMPLATE))
        except ValueError as error:
            raise SlipwayError(
                "Release %s is damaged: %s: %s. Remove %s and deploy again"
                % (self.id, CONFIG_TEMPLATE, error, self.path)
            ) from None

    @property
    def config_dir(self) -> str:
        return os.path.join(self.path, CONFIG)

    def _text_of(self, name):
        return read_text(os.path.join(self.path, name))

    def units(self) -> dict:
        """Unit file name to text."""
        directory = os.path.join(self.path, "units")
        return {name: read_text(os.path.join(directory, name)) for name in sorted(os.listdir(directory))}


class Layout:
    """Everything of one app below its root directory."""

    def __init__(self, app: str, root: str | None = None, unit_dir: str = "/etc/systemd/system"):
        self.app = names.check_app(app)
        self.root = names.check_root(root or "/opt/" + app)
        self.unit_dir = unit_dir
        self.releases_dir = os.path.join(self.root, "releases")
        self.incoming = os.path.join(self.root, "incoming")
        self.history = os.path.join(self.root, "history.jsonl")
        self.lock = os.path.join(self.root, "lock")
        self.lease = os.path.join(self.root, "lease.json")
        self.fencing_token = os.path.join(self.root, "fencing_token")
        self.unconfirmed = os.path.join(self.root, "unconfirmed")
        self.adopted = os.path.join(self.root, "adopted")
        self.verified = os.path.join(self.root, "verified.json")

    @property
    def live_binary(self) -> str:
        """The path in the unit file, which is the same for every release."""
        return os.path.join(self.root, "current", "bin", self.app)

    @property
    def live_environment(self) -> str:
        return os.path.join(self.root, "current", "environment")

    @property
    def live_config(self) -> str:
        return os.path.join(self.root, "current", CONFIG)

    def is_pending(self) -> bool:
        """Whether a release waits to be confirmed."""
        return os.path.lexists(self.unconfirmed)

    def refuse_other_tree(self) -> None:
        """Refuse a directory that another tool manages: Slipway would change its links."""
        for path in (os.path.join(self.root, link) for link in ("current", "previous")):
            if not os.path.islink(path):
                continue
            target = os.readlink(path)
            if not names.RELEASE_ID.fullmatch(os.path.basename(target)):
                raise SlipwayError(
                    "%s is a link to %s, which is no release of Slipway's: ansistrano and Capistrano make "
                    "such trees. Nothing was changed. Move the tree and keep it: mv %s %s-before, name the "
                    "new path in the service's unit, run systemctl daemon-reload, and deploy again with "
                    "slipway_adopt: true" % (path, target, self.root, self.root)
                )

    def create(self) -> None:
        """Create the directories; only root may write in any of them."""
        self.refuse_other_tree()
        for path, mode in ((self.root, 0o755), (self.releases_dir, 0o755), (self.incoming, 0o700)):
            if not os.path.lexists(path):
                os.makedirs(path, mode=mode, exist_ok=True)
                sync_directory(os.path.dirname(path))
            status = os.lstat(path)
            if not os.path.isdir(path) or os.path.islink(path):
                raise SlipwayError(
                    "%s is not a directory, as it must be: move it away, then deploy again" % path
                )
            if status.st_uid != os.geteuid() and status.st_uid == 0:
                raise SlipwayError(account.not_root("%s belongs to root" % path))
            if status.st_uid != os.geteuid():
                raise SlipwayError(
                    "%s belongs to uid %d, not to root: chown it to root, then deploy again"
                    % (path, status.st_uid)
                )
            os.chmod(path, mode)
        for path in (os.path.join(self.root, link) for link in ("current", "previous")):
            if os.path.isdir(path) and not os.path.islink(path):
                raise SlipwayError(
                    "%s is a directory and must be a link: move it away, then deploy again" % path
                )

    def path_of(self, release_id: str) -> str:
        return os.path.join(self.releases_dir, release_id)

    def release(self, release_id: str) -> Release | None:
        """The release of that id; None if it is absent or is no release of this app."""
        try:
            record = json.loads(read_text(os.path.join(self.path_of(release_id), "release.json")))
            release = Release(self.path_of(release_id), record)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return release if release.id == release_id and release.app == self.app else None

    def releases(self) -> dict[str, Release]:
        """All complete releases, by id."""
        try:
            ids = sorted(name for name in os.listdir(self.releases_dir) if names.RELEASE_ID.fullmatch(name))
        except OSError:
            return {}
        releases = {release_id: self.release(release_id) for release_id in ids}
        return {release_id: release for release_id, release in releases.items() if release}

    def current(self) -> str | None:
        return self.named_by("current")

    def previous(self) -> str | None:
        return self.named_by("previous")

    def point(self, link: str, release_id: str | None) -> None:
        """Let a link name a release (None: no link), by one rename(2)."""
        path = os.path.join(self.root, link)
        if release_id is not None and self.named_by(link) == release_id:
            return
        if release_id is None:
            if os.path.islink(path):
                os.unlink(path)
        else:
            beside = path + ".new"
            remove(beside)
            os.symlink(os.path.join("releases", release_id), beside)
            os.rename(beside, path)
        sync_directory(self.root)

    def point_back(self, release_id: str, previous: str | None) -> None:
        """Let `current` name a release again, and `previous` the one that it named then.

        If `previous` names the release now, it becomes `current` by a rename, which also works on a full
        disk. As long as `current` does not name it, `previous` has to: what neither names is pruned.
        """
        if self.current() != release_id and self.previous() == release_id:
            os.rename(os.path.join(self.root, "previous"), os.path.join(self.root, "current"))
            sync_directory(self.root)
        else:
            self.point("current", release_id)
        self.point("previous", previous)

    def adopt(self, work: str, release_id: str) -> None:
        """Rename a complete release into place; a damaged one of the same id is moved away first."""
        path = self.path_of(release_id)
        if os.path.lexists(path):
            os.rename(path, os.path.join(self.incoming, "damaged-" + release_id))
        os.rename(work, path)
        sync_directory(self.releases_dir)

    def discard(self, release_id: str) -> None:
        """Remove a release. It is moved out of releases/ first, so that no half of it is ever there."""
        work = os.path.join(self.incoming, "discarded-" + release_id)
        os.rename(self.path_of(release_id), work)
        remove(work)

    def sweep(self) -> None:
        """Remove what an interrupted run left in incoming/. Only under the lock."""
        for name in os.listdir(self.incoming):
            remove(os.path.join(self.incoming, name))

    def named_by(self, link: str) -> str | None:
        """The id of the release that a link names."""
        try:
            release_id = os.path.basename(os.readlink(os.path.join(self.root, link)))
        except OSError:
            return None
        return release_id if names.RELEASE_ID.fullmatch(release_id) else None


def release_record(
    app: str,
    version: str,
    artifact: str,
    environment: str,
    units: dict,
    strategy: str,
    template: str = "",
    config: dict | None = None,
    port: int | None = None,
) -> dict:
    """The content of release.json: the id and the digest follow from the parts."""
    optional = {}
    if template:
        optional["template"] = canonical.sha256(template)
    if config:
        optional["config"] = canonical.sha256(canonical.to_json(config))
    unit_digests = {name: canonical.sha256(text) for name, text in units.items()}
    environment_digest = canonical.sha256(environment)
    lines = ["slipway-release-1", "artifact " + artifact, "environment " + environment_digest]
    lines += ["unit %s %s" % (name, unit_digests[name]) for name in sorted(unit_digests)]
    lines += ["%s %s" % (name, optional[name]) for name in ("template", "config") if name in optional]
    if port is not None:
        optional["port"] = port
    digest = canonical.sha256("".join(line + "\n" for line in lines))
    return {
        **optional,
        "schema": SCHEMA,
        "app": app,
        "version": version,
        "artifact": artifact,
        "environment": environment_digest,
        "units": unit_digests,
        "strategy": strategy,
        "digest": digest,
        "id": "%s-%s" % (version, digest[:12]),
    }
