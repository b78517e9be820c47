"""The export: a page for people, and a document of plain data that is signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from allocation.report.charts.bars import bars, stacked
from allocation.report.charts.chart import Caption, Chart, Series
from allocation.report.compliance import proofs, stores
from allocation.report.compliance.finding import REFERENCES, Finding, Known, State, Topic
from allocation.report.figures import first_of
from allocation.report.showback.content import Figure, Page, Table, quantity, text

KIND: Final = "compliance"
PAGE: Final = "compliance"
"""The page's file, without its ending."""
_NAMED: Final = 4


def findings(known: Known) -> tuple[Finding, ...]:
    """Every control of a tenant, in the order of the topics."""
    found = [*stores.findings(known), *proofs.findings(known)]
    rank = {topic: place for place, topic in enumerate(Topic)}
    return tuple(sorted(found, key=lambda each: (rank[each.topic], each.subject)))


def document(known: Known, found: Sequence[Finding], sources: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """The export as plain data: what was asked, what was found, and what it was read from.

    Args:
        known: What there is to know of the tenant.
        found: Its controls.
        sources: Each file that was read, with the sha256 of its bytes.
    """
    return {
        "schema_version": 1,
        "kind": KIND,
        "portfolio": known.inventory.plan.portfolio,
        "tenant": known.tenant.tenant,
        "client": known.tenant.client,
        "controls_class": str(known.tenant.controls),
        "resilience_class": str(known.tenant.resilience_class),
        "made_at": f"{known.now:%Y-%m-%dT%H:%M:%SZ}",
        "deployed_on": f"{known.deployed_on}" if known.deployed_on else None,
        "costack_version": known.inventory.versions.get(known.tenant.tenant),
        "sources": [dict(each) for each in sources],
        "met": len(found) - len(gaps(found)),
        "gaps": len(gaps(found)),
        "findings": [each.document() for each in found],
    }


def gaps(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """What is not met, and what is unknown."""
    return tuple(each for each in found if each.is_gap)


def page(known: Known, found: Sequence[Finding]) -> Page:
    """The page: how many controls are met, the gaps first, then all with their evidence."""
    left, name = gaps(found), known.tenant.name
    states = Counter(each.state for each in left)
    sections = (_by_topic(found), _table("gaps", "Gaps", left), _table("controls", "All controls", found))
    not_shown = states[State.CONFIGURED] + states[State.UNKNOWN]
    figures = (
        Figure("met", quantity(len(found) - len(left)), f"of {len(found):,} controls"),
        Figure("not met", quantity(states[State.GAP]), "the evidence says no"),
        Figure("not shown", quantity(not_shown), "gaps, too: nothing says yes"),
    )
    about = (
        f"{known.tenant.controls} controls, {known.tenant.resilience_class}, client {known.tenant.client}. "
        "References are to ISO/IEC 27001:2022, Annex A, and certify nothing."
    )
    return Page(
        PAGE,
        f"{name}: compliance, {known.now:%Y-%m-%d}",
        f"{name}, {known.now:%Y-%m-%d}: {len(found) - len(left)} of {len(found)} controls are met",
        (*_answer(known, left), about),
        tuple(each for each in sections if each.rows),
        ("Read from the inventory, evidence files and filed months, as compliance.json lists them.",),
        (),
        figures,
        _picture(found),
    )


def _answer(known: Known, left: Sequence[Finding]) -> Iterator[str]:
    """What is not met and what is not shown, by control, and when a backup was last restored as a test."""
    for words, states in (("Not met", (State.GAP,)), ("Not shown", (State.CONFIGURED, State.UNKNOWN))):
        topics = Counter(f"{each.topic}" for each in left if each.state in states)
        listed = [f"{topic} ({count:,})" if count > 1 else topic for topic, count in topics.most_common()]
        yield f"{words}: {first_of(listed, _NAMED) or 'nothing'}."
    tried = known.restored
    if tried is None:
        yield "No backup was restored as a test, as far as the evidence files say."
    else:
        how = "was restored as a test" if tried.succeeded else "could NOT be restored as a test"
        yield f"A backup {how} on {tried.tried_at:%Y-%m-%d}."
    if known.left_out:
        yield f"Evidence of somebody else is not counted: {first_of(known.left_out, _NAMED)}."


def _picture(found: Sequence[Finding]) -> Chart:
    """How much of each control is met, and how much is not."""
    rows = []
    for topic, listed in groupby(found, key=lambda each: each.topic):
        each = tuple(listed)
        met = len(each) - len(gaps(each))
        gap = len(each) - met
        parts = ((Series.FIRST, met, f"{met}"), (Series.UNALLOCATED, gap, f"{gap}"))
        rows.append(stacked(str(topic), f"{met} of {len(each)}", parts))
    summary = f"{len(found) - len(gaps(found))} of {len(found)} controls are met"
    caption = Caption("met", "Met, by control", summary, "topics")
    return bars(caption, rows, ((Series.FIRST, "met"), (Series.UNALLOCATED, "gaps")))


def _by_topic(found: Sequence[Finding]) -> Table:
    rows = []
    for topic, listed in groupby(found, key=lambda each: each.topic):
        each = tuple(listed)
        newest = max((one.on for one in each if one.on), default=None)
        rows.append(
            (
                text(topic),
                text(REFERENCES[topic]),
                quantity(len(each) - len(gaps(each))),
                quantity(len(gaps(each))),
                text(newest or ""),
            )
        )
    heads = ("control", "ISO/IEC 27001:2022", "met", "gaps", "newest evidence")
    return Table("topics", "Controls", heads, tuple(rows))


def _table(name: str, title: str, found: Iterable[Finding]) -> Table:
    return Table(
        name,
        title,
        ("control", "of what", "state", "evidence", "source", "on"),
        tuple(
            (
                text(each.topic),
                text(each.subject),
                text(each.state),
                text(each.evidence),
                text(each.source),
                text(each.on or ""),
            )
            for each in found
        ),
    )
