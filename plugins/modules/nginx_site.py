# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_site
short_description: Have nginx serve a site as a reverse proxy, tried by nginx before it replaces anything
version_added: 0.1.0
description:
  - Renders the site's configuration on the host, lets nginx itself try it together with all that is there already, puts it in place,
    reloads, and waits until new workers serve with it. Where nginx finds a fault, or does not take the configuration, everything stays
    as it was, and the error is nginx's own, with the line of what you wrote.
  - Sites do not know of each other. Each has two files, C(conf.d/slipway-NAME.conf) and C(conf.d/slipway-NAME.upstream.conf), and the last one
    that goes takes along what they share, C(conf.d/00-slipway.conf). Nothing else in C(/etc/nginx) is written, but for the link to the
    distribution's own welcome page, which makes room for O(catch_all) if nobody has edited that page.
  - With O(certificate) the site is served by HTTPS with Mozilla's intermediate profile and HTTP/2, and HTTP redirects there. As long as
    the files are not there, only the path for ACME challenges is open; run the module again when they are.
options:
  name:
    description: The site's name; usually the app's.
    type: str
    required: true
  state:
    description: V(absent) removes the site and leaves all others, certificates and logs.
    type: str
    choices: [present, absent]
    default: present
  domains:
    description:
      - The host names that it answers to; C(*.example.com) is possible. Without any, it answers to every name that no other site has, which
        only one site of a host can do.
    type: list
    elements: str
    default: []
  redirect_from:
    description: Further host names, which are redirected to the first of O(domains).
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
          - After how many failures within O(servers[].fail_timeout) nginx leaves it alone for as long. V(0) never does.
          - A single server is never left alone.
        type: int
        default: 3
      fail_timeout:
        description: In seconds.
        type: int
        default: 10
      backup:
        description: Gets requests only when all others fail. Not with O(balance=ip_hash).
        type: bool
        default: false
  balance:
    description: How nginx chooses between the servers.
    type: str
    choices: [round_robin, least_conn, ip_hash]
    default: round_robin
  keepalive:
    description: How many idle connections to the servers every worker keeps open. V(0) opens one per request.
    type: int
    default: 32
  blue_green:
    description:
      - Send to the first of two O(servers) only, the blue one; or only to the second, the green one, while the file C(/etc/nginx/slipway/NAME.green) exists.
      - nginx looks for that file at every request, so that the strategy V(blue_green) of M(slipway.golang.release) switches without a reload.
    type: bool
    default: false
  certificate:
    description:
      - Path on the host of the certificate with its chain, such as C(/etc/letsencrypt/live/orders.example.com/fullchain.pem).
      - Without it the site is HTTP only.
    type: str
  certificate_key:
    description: Path on the host of its private key.
    type: str
  hsts_max_age:
    description: For how many seconds browsers shall insist on HTTPS. V(0) does not say so. Begin with an hour; it cannot be taken back.
    type: int
    default: 0
  hsts_include_subdomains:
    description: Whether they shall do so for all subdomains.
    type: bool
    default: false
  ssl_stapling:
    description: Staple OCSP answers. Let's Encrypt, as other CAs, has ended OCSP; for those that have it.
    type: bool
    default: false
  acme_webroot:
    description:
      - The directory from which challenges of the ACME protocol are answered, on port 80, whatever else is redirected or down.
      - It is made where it is missing.
    type: str
    default: /var/lib/slipway-acme
  acme_forward:
    description: C(host:port) of another host that answers the challenges instead, for a certificate that is issued there.
    type: str
  trusted_proxies:
    description:
      - Addresses or networks of proxies in front of this nginx. From them, and from nobody else, C(X-Forwarded-For) is believed as the client's address and
        C(X-Forwarded-Proto) as its scheme.
    type: list
    elements: str
    default: []
  streaming:
    description: Paths of server-sent events and long-lived websockets, where nothing is buffered and an hour of silence is allowed. Websockets work everywhere.
    type: list
    elements: str
    default: []
  static:
    description: Directories that nginx serves by itself.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where the site shows it; ends with C(/).
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
  headers:
    description: Response headers, such as C(X-Content-Type-Options) V(nosniff). Values are taken literally, a C($) included.
    type: dict
    default: {}
  gzip:
    description: Compress text, JSON and the like.
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
    description: Seconds without progress while a request is sent.
    type: int
    default: 60
  proxy_read_timeout:
    description: Seconds without progress while an answer is awaited.
    type: int
    default: 60
  limit_rate:
    description: Requests per client address, such as V(10r/s) or V(90r/m). More get status 429.
    type: str
  limit_burst:
    description: How many requests may come at once beyond O(limit_rate).
    type: int
    default: 20
  access_log:
    description:
      - Write C(/var/log/nginx/NAME.access.log), a JSON object per request, with the timing of the upstream and the release that answered, by its
        header C(X-Release).
    type: bool
    default: true
  maintenance:
    description:
      - Show a page with status 503 and C(Retry-After) in place of the service. It takes effect at once, without a reload.
      - By hand, the page is switched on by making C(/etc/nginx/slipway/NAME.maintenance.html) and off by removing it.
    type: bool
    default: false
  maintenance_page:
    description: The page, as HTML. There is a plain one.
    type: str
  snippet:
    description: Lines in nginx's own language, put at the end of the site's C(server) block.
    type: str
    default: ""
  catch_all:
    description:
      - Answer names that no site has with 404, and refuse TLS for them, instead of showing whatever site comes first. Where another file has a default server,
        that one stays.
      - Like O(status_port) and O(acme_webroot), this belongs to the host. Give it the same value for all sites of a host.
    type: bool
    default: true
  status_port:
    description: A port on 127.0.0.1 where C(/nginx_status) shows nginx's counters, for this host only. V(0) is none. Belongs to the host.
    type: int
    default: 0
