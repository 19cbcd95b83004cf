# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import textwrap

OPTIONS = """\
type:
  description:
    - The kind of probe. V(http) sends a request, V(tcp) connects to a port, V(unix) connects to a unix socket
      and, with a C(path), sends a request there, V(command) runs a program. V(none) probes nothing; a release
      is then healthy while its process runs.
    - Default is V(command) with C(command), V(unix) with C(socket), V(http) with C(path), else V(tcp).
    - An option that the type does not use is refused.
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
  description: The name or address to connect to. Of several addresses, the first that accepts a connection is
    used.
  type: str
  default: 127.0.0.1
port:
  description: The TCP port to connect to.
  type: int
path:
  description: Path and query of the request, beginning with C(/).
  type: str
socket:
  description: Absolute path of a unix socket.
  type: str
command:
  description:
    - A program and its arguments, run without a shell, as the user that the task becomes, on the machine of
      the task. Exit status 0 is healthy.
    - After C(timeout) it is killed, with all processes that it has started.
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
  description: Status codes that are healthy, single ones or ranges. Redirects are not followed; their own
    status counts.
  type: list
  elements: str
  default: [200-399]
body:
  description: A regular expression that must match somewhere in the first 64 KiB of the body.
  type: str
response_headers:
  description: Headers that the response must have, each with a regular expression that must match somewhere
    in its value.
  type: dict
  default: {}
release_header:
  description:
    - The header in which a response names its release. If it does, the release must be the expected one, so
      that a response of an old process does not count for the new one. Empty disables it.
  type: str
  default: X-Release
release_field:
  description: The same as C(release_header), for a field of a JSON object in the body. Empty disables it.
  type: str
  default: release
initial_delay:
  description: Seconds to wait before the first probe. They are part of C(deadline).
  type: float
  default: 0.0
period:
  description: Seconds between probes, at most. The interval begins at 10 milliseconds and grows.
  type: float
  default: 1.0
timeout:
  description: Seconds after which a probe has failed, in total.
  type: float
  default: 1.0
success_threshold:
  description: How many probes in a row must succeed for the service to be ready.
  type: int
  default: 1
failure_threshold:
  description: How many probes in a row must fail, after the service was ready, for it to be unhealthy.
  type: int
  default: 3
deadline:
  description: Seconds within which the service must become ready. The last probe begins when they are over,
    so V(0) probes once. A service whose unit is of type V(notify) must also report that it is ready within
    that time.
  type: float
  default: 30.0
min_ready_seconds:
  description: Seconds for which it must then stay healthy. If the last probe failed, probing goes on until
    the result is clear.
  type: float
  default: 2.0
"""


class ModuleDocFragment:
    """The options of a health check: as a module's own options, and as the option `health` of others."""

    # With types, because ansible-test's yamllint takes a plain assignment for a literal.
    DOCUMENTATION: str = "options:\n" + textwrap.indent(OPTIONS, "  ")

    NESTED: str = """\
options:
  health:
    description:
      - The health check. Default is a connection to the service's port.
      - The options have the meaning of Kubernetes' probes; times are in seconds. See
        M(slipway.golang.health).
    type: dict
    default: {}
    suboptions:
""" + textwrap.indent(OPTIONS, "      ")
