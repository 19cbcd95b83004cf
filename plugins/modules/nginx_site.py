# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_site
short_description: Configure nginx as a reverse proxy for a service
version_added: 0.1.0
description:
  - Renders the site's configuration on the host, lets nginx test it together with the configuration that is
    there already, installs it, reloads, and waits until new workers serve with it. If nginx finds an error,
    or does not load the configuration, everything stays as it was, and the message has nginx's own error with
    your line.
  - Sites are independent of each other. Each has two files, C(conf.d/slipway-NAME.conf) and
    C(conf.d/slipway-NAME.upstream.conf). All share C(conf.d/00-slipway.conf), which is removed with the last
    site. Nothing else in C(/etc/nginx) is written, except that O(catch_all) removes the link to the
    distribution's own welcome page, if nobody has edited that page.
  - With O(certificate) the site is served by HTTPS with Mozilla's intermediate profile and HTTP/2, and HTTP
    redirects there. As long as the certificate's files are missing, only the path for ACME challenges is
    open; run the module again when they exist.
options:
  name:
    description: The site's name, usually that of the app.
    type: str
    required: true
  state:
    description: V(absent) removes the site, and keeps all other sites, certificates and logs.
    type: str
    choices: [present, absent]
    default: present
  domains:
    description:
      - The host names of the site; C(*.example.com) is possible. Without any, the site answers requests for
        every name that no other site has. Only one site of a host can do that.
    type: list
    elements: str
    default: []
  redirect_from:
    description: More host names, which are redirected to the first of O(domains).
    type: list
    elements: str
    default: []
  servers:
    description: Where the service listens. At least one is needed, unless O(state=absent).
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: C(host:port), C([ipv6]:port) or C(unix:/path).
        type: str
        required: true
      weight:
        description: Its share of the requests.
        type: int
        default: 1
      max_fails:
        description:
          - After how many failures within O(servers[].fail_timeout) nginx sends the server no requests for as
            long. V(0) never stops.
          - A single server always gets requests.
        type: int
        default: 3
      fail_timeout:
        description: In seconds.
        type: int
        default: 10
      backup:
        description: Whether it gets requests only when all others fail. Not with O(balance=ip_hash).
        type: bool
        default: false
  balance:
    description: How nginx balances requests between the servers.
    type: str
    choices: [round_robin, least_conn, ip_hash]
    default: round_robin
  keepalive:
    description: How many idle connections to the servers each worker keeps open. V(0) opens a connection per
      request.
    type: int
    default: 32
  blue_green:
    description:
      - Send requests only to the first of two O(servers), the blue one; or only to the second, the green one,
        while the file C(/etc/nginx/slipway/NAME.green) exists.
      - nginx looks for that file at every request, so that the strategy V(blue_green) of
        M(slipway.golang.release) switches without a reload.
      - The other instance gets a share of the requests while there are files such as
        C(/etc/nginx/slipway/NAME.green.5), as O(slipway.golang.release#module:share) says.
    type: bool
    default: false
  sticky_cookie:
    description: With O(blue_green), the cookie by which a share is given to users instead of requests, so
      that each stays with one release. Requests without it are shared one by one. Letters, digits and C(_)
      only.
    type: str
  certificate:
    description:
      - Path on the host of the certificate with its chain, such as
        C(/etc/letsencrypt/live/orders.example.com/fullchain.pem).
      - Without it the site is HTTP only.
    type: str
  certificate_key:
    description: Path on the host of its private key.
    type: str
  hsts_max_age:
    description: For how many seconds browsers must use HTTPS. V(0) sends no such header. Begin with an hour;
      it cannot be revoked.
    type: int
    default: 0
  hsts_include_subdomains:
    description: Whether browsers must do so for all subdomains.
    type: bool
    default: false
  ssl_stapling:
    description: Staple OCSP responses. For CAs that still offer OCSP; Let's Encrypt does not.
    type: bool
    default: false
  acme_webroot:
    description:
      - The directory from which ACME challenges are answered, on port 80, even if all else is redirected or
        down.
      - It is created if it is missing.
    type: str
    default: /var/lib/slipway-acme
  acme_forward:
    description: C(host:port) of another host that answers the ACME challenges instead, for a certificate that
      is issued there.
    type: str
  trusted_proxies:
    description:
      - Addresses or networks of proxies in front of this nginx. Only from them, C(X-Forwarded-For) is
        accepted as the client's address, and C(X-Forwarded-Proto) as its scheme.
    type: list
    elements: str
    default: []
  streaming:
    description:
      - Paths of server-sent events and long-lived websockets, where nothing is buffered, and an hour without
        data is allowed.
      - Websockets work on all other paths too.
    type: list
    elements: str
    default: []
  static:
    description: Directories of files that nginx serves itself.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The path of the site; ends with C(/).
        type: str
        required: true
      directory:
        description: The directory on the host, such as C(/opt/orders/current/assets).
        type: str
        required: true
      max_age:
        description: How many seconds browsers may keep a file.
        type: int
        default: 3600
  expose:
    description:
      - Paths that clients may reach although they are for operators. Without it C(/metrics), C(/debug/) and
        all below them get 404, as Go services have their metrics and profiles there.
      - A O(static) directory or an exact C(location =) in O(snippet) comes first.
    type: list
    elements: str
    choices: [/metrics, /debug/]
    default: []
  headers:
    description: Response headers, such as C(X-Content-Type-Options) V(nosniff). Values are literal, including
      a C($).
    type: dict
    default: {}
  gzip:
    description: Compress text, JSON and similar content.
    type: bool
    default: true
  client_max_body_size:
    description: The largest request body, such as V(10m). V(0) is unlimited.
    type: str
    default: 10m
  proxy_connect_timeout:
    description: Seconds to wait for a connection to a server.
    type: int
    default: 5
  proxy_send_timeout:
    description: Seconds without progress while a request is sent to a server.
    type: int
    default: 60
  proxy_read_timeout:
    description: Seconds without progress while nginx waits for a response.
    type: int
    default: 60
  limit_rate:
    description: Requests per client address, such as V(10r/s) or V(90r/m). Requests above it get status 429.
    type: str
  limit_burst:
    description: How many requests above O(limit_rate) are accepted at once.
    type: int
    default: 20
  access_log:
    description:
      - Write C(/var/log/nginx/NAME.access.log), a JSON object per request, with the timing of the upstream
        and the release that answered, from its header C(X-Release).
    type: bool
    default: true
  maintenance:
    description:
      - Answer with a page, status 503 and C(Retry-After) instead of the service. It takes effect at once,
        without a reload.
      - By hand, create C(/etc/nginx/slipway/NAME.maintenance.html) to enable the page, and remove it to
        disable the page.
    type: bool
    default: false
  maintenance_page:
    description: The page, as HTML. There is a plain default.
    type: str
  snippet:
    description: Lines of nginx configuration for the end of the site's C(server) block.
    type: str
    default: ""
  catch_all:
    description:
      - Answer requests for names that no site has with 404, and reject TLS for them, instead of serving the
        first site. If another file has a default server, that one stays.
      - Like O(status_port) and O(acme_webroot), this belongs to the host. Set the same value for all sites of
        a host.
    type: bool
    default: true
  status_port:
    description:
      - A port on 127.0.0.1 where C(/nginx_status) shows nginx's counters, for this host only. V(0) is none.
      - It belongs to the host, like O(catch_all).
    type: int
    default: 0
extends_documentation_fragment:
  - slipway.golang.attributes
notes:
  - Needs root on the host (set C(become)), nginx 1.18 or newer, and C(unshare) of util-linux, which every
    distribution has.
  - nginx repeats a request on another server only if that is safe; a POST is never sent twice.
  - To reject TLS for unknown names needs nginx 1.19.4; an older nginx serves its first site.
seealso:
  - module: slipway.golang.nginx_upstream
  - module: slipway.golang.certbot_certificate
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Configure nginx in front of a service
  slipway.golang.nginx_site:
    name: orders
    domains: [orders.example.com]
    servers:
      - address: 127.0.0.1:8080
  become: true

- name: Serve the site by HTTPS, with a rate limit and server-sent events
  slipway.golang.nginx_site:
    name: orders
    domains: [orders.example.com]
    redirect_from: [www.orders.example.com]
    servers:
      - address: 127.0.0.1:8080
    certificate: /etc/letsencrypt/live/orders.example.com/fullchain.pem
    certificate_key: /etc/letsencrypt/live/orders.example.com/privkey.pem
    limit_rate: 20r/s
    streaming: [/events]
    headers:
      X-Content-Type-Options: nosniff
  become: true

- name: Balance between two hosts, with a third in reserve
  slipway.golang.nginx_site:
    name: orders
    domains: [orders.example.com]
    balance: least_conn
    servers:
      - address: 10.0.0.11:8080
        weight: 2
      - address: 10.0.0.12:8080
      - address: 10.0.0.13:8080
        backup: true
  become: true

- name: Remove the site from the host
  slipway.golang.nginx_site:
    name: orders
    state: absent
  become: true
"""

RETURN = r"""
actions:
  description: What was done, in order; in check mode, what would be done.
  returned: success
  type: list
  elements: str
  sample: ["write /etc/nginx/conf.d/slipway-orders.conf", "reload nginx"]
https:
  description: Whether the site is served by HTTPS.
  returned: success
  type: bool
  sample: true
waiting_for_certificate:
  description: Whether the certificate's files are missing, so that the module has to run again when they
    exist.
  returned: success
  type: bool
  sample: false
drained:
  description: The servers that are drained and stay drained.
  returned: success
  type: list
  elements: str
  sample: []
nginx:
  description: All lines that nginx printed.
  returned: when nginx refuses the configuration
  type: list
  elements: str
  sample: ['nginx: [emerg] unknown directive "prox_pass" in /etc/nginx/conf.d/slipway-orders.conf:42']
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.common import names
from ..module_utils.common.errors import SlipwayError
from ..module_utils.common.nginx_options import OPTIONS
from ..module_utils.host.nginx import apply, preview, request
from ..module_utils.host.nginx.plan import decide, decide_absent
from ..module_utils.host.nginx.state import SiteState

ARGUMENTS = dict(
    OPTIONS,
    name={"type": "str", "required": True},
    state={"type": "str", "choices": ["present", "absent"], "default": "present"},
)


def run(params, check_mode):
    """Observe, decide, apply; returns the result."""
    name = names.check_app(params["name"])
    plan = _plan(name, params)
    diff, actions, nginx_action = preview.diff(plan), preview.actions(plan), preview.nginx_action(plan)
    if (actions or nginx_action) and not check_mode:
        apply.require_nginx()
        kept = apply.apply(name, plan, params["snippet"], params["maintenance_page"])
        plan.warnings += ["It was written by hand, and is kept as %s" % path for path in kept]
    actions += ["%s nginx" % nginx_action] if nginx_action else []
    return {
        "changed": bool(actions),
        "actions": actions,
        "diff": diff,
        "https": plan.https,
        "waiting_for_certificate": plan.waiting,
        "drained": plan.drained,
        "warnings": plan.warnings,
    }


def _plan(name, params):
    if params["state"] == "absent":
        return decide_absent(name, params, SiteState(name, params))
    request.check(params)
    return decide(name, params, SiteState(name, params))


def main():
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_together=[("certificate", "certificate_key")],
        supports_check_mode=True,
    )
    try:
        with apply.locked(module.params["name"], module.check_mode):
            result = run(module.params, module.check_mode)
    except SlipwayError as error:
        module.fail_json(msg=str(error), **error.facts)
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
