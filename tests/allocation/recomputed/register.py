"""What became of signals and of decisions, worked out again from the entries of the register."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction

from tests.allocation.recomputed.cells import Expected, Facts, Must
from tests.allocation.recomputed.decisions import Decision, decisions
from tests.allocation.recomputed.documents import Documents, Record, Written, added, said

HALF_MORE = Fraction(3, 2)


def to_take(documents: Documents) -> list[Decision]:
    """The decisions that nobody has acknowledged, dismissed or solved."""
    closed = {name for name, state, _ in _spoken_of(documents) if state != "open"}
    return [each for each in decisions(documents) if name_of(each) not in closed]


def name_of(decision: Decision) -> str:
    """The id of the signal that calls for it."""
    words = decision.kind if decision.kind == "noisy neighbour" else f"{decision.kind} {decision.about}"
    return f"{decision.whose}/{re.sub('[^a-z0-9]+', '-', words.lower())}"


def register(documents: Documents, _: str) -> Expected:
    rows: list[list[Must]] = [list(each) for each in _spoken_of(documents)]
    return Expected(("signal", "state", "why"), sorted(rows, key=lambda row: row[1] != "open"))


def _spoken_of(documents: Documents) -> list[tuple[str, str, Facts]]:
    shown = {name_of(each): each for each in decisions(documents)}
    last = {entry["signal"]: entry for entry in documents.said}
    order = [*(name for name in shown if name in last), *sorted(name for name in last if name not in shown)]
    return [(name, *_state(documents, last[name], shown.get(name))) for name in order]


def _state(documents: Documents, entry: Record, shown: Decision | None) -> tuple[str, Facts]:
    today, month = f"{datetime.now(UTC):%Y-%m-%d}", documents.now.month
    until = (entry["until"],) if "until" in entry else ()
    because = (entry["reason"],) if "reason" in entry else ()
    words = (entry["state"], *until, entry["by"], entry["on"], *because)
    if shown is None:
        return entry["state"], Facts((*words, month))
    if entry["state"] == "acknowledged" and entry["until"] <= today:
        return "open", Facts(words)
    if entry["state"] == "solved" and f"{month}-01" >= entry["on"]:
        return "open", Facts((*words, month))
    if entry["state"] == "dismissed":
        now = documents.now.idle(shown.about)
        if now >= HALF_MORE * Fraction(entry["size"]):
            return "open", Facts((*words, entry["size"], said(now), documents.now.currency))
    return entry["state"], Facts(words)


def followed(documents: Documents, _: str) -> Expected:
    first = (*documents.past, documents.now)[-3:][0]
    by_id: dict[str, list[Record]] = {}
    for entry in documents.decided:
        by_id.setdefault(entry["decision"], []).append(entry)
    found = [row for entries in by_id.values() for row in _decision(documents, entries, first)]
    heads = (
        *("decision", "what", "owner", "decided on", "due", "state", "expected saving a month"),
        *("measured saving a month", "how it was measured, or why it is so"),
    )
    rank = ["overdue", "due", "done", "dropped"]
    found.sort(key=lambda row: (rank.index(str(row[5]).split(" ")[0].strip(",")), row[4], row[0]))
    return Expected(heads, found)


def _decision(documents: Documents, entries: list[Record], first: Written) -> Iterator[list[Must]]:
    was, now, begin = entries[0], entries[-1], f"{first.month}-01"
    due = [entry["due"] for entry in entries if "due" in entry][-1]
    ended = now["state"] in {"done", "dropped"}
    if ended and now["on"] < begin:
        return
    state = now["state"] if ended else "overdue" if due < f"{datetime.now(UTC):%Y-%m-%d}" else "due"
    state += f" on {now['on']}" if ended else ", carried over" if was["on"] < begin else ""
    expected = Fraction(was["saving_per_month"]) if "saving_per_month" in was else ""
    saving: Must = ""
    why: Must = Facts((now["state"], now["by"], now["on"], now["reason"])) if "reason" in now else ""
    if now["state"] == "done":
        saving, why = _saving(documents, was, now)
    yield [was["decision"], was["what"], was["owner"], was["on"], due, state, expected, saving, why]


def _saving(documents: Documents, was: Record, now: Record) -> tuple[Must, Facts]:
    """Its own cost in the month before less that in the month since; without one, the day it was done."""
    months = [*documents.past, documents.now]
    before = [month for month in months if month.month < now["on"][:7]]
    since = [month for month in months if f"{month.month}-01" >= now["on"]]
    if not (before and since):
        return "", Facts((now["on"],))
    one, other = before[-1], since[-1]
    if (rules := [month.statement["versions"]["rulebook"] for month in (one, other)])[0] != rules[1]:
        return "", Facts((one.month, rules[0], other.month, rules[1]))
    costs = [
        added([line for line in month.tenants if line["tenant"] == was["tenant"]], "total")
        for month in (one, other)
    ]
    days = [str(monthrange(*map(int, month.month.split("-")))[1]) for month in (one, other)]
    uneven = days if days[0] != days[1] else []
    return costs[0] - costs[1], Facts((was["tenant"], one.month, other.month, *uneven))
