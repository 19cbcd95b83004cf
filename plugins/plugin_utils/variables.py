# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the playbooks: which there are, and what each may be.

Every name, type and value is checked here, in one place, before anything is done. Values may come as text,
from ``-e``, from an INI inventory or from a template: they are taken for what they mean.
"""

from __future__ import annotations

from ..module_utils.common import limits, names
from ..module_utils.common.errors import InvalidInput, SlipwayError
from ..module_utils.common.faults import FAULTS
from ..module_utils.common.pprof import KINDS
from ..module_utils.common.strategies import STRATEGIES
from . import (
    combinations,
    gate_options,
    gitops_options,
    image_options,
    kubernetes_options,
    log_target,
    metrics_options,
    role_variables,
    values,
)
from .kinds import (
    Place,
    Unfit,
    boolean,
    dictionary,
    like,
    list_of,
    nearest,
    one_of,
    path,
    port,
    remote_path,
    text,
    whole,
    whole_or_off,
)

# Names that begin so are never refused: the first is the playbooks' own, the second is for the user's.
PRIVATE = "slipway__"
OWN = "slipway_custom_"


class Variable:
    """One variable: how a value of it is read, and its default."""

    def __init__(self, read, default=None, required=False):
        self.read = read
        self.default = default
        self.required = required


VARIABLES = {
    # the service
    "slipway_app": Variable(text(names.check_app), required=True),
    "slipway_port": Variable(port),
    "slipway_port_variable": Variable(text(lambda value: names.check_variable(value, "")), "PORT"),
    "slipway_env": Variable(dictionary(values.service_environment), {}),
    "slipway_config": Variable(values.config_files, []),
    "slipway_health": Variable(dictionary(values.health_check), {}),
    "slipway_unit": Variable(dictionary(values.unit_options), {}),
    # what is built
    "slipway_source": Variable(path),
    "slipway_targets": Variable(list_of(values.build_target, single=True), ["linux/amd64"]),
    "slipway_version": Variable(text(names.check_version)),
    "slipway_stamp": Variable(dictionary(values.stamp), {}),
    "slipway_build": Variable(dictionary(values.build), {}),
    "slipway_files": Variable(list_of(values.file_to_pack), []),
    "slipway_dist": Variable(path),
    "slipway_signing_key": Variable(path),
    "slipway_artifacts": Variable(list_of(path, single=True)),
    # how it is rolled out
    "slipway_hosts": Variable(text()),
    "slipway_waves": Variable(values.waves, [1, "10%", "25%", "100%"]),
    "slipway_max_failures": Variable(whole(0), 0),
    "slipway_on_failure": Variable(one_of("halt", "revert_wave", "revert_all"), "halt"),
    "slipway_soak_seconds": Variable(whole(0), 0),
    "slipway_gate": Variable(dictionary(gate_options.read), {}),
    "slipway_shares": Variable(gate_options.shares, []),
    "slipway_confirm_within_seconds": Variable(whole_or_off(limits.SHORTEST_CONFIRM), 0),
    "slipway_delta": Variable(boolean, True),
    "slipway_pull_from": Variable(values.pull_from, []),
    "slipway_pull_ca_file": Variable(remote_path),
    "slipway_lease": Variable(boolean, True),
    "slipway_lease_wait_seconds": Variable(whole(0), 0),
    "slipway_lease_seconds": Variable(whole(limits.SHORTEST_LEASE), 600),
    "slipway_unhealthy_first": Variable(boolean, False),
    "slipway_drain_tasks": Variable(path),
    "slipway_undrain_tasks": Variable(path),
    "slipway_migrate": Variable(values.migrate),
    "slipway_before_tasks": Variable(path),
    "slipway_after_tasks": Variable(path),
    "slipway_summary": Variable(path),
    "slipway_report": Variable(path),
    "slipway_plan": Variable(path),
    "slipway_strategy": Variable(one_of(*sorted(STRATEGIES)), "restart"),
    "slipway_alternate_port": Variable(port),
    "slipway_smoke": Variable(boolean, True),
    "slipway_keep": Variable(whole(0), 5),
    "slipway_allowed_signers": Variable(values.signers),
    "slipway_adopt": Variable(boolean, False),
    "slipway_release": Variable(
        like(values.RELEASE, "use previous, a version as in 1.4.2, or the id of a release"), "previous"
    ),
    # how it is reached from outside
    "slipway_domain": Variable(values.domains, []),
    "slipway_acme_email": Variable(values.email, ""),
    "slipway_tls": Variable(boolean, True),
    "slipway_certificate": Variable(remote_path),
    "slipway_certificate_key": Variable(remote_path),
    "slipway_proxy": Variable(dictionary(values.proxy), {}),
    "slipway_address": Variable(like(values.HOST, "use a host name or an address, without a port")),
    "slipway_issuer": Variable(text()),
    # the image of it
    "slipway_image": Variable(dictionary(image_options.read), {}),
    # how it is observed
    "slipway_metrics": Variable(dictionary(metrics_options.read), {}),
    # how it runs in a cluster
    "slipway_kubernetes": Variable(dictionary(kubernetes_options.read), {}),
    "slipway_kubeconfig": Variable(path),
    "slipway_context": Variable(text()),
    "slipway_gitops": Variable(dictionary(gitops_options.read), {}),
    # who may do what on the hosts
    "slipway_operators": Variable(text(lambda value: names.check_account(value, "")), ""),
    "slipway_auditors": Variable(text(lambda value: names.check_account(value, "")), ""),
    # where its logs go
    "slipway_logs": Variable(dictionary(log_target.check), {}),
    # hosts without Python
    "slipway_become": Variable(boolean, True),
    "slipway_install_flags": Variable(list_of(text()), []),
    # what is logged
    "slipway_since": Variable(values.moment, "10m"),
    "slipway_until": Variable(values.moment),
    "slipway_level": Variable(one_of("debug", "info", "notice", "warn", "error", "fatal")),
    "slipway_grep": Variable(values.pattern),
    "slipway_lines": Variable(whole(1, 100000), 1000),
    "slipway_follow": Variable(whole(0, 86400), 0),
    "slipway_json": Variable(boolean, False),
    # one-off commands, removal
    "slipway_command": Variable(values.command),
    "slipway_run_on": Variable(one_of("first", "all"), "first"),
    "slipway_run_timeout_seconds": Variable(whole(1), 600),
    "slipway_remove_data": Variable(boolean, False),
    # profiles
    "slipway_pprof": Variable(dictionary(values.pprof), {"socket": "pprof.sock"}),
    "slipway_kind": Variable(one_of(*KINDS), "cpu"),
    "slipway_seconds": Variable(whole(1, 600), 30),
    "slipway_hosts_at_most": Variable(whole(1), 5),
    "slipway_against": Variable(values.against),
    "slipway_pgo": Variable(boolean, False),
    "slipway_measure": Variable(boolean, False),
    "slipway_load": Variable(values.load),
    # drills
    "slipway_fault": Variable(one_of(*FAULTS)),
    "slipway_on": Variable(values.host_names, []),
    "slipway_at_most": Variable(whole(1), 1),
    "slipway_yes": Variable(text(), ""),
    "slipway_ask": Variable(dictionary(values.asked), {}),
    "slipway_patience_seconds": Variable(whole(1, 3600), 60),
    "slipway_lost_at_most": Variable(whole(0)),
    "slipway_seconds_at_most": Variable(whole(0)),
}

# What a module calls a value, and what the user calls it.
_FIELDS = {
    "health": "slipway_health",
    "unit": "slipway_unit",
    "environment": "slipway_env",
    "stamp": "slipway_stamp",
    "build": "slipway_build",
    "proxy": "slipway_proxy",
    "pprof": "slipway_pprof",
    "metrics": "slipway_metrics",
    "gate": "slipway_gate",
    "ask": "slipway_ask",
    "image": "slipway_image",
    "kubernetes": "slipway_kubernetes",
    "gitops": "slipway_gitops",
}


def read(given, template, directory):
    """A host's variables as ``(values, problems)``: every one with its value or default, and what is wrong.

    ``given``: all variables of the host, as Ansible has them; ``template``: renders one value; ``directory``:
    where relative paths begin. A value of None, or an empty text, is no value.
    """
    found, problems = {}, _unknown(given) + role_variables.problems(given)
    place = Place(directory)
    for name, variable in VARIABLES.items():
        try:
            found[name] = _value(name, variable, given, template, place)
        except SlipwayError as error:
            problems.append(str(error))
    if problems:
        return found, problems
    authenticator = given.get("certbot_authenticator")
    return found, combinations.problems(found, str(template(authenticator or combinations.WEBROOT)))


def setting(name, raw, directory=""):
    """One variable as the playbooks use it: what the user wrote, taken for what it means, or the default."""
    return one(name, {name: raw}, lambda value: value, directory)


def one(name, given, template, directory):
    """One variable of a host, as ``read`` reads all of them; raises where its value cannot be used."""
    return _value(name, VARIABLES[name], given, template, Place(directory))


def _value(name, variable, given, template, place):
    raw = template(given[name]) if given.get(name) is not None else None
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        if variable.required:
            raise SlipwayError("%s is not set: the service has no name without it" % name)
        return variable.default
    try:
        return variable.read(raw, place)
    except Unfit as error:
        raise InvalidInput(name, _shown(name, raw), str(error)) from error
    except InvalidInput as error:
        raise SlipwayError(_in_the_users_words(name, str(error))) from error


def _shown(name, raw):
    """A value for a message; what may hold a secret stays out of it."""
    may_be_secret = name in ("slipway_env", "slipway_pull_from", "slipway_logs")
    # With the headers of its requests.
    may_be_secret = may_be_secret or (name == "slipway_health" and isinstance(raw, (dict, list)))
    return "(hidden)" if may_be_secret else raw


def _in_the_users_words(name, message):
    """``health: 'x' is not usable`` as ``slipway_health: 'x' is not usable``."""
    field, colon, rest = message.partition(":")
    head, dot, tail = field.partition(".")
    word = head.partition(" ")[0]
    return (_FIELDS.get(word, name) + dot + tail) + colon + rest


def _unknown(given):
    known = set(VARIABLES)
    return [
        "%s: there is no such variable%s. Names of your own may begin with %s"
        % (name, nearest(name, known), OWN)
        for name in sorted(name for name in given if isinstance(name, str) and name.startswith("slipway_"))
        if name not in known and not name.startswith((PRIVATE, OWN))
    ]
