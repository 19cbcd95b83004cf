# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certbot_certificate
short_description: Have certbot obtain, reissue or leave a certificate
version_added: 0.1.0
description:
  - Looks at the certificate and at certbot's notes on it, and starts certbot only where something has to change. C(reasons) says what, in check
    mode too, and also on a host that has no certbot yet.
  - It reissues, always under the same path, when domains, key, CA, authenticator or preferred chain are others, when the certificate has
    expired or soon will, and when its files are lost or damaged. What was in the way is moved to C(/etc/letsencrypt/slipway-aside), never deleted.
  - Where the CA refuses, what served before serves on, and the error carries the CA's own reason for each domain.
  - Where the CA has forgotten this host's account, the account is moved aside and certbot registers again.
  - Renewal is not the module's job but C(certbot renew)'s. A certificate is renewed here too where it is in the last third of its life, and at
    most 30 days before its end, so that a renewal that does not work is found out in time.
options:
  name:
    description: The certificate's name, and its directory below C(/etc/letsencrypt/live). Default is the first of O(domains).
    type: str
  domains:
    description: All names that the certificate is for. Required with O(state=present).
    type: list
    elements: str
  email:
    description: The address that an account is registered with. Without it the CA can warn nobody. An account that is there stays as it is.
    type: str
  server:
    description: Address of the CA's ACME directory. Default is Let's Encrypt.
    type: str
  staging:
    description:
      - Use Let's Encrypt's staging server, whose certificates no browser accepts. Not with O(server).
      - Going back to O(staging=false) reissues. A good certificate that is still valid is never replaced by a test certificate.
    type: bool
    default: false
  authenticator:
    description:
      - How certbot proves that the domains are yours. V(webroot) puts a file where a web server that runs already serves it. V(standalone) is a
        web server of certbot's own for the time being, where nothing else listens.
      - Or any plugin that is installed beside certbot, such as V(dns-cloudflare). Wildcards need one that answers in DNS.
    type: str
    default: webroot
  webroot:
    description: The directory that a web server serves C(/.well-known/acme-challenge/) from. Required with O(authenticator=webroot).
    type: path
  standalone_port:
    description: The port that V(standalone) listens on, where something else leads port 80 there.
    type: int
  standalone_address:
    description: The address that V(standalone) listens on.
    type: str
  authenticator_options:
    description:
      - Further options of the plugin, without its name. C(credentials) becomes C(--dns-cloudflare-credentials).
      - Any user of the host can read a command line, so name a file here that has the secret, and not the secret.
    type: dict
  key_type:
    description: The kind of key.
    type: str
    choices: [ecdsa, rsa]
    default: ecdsa
  elliptic_curve:
    description: The curve of an ECDSA key. Default is certbot's own, and whatever a certificate has already.
    type: str
    choices: [secp256r1, secp384r1]
  rsa_key_size:
    description: The size of an RSA key. Default is certbot's own, and whatever a certificate has already.
    type: int
  reuse_key:
    description: Whether a renewed certificate keeps its key, for those who pin it. Default is what the certificate has already, else V(false).
    type: bool
  preferred_chain:
    description: The issuer's name at the top of the chain, where the CA offers several. Default is what the certificate has already.
    type: str
  deploy_hook:
    description:
      - Absolute path of an executable on the host that certbot calls whenever it has put a new certificate in place, now and at renewals.
      - Empty for none. Default is what the certificate has already.
    type: str
  certbot:
    description: The program.
    type: str
    default: certbot
  ca_bundle:
    description: File of the root certificates by which the CA's server is trusted. Renewals need it as well, in C(REQUESTS_CA_BUNDLE).
    type: path
  state:
    description:
      - V(present) has the certificate.
      - V(absent) has certbot delete it. Files that certbot does not know are moved to C(/etc/letsencrypt/slipway-aside).
    type: str
    choices: [present, absent]
    default: present
  revoke:
    description: With O(state=absent), tell the CA that the certificate must not be trusted any more. For a key that somebody else may have.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.golang.attributes
