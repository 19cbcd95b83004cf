# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The half of the suite that runs on the lab host: prepare a state, run the engine with a fault, and look.

It knows the layout from docs/reference/files-on-the-host.md and asks systemd and the service itself. It
shares no code with the engine.
"""

import contextlib
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

HOME = "/root/faults"
ROOT = "/opt/orders"
SAVED = HOME + "/saved"
LOG = HOME + "/steps"
STEPS = 400  # no act has so many: an enumeration that does not end is a fault of its own
KEPT = (
    ROOT,
    "/etc/systemd/system/orders*",
    "/etc/systemd/system/*.wants/orders*",
    "/etc/nginx/slipway/*.green",
    "/var/lib/slipway*",
)
BY_HAND = "/srv/by-hand/orders"
PUT_ASIDE = "/root/orders.service.before"  # where somebody keeps that unit who begins anew
UNIT_BY_HAND = (
    """# written by hand
[Service]
Environment=PORT=8080
ExecStart=%s

[Install]
WantedBy=multi-user.target
"""
    % BY_HAND
)
JOB = {}  # what the controller asked for
READ = (
    "import sys; stream = sys.stdin.buffer; bootstrap = stream.read(int(stream.readline())); exec(bootstrap)"
)
MARK = "SLIPWAY-RESULT "


# --- the engine -----------------------------------------------------------------------------------


def engine(parcel, plan=None, **changes):
    """What the engine answered; None where it did not live to. ``changes``: to the request."""
    process = start(parcel, plan, **changes)
    return answer(process)


def start(parcel, plan=None, **changes):
    environment = dict(os.environ)
    if plan is not None:
        environment["SLIPWAY_FAULT"] = json.dumps(dict(plan, log=LOG))
    stream = changed(path_of(parcel), changes)
    argv = ["python3", "-I", "-S", "-c", READ]
    return subprocess.Popen(
        argv, stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )


def path_of(parcel):
    return "%s/%s/%s.parcel" % (HOME, JOB["strategy"], parcel)


def answer(process):
    out, errors = process.communicate(timeout=300)
    lines = [line for line in out.decode().splitlines() if line.startswith(MARK)]
    if lines:
        return json.loads(lines[-1][len(MARK) :])
    if process.returncode != -9:
        raise SystemExit(
            "the engine neither answered nor was killed: %d %s %s" % (process.returncode, out, errors)
        )
    return None


def changed(path, changes):
    """The parcel, open to be read, with another request in it where that is asked for."""
    if not changes:
        return open(path, "rb")
    with open(path, "rb") as handle:
        bootstrap = handle.read(int(handle.readline()))
        engine_size, request_size = map(int, handle.readline().split())
        packed, request, payload = (
            handle.read(engine_size),
            json.loads(handle.read(request_size)),
            handle.read(),
        )
    text = json.dumps(dict(request, **changes)).encode()
    result = tempfile.TemporaryFile()  # noqa: SIM115, the engine reads it
    result.write(
        b"%d\n" % len(bootstrap) + bootstrap + b"%d %d\n" % (engine_size, len(text)) + packed + text + payload
    )
    result.seek(0)
    return result


def steps():
    with open(LOG, encoding="utf-8", errors="replace") as handle:
        return handle.read().splitlines()


# --- what is there --------------------------------------------------------------------------------


def look(url):
    """What serves, what is on disk, and what release_info says, after systemd has finished its jobs."""
    settle()
    pid, healthy = ask(url)
    return {
        "serves": release_of(pid),
        "healthy": healthy,
        "current": target("current"),
        "previous": target("previous"),
        "releases": {name: damage(name) for name in releases()},
        "history": history(),
        "report": report(),
        "rubbish": rubbish(),
        "by_hand": by_hand_is_kept(),
    }


def settle():
    """No job under way, and no unit of ours between two states."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        jobs = call("systemctl", "list-jobs", "--no-legend").stdout
        states = call(
            "systemctl",
            "list-units",
            "--no-legend",
            "--plain",
            "--state=activating,deactivating,reloading",
            "orders*",
        ).stdout
        if "orders" not in jobs and not states.strip():
            return
        time.sleep(0.02)


def ask(url):
    """The pid of the process that answers, and whether it says that it is healthy."""
    deadline = time.monotonic() + 2
    while True:
        pid, healthy = asked_once(url)
        if pid and healthy or time.monotonic() > deadline:
            return pid, healthy
        if not pid and not active():
            return None, False
        time.sleep(0.03)


def asked_once(url):
    try:
        with urllib.request.urlopen(url + "/", timeout=3) as answer:
            pid = int(re.search(rb"PID (\d+)", answer.read())[1])
    except (OSError, TypeError):
        return None, False
    try:
        with urllib.request.urlopen(url + "/healthz", timeout=3) as answer:
            return pid, answer.status == 200
    except urllib.error.HTTPError:
        return pid, False
    except OSError:
        return None, False


