# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be wrong with a host, or with a release: one function per fault, with the expected outcome.

A function breaks something, and at its `yield` a new release is deployed. Then it repairs what no deploy is
supposed to repair, if there is anything. What it yields are changes to the request. The next run must always
end with the new release.
"""

import glob
import os
import shutil
import signal
import subprocess
import sys
import time

from inside import PUT_ASIDE, ROOT, call, engine, must, target

CASES = []
KEPT, TOOK, REVERTED = "kept old", "took new", "reverted"


def case(title, expected, prepare=("old",)):
    def add(function):
        CASES.append({"title": title, "expected": expected, "prepare": prepare, "break": function})
        return function

    return add


# --- the disk -------------------------------------------------------------------------------------


def small_disk(options):
    """The app's tree on a file system of its own, with the service running from there."""
    call("systemctl", "stop", "orders")
    call("cp", "-a", ROOT, "/root/faults/moved", sure=True)
    call("mount", "-t", "tmpfs", "-o", options, "tmpfs", ROOT, sure=True)
    call("cp", "-a", "/root/faults/moved/.", ROOT, sure=True)
    shutil.rmtree("/root/faults/moved")
    call("systemctl", "start", "orders", sure=True)


@case("the disk is full", KEPT)
def full():
    small_disk("size=64M,mode=0755")
    call("dd", "if=/dev/zero", "of=%s/filler" % ROOT, "bs=1M")
    yield {}
    os.unlink(ROOT + "/filler")


@case("the disk has room for half of the release", KEPT)
def half_full():
    small_disk("size=64M,mode=0755")
    call("dd", "if=/dev/zero", "of=%s/filler" % ROOT, "bs=1M")
    os.truncate(ROOT + "/filler", os.path.getsize(ROOT + "/filler") - (3 << 20))
    yield {}
    os.unlink(ROOT + "/filler")


@case("no inodes are left", KEPT)
def no_inodes():
    small_disk("nr_inodes=200,mode=0755")
    os.mkdir(ROOT + "/filler")
    try:
        for number in range(1000):
            with open("%s/filler/%d" % (ROOT, number), "w", encoding="ascii"):
                pass
    except OSError:
        pass
    yield {}
    shutil.rmtree(ROOT + "/filler")


@case("the file system is read-only", KEPT)
def read_only():
    small_disk("size=64M,mode=0755")
    call("mount", "-o", "remount,ro", ROOT, sure=True)
    yield {}
    call("mount", "-o", "remount,rw", ROOT, sure=True)


@case("the units' directory is read-only", REVERTED)
def units_read_only():
    call("mount", "--bind", "/etc/systemd/system", "/etc/systemd/system", sure=True)
    call("mount", "-o", "remount,ro,bind", "/etc/systemd/system", sure=True)
    yield {"unit": {"drain_seconds": 6}}
    call("umount", "/etc/systemd/system", sure=True)


# --- the tree -------------------------------------------------------------------------------------


@case("the releases belong to the app's user", KEPT)
def wrong_owner():
    shutil.chown(ROOT + "/releases", "orders")
    yield {}
    shutil.chown(ROOT + "/releases", "root")


@case("everybody may write in the tree", TOOK)
def wrong_mode():
    for path in (ROOT, ROOT + "/releases", ROOT + "/incoming"):
        os.chmod(path, 0o777)
    yield {}
    assert os.stat(ROOT).st_mode & 0o777 == 0o755 and os.stat(ROOT + "/incoming").st_mode & 0o777 == 0o700


@case("releases is a link to elsewhere", KEPT)
def releases_linked():
    os.rename(ROOT + "/releases", ROOT + "/elsewhere")
    os.symlink("elsewhere", ROOT + "/releases")
    yield {}
    os.unlink(ROOT + "/releases")
    os.rename(ROOT + "/elsewhere", ROOT + "/releases")


@case("a directory above is a link", TOOK)
def tree_linked():
    call("systemctl", "stop", "orders")
    call("mv", "/opt", "/srv/opt", sure=True)
    os.symlink("/srv/opt", "/opt")
    call("systemctl", "start", "orders", sure=True)
    yield {}
    call("systemctl", "stop", "orders")
    os.unlink("/opt")
    call("mv", "/srv/opt", "/opt", sure=True)


@case("incoming is a file", KEPT)
def incoming_file():
    shutil.rmtree(ROOT + "/incoming")
    write(ROOT + "/incoming", "a file")
    yield {}
    os.unlink(ROOT + "/incoming")


