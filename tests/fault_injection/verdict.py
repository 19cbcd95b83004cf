# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of one fault, in one word; pure. "unknown" and "lost" must never be."""

from __future__ import annotations

KEPT, TOOK, REVERTED, DOWN, UNKNOWN, LOST = OUTCOMES = (
    "kept old",
    "took new",
    "reverted",
    "down",
    "unknown",
    "lost",
)


def judge(tried: dict, old: str | None, new: str | None, wanted: str | None) -> tuple[str, str]:
    """The outcome, and what is wrong where something is.

    ``old`` and ``new``: the releases that may serve after the fault.
    ``wanted``: the one that the next run has to end with.
    """
    wrong = losses(tried, old) or doubts(tried, old, new)
    if wrong:
        return wrong
    problem = unsettled(tried, wanted)
    if problem:
        return UNKNOWN, problem
    return word(tried, old, new), ""


def word(tried: dict, old: str | None, new: str | None) -> str:
    after, result = tried["after"], tried["result"]
    if after["serves"] is None and old and new:
        return DOWN
    if after["serves"] == new and old != new:
        return TOOK
    return REVERTED if result and result.get("outcome") == "reverted" else KEPT


def losses(tried: dict, old: str | None) -> tuple[str, str] | None:
    """Good releases and lines of the history that are not there any more."""
    for moment in ("after", "final"):
        seen = tried[moment]
        if not seen.get("by_hand", True):
            return LOST, f"{moment}: the unit that was written by hand"
        if is_release(old) and seen["releases"].get(old, "it is gone") is not None:
            return LOST, f"{moment}: release {old}: {seen['releases'].get(old, 'it is gone')}"
        gone = [line for line in tried["before"]["history"] if line not in seen["history"]]
        if gone:
            return LOST, f"{moment}: a line of the history: {gone[0]}"
    return None


def is_release(serves: str | None) -> bool:
    """What was set up by hand is told by the path of its program."""
    return bool(serves) and not serves.startswith("/")


def doubts(tried: dict, old: str | None, new: str | None) -> tuple[str, str] | None:
    """What serves is not one of the two, or not what was reported."""
    after, result = tried["after"], tried["result"] or {}
    serves = after["serves"]
    if serves not in (old, new) and not (serves is None and result.get("outcome") == "down"):
        return UNKNOWN, f"{serves or 'nothing'} serves: neither {old} nor {new}"
    if after["report"].get("failed") or after["report"]["running"] != (
        serves if is_release(serves) else None
    ):
        return UNKNOWN, f"release_info says {after['report']}, but {serves} serves"
    damaged = {name: what for name, what in after["releases"].items() if what}
    if damaged:
        return UNKNOWN, f"what looks like a release is none: {damaged}"
    told = {"ok": new, "rejected": old, "reverted": old}
    # The outcome of a command, or of a plan, is not that of a deploy: the old release serves in any case.
    is_command = "rc" in result or "needs_artifact" in result
    if is_command and serves != old:
        return UNKNOWN, f"a command was run, or a plan was made, and {serves} serves, not {old}"
    if result and not is_command and result["outcome"] in told and serves != told[result["outcome"]]:
        return UNKNOWN, f"the engine said {result}, but {serves} serves"
    if result.get("outcome") == "down" and after["healthy"]:
        return UNKNOWN, f"the engine said {result}, but {serves} serves and is healthy"
    if result.get("outcome") == "unknown":
        return UNKNOWN, f"the engine did not know: {result.get('msg')} {result.get('exception', '')[-600:]}"
    return None


def unsettled(tried: dict, wanted: str | None) -> str:
    """Why the next run did not converge."""
    again, final = tried["again"], tried["final"]
    if again.get("failed"):
        return f"the next run failed: {again.get('msg')} {again.get('exception', '')[-600:]}"
    if final["serves"] != wanted or (wanted and not final["healthy"]):
        return (
            f"after the next run {final['serves']} serves (healthy: {final['healthy']}), and {wanted} should"
        )
    if final["current"] != wanted or final["report"].get("running") != wanted:
        return (
            f"after the next run current is {final['current']} "
            f"and release_info says {final['report']}, not {wanted}"
        )
    if final["rubbish"]:
        return f"the next run left {final['rubbish']}"
    damaged = {name: what for name, what in final["releases"].items() if what}
    return f"after the next run releases are damaged: {damaged}" if damaged else ""
