# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From checked options to the text of nginx's configuration. Pure: nothing here looks at the host.

Text that a user gives is quoted, with a literal ``$``. Only the snippet is nginx's own language.
"""

from __future__ import annotations

import hashlib

from ...common.limits import SHARES
from ...common.nginx_options import PRIVATE
from . import flags

DIRECTORY = "/etc/nginx"
COMMON = DIRECTORY + "/conf.d/00-slipway.conf"  # read before the sites, which name its log format
BANNER = "# Written by slipway.golang.nginx_site: set its options instead of changing this file."
WAITING = "This site is waiting for its certificate."
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Maintenance</title>
<h1>Down for maintenance</h1>
<p>We will be back soon.</p>
</html>
"""

# Mozilla's intermediate profile, https://ssl-config.mozilla.org: version 5.7 without its three DHE suites,
# which need parameters of their own and add no client to those of the others. OCSP stapling and session
# tickets are off, as there.
TLS = [
    "ssl_protocols TLSv1.2 TLSv1.3;",
    "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
    ":ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;",
    "ssl_ecdh_curve X25519:prime256v1:secp384r1;",
    "ssl_prefer_server_ciphers off;",
    "ssl_session_timeout 1d;",
    "ssl_session_cache shared:slipway_tls:10m;",
    "ssl_session_tickets off;",
]
_GZIP_TYPES = (
    "application/javascript application/json application/problem+json application/xml image/svg+xml "
    "text/css text/javascript text/plain text/xml"
)
_LOG_FIELDS = (
    ("time", "$time_iso8601"),
    ("request_id", "$request_id"),
    ("remote_addr", "$remote_addr"),
    ("host", "$host"),
    ("method", "$request_method"),
    ("uri", "$request_uri"),
    ("protocol", "$server_protocol"),
    ("tls", "$ssl_protocol"),
    ("status", "$status"),
    ("bytes_sent", "$body_bytes_sent"),
    ("request_time", "$request_time"),
    ("upstream", "$upstream_addr"),
    ("upstream_status", "$upstream_status"),
    ("upstream_connect_time", "$upstream_connect_time"),
    ("upstream_header_time", "$upstream_header_time"),
    ("upstream_response_time", "$upstream_response_time"),
    ("release", "$upstream_http_x_release"),
    ("referer", "$http_referer"),
    ("user_agent", "$http_user_agent"),
)


class Facts:
    """What the text depends on besides the options: nginx's version, and whether the host has IPv6."""

    def __init__(self, version=(1, 22, 1), ipv6=True):
        self.version = version
        self.ipv6 = ipv6


def path_of(name):
    return "%s/conf.d/slipway-%s.conf" % (DIRECTORY, name)


# --- the site -------------------------------------------------------------------------------------


def render(name, options, facts, https):
    """The site's file. ``https`` is "no", "waiting" (for the first certificate) or "yes"."""
    blocks = _zones(name, options)
    all_names = options["domains"] + options["redirect_from"]
    if https == "yes":
        tls = _tls(options) + _hsts(options)
        blocks.append(_server(all_names, 80, facts, _acme(options) + [_to_https(options)]))
        blocks += _redirect(options, 443, facts, tls)
        blocks.append(_server(options["domains"], 443, facts, tls + _content(name, options)))
    elif https == "waiting":
        rest = ("location /", ["default_type text/plain;", 'return 503 "%s\\n";' % WAITING])
        blocks.append(_server(all_names, 80, facts, _acme(options) + [rest]))
    else:
        blocks += _redirect(options, 80, facts, _acme(options))
        blocks.append(_server(options["domains"], 80, facts, _acme(options) + _content(name, options)))
    return BANNER + "\n" + "".join("\n" + line for block in blocks for line in _lines(block)) + "\n"


def snippet_line(text):
    """The number of the line after which the user's snippet begins; 0 if there is none."""
    lines = text.split("\n")
    return lines.index("    " + _SNIPPET) + 1 if "    " + _SNIPPET in lines else 0


_SNIPPET = "# snippet"


