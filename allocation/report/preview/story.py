"""The parts of a preview for comment and page, in order: what to decide first, then the reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from allocation.money import text_of
from allocation.preview.comparison import Kind
from allocation.preview.preview import Preview
from allocation.preview.price_age import price_age
from allocation.report.figures import UNKNOWN_PRICES, money, percent
from allocation.report.preview.grids import (
    Grid,
    arrow,
    by_part,
    neighbours,
    once,
    priced_lines,
    promises,
    who_pays,
)
from allocation.report.preview.rows import (
    approval_words,
    break_even_words,
    cause_words,
    effect_words,
    off_hours_words,
    rows,
)

_LARGEST: Final = 3
WHAT_IT_DOES: Final = "What it does"
"""The title of the effects, beside the money."""
APPROVALS: Final = "Approvals needed"
"""The title of who has to approve it."""
_REASONS: Final = 4
"""A reason gets so many times fewer rows than a table to decide on."""
LIMITS: Final[tuple[int | None, ...]] = (None, 1000, 700, 500, 350, 250, 180, 130, 100, 70, 50, 20, 10, 3, 0)
"""How many rows a table may have if not everything fits, tried from the most to the fewest."""


@dataclass(frozen=True)
class Listing:
    """Sentences under a title; `left_out` counts those that were cut."""

    title: str
    sentences: tuple[str, ...]
    left_out: int = 0


Part = Grid | Listing


@dataclass(frozen=True)
class Story:
    """A preview in words and tables.

    Attributes:
        headline: The whole preview in one sentence.
        base: Which commit or folder it is compared with; empty for anything else.
        causes: What makes the difference, if prices or fees change beside the portfolio.
        failed: The gates that fail.
        open: The parts every reviewer reads.
        folded: The reasons, to unfold on demand.
        proof: That the parts add up, and the prices used; empty when nothing changes.
    """

    portfolio: str
    headline: str
    failed: Listing | None = None
    open: tuple[Part, ...] = ()
    folded: tuple[Part, ...] = ()
    proof: tuple[str, ...] = ()
    base: str = ""
    causes: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """One sentence about what was cut; none if nothing was."""
        parts = (self.failed, *self.open, *self.folded)
        cut = [f"'{each.title}': {each.left_out:,} more" for each in parts if each and each.left_out]
        return (f"Left out for length: {'; '.join(cut)}. -o markdown shows everything.",) if cut else ()


def story(preview: Preview, most: int | None = None) -> Story:
    """The preview with at most *most* rows per table or list, and fewer per reason; totals stay complete."""
    comparison = preview.comparison
    portfolio = comparison.after.plan.portfolio
    failed = _listed("Failed gates", preview.failed, most)
    base = "" if preview.base is None else f"C{preview.base.in_words.removeprefix('c')}."
    if comparison.empty:
        asked = _listed(APPROVALS, approval_words(preview), None)
        return Story(portfolio, _nothing(preview), failed, (asked,) if asked else (), base=base)
    opened = (
        who_pays(preview, most),
        _listed(WHAT_IT_DOES, effect_words(preview), most),
        _listed(APPROVALS, approval_words(preview), None),
        _listed("Neighbours", tuple(_of_neighbours(preview)), None),
        promises(preview, most),
        once(preview, most),
    )
    fewer = None if most is None else most // _REASONS
    folded = (
        neighbours(preview, fewer),
        by_part(preview, fewer),
        priced_lines(preview, fewer),
        _listed(UNKNOWN_PRICES, tuple(_unpriced(preview)), fewer),
        _listed("Notes", preview.notes, fewer),
        _listed("Off-hours saving", tuple(off_hours_words(preview)), fewer),
        _listed("Break-even", tuple(map(break_even_words, preview.break_evens)), fewer),
    )
    return Story(
        portfolio,
        _headline(preview),
        failed,
        tuple(each for each in opened if each is not None),
        tuple(each for each in folded if each is not None),
        (_proof(preview), _conditions(preview)),
        base,
        tuple(f"W{each.removeprefix('w')}." for each in cause_words(preview)),
    )


def fitting(preview: Preview, render: Callable[[Story], str], most: int) -> str:
    """The longest rendering of *preview* with at most *most* characters; details are dropped, totals never.

    If none fits, the shortest one.
    """
    text = ""
    for limit in LIMITS:
        text = render(story(preview, limit))
        if len(text) <= most:
            break
    return text


def _headline(preview: Preview) -> str:
    total = rows(preview)[-1]
    currency = preview.comparison.currency
    part = percent(total.cost.difference, total.cost.before)
    relative = f", {'+' if total.cost.difference > 0 else ''}{part}" if part else ""
    shares = [percent(total.margin.before, total.fee.before), percent(total.margin.after, total.fee.after)]
    of_fees = f" ({arrow(*(share or 'none' for share in shares))} of the fees)" if any(shares) else ""
    return (
        f"{preview.comparison.after.plan.portfolio}: bill {money(total.cost.before)} → "
        f"{money(total.cost.after)} {currency} a month "
        f"({money(total.cost.difference, signed=True)}{relative}); "
        f"margin {money(total.margin.before)} → {money(total.margin.after)} {currency}{of_fees}"
    )


def _nothing(preview: Preview) -> str:
    total = rows(preview)[-1]
    currency = preview.comparison.currency
    return (
        f"{preview.comparison.after.plan.portfolio}: nothing changes; the bill stays "
        f"{money(total.cost.after)} {currency} a month, the margin {money(total.margin.after)} {currency}"
    )


def _of_neighbours(preview: Preview) -> Iterator[str]:
    found = sorted(
        (row for row in rows(preview) if row.kind is Kind.NEIGHBOUR),
        key=lambda row: (-abs(row.cost.difference), row.name),
    )
    if not found:
        return
    total = money(sum(row.cost.difference for row in found), signed=True)
    largest = ", ".join(f"{row.name} {money(row.cost.difference, signed=True)}" for row in found[:_LARGEST])
    payers = "1 neighbour pays" if len(found) == 1 else f"{len(found):,} neighbours pay"
    yield f"{payers} a different share: {total} in all; largest: {largest}"


def _unpriced(preview: Preview) -> Iterator[str]:
    for item in preview.comparison.after.priced.unpriced:
        yield f"{item.fact}: {item.quantity:f} of {item.service} '{item.item}' ({item.reason})"


def _listed(title: str, sentences: Sequence[str], most: int | None) -> Listing | None:
    if not sentences:
        return None
    shown = tuple(sentences) if most is None else tuple(sentences[:most])
    return Listing(title, shown, len(sentences) - len(shown))


def _proof(preview: Preview) -> str:
    comparison = preview.comparison
    return (
        f"The parts add up: tenants {text_of(comparison.of_tenants)} + "
        f"idle {text_of(comparison.idle.difference)} + "
        f"unallocated {text_of(comparison.unallocated.difference)} = "
        f"change of the bill {text_of(comparison.charged.difference)} {comparison.currency}, exactly."
    )


def _conditions(preview: Preview) -> str:
    before, after = preview.comparison.before, preview.comparison.after
    assumed = after.conditions.assumptions
    versions = ", ".join(
        f"{name.replace('_', ' ')} {arrow(before.statement.versions.get(name, 'none'), version)}"
        for name, version in after.statement.versions.items()
    )
    return (
        f"Estimate of a 730-hour month at list prices, version support as of {assumed.as_of}, pods at "
        f"{assumed.scale} scale: {versions}{f'; {age}' if (age := price_age(after).in_words) else ''}."
    )
