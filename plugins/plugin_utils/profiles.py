# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Profiles of many hosts: which hosts are asked, what their files are called, and what numbers mean."""

from __future__ import annotations

import base64
import glob
import json
import os
import re

from ..module_utils.common import names
from ..module_utils.common.errors import InvalidInput, SlipwayError

# A profile is good enough to build by when it has seen this much.
ENOUGH_HOSTS = 3
ENOUGH_CPU_SECONDS = 60
# A gain below this is not worth that all packages are compiled anew.
WORTH = 0.01
FEWEST_ROUNDS = 5
_TARGET = re.compile(r"linux/[a-z0-9]{1,20}(?:/[A-Za-z0-9.,_-]{1,60})?")
_UNIT = re.compile(r"[A-Za-z0-9_.@-]{1,100}")
_NO_SENSE = "the host's answer makes no sense"
_CONTROL = re.compile(r"[^\n\t\x20-\x7e\xa1-\ud7ff\ue000-\U0010ffff]")


def checked(answer):
    """The answer of a host that did what it was asked; otherwise its reason is the error."""
    if answer.get("failed"):
        raise SlipwayError(plain(str(answer.get("msg"))))
    return answer


def answered(result):
    """What the answer of a host says, checked: names become paths here, and a host may be compromised."""
    words = {
        "release": names.RELEASE_ID,
        "version": names.VERSION,
        "artifact": names.HEX_SHA256,
        "target": _TARGET,
        "unit": _UNIT,
    }
    known = {
        name: names.match(pattern, result.get(name), name, _NO_SENSE)[0] for name, pattern in words.items()
    }
    names.check_version(known["version"])
    return dict(
        known,
        address=plain(str(result.get("address"))),
        pid=_number(int, result, "pid"),
        seconds=_number(float, result, "seconds"),
    )


def content(result):
    """The bytes of the profile in the answer of a host."""
    try:
        return base64.b64decode(result.get("profile"))
    except (ValueError, TypeError):
        raise SlipwayError("profile: %s" % _NO_SENSE) from None


def _number(kind, result, name):
    try:
        return kind(result.get(name) or 0)
    except (ValueError, TypeError, OverflowError):
        raise InvalidInput(name, result.get(name), _NO_SENSE) from None


def choose(found, release, at_most):
    """The hosts to ask: ``(name of their release, hosts, what to say of the others)``.

    ``found``: host to what the module profile returned in check mode. One release may have another id on each
    host, where configuration differs; what counts is that all run the same artifact.
    """
    serving = {host: result for host, result in found.items() if result.get("artifact")}
    notes = ["%s: %s" % (host, _why(result)) for host, result in found.items() if host not in serving]
    if not serving:
        raise SlipwayError("No host can be profiled:\n%s" % "\n".join(notes))
    named = {
        host: result
        for host, result in serving.items()
        if not release or release in (result["release"], result["version"])
    }
    if len({result["artifact"] for result in named.values()}) != 1:
        problem = "are not of one release" if named else "do not serve %s" % release
        raise SlipwayError(
            "The hosts %s: %s. Profiles of different binaries cannot be merged: name one of these releases "
            "with -e slipway_release=VERSION" % (problem, _by_release(serving))
        )
    hosts = list(named)[:at_most]
    notes += ["%s: serves %s" % (host, serving[host]["release"]) for host in serving if host not in named]
    if len(named) > len(hosts):
        notes.append(
            "%d more hosts serve it: slipway_hosts_at_most is %d" % (len(named) - len(hosts), at_most)
        )
    ids = {named[host]["release"] for host in hosts}
    return ids.pop() if len(ids) == 1 else named[hosts[0]]["version"], hosts, notes


def _why(result):
    return "unreachable" if result.get("unreachable") else plain(str(result.get("msg") or "no answer"))


def _by_release(serving):
    hosts_of = {}
    for host, result in serving.items():
        hosts_of.setdefault(result["release"], []).append(host)
    return "; ".join("%s on %s" % (release, ", ".join(hosts)) for release, hosts in hosts_of.items())


def plain(text):
    """A text of a host without what could change a terminal."""
    return _CONTROL.sub("?", text)


def stem(app, release, kind, when):
    """The beginning of the names of a profile's files. ``when``: a time in UTC."""
    return "%s-%s-%s-%s" % (app, release, kind, when.strftime("%Y%m%dT%H%M%SZ"))


def previous(directory, app, kind, artifact):
    """The newest profile of another release of this app and kind in a directory."""
    found = []
    for path in glob.glob(os.path.join(glob.escape(directory), "%s-*-%s-*.json" % (app, kind))):
        try:
            with open(path, encoding="utf-8") as handle:
                known = json.load(handle)
            if (known["app"], known["kind"]) == (app, kind) and known["artifact"] != artifact:
                found.append((known["taken"], path[: -len(".json")] + ".pb.gz"))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    if not found:
        raise SlipwayError(
            "slipway_against: there is no %s profile of another release of %s in %s: take one before the "
            "next deploy, or name a file" % (kind, app, directory)
        )
    return max(found)[1]


def not_enough(hosts, cpu_seconds):
    """Why a profile is too small to build by; empty if it is not. The CPU time may all be one host's."""
    if not cpu_seconds or (hosts < ENOUGH_HOSTS and cpu_seconds < ENOUGH_CPU_SECONDS):
        return (
            "The profile has %.1f CPU seconds of %d hosts: a build needs those of %d hosts, or %d CPU "
            "seconds. Take it under load, for longer (slipway_seconds), or of more hosts"
            % (cpu_seconds, hosts, ENOUGH_HOSTS, ENOUGH_CPU_SECONDS)
        )
    return ""


def gain(turns):
    """What the turns of a measurement say: pairs of CPU seconds, plain and optimised.

    The median of an odd number of turns, and the second smallest and second largest of them: for nine turns
    the true median is in this interval with a probability of 96 %.
    """
    try:
        pairs = [(float(plain_one), float(other)) for plain_one, other in turns]
        gains = sorted(1 - other / plain_one for plain_one, other in pairs)
    except (TypeError, ValueError, ZeroDivisionError):
        raise SlipwayError("The turns used no CPU time to compare: give them more load") from None
    if len(gains) < FEWEST_ROUNDS:
        raise SlipwayError("rounds: use %d or more" % FEWEST_ROUNDS)
    low, high = gains[1], gains[-2]
    return {
        "gain": round(_median(gains), 4),
        "interval": [round(low, 4), round(high, 4)],
        "plain_seconds": _median(sorted(pair[0] for pair in pairs)),
        "optimised_seconds": _median(sorted(pair[1] for pair in pairs)),
        "worth": low >= WORTH,
    }


def _median(values):
    return values[len(values) // 2]


def gain_in_words(measured):
    """The result of the module pgo_measure as a sentence."""
    requests = int(measured.get("requests") or 0)
    each = 1000 / requests if requests else 1
    low, high = (100 * float(bound) for bound in measured["interval"])
    verdict = "worth it" if measured["worth"] else "not worth the longer build"
    return (
        "CPU seconds %s: %.3f without the profile, %.3f with it (medians of %d turns). That is %.1f %% less, "
        "between %.1f and %.1f %%: %s"
        % (
            "for 1,000 requests" if requests else "for one run of the load",
            each * float(measured["plain_seconds"]),
            each * float(measured["optimised_seconds"]),
            len(measured["turns"]),
            100 * float(measured["gain"]),
            low,
            high,
            verdict,
        )
    )