def _zones(name, options):
    """The directives that belong outside the server block."""
    blocks = []
    if options["limit_rate"]:
        blocks.append(
            "limit_req_zone $binary_remote_addr zone=slipway_%s_rate:10m rate=%s;"
            % (name, options["limit_rate"])
        )
    if options["blue_green"]:
        blocks += _parts(name, options)
    if options["trusted_proxies"]:
        variable = _variable(name)
        blocks.append(
            (
                "geo $realip_remote_addr $%s_trusted" % variable,
                ["default 0;"] + ["%s 1;" % network for network in options["trusted_proxies"]],
            )
        )
        blocks.append(
            (
                'map "$%s_trusted:$http_x_forwarded_proto" $%s_scheme' % (variable, variable),
                ["default $scheme;", '"1:https" https;', '"1:http" http;'],
            )
        )
    return blocks


def share_test(name):
    """What the site asks of each request: whether the instance that is not live has a share of them."""
    variable = "$" + _variable(name)
    return "if (-f %s)" % flags.part(name, variable + "_other", variable + "_part")


def _parts(name, options):
    """Sort requests into parts: by their random id, or users by a cookie, so that each stays where he is."""
    variable, key = "$" + _variable(name), "$request_id"
    blocks = []
    if options["sticky_cookie"]:
        cookie = "$cookie_" + options["sticky_cookie"]
        users = ['"" $request_id;', "default %s;" % cookie]
        key = variable + "_user"
        blocks.append(("map %s %s" % (cookie, key), users))
    steps = ["%d%% %d;" % (most - least, most) for least, most in zip((0, *SHARES), SHARES)]
    return [*blocks, ('split_clients "%s" %s_part' % (key, variable), [*steps, "* rest;"])]


def _variable(name):
    """The prefix of the site's variables: a hash, because nginx allows no dash and no long name there."""
    return "slipway_" + hashlib.sha256(name.encode("utf-8")).hexdigest()[:12]


def _server(domains, port, facts, content):
    default = "" if domains else " default_server"
    http2 = ["http2 on;"] if port == 443 and facts.version >= (1, 25, 1) else []
    names = ["server_name %s;" % " ".join(domains or ["_"])]
    return ("server", listen(port, facts, default) + http2 + names + ["server_tokens off;"] + content)


def listen(port, facts, default):
    """The listen directives; with the same options in every file, as nginx requires for one address."""
    ssl = ""
    if port == 443:
        ssl = " ssl" if facts.version >= (1, 25, 1) else " ssl http2"
    addresses = ["%d" % port] + (["[::]:%d" % port] if facts.ipv6 else [])
    return ["listen %s%s%s;" % (address, ssl, default) for address in addresses]


def _acme(options):
    """The ACME challenge path: open on port 80 even if all else is redirected, limited or down."""
    return [
        (
            "location ^~ /.well-known/acme-challenge/",
            acme_content(options["acme_webroot"], options["acme_forward"]),
        )
    ]


def acme_content(webroot, forward):
    """How a challenge is answered: from a directory, or by another host."""
    if forward:
        return ["proxy_pass http://%s;" % forward, "proxy_set_header Host $host;"]
    return ["root %s;" % webroot, "default_type text/plain;", "try_files $uri =404;"]


def _to_https(options):
    one_name = len(options["domains"]) == 1 and not options["domains"][0].startswith("*")
    return (
        "location /",
        ["return 308 https://%s$request_uri;" % (options["domains"][0] if one_name else "$host")],
    )


def _redirect(options, port, facts, content):
    """A server that redirects the other names to the first domain."""
    if not options["redirect_from"]:
        return []
    target = "%s://%s" % ("https" if port == 443 else "http", options["domains"][0])
    return [
        _server(
            options["redirect_from"],
            port,
            facts,
            content + [("location /", ["return 308 %s$request_uri;" % target])],
        )
    ]


def _tls(options):
    lines = [
        "ssl_certificate %s;" % options["certificate"],
        "ssl_certificate_key %s;" % options["certificate_key"],
    ] + TLS
    if options["ssl_stapling"]:
        lines += ["ssl_stapling on;", "ssl_stapling_verify on;"]
    return lines


