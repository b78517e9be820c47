"""Where every mark of a chart must be, and what must be written on it, made again from the documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from tests.allocation.recomputed.cells import Facts, Percent, is_percent, is_rounded, says
from tests.allocation.recomputed.documents import NOBODY, Documents, Written, added, cents
from tests.allocation.recomputed.paper import Drawing, Mark, Printed

PIXELS = 2
"""As far as a mark may be from its place: they begin at whole ones, and none is smaller than one."""
_MONTHS = 12
_POOLS = 8


@dataclass(frozen=True)
class Bar:
    """A row of bars: its label, what it says at its end, and its parts: whose, from where to where."""

    label: str
    whole: Fraction
    parts: Sequence[tuple[str, Fraction, Fraction]]


@dataclass(frozen=True)
class Bars:
    """Rows of bars on one scale."""

    reported: Facts
    rows: Sequence[Bar]


@dataclass(frozen=True)
class Grid:
    """A percentage for each row and column; None where there is no whole."""

    reported: Facts
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Percent | None]]]


@dataclass(frozen=True)
class Curve:
    """Points of money over a number."""

    reported: Facts
    points: Sequence[tuple[int, Fraction]]


Must = Bars | Grid | Curve


def single(label: str, start: Fraction, end: Fraction) -> Bar:
    return Bar(label, end - start, [("", start, end)])


def months_of(documents: Documents, most: int = _MONTHS) -> Sequence[Written]:
    return (*documents.past, documents.now)[-most:]


def domains_of(months: Sequence[Written]) -> list[str]:
    """Every domain that a tenant had cost in: the three that there are in their order, then others."""
    found = {name for month in months for line in month.tenants for name in line["by_domain"]}
    known = [name for name in ("shared-platform", "tenant-runtime", "resilience") if name in found]
    return [*known, *sorted(found - set(known))]


def by_domain(month: Written, names: Sequence[str]) -> dict[str, Fraction]:
    """What each domain cost the tenants of a month, and what was nobody's."""
    sums = {
        name: sum((Fraction(line["by_domain"].get(name, 0)) for line in month.tenants), NOBODY)
        for name in names
    }
    return {**sums, "idle": month.total("idle"), "unallocated": month.total("unallocated")}


def spend(documents: Documents, _: str) -> Must:
    months = months_of(documents)
    names = domains_of(months)
    rows = []
    for month in months:
        parts, right, left = [], NOBODY, NOBODY
        for name, part in by_domain(month, names).items():
            if part >= 0:
                parts.append((name, right, right + part))
                right += part
            else:  # credits lie left of 0
                parts.append((name, left, left + part))
                left += part
        rows.append(Bar(month.month, month.total("charged"), parts))
    ends = [rows[-1]] if len(rows) == 1 else [rows[0], rows[-1]]
    if len(rows) == 1:
        return Bars(Facts((ends[0].label, cents(ends[0].whole))), rows)
    said = [word for row in ends for word in (cents(row.whole), row.label)]
    return Bars(Facts((str(len(rows)), *said)), rows)


def fees_to_margin(documents: Documents, _: str) -> Must:
    now = documents.now
    left = now.fees
    rows = [single("fees", NOBODY, left)]
    for name in ("direct", "pooled", "idle", "unallocated"):
        rows.append(single(name, left, left - now.total(name)))
        left -= now.total(name)
    return Bars(Facts((cents(left),)), [*rows, single("margin", NOBODY, left)])


def average_costs(documents: Documents, _: str) -> Must:
    months = [month for month in months_of(documents, 3) if month.tenants]
    reported = Facts((months[0].month, months[-1].month))
    rows = [
        single(f"{each.month}: {len(each.tenants)}", NOBODY, each.total("charged") / len(each.tenants))
        for each in months
    ]
    return Bars(reported, rows)


def curve(documents: Documents, _: str) -> Must:
    points = [(int(each["more"]), Fraction(each["each"])) for each in documents.curve]
    (first, costs), (last, least) = points[0], points[-1]
    tier = documents.curve_tier
    return Curve(Facts((cents(costs), str(first), tier, cents(least), str(last))), points)


def review(documents: Documents, client: str) -> Must:
    """The picture of the review."""
    return curve(documents, client) if documents.curve else average_costs(documents, client)


def trend(documents: Documents, client: str) -> Must:
    months = months_of(documents)
    fees = [added(each.of_client(client), "fee") for each in months]
    first, last = ((cents(fees[at]), months[at].month) for at in (0, -1))
    reported = Facts((str(len(months)), *first, *last))
    rows = [single(each.month, NOBODY, fee) for each, fee in zip(months, fees, strict=True)]
    return Bars(reported, rows)


