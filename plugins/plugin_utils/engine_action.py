# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the action plugins that run the engine: one request, one remote execution, one result."""

from __future__ import annotations

import contextlib
import copy
import getpass
import os
import socket

from ansible.plugins.action import ActionBase

from ..module_utils.common.errors import SlipwayError
from . import interpreter, streaming, transport


class EngineAction(ActionBase):
    """Streams the engine to a host; ``executions`` and ``transferred`` count what that costs."""

    TRANSFERS_FILES = False
    _requires_connection = True
    _supports_async = False
    _supports_check_mode = True

    executions = 0
    transferred = 0
    streams = None  # whether the host takes a parcel on standard input; None until the first execution
    _found = None  # its interpreter, and the facts from a discovery

    def validated(self, argument_spec, **rules):
        """The task's arguments, checked; the counters begin anew.

        A task with ``until`` runs the same plugin again, and Ansible writes defaults into the argument spec.
        """
        self.executions, self.transferred = 0, 0
        return self.validate_argument_spec(copy.deepcopy(argument_spec), **rules)[1]

    def cluster(self, task_vars):
        """The cluster that this task is for; None for a host with systemd."""
        host = self._task.delegate_to or task_vars["inventory_hostname"]
        if host not in task_vars["groups"].get("clusters", ()):
            return None
        from .clusters import engine  # here, as no host needs it

        return engine.Cluster(self, task_vars)

    def execute(self, request, tarball, task_vars):
        """One remote execution of the engine. ``tarball``, if there is one, is sent after the request."""
        self.executions += 1
        cluster = self.cluster(task_vars)
        if cluster:
            return cluster.execute(request)
        self.transferred += os.path.getsize(tarball) if tarball else 0
        if self._found is None:
            self._found = interpreter.interpreter_for(self, task_vars)
        parcel = transport.parcel(request, tarball)
        python = self._found[0]
        return transport.result_of(self._run(transport.command(python), parcel, task_vars), python)

    @staticmethod
    @contextlib.contextmanager
    def failing_into(result):
        """What goes wrong meanwhile becomes the task's failure. An outcome is only for a release."""
        try:
            yield
        except SlipwayError as error:
            result.update(error.facts, failed=True, msg=str(error))
        result.pop("outcome", None)

    def with_discovery(self, result):
        """The result, with the discovered interpreter, which Ansible keeps as a fact of the host."""
        facts = self._found[1] if self._found else {}
        if facts and (not self._task.delegate_to or self._task.delegate_facts):
            result["ansible_facts"] = dict(facts)
        # Ansible-core 2.18 and older collects them for the module that it would run now.
        for key, name in (
            ("warnings", "_discovery_warnings"),
            ("deprecations", "_discovery_deprecation_warnings"),
        ):
            if getattr(self, name, None):
                result.setdefault(key, []).extend(getattr(self, name))
        return result

    @staticmethod
    def actor():
        """Who runs this, for the host's history."""
        return "%s@%s" % (getpass.getuser(), socket.gethostname())

    def _run(self, command, parcel, task_vars):
        """Stream the parcel if this connection can; otherwise bring it there as a file.

        A sudo with requiretty refuses what has no terminal, and standard input is none: then nothing of the
        command has run, and the file has to do.
        """
        if self.streams is None:
            self.streams = streaming.is_possible(
                self._connection, interpreter.host_variables(self, task_vars)
            )
        if self.streams:
            answer = self._low_level_execute_command(command, in_data=parcel)
            if transport.has_begun(answer) or not self._connection.become:
                return answer
            self.streams = False
        return self._run_from_file(command, parcel)

    def _run_from_file(self, command, parcel):
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