def _hsts(options):
    if not options["hsts_max_age"]:
        return []
    value = "max-age=%d%s" % (
        options["hsts_max_age"],
        "; includeSubDomains" if options["hsts_include_subdomains"] else "",
    )
    return ['add_header Strict-Transport-Security "%s" always;' % value]


def _content(name, options):
    """The content of the site's main server block."""
    body = [
        "access_log /var/log/nginx/%s.access.log slipway;" % name
        if options["access_log"]
        else "access_log off;"
    ]
    # The flag files have to be looked for at every request.
    body.append("open_file_cache off;")
    if options["blue_green"]:
        color, other = "$%s_color" % _variable(name), "$%s_other" % _variable(name)
        body += [
            "set %s blue;" % color,
            "set %s green;" % other,
            ("if (-f %s)" % flags.green(name), ["set %s green;" % color, "set %s blue;" % other]),
            (share_test(name), ["set %s %s;" % (color, other)]),
        ]
    if options["trusted_proxies"]:
        body += ["set_real_ip_from %s;" % network for network in options["trusted_proxies"]]
        body += ["real_ip_header X-Forwarded-For;", "real_ip_recursive on;"]
    body += [
        "client_max_body_size %s;" % options["client_max_body_size"],
        "client_header_timeout 15s;",
        "client_body_timeout 15s;",
    ]
    if options["gzip"]:
        body += [
            "gzip on;",
            "gzip_vary on;",
            "gzip_proxied any;",
            "gzip_min_length 1024;",
            "gzip_types %s;" % _GZIP_TYPES,
        ]
    else:
        body.append("gzip off;")
    body += [
        "add_header %s %s always;" % (header, quoted(value)) for header, value in options["headers"].items()
    ]
    body += _maintenance(name) + _private(options["expose"])
    body += [_static(entry) for entry in options["static"]]
    body += [("location %s" % path, _proxy(name, options, streaming=True)) for path in options["streaming"]]
    body.append(("location /", _proxy(name, options)))
    if options["snippet"].strip():
        body += [_SNIPPET] + [Verbatim(line) for line in options["snippet"].rstrip().split("\n")]
    return body


def private_pattern(exposed):
    """What matches a path that clients must not reach; empty if they may reach all."""
    names = [path.strip("/") for path in PRIVATE if path not in exposed]
    return "^/+(%s)(/|$)" % "|".join(names) if names else ""


def _private(exposed):
    # nginx compares it with the path that it has decoded and normalized, as in /%6detrics or /x/../metrics.
    # In capital letters too: some routers take these for the same. Without merge_slashes slashes stay double.
    pattern = private_pattern(exposed)
    return [("location ~* %s" % pattern, ["return 404;"])] if pattern else []


_PAGE_URI = "/.slipway-maintenance"


def _maintenance(name):
    # A path and no named location: nginx then turns a POST into a GET, the only method that static files
    # allow.
    content = [
        "internal;",
        "alias %s;" % flags.maintenance_page(name),
        "default_type text/html;",
        'add_header Retry-After "60" always;',
        'add_header Cache-Control "no-store" always;',
    ]
    return [("location = %s" % _PAGE_URI, content)]


def _static(entry):
    return (
        "location ^~ %s" % entry["path"],
        ["alias %s/;" % entry["directory"].rstrip("/"), "expires %ds;" % entry["max_age"]],
    )


