"""The tables of a comment and a page as text in columns; rows that are cut are summed up in the foot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from allocation.charges import Charge
from allocation.estimate.assumptions import KnownBy
from allocation.money import text_of
from allocation.preview.comparison import Kind, LineChange, Step, TenantChange
from allocation.preview.preview import Preview
from allocation.report.figures import money, percent
from allocation.report.preview.rows import Row, Shown, one_off_cents, parts, rows, together
from tiers.vocabulary import TenantId

Each = TypeVar("Each")

NOTHING: Final = "none"
_SURE: Final = "A"
_ALIKE: Final = (Kind.NEIGHBOUR, Kind.SAME)
_BESIDE_TENANTS: Final = 3
"""The last rows of `rows`, which belong to no tenant: idle, unallocated, total."""


@dataclass(frozen=True)
class Grid:
    """A table. The first cell of a row is its name; from column `amounts` on cells are right-aligned numbers.

    Attributes:
        foot: Rows below the others; the last one is the total.
        left_out: How many rows were cut; the foot has their sum.
    """

    title: str
    heads: tuple[str, ...]
    amounts: int
    rows: tuple[tuple[str, ...], ...]
    foot: tuple[tuple[str, ...], ...] = ()
    left_out: int = 0


def who_pays(preview: Preview, most: int | None) -> Grid:
    """The tenants that change, all others summed up, idle capacity, and the bill."""
    *tenants, idle, unallocated, total = rows(preview)
    shown, rest = _cut(_weighty(row for row in tenants if row.kind not in _ALIKE), most)
    neighbours = [row for row in tenants if row.kind is Kind.NEIGHBOUR]
    same = [row for row in tenants if row.kind is Kind.SAME]
    beneath = [
        *([together(f"{len(rest):,} more that change", rest)] if rest else ()),
        *([together(_counted(len(neighbours), "neighbour"), neighbours)] if neighbours else ()),
        *([together(f"{len(same):,} unchanged", same)] if same else ()),
        idle,
        *([unallocated] if any((unallocated.cost.before, unallocated.cost.after)) else ()),
        total,
    ]
    return Grid(
        f"Who pays what, in {preview.comparison.currency} a month",
        ("tenant", "change", "tier", "cost", "difference", "fee", "margin", "margin %"),
        3,
        tuple(_paying(row) for row in shown),
        tuple(_paying(row) for row in beneath),
        len(rest),
    )


def neighbours(preview: Preview, most: int | None) -> Grid | None:
    """Tenants that change nothing and pay a different share, the largest difference first."""
    found = _weighty(row for row in rows(preview)[:-_BESIDE_TENANTS] if row.kind is Kind.NEIGHBOUR)
    if not found:
        return None
    shown, rest = _cut(found, most)
    beneath = [
        *([together(f"{len(rest):,} more", rest)] if rest else ()),
        together(_counted(len(found), "neighbour"), found),
    ]
    return Grid(
        "Neighbours that pay a different share",
        ("tenant", "tier", "cost", "difference", "fee", "margin", "margin %"),
        2,
        tuple(_without_kind(row) for row in shown),
        tuple(_without_kind(row) for row in beneath),
        len(rest),
    )


def promises(preview: Preview, most: int | None) -> Grid | None:
    """The promises to each tenant that changes."""
    if not preview.concerned:
        return None
    shown, rest = _cut(_concerned(preview), most)
    return Grid(
        "Recovery promises",
        ("tenant", "before", "after"),
        3,
        tuple((row.name, *(side or NOTHING for side in preview.promise(each))) for row, each in shown),
        left_out=len(rest),
    )


def once(preview: Preview, most: int | None) -> Grid | None:
    """The one-off costs of the change, and the sum of those with a known price."""
    if not preview.one_off:
        return None
    items = list(zip(preview.one_off, one_off_cents(preview.one_off), strict=True))
    shown, rest = _cut(items, most)
    more = (f"{len(rest):,} more", "", "", money(sum(cents or 0 for _, cents in rest)))
    total = ("total", "", "", money(sum(cents or 0 for _, cents in items)))
    return Grid(
        f"One-off costs, in {preview.comparison.currency}",
        ("tenant", "what", "quantity", "amount"),
        2,
        tuple(
            (
                item.tenant,
                item.what,
                f"{item.quantity:f} {item.unit}".rstrip(),
                "unknown price" if cents is None else money(cents),
            )
            for item, cents in shown
        ),
        ((more, total) if rest else (total,)),
        len(rest),
    )


def by_part(preview: Preview, most: int | None) -> Grid:
    """The differences of the bill and of each tenant that changes, by category and by domain."""
    found = list(_moved("the bill", "category", preview.comparison.by_category, rows(preview)[-1].cost))
    shown, rest = _cut(_concerned(preview), most)
    for row, change in shown:
        found += _moved(row.name, "category", change.by_category, row.cost)
        found += _moved(row.name, "domain", change.by_domain, row.cost)
    return Grid(
        "Differences by category and domain",
        ("cost of", "by", "part", "before", "after", "difference"),
        3,
        tuple(found),
        left_out=len(rest),
    )


def priced_lines(preview: Preview, most: int | None) -> Grid | None:
    """The priced lines that change, exactly, the largest difference first; they add up to the bill's."""
    lines = preview.comparison.lines
    if not lines:
        return None
    ranked = sorted(lines, key=lambda line: (-abs(line.cost.difference), line.id))
    shown, rest = _cut(ranked, most)
    beneath = [
        *([_exactly(f"{len(rest):,} more", rest)] if rest else ()),
        _exactly(_counted(len(lines), "line"), lines),
    ]
    return Grid(
        f"Priced lines that change, exact amounts in {preview.comparison.currency} a month",
        ("line", "item", "how sure", "quantity", "unit price", "before", "after", "difference"),
        3,
        tuple(_line(line) for line in shown),
        tuple(beneath),
        len(rest),
    )


