# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a lineage on this host: the files of one certificate, and certbot's renewal file for it."""

from __future__ import annotations

import os

from ...common.errors import SlipwayError
from . import renewal_file, x509
from .request import PRODUCTION

CONFIG_DIR = "/etc/letsencrypt"
FILES = ("cert.pem", "chain.pem", "fullchain.pem", "privkey.pem")


class Paths:
    """Where certbot keeps one lineage (certbot's word for a certificate and its renewals)."""

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
        """Those of its three files and directories that exist, damaged or not."""
        return [path for path in (self.renewal, self.live, self.archive) if os.path.lexists(path)]

    def accounts(self, server):
        """The directory of certbot's accounts at a CA."""
        return os.path.join(self.config_dir, "accounts", *server.partition("://")[2].split("/"))


class Lineage:
    """What is. ``damage`` says why certbot could not reissue in it; then its files have to be moved away."""

    def __init__(self, paths):
        self.paths = paths
        self.parameters = {}
        self.certificate = None
        self.damage = []
        self.account_gone = None

    @property
    def exists(self):
        """Whether there is anything of it, damaged or not."""
        return bool(self.certificate or self.parameters or self.damage)

    @property
    def known(self):
        """Whether certbot can reissue in this lineage."""
        return bool(self.parameters) and not self.damage

    @property
    def serves(self):
        """Whether a server can use the certificate, even if certbot does not know it."""
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
        prefixes = (self.authenticator.replace("-", "_") + "_", "http01_")
        options = {key: value for key, value in self.parameters.items() if key.startswith(prefixes)}
        if "webroot_path" in options:  # the module writes one path for all domains
            path = options["webroot_path"]
            options["webroot_path"] = path if isinstance(path, str) else ", ".join(path)
        return options


def observe(paths):
    """The Lineage at these paths, without starting certbot."""
    state = Lineage(paths)
    try:
        state.certificate = x509.load(paths.fullchain)
    except SlipwayError as error:
        state.damage.append(str(error))
    present = paths.present()
    if paths.renewal in present:
        state.damage += _read_renewal(state)
        state.damage += _missing_files(paths)
    elif paths.live in present:
        state.damage.append("certbot does not know the files in %s" % paths.live)
    if state.known:
        state.account_gone = _account_gone(state)
    return state


def _read_renewal(state):
    """Read the renewal parameters; returns what is wrong with the file."""
    path = state.paths.renewal
    try:
        with open(path, encoding="utf-8") as handle:
            state.parameters = renewal_file.parse(handle.read()).get(renewal_file.PARAMETERS, {})
    except (OSError, UnicodeDecodeError, SlipwayError) as error:
        return ["%s cannot be read: %s" % (path, error)]
    if "authenticator" not in state.parameters:
        return ["%s does not say how the certificate was obtained" % path]
    return []


def _missing_files(paths):
    """What certbot would fail on: it needs all four as links to existing files."""
    lost = [name for name in FILES if not os.path.isfile(os.path.join(paths.live, name))]
    if lost:
        return ["certificate files are lost: " + ", ".join(lost)]
    plain = [name for name in FILES if not os.path.islink(os.path.join(paths.live, name))]
    if plain:
        return ["these must be links into %s: %s" % (paths.archive, ", ".join(plain))]
    if not x509.key_matches(paths.fullchain, paths.key):
        return ["privkey.pem does not belong to fullchain.pem"]
    return []


def _account_gone(state):
    """The account that renewals would use, if it is missing on this host; else None."""
    account = state.parameters.get("account")
    if not account or os.path.isdir(os.path.join(state.paths.accounts(state.server), account)):
        return None
    return account