def active():
    return call(
        "systemctl", "list-units", "--no-legend", "--plain", "--state=active", "orders*.service"
    ).stdout.strip()


def release_of(pid):
    try:
        path = os.readlink("/proc/%d/exe" % pid) if pid else ""
    except OSError:
        path = ""
    found = re.match(re.escape(os.path.realpath(ROOT + "/releases")) + "/([^/]+)/bin/orders", path)
    return found[1] if found else path or None


def target(link):
    try:
        return os.path.basename(os.readlink(os.path.join(ROOT, link)))
    except OSError:
        return None


def releases():
    try:
        return sorted(os.listdir(ROOT + "/releases"))
    except OSError:
        return []


def damage(name):
    """What is wrong with a release, by its own records; None where it is whole, or is ansistrano's."""
    if re.fullmatch("[0-9]{14}", name):
        return None
    home = "%s/releases/%s" % (ROOT, name)
    try:
        with open(home + "/release.json", encoding="utf-8") as handle:
            record = json.load(handle)
        with open(home + "/manifest.json", encoding="utf-8") as handle:
            wanted = {path: entry["sha256"] for path, entry in json.load(handle)["files"].items()}
        wanted["manifest.json"], wanted["environment"] = record["artifact"], record["environment"]
        wanted.update(("units/" + unit, digest) for unit, digest in record["units"].items())
        return next(
            (path for path, digest in sorted(wanted.items()) if digest_of(home + "/" + path) != digest), None
        )
    except (OSError, ValueError, KeyError) as error:
        return repr(error)


def digest_of(path):
    with open(path, "rb") as handle:
        return hashlib.sha256(handle.read()).hexdigest()


def history():
    try:
        with open(ROOT + "/history.jsonl", encoding="utf-8", errors="replace") as handle:
            return handle.read().splitlines()
    except OSError:
        return []


def report():
    """What slipway.golang.release_info says."""
    found = engine("info")
    if found is None or found.get("failed"):
        return {"failed": found}
    return {
        "running": found["running"] and found["running"]["release"],
        "healthy": found["healthy"],
        "current": found["current"],
    }


def rubbish():
    """What only an interrupted act leaves."""
    found = (
        glob.glob(ROOT + "/incoming/*")
        + glob.glob(ROOT + "/*.new")
        + glob.glob(ROOT + "/.*.slipway-new")
        + glob.glob("/etc/systemd/system/.orders*")
    )
    smoke = call(
        "systemctl", "list-units", "--all", "--no-legend", "--plain", "orders-smoke*"
    ).stdout.split()[:1]
    return found + smoke


# --- states ---------------------------------------------------------------------------------------


def save():
    """Remember all that there is of the app, and what of it runs."""
    shutil.rmtree(SAVED, ignore_errors=True)
    os.makedirs(SAVED)
    paths = [path for pattern in KEPT for path in glob.glob(pattern)]
    if paths:
        call("cp", "-a", "--parents", *paths, SAVED, sure=True)
    with open(SAVED + "/running", "w", encoding="utf-8") as handle:
        handle.write(" ".join(line.split()[0] for line in active_units()))


def active_units():
    return call(
        "systemctl",
        "list-units",
        "--no-legend",
        "--plain",
        "--state=active",
        "orders*.service",
        "orders*.socket",
    ).stdout.splitlines()


def restore():
    """Go back to what was saved."""
    clear()
    saved = [SAVED + "/" + name for name in os.listdir(SAVED) if name != "running"]
    if saved:
        call("cp", "-a", *saved, "/", sure=True)
    call("systemctl", "daemon-reload", sure=True)
    with open(SAVED + "/running", encoding="utf-8") as handle:
        running = handle.read().split()
    if running:
        call("systemctl", "start", *running, sure=True)


def clear():
    """Remove everything of the app."""
    call("systemctl", "stop", "orders*")
    call("systemctl", "reset-failed", "orders*")
    for path in [path for pattern in KEPT for path in glob.glob(pattern)]:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def fill():
    """An old good release, which the next prune removes."""
    name = "0.9.0-0123456789ab"
    source, home = "%s/releases/%s" % (ROOT, target("current")), "%s/releases/%s" % (ROOT, name)
    shutil.copytree(source, home)
    with open(home + "/release.json", encoding="utf-8") as handle:
        record = dict(json.load(handle), id=name, version="0.9.0")
    with open(home + "/release.json", "w", encoding="utf-8") as handle:
        json.dump(record, handle)


