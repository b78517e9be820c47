"""The drift of a stack as a page of the report's kind."""

from __future__ import annotations

from typing import Final

from allocation.report.showback.content import EMPTY, Cell, Page, Section, Sentences, Table, amount, text
from lifecycle.drift.document import UNKNOWN, said
from lifecycle.drift.report import Difference, Drift
from tiers.portfolio.gates.drift import DriftEffect

NO_OWNER: Final = "no owner"


def drift_page(drift: Drift) -> Page:
    """The page: owners with what drift does to each, every difference, and the age of templates."""
    sections: list[Section] = [_owners(drift)] if drift.differences else []
    sections += [_differences(drift)] if drift.differences else []
    sections.append(_templates(drift))
    if drift.broken:
        sections.insert(0, Sentences("Broken rules", drift.broken))
    return Page(
        path="drift",
        title=f"Drift of {drift.stack}",
        headline=headline(drift),
        answer=tuple(remarks(drift)),
        sections=tuple(sections),
    )


def headline(drift: Drift) -> str:
    """What the drift comes to, in a sentence."""
    count = len(drift.differences)
    if not count:
        return f"{drift.stack} is as it was deployed: {drift.compared} resources compared, none differs"
    resources = "1 resource differs" if count == 1 else f"{count} resources differ"
    return f"{resources} from stack {drift.stack}; {drift.compared} compared"


def remarks(drift: Drift) -> list[str]:
    """What was not looked at: it may differ, too."""
    found = [
        f"Kubernetes objects are files in {folder}: they were not compared, because no cluster has them"
        for folder in drift.files_in
    ]
    if not drift.searched:
        found.append("the account was not searched for resources without an owner")
    return found


def _owners(drift: Drift) -> Table:
    rows = []
    for owner in drift.owners:
        counts = [drift.count(owner, effect) for effect in DriftEffect]
        if any(counts):
            cells = [Cell(str(count), str(count)) if count else EMPTY for count in counts]
            rows.append((text(owner or NO_OWNER), *cells))
    return Table("owners", "What drift does, by owner", ("owner", *map(str, DriftEffect)), tuple(rows))


def _differences(drift: Drift) -> Table:
    heads = ("owner", "resource", "does", "differs", "costs a month", "what to do")
    return Table("differences", "Every difference", heads, tuple(map(_row, drift.differences)))


def _row(each: Difference) -> tuple[Cell, ...]:
    return (
        text(each.owner or NO_OWNER),
        text(each.resource),
        text(", ".join(each.effects) + (" (tolerated)" if each.tolerated else "")),
        text(said(each)),
        EMPTY if each.units is None else amount(each.units),
        text(each.remedy),
    )


def _templates(drift: Drift) -> Table:
    rows = tuple(
        (
            text(each.owner),
            text(each.version or UNKNOWN),
            text(each.deployed_on or UNKNOWN),
            text(UNKNOWN) if each.age_days is None else Cell(str(each.age_days), str(each.age_days)),
        )
        for each in drift.templates
    )
    note = "Unknown is what Costack 0.2 or older deployed; the next `pulumi up` writes it down."
    heads = ("owner", "version of Costack", "last deployed", "days ago")
    return Table("templates", "Templates", heads, rows, note=note)
