# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lineage as it is on this host: the files of one certificate and certbot's notes on them."""

from __future__ import annotations

import os

from ...common.errors import SlipwayError
from . import renewal, x509
from .request import PRODUCTION

CONFIG_DIR = "/etc/letsencrypt"
FILES = ("cert.pem", "chain.pem", "fullchain.pem", "privkey.pem")


class Paths:
    """Where certbot keeps one lineage."""

    def __init__(self, name, config_dir=CONFIG_DIR):
        self.name = name
        self.config_dir = config_dir
        self.renewal = os.path.join(config_dir, "renewal", name + ".conf")
        self.live = os.path.join(config_dir, "live", name)
        self.archive = os.path.join(config_dir, "archive", name)
        self.fullchain = os.path.join(self.live, "fullchain.pem")
        self.key = os.path.join(self.live, "privkey.pem")
        self.certificate = os.path.join(self.live, "cert.pem")
        self.chain = os.path.join(self.live, "chain.pem")

    def present(self):
        """Those of its three places that exist, in whatever state."""
        return [path for path in (self.renewal, self.live, self.archive) if os.path.lexists(path)]

    def accounts(self, server):
        """The directory of the accounts that certbot has at a CA."""
        return os.path.join(self.config_dir, "accounts", *server.partition("://")[2].split("/"))


class Lineage:
    """What was found. ``damage`` says why certbot could not go on with it; then all of it has to make room."""

    def __init__(self, paths):
        self.paths = paths
        self.parameters = {}
        self.certificate = None
        self.damage = []
        self.account_gone = None

    @property
    def exists(self):
        """Whether there is anything that could serve."""
        return bool(self.certificate or self.parameters or self.damage)

    @property
    def known(self):
        """Whether certbot can reissue in this lineage."""
        return bool(self.parameters) and not self.damage

    @property
    def serves(self):
        """Whether a server can use what is there, whoever put it there."""
        return bool(self.certificate) and x509.key_matches(self.paths.fullchain, self.paths.key)

    @property
    def server(self):
        return self.parameters.get("server", PRODUCTION)

    @property
    def authenticator(self):
        return self.parameters.get("authenticator", "")

    @property
    def deploy_hook(self):
        return self.parameters.get("renew_hook", "")

    @property
    def plugin_options(self):
        """The authenticator's own settings, by the names in the renewal file."""
        prefix = self.authenticator.replace("-", "_") + "_"
        found = {key: value for key, value in self.parameters.items() if key.startswith((prefix, "http01_"))}
        if "webroot_path" in found:  # one path for all domains is all that the module writes
            path = found["webroot_path"]
            found["webroot_path"] = path if isinstance(path, str) else ", ".join(path)
        return found


def observe(paths):
    """Everything that the decision needs, without starting certbot."""
    found = Lineage(paths)
    try:
        found.certificate = x509.load(paths.fullchain)
    except SlipwayError as error:
        found.damage.append(str(error))
    present = paths.present()
    if paths.renewal in present:
        found.damage += _read_renewal(found)
        found.damage += _missing_files(paths)
    elif paths.live in present:
        found.damage.append("certbot does not know the files in %s" % paths.live)
    if found.known:
        found.account_gone = _account_gone(found)
    return found


def _read_renewal(found):
    """Fill in the renewal parameters; returns what is wrong with the file."""
    path = found.paths.renewal
    try:
        with open(path, encoding="utf-8") as handle:
            found.parameters = renewal.parse(handle.read()).get(renewal.PARAMETERS, {})
    except (OSError, UnicodeDecodeError, SlipwayError) as error:
        return ["%s cannot be read: %s" % (path, error)]
    if "authenticator" not in found.parameters:
        return ["%s does not say how the certificate was obtained" % path]
    return []


def _missing_files(paths):
    """What certbot would stumble over: it wants all four as links to files that are there."""
    lost = [name for name in FILES if not os.path.isfile(os.path.join(paths.live, name))]
    if lost:
        return ["certificate files are lost: " + ", ".join(lost)]
    plain = [name for name in FILES if not os.path.islink(os.path.join(paths.live, name))]
    if plain:
        return ["these should be links into %s: %s" % (paths.archive, ", ".join(plain))]
    if not x509.key_matches(paths.fullchain, paths.key):
        return ["privkey.pem does not belong to fullchain.pem"]
    return []


def _account_gone(found):
    """The account that renewals would use, where this host has it no longer."""
    account = found.parameters.get("account")
    if not account or os.path.isdir(os.path.join(found.paths.accounts(found.server), account)):
        return None
    return account
