# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options to the text of nginx's configuration. Pure: nothing here looks at the host.

Whatever a user gives stays inside of its field: names, addresses and paths have to match a pattern, text is quoted, and a
``$`` in it means itself. Only the snippet is nginx's own language, and it may not leave its block.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re

from ...common.errors import InvalidInput
from ...common.names import check_absolute
from . import flags

DIRECTORY = "/etc/nginx"
COMMON = DIRECTORY + "/conf.d/00-slipway.conf"  # read before the sites, which name its log format
BANNER = "# Written by slipway.golang.nginx_site: set its options instead of changing this file."
WAITING = "This site waits for its certificate."
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Maintenance</title>
<h1>Down for maintenance</h1>
<p>We will be back soon.</p>
</html>
"""

# Mozilla's intermediate profile, https://ssl-config.mozilla.org: version 5.7 without its three DHE suites, which need
# parameters of their own and serve no client that the others do not. OCSP stapling and session tickets are off, as there.
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
_GZIP_TYPES = "application/javascript application/json application/problem+json application/xml image/svg+xml text/css text/javascript text/plain text/xml"
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

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(r"(?=.{1,253}$)(\*\.)?%s(\.%s)*" % (_LABEL, _LABEL))
_PATH = re.compile(r"/[A-Za-z0-9._~@%+=:,/-]*")
_URI = re.compile(r"/[A-Za-z0-9._~%+=:,@-]*(/[A-Za-z0-9._~%+=:,@-]*)*")
_SIZE = re.compile(r"[0-9]{1,6}[kmg]?")
_RATE = re.compile(r"[1-9][0-9]{0,6}r/[sm]")
_QUOTED = re.compile(r"""\\.|(?<![^\s;{}])(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|#[^\n]*)""", re.DOTALL)
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


class Facts:
    """What the host has to say about it: nginx's version as a tuple, and whether there is IPv6."""

    def __init__(self, version=(1, 22, 1), ipv6=True):
        self.version = version
        self.ipv6 = ipv6


def path_of(name):
    return "%s/conf.d/slipway-%s.conf" % (DIRECTORY, name)


# --- checks ---------------------------------------------------------------------------------------------------------


def check(options):
    """Refuse what cannot become a configuration; raises InvalidInput."""
    for field in ("domains", "redirect_from"):
        for domain in options[field]:
            _matching(
                _DOMAIN,
                domain,
                field,
                "use a host name in lower case, as in 'orders.example.com' or '*.example.com' (punycode for others)",
            )
    both = sorted(set(options["domains"]) & set(options["redirect_from"]))
    if both:
        raise InvalidInput(
            "redirect_from", both[0], "it is also one of domains, and would be redirected to itself"
        )
    if options["redirect_from"] and not options["domains"]:
        raise InvalidInput(
            "redirect_from", options["redirect_from"][0], "there is no domain to redirect to; set domains"
        )
    if options["redirect_from"] and options["domains"][0].startswith("*"):
        raise InvalidInput(
            "domains",
            options["domains"][0],
            "redirect_from leads to the first domain, which has to be one name; put this one after it",
        )
    if bool(options["certificate"]) != bool(options["certificate_key"]):
        missing, given = (
            ("certificate_key", "certificate")
            if options["certificate"]
            else ("certificate", "certificate_key")
        )
        raise InvalidInput(missing, "", "it is needed beside %s" % given)
    for field in ("certificate", "certificate_key", "acme_webroot"):
        if options[field] or field == "acme_webroot":
            _check_path(options[field], field)
    _check_numbers(options)
    _check_paths(options)
    _matching(
        _SIZE,
        options["client_max_body_size"],
        "client_max_body_size",
        "use a number with k, m or g, as in '10m'; 0 is unlimited",
    )
    if options["limit_rate"]:
        _matching(
            _RATE,
            options["limit_rate"],
            "limit_rate",
            "use requests per second or minute, as in '10r/s' or '90r/m'",
        )
    if options["acme_forward"]:
        check_address(options["acme_forward"], "acme_forward")
    for network in options["trusted_proxies"]:
        _check_network(network)
    for header, value in options["headers"].items():
        _matching(_HEADER, header, "headers", "use the name of an HTTP header")
        _check_text(value, "headers.%s" % header)
    check_snippet(options["snippet"])


def check_address(address, field="servers.address"):
    """host:port, [ipv6]:port or unix:/path, as in nginx's `server`."""
    remedy = "use host:port, [ipv6]:port or unix:/path, as in '127.0.0.1:8080'"
    if address.startswith("unix:"):
        _check_path(address[len("unix:") :], field)
        return
    host, colon, port = address.rpartition(":")
    if not colon or not re.fullmatch(r"[1-9][0-9]{0,4}", port) or int(port) > 65535:
        raise InvalidInput(field, address, remedy)
    if host.startswith("[") and host.endswith("]"):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise InvalidInput(field, address, remedy) from None
    elif not _DOMAIN.fullmatch(host.lower()) or host.startswith("*"):
        raise InvalidInput(field, address, remedy)


def check_snippet(text):
    """A snippet may not leave the block that it is put into. What it does inside is for nginx to judge."""
    if "\0" in text:
        raise InvalidInput("snippet", text, "it has a NUL character")
    lines, depth = (
        text.rstrip("\n").split("\n"),
        0,
    )  # not splitlines: for nginx too, a lone carriage return ends no comment
    for number, code in enumerate(_QUOTED.sub(_blank, text).split("\n")):
        for character in code:
            depth += (character == "{") - (character == "}")
            if depth < 0:
                raise InvalidInput(
                    "snippet",
                    lines[number].strip(),
                    "line %d closes a block that the snippet did not open" % (number + 1),
                )
    if depth:
        raise InvalidInput("snippet", lines[-1].strip(), "a block is opened with { and never closed")


def _blank(match):
    """Nothing in place of a quoted word or a comment, but as many lines as it had."""
    return "\n" * match[0].count("\n")


def _check_numbers(options):
    for field, least, most in (
        ("keepalive", 0, 10000),
        ("hsts_max_age", 0, 10**9),
        ("proxy_connect_timeout", 1, 75),
        ("proxy_send_timeout", 1, 86400),
        ("proxy_read_timeout", 1, 86400),
        ("limit_burst", 0, 10**6),
        ("status_port", 0, 65535),
    ):
        if not least <= options[field] <= most:
            raise InvalidInput(field, options[field], "use a number from %d to %d" % (least, most))


def _check_paths(options):
    taken = set()
    for field, path in [("streaming", path) for path in options["streaming"]] + [
        ("static.path", entry["path"]) for entry in options["static"]
    ]:
        _matching(_URI, path, field, "use a path of the site that begins with /, as in '/events'")
        if path == "/" or path in taken:
            raise InvalidInput(field, path, "this path has its own meaning already; use one below it")
        taken.add(path)
    for entry in options["static"]:
        if not entry["path"].endswith("/"):
            raise InvalidInput(
                "static.path", entry["path"], "let it end with /, as a directory is served below it"
            )
        _check_path(entry["directory"], "static.directory")


def _check_path(path, field):
    check_absolute(path, field)
    _matching(_PATH, path, field, "use letters, digits and ._~@%+=:,-/ only")


def _check_network(network):
    try:
        ipaddress.ip_network(network)
    except ValueError as error:
        raise InvalidInput(
            "trusted_proxies", network, "use an address or a network, as in '10.0.0.0/8' (%s)" % error
        ) from None


def _check_text(value, field):
    if not isinstance(value, str) or not value or re.search(r"[\x00-\x1f\x7f]", value):
        raise InvalidInput(field, value, "use one line of text")


def _matching(pattern, value, field, remedy):
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidInput(field, value, remedy)


# --- the site -------------------------------------------------------------------------------------------------------


def render(name, options, facts, https):
    """The site's file. ``https`` is "no", "waiting" (for the first certificate) or "yes"."""
    blocks = _zones(name, options)
    if https == "yes":
        blocks.append(
            _server(
                options["domains"] + options["redirect_from"],
                80,
                facts,
                _acme(options) + [_to_https(options)],
            )
        )
        blocks += _redirect(options, 443, facts, _tls(options) + _hsts(options))
        blocks.append(
            _server(options["domains"], 443, facts, _tls(options) + _hsts(options) + _content(name, options))
        )
    elif https == "waiting":
        rest = ("location /", ["default_type text/plain;", 'return 503 "%s\\n";' % WAITING])
        blocks.append(
            _server(options["domains"] + options["redirect_from"], 80, facts, _acme(options) + [rest])
        )
    else:
        blocks += _redirect(options, 80, facts, _acme(options))
        blocks.append(_server(options["domains"], 80, facts, _acme(options) + _content(name, options)))
    return BANNER + "\n" + "".join("\n" + line for block in blocks for line in _lines(block)) + "\n"


def snippet_line(text):
    """The number of the line after which the user's snippet begins, 0 where there is none."""
    lines = text.split("\n")
    return lines.index("    " + _SNIPPET) + 1 if "    " + _SNIPPET in lines else 0


_SNIPPET = "# snippet"


def _zones(name, options):
    """What nginx wants outside of the server's block."""
    blocks = []
    if options["limit_rate"]:
        blocks.append(
            "limit_req_zone $binary_remote_addr zone=slipway_%s_rate:10m rate=%s;"
            % (name, options["limit_rate"])
        )
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


def _variable(name):
    """The name as part of a variable's, in which nginx allows no dash, and has no room for a long one."""
    return "slipway_" + hashlib.sha256(name.encode("utf-8")).hexdigest()[:12]


def _server(domains, port, facts, content):
    default = "" if domains else " default_server"
    http2 = ["http2 on;"] if port == 443 and facts.version >= (1, 25, 1) else []
    names = ["server_name %s;" % " ".join(domains or ["_"])]
    return ("server", listen(port, facts, default) + http2 + names + ["server_tokens off;"] + content)


def listen(port, facts, default):
    """The listen directives; with one set of options everywhere, as nginx wants them for one address."""
    ssl = ""
    if port == 443:
        ssl = " ssl" if facts.version >= (1, 25, 1) else " ssl http2"
    addresses = ["%d" % port] + (["[::]:%d" % port] if facts.ipv6 else [])
    return ["listen %s%s%s;" % (address, ssl, default) for address in addresses]


def _acme(options):
    """The challenge path: open on port 80 whatever else is redirected, limited or down."""
    return [
        (
            "location ^~ /.well-known/acme-challenge/",
            acme_content(options["acme_webroot"], options["acme_forward"]),
        )
    ]


def acme_content(webroot, forward):
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
    """A server that sends the other names to the first domain."""
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
    """What the site itself answers."""
    body = [
        "access_log /var/log/nginx/%s.access.log slipway;" % name
        if options["access_log"]
        else "access_log off;"
    ]
    body.append("open_file_cache off;")  # the files that switch something are looked for at every request
    if options["blue_green"]:
        color = "$%s_color" % _variable(name)
        body += ["set %s blue;" % color, ("if (-f %s)" % flags.green(name), ["set %s green;" % color])]
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
    body += _maintenance(name)
    body += [_static(entry) for entry in options["static"]]
    body += [("location %s" % path, _proxy(name, options, streaming=True)) for path in options["streaming"]]
    body.append(("location /", _proxy(name, options)))
    if options["snippet"].strip():
        body += [_SNIPPET] + [Verbatim(line) for line in options["snippet"].rstrip().split("\n")]
    return body


_PAGE_URI = "/.slipway-maintenance"


def _maintenance(name):
    # By address and not by name: nginx turns a POST into a GET on the way there, and static files can only be got.
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
    # The page is for this 503 only: one that the snippet gives is its own.
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
        # Not what the client claims: nginx is the first that the app can trust, or has named those whom it trusts itself.
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Forwarded-Proto %s;" % scheme,
        "proxy_set_header X-Forwarded-Host $host;",
        # What says the same in other words, and what some services believe before the above.
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
        # All servers are tried, the backup too, as long as they fail at once. What timed out late was slow, and would be elsewhere.
        "proxy_next_upstream_timeout 10s;",
    ]
    if streaming:
        body += ["proxy_buffering off;", "gzip off;"]
    return body


