# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certbot_certificate
short_description: Obtain, reissue or remove a certificate with certbot
version_added: 0.1.0
description:
  - Reads the certificate and certbot's renewal file, and runs certbot only if something has to change.
    RV(reasons) says what, also in check mode, and on a host that has no certbot yet.
  - It reissues under the same path if domains, key, CA, authenticator or preferred chain differ, if the
    certificate has expired or expires soon, and if its files are lost or damaged. Files that are in the way
    are moved to C(/etc/letsencrypt/slipway-backup), never deleted.
  - If the CA refuses, the old certificate stays in use, and the message has the CA's own reason for each
    domain.
  - If the CA does not know this host's account any more, the account is moved to the same directory, and
    certbot registers again.
  - Renewals are left to C(certbot renew). The module renews a certificate too if it is in the last third of
    its life, at most 30 days before it expires, so that a renewal that does not work is noticed in time.
options:
  name:
    description: The certificate's name, and its directory below C(/etc/letsencrypt/live). Default is the
      first of O(domains).
    type: str
  domains:
    description: All names that the certificate is for. Required with O(state=present).
    type: list
    elements: str
  email:
    description: The address to register an account with. Without it, the CA cannot send warnings. An existing
      account is not changed.
    type: str
  server:
    description: Address of the CA's ACME directory. Default is Let's Encrypt.
    type: str
  staging:
    description:
      - Use Let's Encrypt's staging server, whose certificates no browser accepts. Not with O(server).
      - A later O(staging=false) reissues. A valid certificate is never replaced by a test certificate.
    type: bool
    default: false
  authenticator:
    description:
      - How certbot proves that the domains are yours. V(webroot) writes a file into a directory that a
        running web server serves. V(standalone) starts a temporary web server of certbot's own, if nothing
        else listens.
      - Or any plugin that is installed with certbot, such as V(dns-cloudflare). Wildcards need a DNS plugin.
    type: str
    default: webroot
  webroot:
    description: The directory from which a web server serves C(/.well-known/acme-challenge/). Required with
      O(authenticator=webroot).
    type: path
  standalone_port:
    description: The port that V(standalone) listens on, if port 80 is forwarded to it.
    type: int
  standalone_address:
    description: The address that V(standalone) listens on.
    type: str
  authenticator_options:
    description:
      - More options of the plugin, without its name. C(credentials) becomes C(--dns-cloudflare-credentials).
      - Any user of the host can read a command line, so pass the path of a file with the secret, never the
        secret itself.
    type: dict
  key_type:
    description: The type of the key.
    type: str
    choices: [ecdsa, rsa]
    default: ecdsa
  elliptic_curve:
    description: The curve of an ECDSA key. Default is what an existing certificate has, else certbot's own.
    type: str
    choices: [secp256r1, secp384r1]
  rsa_key_size:
    description: The size of an RSA key. Default is what an existing certificate has, else certbot's own.
    type: int
  reuse_key:
    description: Whether a renewed certificate keeps its key, for clients that pin it. Default is what an
      existing certificate has, else V(false).
    type: bool
  preferred_chain:
    description: The issuer's name at the top of the chain, if the CA offers several. Default is what an
      existing certificate has.
    type: str
  deploy_hook:
    description:
      - Absolute path of an executable on the host that certbot runs after it has installed a new certificate,
        now and at renewals.
      - Empty for none. Default is what an existing certificate has.
    type: str
  certbot:
    description: The certbot executable.
    type: str
    default: certbot
  ca_bundle:
    description: File of the root certificates to trust for the CA's server. Renewals need it as well, in
      C(REQUESTS_CA_BUNDLE).
    type: path
  state:
    description:
      - V(present) obtains the certificate if it is missing or differs.
      - V(absent) lets certbot delete it. Files that certbot does not know are moved to
        C(/etc/letsencrypt/slipway-backup).
    type: str
    choices: [present, absent]
    default: present
  revoke:
    description: With O(state=absent), revoke the certificate at the CA. For a key that may be compromised.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.golang.attributes
