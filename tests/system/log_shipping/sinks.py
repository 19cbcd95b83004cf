# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host that logs are sent to, with real sinks, all with TLS, and the keys that were received by each."""

from __future__ import annotations

import os
import re
from pathlib import Path

from support import lab

VICTORIA_LOGS = "v1.52.1"
NAME = "sink1.example.test"
KEY = re.compile(r"\b(?:orders|bill)-web\d-\d+-\d+\b")
CERTIFICATES = "/etc/sinks"
TLS = f"-tls -tlsCertFile={CERTIFICATES}/server.crt -tlsKeyFile={CERTIFICATES}/server.key"
VICTORIA = "/usr/local/bin/victoria-logs -loggerLevel=WARN -storageDataPath=/var/lib/%s -httpListenAddr=%s %s"
SYSLOG = (
    "-syslog.listenAddr.tcp=:6515 -syslog.tls "
    f"-syslog.tlsCertFile={CERTIFICATES}/server.crt -syslog.tlsKeyFile={CERTIFICATES}/server.key"
)
# Without a queue: what was read is in the file.
RSYSLOG = f"""
main_queue(queue.type="Direct")
global(defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{CERTIFICATES}/ca.crt"
       defaultNetstreamDriverCertFile="{CERTIFICATES}/server.crt"
       defaultNetstreamDriverKeyFile="{CERTIFICATES}/server.key")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
input(type="imtcp" port="6514")
template(name="raw" type="string" string="%rawmsg%\\n")
action(type="omfile" file="/srv/syslog" template="raw")
"""
PROGRAMS = {
    "sink-elasticsearch": VICTORIA % ("elasticsearch", "127.0.0.1:9428", ""),
    "sink-journald": VICTORIA % ("journald", ":9429", f"{TLS} {SYSLOG}"),
    "sink-syslog": "/usr/sbin/rsyslogd -n -iNONE -f /etc/sinks/rsyslog.conf",
    "sink-remote": "/lib/systemd/systemd-journal-remote --listen-http=19532 --output=/srv/received/",
}
# In front of two of them, with TLS: it answers 502 while they are away. The second wants a certificate.
NGINX = f"""
ssl_certificate {CERTIFICATES}/server.crt;
ssl_certificate_key {CERTIFICATES}/server.key;
ssl_client_certificate {CERTIFICATES}/ca.crt;
client_max_body_size 0;
proxy_request_buffering off;
proxy_http_version 1.1;
server {{
    listen 9443 ssl;
    location / {{ proxy_pass http://127.0.0.1:9428; }}
}}
server {{
    listen 19443 ssl;
    ssl_verify_client on;
    location / {{ proxy_pass http://127.0.0.1:19532; }}
}}
"""
UNIT = "[Service]\nExecStart=%s\n[Install]\nWantedBy=multi-user.target\n"
QUERY = "curl -sSk %s/select/logsql/query --data-urlencode 'query=%s'"
ELASTICSEARCH, JOURNALD = "http://127.0.0.1:9428", "https://127.0.0.1:9429"


def victoria_logs() -> Path:
    """The program, built once for each version."""
    home = lab.CHECKOUT / ".work" / "programs" / ("victoria-logs-" + VICTORIA_LOGS)
    program = home / "victoria-logs"
    if not program.exists():
        module = "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@" + VICTORIA_LOGS
        environment = dict(os.environ, GOBIN=str(home), CGO_ENABLED="0", GOFLAGS="-trimpath -ldflags=-s")
        lab.call([lab.find_go(), "install", module], environment=environment)
    return program


def certificates(directory: Path) -> None:
    """A CA, and what it has signed: the certificate of the sink, and one for clients."""
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "30",
    ]
    for name, subject, more in (
        ("ca", "The CA of the sinks", ["keyUsage=critical,keyCertSign,cRLSign"]),
        ("server", NAME, ["subjectAltName=DNS:" + NAME, "basicConstraints=critical,CA:FALSE"]),
        ("client", "a client", ["basicConstraints=critical,CA:FALSE"]),
    ):
        argv = [*request, "-subj", "/CN=" + subject, "-keyout", directory / (name + ".key")]
        argv += ["-out", directory / (name + ".crt")]
        argv += [word for extension in more for word in ("-addext", extension)]
        if name != "ca":
            argv += ["-CA", directory / "ca.crt", "-CAkey", directory / "ca.key"]
        lab.call(argv)


class Sinks:
    """All of them, on one host; by the names of what is sent there."""

    def __init__(self, host: lab.Host, keys: Path) -> None:
        self.host = host
        self.keys = keys

    def install(self) -> None:
        self.host.sure(
            "apt-get -q update && apt-get -qy install --no-install-recommends "
            "nginx-light rsyslog rsyslog-gnutls systemd-journal-remote && "
            "mkdir -p /etc/sinks /srv/received && "
            "systemctl stop 'sink-*' && systemctl disable --now rsyslog.service nginx.service"
        )
        self.host.write("/usr/local/bin/victoria-logs", victoria_logs().read_bytes())
        for name in ("ca.crt", "server.crt", "server.key"):
            self.host.write("%s/%s" % (CERTIFICATES, name), (self.keys / name).read_bytes())
        self.host.write(CERTIFICATES + "/rsyslog.conf", RSYSLOG)
        self.host.write("/etc/nginx/conf.d/sinks.conf", NGINX)
        for name, command in PROGRAMS.items():
            self.host.write("/etc/systemd/system/%s.service" % name, UNIT % command)
        self.host.sure("chmod 755 /usr/local/bin/victoria-logs; systemctl daemon-reload")

    def start(self) -> None:
        answers = "until curl -sS -o /dev/null %s/health; do sleep 0.1; done" % ELASTICSEARCH
        self.host.sure("systemctl start %s && %s && systemctl start nginx" % (" ".join(PROGRAMS), answers))

    def stop(self) -> None:
        """All but the proxy: it answers 502."""
        self.host.sure("systemctl stop " + " ".join(PROGRAMS))

    def stop_proxy(self) -> None:
        self.host.sure("systemctl stop nginx")

    def keys_of(self, sink: str) -> list[str]:
        """The key of each line that was received, as often as it was."""
        return KEY.findall(self.host.sure(RECEIVED[sink]))


RECEIVED = {
    "elasticsearch": QUERY % (ELASTICSEARCH, "* | fields key, msg"),
    "journald": QUERY % (JOURNALD, "_SYSTEMD_UNIT:in(orders.service, bill.service) | fields _msg"),
    "syslog": "cat /srv/syslog 2>/dev/null; " + QUERY % (JOURNALD, "format:rfc5424 | fields _msg"),
    "remote": "journalctl --quiet --directory=/srv/received --output=cat "
    "_SYSTEMD_UNIT=orders.service + _SYSTEMD_UNIT=bill.service; true",
}
