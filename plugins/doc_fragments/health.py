# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import textwrap

OPTIONS = """\
type:
  description:
    - What is asked. V(http) sends a request, V(tcp) connects to a port, V(unix) connects to a unix socket and sends a request there
      where there is a C(path), V(command) runs a program. V(none) asks nothing - a release is then judged by its process alone.
    - Default is what the other options suggest - V(command) with C(command), V(unix) with C(socket), V(http) with C(path), else V(tcp).
    - An option that the type would not look at is refused.
  type: str
  choices: [http, tcp, unix, command, none]
scheme:
  description: Plain HTTP, or HTTP over TLS.
  type: str
  choices: [http, https]
  default: http
validate_certs:
  description: Whether the certificate must be valid for C(host) and signed by a CA that the machine trusts.
  type: bool
  default: true
host:
  description: The name or address that is asked. Of a name with several addresses, the first that accepts a connection.
  type: str
  default: 127.0.0.1
port:
  description: The TCP port that is asked.
  type: int
path:
  description: Path and query of the request, beginning with C(/).
  type: str
socket:
  description: Absolute path of a unix socket.
  type: str
command:
  description:
    - A program and its arguments, run without a shell, as the user that the task becomes, on the machine of the task. Exit code 0 is health.
    - After C(timeout) it is killed, with all that it has started.
  type: list
  elements: str
method:
  description: Method of the request.
  type: str
  choices: [GET, HEAD, POST, OPTIONS]
  default: GET
headers:
  description: Headers of the request, for instance C(Host).
  type: dict
  default: {}
status:
  description: Status codes that are health, single ones or ranges. A redirect is not followed, its own status counts.
  type: list
  elements: str
  default: [200-399]
body:
  description: A regular expression that must match somewhere in the first 64 KiB of the body.
  type: str
response_headers:
  description: Headers that the answer must have, each with a regular expression that must match somewhere in its value.
  type: dict
  default: {}
release_header:
  description:
    - The header by which an answer names the release that gave it. Where it does, it must be the expected one, so that an answer from an old
      process is not taken for the new one. Empty - no header is looked at.
  type: str
  default: X-Release
release_field:
  description: The same as a field of a JSON object in the body. Empty - no field is looked at.
  type: str
  default: release
initial_delay:
  description: Seconds to wait before the first probe. They are a part of C(deadline).
  type: float
  default: 0.0
period:
  description: Seconds between probes, at most. They begin at 10 milliseconds and grow.
  type: float
  default: 1.0
timeout:
  description: Seconds after which one probe, all of it, has failed.
  type: float
  default: 1.0
success_threshold:
  description: How many probes in a row must succeed for the service to be ready.
  type: int
  default: 1
failure_threshold:
  description: How many probes in a row must fail, once it is ready, for the service to be unhealthy.
  type: int
  default: 3
deadline:
  description: Seconds within which the service must become ready. The last probe begins when they are over, so V(0) asks once.
  type: float
  default: 30.0
min_ready_seconds:
  description: Seconds for which it must then stay healthy. They do not end in the middle of failures - probing goes on until it is clear.
  type: float
  default: 2.0
"""


class ModuleDocFragment:
    """The vocabulary of health checks, told once: as a module's own options, and as the option `health` of others."""

    # With their types, as ansible-test's yamllint takes a plain assignment for a literal.
    DOCUMENTATION: str = "options:\n" + textwrap.indent(OPTIONS, "  ")

    NESTED: str = """\
options:
  health:
    description:
      - What healthy means. With nothing given it is a connection to the service's port.
      - The words mean what they mean for Kubernetes' probes; times are in seconds. See M(slipway.golang.health).
    type: dict
    default: {}
    suboptions:
""" + textwrap.indent(OPTIONS, "      ")