@case("incoming is a link to elsewhere", KEPT)
def incoming_linked():
    shutil.rmtree(ROOT + "/incoming")
    os.symlink("/tmp", ROOT + "/incoming")
    yield {}
    os.unlink(ROOT + "/incoming")


@case("current is a directory", KEPT)
def current_directory():
    name = target("current")
    os.unlink(ROOT + "/current")
    call("cp", "-a", "%s/releases/%s" % (ROOT, name), ROOT + "/current", sure=True)
    yield {}
    shutil.rmtree(ROOT + "/current")


@case("previous is a file", TOOK)
def previous_file():
    write(ROOT + "/previous", "a file")
    yield {}


@case("the lock is a directory", KEPT)
def lock_directory():
    os.unlink(ROOT + "/lock")
    os.mkdir(ROOT + "/lock")
    yield {}
    os.rmdir(ROOT + "/lock")


@case("the lock is a link to a file that matters", KEPT)
def lock_linked():
    os.unlink(ROOT + "/lock")
    write("/root/faults/matters", "precious")
    os.symlink("/root/faults/matters", ROOT + "/lock")
    yield {}
    with open("/root/faults/matters", encoding="utf-8") as handle:
        assert handle.read() == "precious"
    os.unlink(ROOT + "/lock")


@case("a crashed run left things behind", TOOK)
def leftovers():
    os.makedirs(ROOT + "/incoming/2.0.0-123456789012/bin")
    write(ROOT + "/incoming/smoke.environment", "A=1")
    os.symlink("releases/nothing", ROOT + "/current.new")
    os.mkdir(ROOT + "/previous.new")
    write(ROOT + "/.history.jsonl.slipway-new", "{")
    write("/etc/systemd/system/.orders.service.slipway-new", "[Unit]")
    call("systemd-run", "--unit=orders-smoke.service", "--collect", "sleep", "600", sure=True)
    yield {}
    os.unlink(ROOT + "/.history.jsonl.slipway-new")


@case("half a release lies where the new one goes", TOOK)
def half_release():
    must(engine("new", state="staged"))
    (half,) = glob.glob(ROOT + "/releases/2.0.0-*")
    shutil.rmtree(half + "/bin")
    yield {}


@case("current is gone", TOOK)
def no_current():
    os.unlink(ROOT + "/current")
    yield {}


@case("current points to nothing", TOOK)
def current_dangles():
    os.unlink(ROOT + "/current")
    os.symlink("releases/0.0.1-000000000000", ROOT + "/current")
    yield {}


@case("previous points to nothing", TOOK)
def previous_dangles():
    os.symlink("releases/0.0.1-000000000000", ROOT + "/previous")
    yield {}


@case("the new release was staged, and its binary rotted", TOOK)
def rotten_target():
    must(engine("new", state="staged"))
    (binary,) = glob.glob(ROOT + "/releases/2.0.0-*/bin/orders")
    rot(binary)
    yield {}


@case("the unit's file was changed by hand", TOOK)
def unit_changed():
    with open("/etc/systemd/system/orders.service", "a", encoding="utf-8") as handle:
        handle.write("\n[Service]\nNice=5\n")
    yield {}


@case("the unit's file is gone", TOOK)
def unit_gone():
    os.unlink("/etc/systemd/system/orders.service")
    yield {}


# --- what somebody set up before ---------------------------------------------------------------


def tidy_away():
    """As the message says, or as somebody would who wants to begin anew."""
    call("systemctl", "disable", "--now", "orders")
    os.rename("/etc/systemd/system/orders.service", PUT_ASIDE)
    call("systemctl", "daemon-reload", sure=True)


@case("a unit that was written by hand runs, and nobody said to adopt it", KEPT, prepare=("by hand",))
def by_hand():
    yield {}
    tidy_away()


@case("a unit that was written by hand is adopted", TOOK, prepare=("by hand",))
def adopted():
    yield {"adopt": True}


@case("a release fails its smoke test beside the adopted service", KEPT, prepare=("by hand",))
def adopted_and_refused():
    yield {"adopt": True, "environment": {"EXIT_AT_ONCE": "3"}}
    tidy_away()


@case("a release fails in the place of the adopted service", REVERTED, prepare=("by hand",))
def adopted_and_put_back():
    yield {"adopt": True, "environment": {"UNHEALTHY_ON_PORT": "8080"}}
    tidy_away()