def fees(documents: Documents, client: str) -> Must:
    """Of a first month, by tenant."""
    lines = documents.now.of_client(client)
    most = sorted(lines, key=lambda line: (-Fraction(line["fee"]), line["tenant"]))[:_MONTHS]
    rows = [single(line["tenant"], NOBODY, Fraction(line["fee"])) for line in most]
    return Bars(Facts((str(len(most)),)), rows)


def idle(documents: Documents, _: str, most: int = _MONTHS) -> Must:
    months = months_of(documents, most)
    now = documents.now
    names = sorted({pool for month in months for pool in month.statement["idle"]})
    ranked = sorted(names, key=lambda name: (-now.idle(name), name))[:_POOLS]
    rows: list[tuple[str, Sequence[Percent | None]]] = [
        (
            name,
            [
                Percent(month.idle(name), costs) if (costs := month.pool_costs.get(name, NOBODY)) else None
                for month in months
            ],
        )
        for name in ranked
    ]
    part = rows[0][1][-1]
    known = (f"{float(round(1000 * part.part / part.whole)) / 10:.1f}",) if part else ()
    return Grid(Facts((str(len(rows)), ranked[0], *known, now.month)), [each.month for each in months], rows)


def idle_of_a_quarter(documents: Documents, client: str) -> Must:
    return idle(documents, client, 3)


def pool_shares(documents: Documents, _: str) -> Must:
    costs = {name: whole for name, whole in documents.now.pool_costs.items() if whole}
    ranked = sorted(costs, key=lambda name: (-costs[name], name))[:_POOLS]
    rows = []
    for name in ranked:
        used = costs[name] - documents.now.idle(name)
        parts = [("shared by tenants", NOBODY, used), ("idle", used, costs[name])]
        rows.append(Bar(name, costs[name], parts))
    return Bars(Facts((str(len(rows)), str(len(costs)))), rows)


def pictures(page: Printed, documents: Documents) -> Mapping[str, Must]:
    """Every chart that a page of that kind must have, by the name of it."""
    client = page.client
    is_kept = any(month.statement["idle"] for month in months_of(documents))
    in_quarter = any(month.statement["idle"] for month in months_of(documents, 3))
    averages = average_costs(documents, "") if documents.now.tenants else None
    everywhere: dict[str, dict[str, Must | None]] = {
        "index": {"spend": spend(documents, client)},
        "engineering": {
            "pool-shares": pool_shares(documents, client),
            "idle": idle(documents, client) if is_kept else None,
        },
        "finance": {"waterfall": fees_to_margin(documents, client)},
        "quarterly": {
            "unit-cost": averages,
            "curve": curve(documents, client) if documents.curve else None,
            "idle": idle_of_a_quarter(documents, client) if in_quarter else None,
        },
        "account": {"trend": trend(documents, client)}
        if documents.before
        else {"fees": fees(documents, client)},
    }
    found = everywhere[page.kind]
    return {name: must for name, must in found.items() if must is not None}


def wrong_drawing(drawing: Drawing, must: Must) -> Iterator[str]:
    """Marks that are not at the place of their figure, or say another one."""
    if not says(drawing.reported, must.reported):
        yield f"says '{drawing.reported}', not {must.reported.said}"
    match must:
        case Bars():
            yield from _wrong_bars(drawing, must)
        case Grid():
            yield from _wrong_grid(drawing, must)
        case Curve():
            yield from _wrong_curve(drawing, must)


def _wrong_bars(drawing: Drawing, must: Bars) -> Iterator[str]:
    if not _are_labels(drawing.labels, labels := [row.label for row in must.rows]):
        yield f"draws {drawing.labels}, not {labels}"
        return
    drawn = {top: list(marks) for top, marks in groupby(drawing.bars, key=lambda mark: mark.top)}
    parts = [[part for part in row.parts if part[1] != part[2]] for row in must.rows]
    if [len(marks) for marks in drawn.values()] != [len(row) for row in parts if row]:
        yield f"has {[len(marks) for marks in drawn.values()]} marks in its rows, not {list(map(len, parts))}"
        return
    edges = [NOBODY, *(edge for row in must.rows for _, *ends in row.parts for edge in ends)]
    scale = _Scale.of(drawing, min(edges), max(edges))
    for row, shown in zip(must.rows, drawing.values, strict=True):
        if not is_rounded(shown, row.whole):
            yield f"'{row.label}' is {shown}, not {float(row.whole)}"
    for marks, places in zip(drawn.values(), filter(None, parts), strict=True):
        for mark, part in zip(marks, places, strict=True):
            yield from _wrong_part(mark, part, scale, drawing)
    if abs(drawing.axis - scale.place(NOBODY)) > PIXELS:
        yield f"has its axis at {drawing.axis}, which is not 0"


