# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_info
short_description: Gather information about certificates
version_added: 0.1.0
description:
  - Reads PEM certificates on the host. It needs neither openssl nor a Python library there.
  - A file that is missing or damaged is reported, and does not fail the task, so that one bad file hides no
    other.
options:
  paths:
    description: The files. Only the first certificate of a chain is read, which is the server's own.
    type: list
    elements: path
    required: true
  key:
    description: A private key on the host to compare with the certificate. Only with a single path. The key
      is never returned.
    type: path
extends_documentation_fragment:
  - slipway.golang.attributes
  - slipway.golang.attributes.info_module
seealso:
  - module: slipway.golang.certbot_certificate
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Read the certificate that nginx serves
  slipway.golang.certificate_info:
    paths: [/etc/letsencrypt/live/orders.example.com/fullchain.pem]
    key: /etc/letsencrypt/live/orders.example.com/privkey.pem
  become: true
  register: info

- name: Fail three weeks before it expires
  ansible.builtin.assert:
    that: info.certificates[0].days_left > 21
"""

RETURN = r"""
certificates:
  description: One entry for each path, in order.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
      returned: always
    exists:
      description: Whether there is such a file.
      type: bool
      returned: always
    problem:
      description: Why the file cannot be used.
      type: str
      returned: when it is there and no certificate can be read from it
    subject:
      description: The distinguished name of the subject.
      type: str
      returned: when it was read
      sample: CN=orders.example.com
    issuer:
      description: The CA that signed it.
      type: str
      returned: when it was read
      sample: C=US, O=Let's Encrypt, CN=E7
    serial:
      description: Its serial number in hexadecimal digits, as C(openssl x509 -serial) prints it.
      type: str
      returned: when it was read
    fingerprint:
      description: SHA-256 of the certificate.
      type: str
      returned: when it was read
    domains:
      description: The domains and addresses of the certificate.
      type: list
      elements: str
      returned: when it was read
    not_before:
      description: When it becomes valid, in UTC.
      type: str
      returned: when it was read
      sample: "2026-11-20T22:31:07Z"
    not_after:
      description: When it expires, in UTC.
      type: str
      returned: when it was read
      sample: "2027-02-18T22:31:06Z"
    days_left:
      description: Whole days until it expires; negative if it has expired.
      type: int
      returned: when it was read
      sample: 62
    key_type:
      description: C(ecdsa), C(rsa), C(ed25519), or the object identifier of something rarer.
      type: str
      returned: when it was read
    elliptic_curve:
      description: The curve of an ECDSA key.
      type: str
      returned: when it was read
    rsa_key_size:
      description: The size of an RSA key.
      type: int
      returned: when it was read
    key_matches:
      description: Whether O(key) belongs to the certificate.
      type: bool
      returned: when O(key) is given and the certificate was read
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.common.errors import InvalidInput, SlipwayError
from ..module_utils.host.certbot import x509

ARGUMENTS = {
    "paths": {"type": "list", "elements": "path", "required": True},
    "key": {"type": "path", "no_log": False},  # the path is no secret
}


def run(params):
    """The facts of every file."""
    if params["key"] and len(params["paths"]) != 1:
        raise InvalidInput(
            "key",
            params["key"],
            "it can be compared with only one certificate, and paths has %d; use one path"
            % len(params["paths"]),
        )
    return {"changed": False, "certificates": [read(path, params["key"]) for path in params["paths"]]}


def read(path, key):
    """The facts of one file."""
    try:
        certificate = x509.load(path)
    except SlipwayError as error:
        return {"path": path, "exists": True, "problem": str(error)}
    if certificate is None:
        return {"path": path, "exists": False}
    facts = dict(x509.facts(certificate, time.time()), path=path, exists=True)
    if key:
        facts["key_matches"] = x509.key_matches(path, key)
    return facts


def main():
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module.params)
    except SlipwayError as error:
        module.fail_json(msg=str(error), **error.facts)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