@case("ansistrano's tree is there, and its service runs", KEPT, prepare=("by hand",))
def other_tree():
    release = ROOT + "/releases/20240101120000"
    os.makedirs(release)
    os.symlink("releases/20240101120000", ROOT + "/current")
    yield {"adopt": True}
    assert os.readlink(ROOT + "/current") == "releases/20240101120000" and os.path.isdir(release)
    os.rename(ROOT, ROOT + "-before")
    shutil.rmtree(ROOT + "-before")
    tidy_away()


# --- the history ----------------------------------------------------------------------------------


@case("the history ends in the middle of a line", TOOK)
def history_torn():
    size = os.path.getsize(ROOT + "/history.jsonl")
    os.truncate(ROOT + "/history.jsonl", size - 40)
    yield {}


@case("the history holds garbage", TOOK)
def history_garbage():
    with open(ROOT + "/history.jsonl", "ab") as handle:
        handle.write(b'\x00\xff\xfe{[[[[\n"text"\n[1]\nnull\n{"act": 5, "to": [1], "outcome": {}}\n')
    yield {}


@case("the history is gone", TOOK)
def history_gone():
    os.unlink(ROOT + "/history.jsonl")
    yield {}


@case("the history is a directory", TOOK)
def history_directory():
    os.rename(ROOT + "/history.jsonl", ROOT + "/history.kept")
    os.mkdir(ROOT + "/history.jsonl")
    yield {}
    os.rmdir(ROOT + "/history.jsonl")
    os.rename(ROOT + "/history.kept", ROOT + "/history.jsonl")


@case("the history was written a day ahead, and the clock went back", TOOK)
def history_of_tomorrow():
    with open(ROOT + "/history.jsonl", encoding="utf-8") as handle:
        text = handle.read()
    write(ROOT + "/history.jsonl", text.replace('"at": "20', '"at": "21'))
    yield {}


# --- the host -------------------------------------------------------------------------------------


@case("the host has another name", TOOK)
def other_name():
    name = os.uname().nodename
    call("hostname", "other", sure=True)
    yield {}
    call("hostname", name, sure=True)


@case("the old process ignores SIGTERM", TOOK, prepare=())
def stubborn():
    must(engine("old", environment={"IGNORE_SIGTERM": "1"}, unit={"drain_seconds": 1}))
    yield {}


@case("the unit is masked", KEPT)
def masked():
    os.rename("/etc/systemd/system/orders.service", "/root/faults/kept.service")
    os.symlink("/dev/null", "/etc/systemd/system/orders.service")
    yield {}
    os.unlink("/etc/systemd/system/orders.service")
    os.rename("/root/faults/kept.service", "/etc/systemd/system/orders.service")


@case("the start limit is hit", TOOK)
def start_limit():
    while not call("systemctl", "restart", "orders").returncode:
        pass
    yield {}


@case("the service was killed, and systemd is about to start it again", TOOK)
def killed():
    call("systemctl", "kill", "--signal=KILL", "orders", sure=True)
    yield {}


@case("the service was stopped by hand", TOOK)
def stopped():
    call("systemctl", "stop", "orders", sure=True)
    yield {}