# --- what all sites share -------------------------------------------------------------------------------------------


def render_common(facts, *, catch_http, catch_https, acme_webroot, status_port, long_names=True):
    """The file beside the sites: the log's format, the servers of last resort, the status.

    ``long_names``: make room for them; not where nginx has been told already, as it takes that only once.
    """
    fields = ",".join('"%s":"%s"' % field for field in _LOG_FIELDS)
    blocks = ["server_names_hash_bucket_size 128;"] if long_names else []
    blocks += [
        "log_format slipway escape=json '{%s}';" % fields,
        # Websockets and nothing else: an upgrade to h2c would open a way past these rules.
        ("map $http_upgrade $slipway_upgrade", ['default "";', "~*^websocket$ websocket;"]),
        ("map $http_upgrade $slipway_connection", ['default "";', "~*^websocket$ upgrade;"]),
        ("geo $slipway_dollar", ['default "$";']),
    ]
    if catch_http:
        rest = (
            "location /",
            ["default_type text/plain;", 'return 404 "There is no site of this name here.\\n";'],
        )
        acme = ("location ^~ /.well-known/acme-challenge/", acme_content(acme_webroot, None))
        blocks.append(
            (
                "server",
                listen(80, facts, " default_server") + ["server_name _;", "server_tokens off;", acme, rest],
            )
        )
    if catch_https:
        # The cache of sessions as well: a client that returns is looked up here, before nginx knows which site it wants.
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


# --- text -----------------------------------------------------------------------------------------------------------


class Verbatim(str):
    """A line that is not to be indented: error messages count its columns, and it may be inside of a quoted text."""


def quoted(text):
    """As an argument of nginx, with nothing in it that nginx would take for a variable."""
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