notes:
  - Needs root on the host - set C(become) - and certbot 1.25 or newer, which the role P(slipway.golang.certbot#role) installs.
seealso:
  - module: slipway.golang.certificate_info
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Have a certificate while the web server runs on
  slipway.golang.certbot_certificate:
    domains: [orders.example.com, www.orders.example.com]
    email: ops@example.com
    webroot: /var/lib/slipway-acme
    deploy_hook: /usr/local/sbin/reload-nginx
  become: true

- name: Have a wildcard, proved in DNS
  slipway.golang.certbot_certificate:
    name: example.com
    domains: ["*.example.com", example.com]
    authenticator: dns-cloudflare
    authenticator_options:
      credentials: /root/cloudflare.ini
      propagation-seconds: 30
  become: true

- name: Have one from a CA of one's own, with an RSA key
  slipway.golang.certbot_certificate:
    domains: [orders.internal.example.com]
    server: https://ca.internal.example.com/acme/directory
    ca_bundle: /etc/ssl/certs/internal-ca.pem
    authenticator: standalone
    key_type: rsa
    rsa_key_size: 3072
  become: true

- name: Have it no longer
  slipway.golang.certbot_certificate:
    name: orders.example.com
    state: absent
  become: true
"""

RETURN = r"""
reasons:
  description: Why certbot had to act, or would have to in check mode. Empty where nothing has changed.
  returned: success
  type: list
  elements: str
  sample: ["domains: added shop.example.com", "CA: https://acme-staging-v02.api.letsencrypt.org/directory -> https://acme-v02.api.letsencrypt.org/directory"]
actions:
  description: What was done, in order, with the places of what was moved aside.
  returned: success
  type: list
  elements: str
  sample: ["reissue orders.example.com"]
certificate:
  description: Path of the certificate alone.
  returned: success
  type: str
  sample: /etc/letsencrypt/live/orders.example.com/cert.pem
chain:
  description: Path of the chain that leads to the CA's root.
  returned: success
  type: str
  sample: /etc/letsencrypt/live/orders.example.com/chain.pem
fullchain:
  description: Path of the certificate with its chain, which is what a web server wants.
  returned: success
  type: str
  sample: /etc/letsencrypt/live/orders.example.com/fullchain.pem
key:
  description: Path of the private key. Its content is never returned.
  returned: success
  type: str
  sample: /etc/letsencrypt/live/orders.example.com/privkey.pem
server:
  description: Address of the ACME directory that the certificate came from.
  returned: success, when certbot knows the certificate
  type: str
serial:
  description: The certificate's serial number in hexadecimal digits, as C(openssl x509 -serial) prints it.
  returned: success, when there is a certificate
  type: str
issuer:
  description: Who signed it.
  returned: success, when there is a certificate
  type: str
  sample: C=US, O=Let's Encrypt, CN=E7
domains:
  description: The names that it is for.
  returned: success, when there is a certificate
  type: list
  elements: str
not_before:
  description: When it begins to be valid, in UTC.
  returned: success, when there is a certificate
  type: str
  sample: "2026-11-20T22:31:07Z"
not_after:
  description: When it ceases to be valid, in UTC.
  returned: success, when there is a certificate
  type: str
  sample: "2027-02-18T22:31:06Z"
days_left:
  description: Whole days until then; below zero when it has expired.
  returned: success, when there is a certificate
  type: int
  sample: 89
key_type:
  description: The kind of its key.
  returned: success, when there is a certificate
  type: str
  sample: ecdsa
nginx_files:
  description: Files of nginx's configuration that still name a certificate that is gone.
  returned: with O(state=absent)
  type: list
  elements: str
problems:
  description: What the CA complained of. Each has C(domain), where the complaint is about one, C(type), the ACME error, and C(detail).
  returned: when no certificate was obtained
  type: list
  elements: dict
  sample:
    - {domain: shop.example.com, type: unauthorized, detail: "Invalid response from http://shop.example.com/.well-known/acme-challenge/x: 404"}
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
    """Look, decide, act; returns the result and what to warn of."""
    request = Request(params)
    found = observe(Paths(request.name))
    plan = decide(request, found, time.time())
    diff = {"before": describe(found), "after": preview(request, found, plan)}
    actions, warnings = [], []
    if plan.issue and not check_mode:
        actions, warnings = apply.issue(request, found)
    elif plan.hook and not check_mode:
        actions = apply.change_hook(request, found)
    after = observe(found.paths) if actions else found
    return dict(
        facts(after), changed=plan.changed, reasons=plan.reasons, actions=actions, diff=diff
    ), warnings


def absent(params, check_mode):
    """Look, act; returns the result and what to warn of."""
    paths = Paths(check_name(params["name"], params["domains"]))
    found = observe(paths)
    there = paths.present()
    named = apply.nginx_files(paths.live)  # once the files are gone nginx no longer tells
    actions = apply.remove(found, params["certbot"], params["revoke"]) if there and not check_mode else []
    result = {
        "changed": bool(there),
        "reasons": ["it is there: %s" % ", ".join(there)] if there else [],
        "actions": actions,
        "nginx_files": named,
    }
    words = "nginx would not start again: %s still name%s files in %s" % (
        " and ".join(named),
        "s" * (len(named) == 1),
        paths.live,
    )
    return dict(result, diff={"before": describe(found), "after": ""}), [words] if named else []


def facts(found):
    """What the result says of a certificate."""
    paths = found.paths
    known = {
        "certificate": paths.certificate,
        "chain": paths.chain,
        "fullchain": paths.fullchain,
        "key": paths.key,
    }
    if found.certificate:
        told = x509.facts(found.certificate, time.time())
        known.update({name: told[name] for name in FACTS})
    if found.known:
        known["server"] = found.server
    return known


def main():
    module = AnsibleModule(
        argument_spec=ARGUMENTS, required_if=[("state", "present", ["domains"])], supports_check_mode=True
    )
    try:
        act = present if module.params["state"] == "present" else absent
        result, warnings = act(module.params, module.check_mode)
    except SlipwayError as error:
        module.fail_json(msg=str(error), **error.facts)
    for warning in warnings:
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