@dataclass(frozen=True)
class _Scale:
    """From amounts to places: the first and the last mark are at the smallest and at the largest amount."""

    left: int
    room: int
    low: Fraction
    high: Fraction

    @classmethod
    def of(cls, drawing: Drawing, low: Fraction, high: Fraction) -> _Scale:
        ends = [drawing.axis, *(mark.left for mark in drawing.bars)]
        ends += [mark.left + mark.width for mark in drawing.bars]
        return cls(min(ends), max(ends) - min(ends), low, high)

    def place(self, amount: Fraction) -> float:
        return self.left + float((amount - self.low) / (self.high - self.low or 1)) * self.room


def _wrong_part(
    mark: Mark, part: tuple[str, Fraction, Fraction], scale: _Scale, drawing: Drawing
) -> Iterator[str]:
    whose, start, end = part
    what, _, shown = mark.words.rpartition(": ")
    if whose and (drawing.legend.get(mark.style), whose) != (what.rpartition(", ")[2],) * 2:
        yield f"'{mark.words}' is not {whose}, or looks like {drawing.legend.get(mark.style)}"
    if not is_rounded(shown, end - start):
        yield f"'{mark.words}' is not {float(end - start)}"
    places = [scale.place(edge) for edge in sorted((start, end))]
    if abs(mark.left - places[0]) > PIXELS or abs(mark.left + mark.width - places[1]) > PIXELS:
        yield f"'{mark.words}' is at {mark.left}, {mark.width} long, not {places[0]:.1f} to {places[1]:.1f}"


def _wrong_grid(drawing: Drawing, must: Grid) -> Iterator[str]:
    if not _are_labels(drawing.labels, labels := [label for label, _ in must.rows]):
        yield f"has the rows {drawing.labels}, not {labels}"
        return
    shown = len({mark.left for mark in drawing.bars})
    if shown < len(must.heads) and shown < 5:
        yield f"has {shown} columns of {len(must.heads)}"
    heads = must.heads[-shown:]
    cells = [
        (f"{label}, {head}", part)
        for label, parts in must.rows
        for head, part in zip(heads, parts[-shown:], strict=True)
        if part is not None
    ]
    if len(cells) != len(drawing.bars):
        yield f"has {len(drawing.bars)} cells, not {len(cells)}"
        return
    for mark, (where, part) in zip(drawing.bars, cells, strict=True):
        said, _, shown_part = mark.words.rpartition(": ")
        fifth = min(int(max(part.part / part.whole, NOBODY) * 5), 4)
        if said != where or not is_percent(shown_part, part) or mark.style != f"h{fifth}":
            yield f"'{mark.words}' ({mark.style}) is not {where}: {float(100 * part.part / part.whole):.2f} %"
    written = drawing.written[len(heads) :]
    rounded = [round(100 * part.part / part.whole) for _, part in cells]
    if any(
        abs(float(words.removesuffix(" %")) - exact) > 0.5
        for words, exact in zip(written, rounded, strict=True)
    ):
        yield f"has {written} written in its cells"


def _wrong_curve(drawing: Drawing, must: Curve) -> Iterator[str]:
    if len(drawing.points) != len(must.points):
        yield f"has {len(drawing.points)} points, not {len(must.points)}"
        return
    lefts, tops = ([getattr(each, name) for each in drawing.points] for name in ("left", "top"))
    (first, costs), (last, least) = must.points[0], must.points[-1]
    for mark, (more, amount) in zip(drawing.points, must.points, strict=True):
        label, _, shown = mark.words.rpartition(": ")
        if label != f"+{more}" or not is_rounded(shown, amount):
            yield f"'{mark.words}' is not +{more}: {float(amount)}"
        if abs(mark.left - lefts[0] - (lefts[-1] - lefts[0]) * (more - first) / (last - first)) > PIXELS:
            yield f"'{mark.words}' is at {mark.left} of {lefts}"
        if costs != least:
            part = float((amount - costs) / (least - costs))
            if abs(mark.top - tops[0] - (tops[-1] - tops[0]) * part) > PIXELS:
                yield f"'{mark.words}' is as high as {mark.top} of {tops}"


def _are_labels(drawn: Sequence[str], labels: Sequence[str]) -> bool:
    return len(drawn) == len(labels) and all(
        label == words or (words.endswith("…") and label.startswith(words[:-1]))
        for words, label in zip(drawn, labels, strict=True)
    )
