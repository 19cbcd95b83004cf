# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the action plugins that run the engine: one request, one remote execution, one result."""

from __future__ import annotations

import copy
import getpass
import os
import socket

from ansible.plugins.action import ActionBase

from . import transport


class EngineAction(ActionBase):
    """Streams the engine to a host; ``executions`` and ``transferred`` count what that costs."""

    TRANSFERS_FILES = False
    _requires_connection = True
    _supports_async = False
    _supports_check_mode = True

    executions = 0
    transferred = 0

    def validated(self, argument_spec, **rules):
        """The task's arguments, checked; the counters begin anew.

        A task with ``until`` runs the same plugin again, and Ansible writes defaults into the argument spec.
        """
        self.executions, self.transferred = 0, 0
        return self.validate_argument_spec(copy.deepcopy(argument_spec), **rules)[1]

    def execute(self, request, tarball, task_vars):
        """One remote execution of the engine. ``tarball``, if there is one, is sent after the request."""
        self.executions += 1
        self.transferred += os.path.getsize(tarball) if tarball else 0
        parcel = transport.parcel(request, tarball)
        command = transport.command(self._interpreter(task_vars))
        if self._can_stream():
            return transport.result_of(self._low_level_execute_command(command, in_data=parcel))
        return transport.result_of(self._execute_from_file(command, parcel))

    @staticmethod
    def actor():
        """Who runs this, for the host's history."""
        return "%s@%s" % (getpass.getuser(), socket.gethostname())

    def _can_stream(self):
        """Some connections take no standard input, and su needs a terminal."""
        become = self._connection.become
        return self._connection.has_pipelining and (
            not become or getattr(become, "pipelining", become.name != "su")
        )

    def _execute_from_file(self, command, parcel):
        """The same without streaming: upload the parcel, and read it from there."""
        directory = self._make_tmp_path()
        try:
            remote = self._connection._shell.join_path(directory, "parcel")
            self._transfer_data(remote, parcel)
            self._fixup_perms2((directory, remote))
            return self._low_level_execute_command(
                "(%s) < %s" % (command, self._connection._shell.quote(remote))
            )
        finally:
            self._remove_tmp_path(directory)

    def _interpreter(self, task_vars):
        """The Python that the inventory names for this host; None if it names none."""
        task_vars = task_vars or {}
        if self._task.delegate_to:
            task_vars = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        named = self._templar.template(task_vars.get("ansible_python_interpreter") or "")
        return None if not named or named.startswith("auto") else str(named)