@case("another process has the port of the new release", KEPT)
def port_taken():
    other = subprocess.Popen(
        [sys.executable, "-m", "http.server", "8085"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while call("curl", "-fsS", "http://127.0.0.1:8085/").returncode:
        pass
    yield {"port": 8085}
    other.send_signal(signal.SIGKILL)
    other.wait()


@case("an old worker still has the port of the new release, and answers 200", KEPT)
def old_worker():
    binary = "%s/releases/%s/bin/orders" % (ROOT, target("current"))
    worker = subprocess.Popen(
        [binary], env={"PORT": "8085"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while call("curl", "-fsS", "http://127.0.0.1:8085/healthz").returncode:
        pass
    yield {"port": 8085}
    worker.send_signal(signal.SIGKILL)
    worker.wait()


# --- the new release ------------------------------------------------------------------------------


def unhealthy(title, expected, environment, **more):
    @case(title, expected)
    def one():
        yield dict(more, environment=environment)


# A redirect is healthy unless the status is given.
HEALTH = {"path": "/healthz", "deadline": 3, "period": 0.1, "min_ready_seconds": 0.1}
# Healthy in the smoke test, so that it takes a rollback.
HERE = {"UNHEALTHY_ON_PORT": "8080"}
unhealthy("the new release says that it is unhealthy", KEPT, {"UNHEALTHY": "1"})
unhealthy("the new release ends at once", KEPT, {"EXIT_AT_ONCE": "3"})
unhealthy("the new release never listens", KEPT, {"START_DELAY": "60s"})
unhealthy("its health never answers", KEPT, {"UNHEALTHY": "hang"})
unhealthy("its health redirects", KEPT, {"UNHEALTHY": "redirect"}, health=dict(HEALTH, status=["200"]))
unhealthy("its health answers too slowly", KEPT, {"UNHEALTHY": "slow"})
unhealthy("unhealthy in its real place only", REVERTED, HERE)
unhealthy(
    "flapping in its real place",
    REVERTED,
    dict(HERE, UNHEALTHY="flap"),
    health={"path": "/healthz", "deadline": 3, "period": 0.05, "success_threshold": 3},
)
unhealthy("never answering in its real place", REVERTED, dict(HERE, UNHEALTHY="hang"))
unhealthy(
    "redirecting in its real place",
    REVERTED,
    dict(HERE, UNHEALTHY="redirect"),
    health=dict(HEALTH, status=["200"]),
)
unhealthy("answering too slowly in its real place", REVERTED, dict(HERE, UNHEALTHY="slow"))
unhealthy(
    "crashing soon after it was healthy",
    REVERTED,
    {"CRASH_AFTER": "1s"},
    health={"path": "/healthz", "deadline": 3, "min_ready_seconds": 2},
)
unhealthy(
    "unhealthy soon after it was healthy",
    REVERTED,
    {"UNHEALTHY_AFTER": "1s"},
    health={"path": "/healthz", "deadline": 3, "period": 0.1, "min_ready_seconds": 2},
)
unhealthy(
    "killed for its memory right after the start",
    REVERTED,
    dict(HERE, ALLOCATE_MB="300"),
    unit={"drain_seconds": 5, "memory_max": "100M"},
)


# --- migrations ---------------------------------------------------------------------------------


def staged(**environment):
    """The id of the new release, which is on the host and not live."""
    result = engine("new", state="staged", environment=environment)
    must(result)
    return result["release"]


def migration(release, timeout=60):
    """The request that migrates with a release, instead of a deploy."""
    return {"step": "run", "args": ["migrate"], "release": release, "once": True, "timeout": timeout}


def failing_migration(title, how, timeout=60):
    @case(title, KEPT)
    def one():
        yield migration(staged(FAIL_MIGRATION=how), timeout)


@case("a migration before the switch", KEPT)
def migrates():
    yield migration(staged())


failing_migration("the migration fails", "3")
failing_migration("the migration is killed", "killed")
failing_migration("the migration never ends", "hang", timeout=2)


@case("the release to migrate with is gone", KEPT)
def nothing_to_migrate_with():
    release = staged()
    shutil.rmtree("%s/releases/%s" % (ROOT, release))
    yield migration(release)


@case("the disk is full before the migration", KEPT)
def full_before_migration():
    small_disk("size=64M,mode=0755")
    release = staged()
    call("dd", "if=/dev/zero", "of=%s/filler" % ROOT, "bs=1M")
    yield migration(release)
    os.unlink(ROOT + "/filler")


@case("ExecStartPre fails", REVERTED)
def failing_command_before_the_start():
    """It runs once: a second time might do harm."""
    calls = "/var/lib/slipway-calls"
    pre = "+/bin/sh -c 'echo called >>%s; exit 3'" % calls
    yield {"unit": {"drain_seconds": 5, "directives": {"Service": {"ExecStartPre": pre}}}}
    with open(calls, encoding="utf-8") as handle:
        assert handle.read() == "called\n"
    os.unlink(calls)


@case("Type=notify without READY", REVERTED)
def never_ready():
    begun = time.monotonic()
    yield {"unit": {"drain_seconds": 5, "type": "notify"}}
    assert time.monotonic() - begun < 60, "systemd's own limit is 90 seconds"


def write(path, text):
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)


def rot(path):
    """One bit, in a file of its own: the running process keeps the old one."""
    with open(path, "rb") as handle:
        data = bytearray(handle.read())
    data[len(data) // 2] ^= 1
    os.unlink(path)
    with open(path, "wb") as handle:
        handle.write(data)
    os.chmod(path, 0o755)