def arrow(before: str, after: str) -> str:
    """The text before and after; only once if both are the same.

    >>> arrow("1", "2"), arrow("1", "1")
    ('1 → 2', '1')
    """
    return before if before == after else f"{before} → {after}"


def _cut(several: Sequence[Each], most: int | None) -> tuple[Sequence[Each], Sequence[Each]]:
    return (several, ()) if most is None else (several[:most], several[most:])


def _weighty(tenants: Iterable[Row]) -> list[Row]:
    return sorted(tenants, key=lambda row: (-abs(row.cost.difference), row.name))


def _concerned(preview: Preview) -> list[tuple[Row, TenantChange]]:
    """Tenants that change, in the order of all tables, so that all are cut at the same tenant."""
    changes = {each.tenant: each for each in preview.concerned}
    tenants = _weighty(rows(preview)[:-_BESIDE_TENANTS])
    return [(row, changes[TenantId(row.name)]) for row in tenants if row.name in changes]


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _paying(row: Row) -> tuple[str, ...]:
    fee = row.fee.before or row.fee.after
    return (
        row.name,
        str(row.kind or ""),
        row.tier or "",
        _both(row.cost),
        money(row.cost.difference, signed=True),
        _both(row.fee) if fee else "",
        _both(row.margin),
        arrow(percent(row.margin.before, row.fee.before) or NOTHING, percent(row.margin.after, row.fee.after))
        if row.fee.after
        else "",
    )


def _without_kind(row: Row) -> tuple[str, ...]:
    name, _, *rest = _paying(row)
    return (name, *rest)


def _both(amount: Shown) -> str:
    return arrow(money(amount.before), money(amount.after))


def _moved(owner: str, by: str, steps: Mapping[Any, Step], whole: Shown) -> Iterator[tuple[str, ...]]:
    """Every part, the unchanged ones too, so that the column adds up to the whole."""
    for name, shown in parts(((str(key), step) for key, step in steps.items()), whole):
        amounts = (money(shown.before), money(shown.after), money(shown.difference, signed=True))
        yield owner, by, name, *amounts


def _line(line: LineChange) -> tuple[str, ...]:
    before, after = line.before, line.after
    return (
        line.id,
        _before_and_after(before, after, lambda charge: charge.item),
        _confidence(before, after),
        _quantity(before, after),
        _before_and_after(before, after, lambda charge: f"{charge.unit_price:f}"),
        text_of(line.cost.before),
        text_of(line.cost.after),
        _signed(line.cost.difference),
    )


def _exactly(name: str, lines: Sequence[LineChange]) -> tuple[str, ...]:
    before, after = (sum(line.cost[side] for line in lines) for side in (0, 1))
    return name, "", "", "", "", text_of(before), text_of(after), _signed(after - before)


def _signed(units: int) -> str:
    return f"{'+' if units > 0 else ''}{text_of(units)}"


def _before_and_after(before: Charge | None, after: Charge | None, say: Callable[[Charge], str]) -> str:
    """The text before and after; of a line that exists only once, its text."""
    return " → ".join(dict.fromkeys(say(each) for each in (before, after) if each is not None))


def _quantity(before: Charge | None, after: Charge | None) -> str:
    """Both quantities; a line that does not exist counts as 0 of the unit."""
    known = [each for each in (before, after) if each is not None]
    if len({each.unit for each in known}) > 1:
        return " → ".join(f"{_number(each)} {each.unit}" for each in known)
    return f"{arrow(*(_number(each) if each else '0' for each in (before, after)))} {known[0].unit}"


def _number(charge: Charge) -> str:
    return f"{charge.quantity.normalize():,f}"


def _confidence(before: Charge | None, after: Charge | None) -> str:
    """What to doubt: a quantity that is not declared, a price that is not from AWS."""
    doubts = [None if each is None else _doubts(each) for each in (before, after)]
    if None in doubts or doubts[0] == doubts[1]:
        return next((each for each in doubts if each), "")
    return "; ".join(
        f"{when}: {each}" for when, each in zip(("before", "after"), doubts, strict=True) if each
    )


def _doubts(charge: Charge) -> str:
    found = [
        *([charge.known_by] if charge.known_by != KnownBy.DECLARED else ()),
        *([f"price {charge.confidence}"] if charge.confidence != _SURE else ()),
    ]
    return ", ".join(found)