notes:
  - Needs root on the host (set C(become)), and certbot 1.25 or newer, which the role
    P(slipway.golang.certbot#role) installs.
seealso:
  - module: slipway.golang.certificate_info
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Obtain a certificate through a running web server
  slipway.golang.certbot_certificate:
    domains: [orders.example.com, www.orders.example.com]
    email: ops@example.com
    webroot: /var/lib/slipway-acme
    deploy_hook: /usr/local/sbin/reload-nginx
  become: true

- name: Obtain a wildcard certificate through DNS
  slipway.golang.certbot_certificate:
    name: example.com
    domains: ["*.example.com", example.com]
    authenticator: dns-cloudflare
    authenticator_options:
      credentials: /root/cloudflare.ini
      propagation-seconds: 30
  become: true

- name: Obtain a certificate with an RSA key from a private CA
  slipway.golang.certbot_certificate:
    domains: [orders.internal.example.com]
    server: https://ca.internal.example.com/acme/directory
    ca_bundle: /etc/ssl/certs/internal-ca.pem
    authenticator: standalone
    key_type: rsa
    rsa_key_size: 3072
  become: true

- name: Remove the certificate
  slipway.golang.certbot_certificate:
    name: orders.example.com
    state: absent
  become: true
"""

RETURN = r"""
reasons:
  description: Why certbot had to run, or would have to in check mode. Empty if nothing has changed.
  returned: success
  type: list
  elements: str
  sample: ["domains: added shop.example.com", "key type: rsa -> ecdsa"]
actions:
  description: What was done, in order, with the new paths of files that were moved.
  returned: success
  type: list
  elements: str
  sample: ["reissue orders.example.com"]
certificate:
  description: Path of the certificate without its chain.
  returned: success
  type: str
  sample: /etc/letsencrypt/live/orders.example.com/cert.pem
chain:
  description: Path of the chain, without the certificate.
  returned: success
  type: str
  sample: /etc/letsencrypt/live/orders.example.com/chain.pem
fullchain:
  description: Path of the certificate with its chain, as web servers need it.
  returned: success
  type: str
  sample: /etc/letsencrypt/live/orders.example.com/fullchain.pem
key:
  description: Path of the private key. Its content is never returned.
  returned: success
  type: str
  sample: /etc/letsencrypt/live/orders.example.com/privkey.pem
server:
  description: Address of the ACME directory from which the certificate was obtained.
  returned: success, when certbot knows the certificate
  type: str
serial:
  description: The certificate's serial number in hexadecimal digits, as C(openssl x509 -serial) prints it.
  returned: success, when there is a certificate
  type: str
issuer:
  description: The CA that signed it.
  returned: success, when there is a certificate
  type: str
  sample: C=US, O=Let's Encrypt, CN=E7
domains:
  description: The domains of the certificate.
  returned: success, when there is a certificate
  type: list
  elements: str
not_before:
  description: When it becomes valid, in UTC.
  returned: success, when there is a certificate
  type: str
  sample: "2026-11-20T22:31:07Z"
not_after:
  description: When it expires, in UTC.
  returned: success, when there is a certificate
  type: str
  sample: "2027-02-18T22:31:06Z"
days_left:
  description: Whole days until it expires; negative if it has expired.
  returned: success, when there is a certificate
  type: int
  sample: 89
key_type:
  description: The type of its key.
  returned: success, when there is a certificate
  type: str
  sample: ecdsa
nginx_files:
  description: Files of nginx's configuration that still name the removed certificate.
  returned: with O(state=absent)
  type: list
  elements: str
problems:
  description: The CA's errors. Each has C(domain), or null if it is about none, C(type), the ACME error, and
    C(detail).
  returned: when no certificate was obtained
  type: list
  elements: dict
  sample:
    - {domain: shop.example.com, type: unauthorized, detail: "Invalid response from http://shop.example.com/"}
certbot:
  description: The last lines that certbot printed.
  returned: when certbot failed
  type: list
  elements: str
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.common.errors import SlipwayError
from ..module_utils.host.certbot import apply, x509
from ..module_utils.host.certbot.plan import decide, describe, preview
from ..module_utils.host.certbot.request import Request, check_name
from ..module_utils.host.certbot.state import Paths, observe

ARGUMENTS = {
    "name": {"type": "str"},
    "domains": {"type": "list", "elements": "str"},
    "email": {"type": "str"},
    "server": {"type": "str"},
    "staging": {"type": "bool", "default": False},
    "authenticator": {"type": "str", "default": "webroot"},
    "webroot": {"type": "path"},
    "standalone_port": {"type": "int"},
    "standalone_address": {"type": "str"},
    "authenticator_options": {"type": "dict"},
    "key_type": {"type": "str", "choices": ["ecdsa", "rsa"], "default": "ecdsa", "no_log": False},
    "elliptic_curve": {"type": "str", "choices": ["secp256r1", "secp384r1"]},
    "rsa_key_size": {"type": "int", "no_log": False},
    "reuse_key": {"type": "bool", "no_log": False},
    "preferred_chain": {"type": "str"},
    "deploy_hook": {"type": "str"},
    "certbot": {"type": "str", "default": "certbot"},
    "ca_bundle": {"type": "path"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "revoke": {"type": "bool", "default": False},
}
FACTS = ("serial", "issuer", "domains", "not_before", "not_after", "days_left", "key_type")


def present(params, check_mode):
    """Observe, decide, apply; returns the result and warnings."""
    request = Request(params)
    state = observe(Paths(request.name))
    plan = decide(request, state, time.time())
    diff = {"before": describe(state), "after": preview(request, state, plan)}
    actions, warnings = [], []
    if plan.issue and not check_mode:
        actions, warnings = apply.issue(request, state)
    elif plan.hook and not check_mode:
        actions = apply.change_hook(request, state)
    after = observe(state.paths) if actions else state
    result = {"changed": plan.changed, "reasons": plan.reasons, "actions": actions, "diff": diff}
    return dict(facts(after), **result), warnings


def absent(params, check_mode):
    """Observe, apply; returns the result and warnings."""
    paths = Paths(check_name(params["name"], params["domains"]))
    state = observe(paths)
    present = paths.present()
    nginx_files = apply.nginx_files(paths.live)  # before: without the certificate nginx -T prints nothing
    actions = apply.remove(state, params["certbot"], params["revoke"]) if present and not check_mode else []
    warning = "nginx would not start again: files in %s are named in %s. Remove them there" % (
        paths.live,
        " and ".join(nginx_files),
    )
    result = {
        "changed": bool(present),
        "reasons": ["it is there: %s" % ", ".join(present)] if present else [],
        "actions": actions,
        "nginx_files": nginx_files,
        "diff": {"before": describe(state), "after": ""},
    }
    return result, [warning] if nginx_files else []


def facts(state):
    """What the result says about a certificate."""
    paths = state.paths
    known = {
        "certificate": paths.certificate,
        "chain": paths.chain,
        "fullchain": paths.fullchain,
        "key": paths.key,
    }
    if state.certificate:
        certificate = x509.facts(state.certificate, time.time())
        known.update({name: certificate[name] for name in FACTS})
    if state.known:
        known["server"] = state.server
    return known


def main():
    module = AnsibleModule(
        argument_spec=ARGUMENTS, required_if=[("state", "present", ["domains"])], supports_check_mode=True
    )
    try:
        run = present if module.params["state"] == "present" else absent
        result, warnings = run(module.params, module.check_mode)
    except SlipwayError as error:
        module.fail_json(msg=str(error), **error.facts)
    for warning in warnings:
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