def set_up_by_hand():
    """A service of the app's name that somebody wrote, with no release of Slipway's."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(PUT_ASIDE)
    must(engine("old"))
    os.makedirs(os.path.dirname(BY_HAND), exist_ok=True)
    shutil.copy(ROOT + "/current/bin/orders", BY_HAND)
    clear()
    with open("/etc/systemd/system/orders.service", "w", encoding="utf-8") as handle:
        handle.write(UNIT_BY_HAND)
    call("systemctl", "daemon-reload", sure=True)
    call("systemctl", "enable", "--now", "orders.service", sure=True)


def by_hand_is_kept():
    """Whether the text of that unit is installed or kept; true where there never was one."""
    if "by hand" not in JOB.get("prepare", ()):
        return True
    paths = ["/etc/systemd/system/orders.service", PUT_ASIDE, *glob.glob(ROOT + "/adopted*/orders.service")]
    return any(os.path.isfile(path) and text_of(path) == UNIT_BY_HAND for path in paths)


def text_of(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read()


# --- the enumeration ------------------------------------------------------------------------------


def prepare(parcels):
    clear()
    call("systemctl", "daemon-reload", sure=True)
    for parcel in parcels:
        if parcel == "by hand":
            set_up_by_hand()
        elif parcel == "fill":
            fill()
        else:
            must(engine(parcel))


def enumerate_faults(job):
    """Repeat an act from the same state, with the fault one step later each time, until it hits nothing."""
    prepare(job["prepare"])
    save()
    before = look(job["url"])
    clean = engine(job["act"], {})
    tell(kind="clean", before=before, result=short(clean), after=look(job["url"]))
    restore()
    engine(job["act"], {"kill": 0})
    tell(kind="steps", steps=steps())
    if job["fault"] == "none":
        return
    for number in range(job.get("first", 1), STEPS, job.get("every", 1)):
        restore()
        plan = (
            {"kill": number}
            if job["fault"] == "kill"
            else {"errno": job["errno"], "at": number, "on": job.get("on", False)}
        )
        result = engine(job["act"], plan)
        done = steps()
        if len(done) < number:
            return
        after = look(job["url"])
        again = engine(job["again"])
        tell(
            kind="try",
            number=number,
            step=done[number - 1],
            before=before,
            result=short(result),
            after=after,
            again=short(again),
            final=look(job["url"]),
        )
    raise SystemExit("there is no end to the steps of %s" % job["act"])


def try_cases(job):
    """Every line of the table in cases.py."""
    from cases import CASES

    for number, one in enumerate(CASES):
        if job["only"] not in one["title"] or number % job["every"]:
            continue
        told = {"kind": "case", "title": one["title"], "expected": one["expected"]}
        try:
            told.update(try_case(one, job["url"]))
        except Exception:
            told["broke"] = traceback.format_exc()
        tell(**told)
        for path in (ROOT, "/etc/systemd/system"):
            if os.path.ismount(path):
                call("systemctl", "stop", "orders")
                call("umount", path, sure=True)


def try_case(one, url):
    JOB["prepare"] = one["prepare"]
    prepare(one["prepare"])
    fault = one["break"]()
    changes = next(fault)
    before = look(url)
    result = engine("new", **changes)
    after = look(url)
    next(fault, None)
    again = engine("new")
    return {
        "before": before,
        "result": short(result),
        "after": after,
        "again": short(again),
        "final": look(url),
    }


# --- more than one deploy -------------------------------------------------------------------------


def try_together(job):
    """Several at once: each is done or refused, and the history has a line for each that was done."""
    for title, parcels, wait in (
        ("two deploys at once", ("new", "old"), 120),
        ("five deploys at once", ("new", "old", "new", "old", "new"), 120),
        ("five deploys at once, nobody waits", ("new", "old", "new", "old", "new"), 0),
        ("a deploy during a rollback", ("back", "again"), 120),
    ):
        prepare(("old", "new") if "back" in parcels else ("old", "fill"))
        before = look(job["url"])
        running = [
            start("new", lock_wait=wait, keep=5, environment={"TRY": "1"})
            if name == "again"
            else start(name, lock_wait=wait)
            for name in parcels
        ]
        results = [answer(process) for process in running]
        after = look(job["url"])
        done = [result for result in results if result.get("changed")]
        told = {
            "before": before,
            "result": None,
            "after": after,
            "again": short(engine("new")),
            "final": look(job["url"]),
        }
        lines = len(after["history"]) - len(before["history"])
        wrong = [
            result["msg"]
            for result in results
            if result.get("failed") and (wait or "Another deploy holds" not in result["msg"])
        ]
        wrong += (
            []
            if lines == len(done)
            else ["%d deploys were done, and the history has %d lines more" % (len(done), lines)]
        )
        tell(title=title, wrong=wrong, **told)


def try_many(job):
    """Ten bad releases in a row, then a rollback; and many good ones, after which nothing has grown."""
    prepare(("old", "new"))
    before = look(job["url"])
    bad = [
        engine("new", environment={"UNHEALTHY_ON_PORT": "8080", "TRY": str(number)}) for number in range(10)
    ]
    wrong = [result["msg"] for result in bad if result.get("outcome") != "reverted"]
    result = engine("back")
    after = look(job["url"])
    wrong += (
        []
        if after["serves"] == before["previous"]
        else ["the rollback ended with %s, not with %s" % (after["serves"], before["previous"])]
    )
    told = {
        "before": before,
        "result": None,
        "after": after,
        "again": short(engine("new")),
        "final": look(job["url"]),
    }
    tell(
        title="ten bad releases in a row, then a rollback",
        wrong=wrong + ([result["msg"]] if result.get("failed") else []),
        **told,
    )

    prepare(("old", "new"))
    for number in range(4):
        must(engine("new" if number % 2 else "old", environment={"TRY": str(number)}))
    first = sizes()
    for number in range(job["count"]):
        before = look(job["url"]) if number == job["count"] - 1 else None
        parcel, settings = "new" if number % 2 else "old", {"TRY": "again %d" % number}
        must(engine(parcel, environment=settings))
    after, last = look(job["url"]), sizes()
    wrong = [
        "%s grew from %d to %d" % (what, first[what], last[what])
        for what in first
        if last[what] > first[what] + (1 if what != "kilobytes" else 64)
    ]
    told = {
        "before": before,
        "result": None,
        "after": after,
        "again": short(engine(parcel, environment=settings)),
        "final": look(job["url"]),
    }
    tell(title="%d deploys in a row" % job["count"], wrong=wrong, **told)


def sizes():
    """What must not grow with the number of deploys; the history has a limit of its own."""
    used = int(call("du", "-sk", "--exclude=history.jsonl", ROOT, sure=True).stdout.split()[0])
    return {
        "kilobytes": used,
        "releases": len(releases()),
        "in the tree": len(os.listdir(ROOT)),
        "in /tmp": len(os.listdir("/tmp")),
        "descriptors of systemd": len(os.listdir("/proc/1/fd")),
        "unit files": len(os.listdir("/etc/systemd/system")),
        "failed or transient units": len(
            call(
                "systemctl", "list-units", "--all", "--no-legend", "--plain", "orders*", "run-*"
            ).stdout.splitlines()
        ),
        "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
    }


def try_without_nginx(job):
    """nginx is down while blue/green needs it: the deploy is refused."""
    prepare(("old",))
    before = look(job["url"])
    call("systemctl", "stop", "nginx", sure=True)
    result = engine("new")
    call("systemctl", "start", "nginx", sure=True)
    after = look(job["url"])
    wrong = (
        []
        if result.get("failed") and "systemctl start nginx" in result["msg"]
        else ["the engine did not ask for nginx: %s" % result]
    )
    tell(
        title="nginx is down, strategy blue_green",
        wrong=wrong,
        before=before,
        result=short(result),
        after=after,
        again=short(engine("new")),
        final=look(job["url"]),
    )


def before_power_loss(job):
    """Begin an act and stop in the middle of it, for good; the power goes off next."""
    prepare(("old", "fill"))
    tell(before=look(job["url"]))
    process = start("new", {"stop": job["at"]})
    while process.poll() is None:
        with open("/proc/%d/stat" % process.pid, encoding="ascii") as handle:
            if handle.read().rpartition(")")[2].split()[0] == "T":
                return
        time.sleep(0.01)


def after_power_loss(job):
    after = look(job["url"])
    tell(step=steps()[-1], result=None, after=after, again=short(engine("new")), final=look(job["url"]))


def must(result):
    if result is None or result.get("failed"):
        raise SystemExit("preparing failed: %s" % result)


def short(result):
    kept = ("failed", "msg", "outcome", "exception", "warnings", "changed", "release", "rc", "needs_artifact")
    return result and {key: result[key] for key in kept if key in result}


def tell(**facts):
    print(json.dumps(facts), flush=True)


def call(*argv, sure=False):
    return subprocess.run(argv, capture_output=True, text=True, check=sure)


if __name__ == "__main__":
    sys.modules["inside"] = sys.modules["__main__"]
    JOB.update(json.load(sys.stdin))
    {
        "steps": enumerate_faults,
        "cases": try_cases,
        "together": try_together,
        "many": try_many,
        "without nginx": try_without_nginx,
        "look": lambda job: tell(now=look(job["url"])),
        "again": lambda job: tell(again=short(engine("new")), now=look(job["url"])),
        "power off": before_power_loss,
        "power on": after_power_loss,
    }[JOB["what"]](JOB)