extends_documentation_fragment:
  - slipway.golang.attributes
notes:
  - Needs root on the host - set C(become) - nginx 1.18 or newer, and C(unshare) of util-linux, which every distribution has.
  - A retry goes to another server only for requests that can be repeated; a POST is never sent twice.
  - Refusing TLS for unknown names needs nginx 1.19.4; an older one shows its first site.
seealso:
  - module: slipway.golang.nginx_upstream
  - module: slipway.golang.certbot_certificate
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Put nginx in front of a service
  slipway.golang.nginx_site:
    name: orders
    domains: [orders.example.com]
    servers:
      - address: 127.0.0.1:8080
  become: true

- name: Serve it by HTTPS, with a rate limit and server-sent events
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

- name: Take the site off the host
  slipway.golang.nginx_site:
    name: orders
    state: absent
  become: true
"""

RETURN = r"""
actions:
  description: What was done, in order; in check mode what would be done.
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
  description: Whether the certificate's files are missing, so that the module has to run again when they are there.
  returned: success
  type: bool
  sample: false
drained:
  description: The servers that are drained, and stay so.
  returned: success
  type: list
  elements: str
  sample: []
nginx:
  description: All that nginx said.
  returned: when nginx refuses the configuration
  type: list
  elements: str
  sample: ['nginx: [emerg] unknown directive "prox_pass" in /etc/nginx/conf.d/slipway-orders.conf:42']
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.common import names
from ..module_utils.common.errors import SlipwayError
from ..module_utils.host.nginx import apply, config_files, process
from ..module_utils.host.nginx.options import OPTIONS

ARGUMENTS = dict(
    OPTIONS,
    name={"type": "str", "required": True},
    state={"type": "str", "choices": ["present", "absent"], "default": "present"},
)


def run(params, check_mode):
    """Look, decide, act; returns the result."""
    name = names.check_app(params["name"])
    plan = apply.plan_absence if params["state"] == "absent" else apply.plan
    wanted = plan(name, params, process.facts())
    changed, page = wanted.changes()
    result = {"diff": difference(dict(wanted.files, **wanted.page), changed + page)}
    actions, verb = apply.steps(wanted), apply.needs_nginx(wanted)
    if (actions or verb) and not check_mode:
        apply.require_nginx()
        apply.apply(name, wanted, params["snippet"])
    actions += ["%s nginx" % verb] if verb else []
    return dict(
        result,
        changed=bool(actions),
        actions=actions,
        https=wanted.https,
        waiting_for_certificate=wanted.waiting,
        drained=wanted.drained,
        warnings=wanted.warnings,
    )


def difference(files, paths):
    """The diff of those files, one after the other."""
    return [
        {
            "before": config_files.shown(config_files.read(path)),
            "after": files[path] or "",
            "before_header": path,
            "after_header": path,
        }
        for path in paths
    ]


def main():
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_together=[("certificate", "certificate_key")],
        supports_check_mode=True,
    )
    try:
        with apply.alone(module.params["name"], module.check_mode):
            result = run(module.params, module.check_mode)
    except SlipwayError as error:
        module.fail_json(msg=str(error), **error.facts)
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
