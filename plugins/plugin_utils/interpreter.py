# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python of a host, by the rules that Ansible has for its modules: variable, configuration, discovery."""

from __future__ import annotations

from ansible import constants
from ansible.executor.interpreter_discovery import discover_interpreter

DISCOVERED = "discovered_interpreter_python"
MODES = ("auto", "auto_silent", "auto_legacy", "auto_legacy_silent")


def interpreter_for(action, task_vars):
    """The command of Python on the host of this task; and the facts that save later tasks a discovery.

    Ansible's modules go the same way in ``ActionBase._configure_module``, which cannot be called without one.
    """
    task_vars = host_variables(action, task_vars)
    configured = constants.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars)
    # Rendered as it is: before ansible-core 2.19 the text may have spaces around it, since then a copy of the
    # text is no template any more.
    named = str(action._templar.template(configured or "")).strip()
    if named and named not in MODES:
        return named, {}
    known = (task_vars.get("ansible_facts") or {}).get(DISCOVERED)
    if known:
        return known, {}
    found = discover_interpreter(action, "python", named or "auto", task_vars)
    return found, {DISCOVERED: found}


def host_variables(action, task_vars):
    """The variables of the host that this task runs on."""
    task_vars = task_vars or {}
    delegate = action._task.delegate_to
    return task_vars.get("ansible_delegated_vars", {}).get(delegate, {}) if delegate else task_vars