def _proxy(name, options, streaming=False):
    # The page is for this 503 only: a 503 that the snippet returns keeps its own page.
    body = [("if (-f %s)" % flags.maintenance_page(name), ["error_page 503 %s;" % _PAGE_URI, "return 503;"])]
    if options["limit_rate"]:
        burst = " burst=%d nodelay" % options["limit_burst"] if options["limit_burst"] else ""
        body += ["limit_req zone=slipway_%s_rate%s;" % (name, burst), "limit_req_status 429;"]
    upstream = (
        "slipway_%s_$%s_color" % (name, _variable(name)) if options["blue_green"] else "slipway_%s" % name
    )
    scheme = "$%s_scheme" % _variable(name) if options["trusted_proxies"] else "$scheme"
    body += [
        "proxy_pass http://%s;" % upstream,
        "proxy_http_version 1.1;",
        "proxy_set_header Host $host;",
        "proxy_set_header X-Real-IP $remote_addr;",
        # Not what the client claims: nginx is the first hop that the app can trust, unless trusted_proxies
        # says more.
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Forwarded-Proto %s;" % scheme,
        "proxy_set_header X-Forwarded-Host $host;",
        # Other headers with the same meaning, which some services prefer to those above.
        'proxy_set_header Forwarded "";',
        'proxy_set_header True-Client-IP "";',
        "proxy_set_header X-Request-ID $request_id;",
        "proxy_set_header Upgrade $slipway_upgrade;",
        "proxy_set_header Connection $slipway_connection;",
        "proxy_connect_timeout %ds;" % options["proxy_connect_timeout"],
        "proxy_send_timeout %ds;" % options["proxy_send_timeout"],
        "proxy_read_timeout %s;" % ("1h" if streaming else "%ds" % options["proxy_read_timeout"]),
        # Without non_idempotent: a POST that may have been executed is never sent twice.
        "proxy_next_upstream error timeout;",
        # All servers are tried, the backup too, if they fail at once. A request that timed out late is not
        # repeated: it would be slow on another server too.
        "proxy_next_upstream_timeout 10s;",
    ]
    if streaming:
        body += ["proxy_buffering off;", "gzip off;"]
    return body


# --- what all sites share -------------------------------------------------------------------------


def render_common(facts, *, catch_http, catch_https, acme_webroot, status_port, long_names=True):
    """The file that all sites share: the log format, the default servers, the status page.

    ``long_names``: set server_names_hash_bucket_size, unless another file does: nginx allows it only once.
    """
    fields = ",".join('"%s":"%s"' % field for field in _LOG_FIELDS)
    blocks = ["server_names_hash_bucket_size 128;"] if long_names else []
    blocks += [
        "log_format slipway escape=json '{%s}';" % fields,
        # Websockets and nothing else: an upgrade to h2c would bypass these rules.
        ("map $http_upgrade $slipway_upgrade", ['default "";', "~*^websocket$ websocket;"]),
        ("map $http_upgrade $slipway_connection", ['default "";', "~*^websocket$ upgrade;"]),
        ("geo $slipway_dollar", ['default "$";']),
    ]
    if catch_http:
        rest = (
            "location /",
            ["default_type text/plain;", 'return 404 "No site has this name here.\\n";'],
        )
        acme = ("location ^~ /.well-known/acme-challenge/", acme_content(acme_webroot, None))
        blocks.append(
            (
                "server",
                listen(80, facts, " default_server") + ["server_name _;", "server_tokens off;", acme, rest],
            )
        )
    if catch_https:
        # With the session cache: a returning client is looked up here, before nginx knows which site it asks
        # for.
        blocks.append(
            (
                "server",
                listen(443, facts, " default_server")
                + ["server_name _;"]
                + TLS
                + ["ssl_reject_handshake on;"],
            )
        )
    if status_port:
        status = ("location = /nginx_status", ["stub_status;"])
        blocks.append(
            (
                "server",
                [
                    "listen 127.0.0.1:%d;" % status_port,
                    "server_name _;",
                    "access_log off;",
                    "allow 127.0.0.1;",
                    "deny all;",
                    status,
                ],
            )
        )
    return BANNER + "\n" + "".join("\n" + line for block in blocks for line in _lines(block)) + "\n"


# --- text -----------------------------------------------------------------------------------------


class Verbatim(str):
    """A line that must not be indented: it may be inside a quoted text, and errors count its columns."""


def quoted(text):
    """The text as one argument of a directive, in which nginx sees no variable."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "${slipway_dollar}")
    return '"%s"' % escaped


def _lines(item, depth=0):
    """A directive, or a block as (head, content), as lines."""
    indent = "    " * depth
    if isinstance(item, Verbatim):
        return [str(item)]
    if isinstance(item, str):
        return [indent + item]
    head, content = item
    return (
        [indent + head + " {"]
        + [line for inner in content for line in _lines(inner, depth + 1)]
        + [indent + "}"]
    )
