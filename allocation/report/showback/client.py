"""A client's own page: what is paid, and what it buys.

It shows nothing of another client, no margin and no command. What it costs the firm is shown to those clients
only whose book is open (`open_book` in platform.yaml).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from allocation.preview.preview import in_words
from allocation.report.charts.bars import bar, bars
from allocation.report.charts.chart import Caption, Chart
from allocation.report.figures import first_of, percent
from allocation.report.showback.commercial.fee_parts import fee_parts
from allocation.report.showback.commercial.overage import fair_use, own_overage
from allocation.report.showback.content import (
    EMPTY,
    Figure,
    Page,
    Row,
    Section,
    Sentences,
    Table,
    amount,
    amounts,
    quantity,
    text,
)
from allocation.report.showback.first_screen import basis
from allocation.report.showback.month import Showback, changed
from allocation.report.showback.open_book import cost_answer, cost_sections
from allocation.report.showback.rehearsals import rehearsals
from allocation.statement.filed import FiledStatement, FiledTenant
from tiers.vocabulary import TenantId

_NAMED: Final = 3
_MONTHS: Final = 12


def account(showback: Showback, client: str) -> Page:
    """The page of one client."""
    statement = showback.statement
    lines = statement.by_client[client]
    is_open = client in showback.open_book
    sections: list[Section] = [
        _fees(showback, client),
        *fee_parts(showback, lines),
        *_trend(showback, client),
        fair_use(showback, lines),
        *own_overage(lines),
        *_promises(showback, lines),
        rehearsals(showback, [line.tenant for line in lines]),
        *_options(showback, lines, with_cost=is_open),
        *(cost_sections(showback, client) if is_open else ()),
    ]
    return Page(
        f"account/{showback.pages_of[client]}",
        f"{client} {statement.month}",
        f"{client}, {statement.month}: {amount(_fee_of(lines)).shown} {statement.currency}",
        tuple(_answer(showback, client, is_open=is_open)),
        tuple(each for each in sections if not isinstance(each, Table) or each.rows),
        (basis(statement),),
        (),
        _figures(showback, client),
        _drawn(showback, client),
    )


def _fee_of(lines: Sequence[FiledTenant]) -> int:
    return sum(line.fee for line in lines)


def _answer(showback: Showback, client: str, *, is_open: bool) -> Iterator[str]:
    before, lines = showback.before, showback.statement.by_client[client]
    if before is None:
        yield "No earlier month is known to compare with."
    else:
        then = _fee_of(before.by_client.get(client, ()))
        step = changed(then, _fee_of(lines), showback.statement.currency, before.month)
        said = first_of(list(_happened(showback, client)), _NAMED, "; ")
        yield f"That is {step}{f': {said}' if said else ''}."
    yield from _covered(showback, lines)
    yield from _tested(showback, lines)
    if is_open:
        yield cost_answer(showback, client)


def _covered(showback: Showback, lines: Sequence[FiledTenant]) -> Iterator[str]:
    """Whether the fee covers what was used; nothing where no tenant has a fair use."""
    found = list(chain.from_iterable(showback.standings_of.get(line.tenant, ()) for line in lines))
    above = [
        f"{each.measure.removesuffix('_gib')} of {showback.name_of(each.tenant)}"
        for each in found
        if each.over
    ]
    if above:
        yield f"More was used than the fee covers: {first_of(above, _NAMED)}."
    elif found and all(each.measured for each in found):
        yield "The fee covers all that was used."
    elif any(each.measured for each in found):
        yield "The fee covers all that was measured, and all that is declared of the rest."
    elif found:
        yield "The fee covers all that is declared; what was used was not measured."


def _happened(showback: Showback, client: str) -> Iterator[str]:
    """Which of a client's tenants are new, gone, renamed, or have another fee, and why."""
    old, new = showback.own_lines_of(client)
    # By the client's own name of it: another client may have given it another one since.
    for name, own in sorted({**old, **new}.items()):
        was, line = old.get(name), new.get(name)
        if said := _why(showback, was, line):
            yield f"{own.name} {said}"
        if was and line and was.name != line.name:
            yield f"{was.name} is called {line.name} now"


def _why(showback: Showback, old: FiledTenant | None, new: FiledTenant | None) -> str:
    """What happened to a tenant, so that its fee is another; '' where nothing did."""
    if old is None:
        return "is new"
    if new is None:
        return "went to another client" if old.tenant in showback.statement.by_tenant else "has ended"
    if old.tier != new.tier:
        return f"moved from {showback.service(old.tier)} to {showback.service(new.tier)}"
    if _beyond(old) != _beyond(new) and old.fee - _beyond(old) == new.fee - _beyond(new):
        return "used more or less beyond what the fee covers"
    return "has other options, or was there for another part of the month" if old.fee != new.fee else ""


def _beyond(line: FiledTenant) -> int:
    return sum(each.charged for each in line.overage)


def _fees(showback: Showback, client: str) -> Table:
    old, new = showback.own_lines_of(client)
    everybody = {**old, **new}
    names = [*new, *(name for name in old if name not in new)]
    fees = [new[name].fee if name in new else 0 for name in names]
    then = [old[name].fee if name in old else 0 for name in names]
    cells: list[Sequence[Row]] = [
        [
            (text(line.name), text(line.environment), text(showback.service(line.tier)))
            for line in (everybody[name] for name in names)
        ],
        [(cell,) for cell in amounts(fees)],
    ]
    heads: tuple[str, ...] = ("tenant", "environment", "service", "fee")
    foot: Row = (text("total"), EMPTY, EMPTY, amount(sum(fees)))
    if showback.before is not None:
        changes = [fee - was for fee, was in zip(fees, then, strict=True)]
        whys = (_why(showback, old.get(name), new.get(name)) for name in names)
        cells += [[(cell,) for cell in amounts(changes, signed=True)], [(text(why),) for why in whys]]
        heads = (*heads, f"change since {showback.before.month}", "because it")
        foot = (*foot, amount(sum(changes), signed=True), EMPTY)
    rows = tuple(tuple(chain.from_iterable(parts)) for parts in zip(*cells, strict=True))
    title = f"What you pay, in {showback.statement.currency}"
    return Table("fees", title, heads, rows, (foot,) if len(rows) > 1 else ())


def _trend(showback: Showback, client: str) -> Iterator[Table]:
    months = [*showback.past, showback.statement]
    if len(months) < 2:  # noqa: PLR2004 - one month is no trend
        return
    yield Table(
        "trend",
        "Month by month",
        ("month", "fee"),
        tuple((text(month.month), amount(_fee_of(month.by_client.get(client, ())))) for month in months),
    )


def _drawn(showback: Showback, client: str) -> Chart:
    """The fee of the last twelve months; of a first month the fee of each tenant."""
    months = [*showback.past, showback.statement][-_MONTHS:]
    if len(months) == 1:
        return _by_tenant(showback.statement, client)
    fees = [_fee_of(month.by_client.get(client, ())) for month in months]
    names = [month.month for month in months]
    return bars(
        Caption(
            "trend",
            f"Month by month, {showback.statement.currency}",
            f"Fee of {len(months)} months, from {amount(fees[0]).shown} in {names[0]} to "
            f"{amount(fees[-1]).shown} in {names[-1]}.",
            "trend",
        ),
        [bar(name, 0, fee, amount(fee).shown) for name, fee in zip(names, fees, strict=True)],
    )


def _by_tenant(statement: FiledStatement, client: str) -> Chart:
    most = sorted(statement.by_client[client], key=lambda line: (-line.fee, line.tenant))[:_MONTHS]
    return bars(
        Caption("fees", f"What you pay, {statement.currency}", f"The fee of {len(most)} tenants.", "fees"),
        [bar(line.name, 0, line.fee, amount(line.fee).shown) for line in most],
    )


def _figures(showback: Showback, client: str) -> tuple[Figure, ...]:
    statement, before = showback.statement, showback.before
    lines = statement.by_client[client]
    fee, count = _fee_of(lines), f"{len(lines):,} {'tenant' if len(lines) == 1 else 'tenants'}"
    found = [Figure("fee", amount(fee), count)]
    if before is not None:
        then = _fee_of(before.by_client.get(client, ()))
        part = percent(fee - then, then)
        found.append(Figure("change", amount(fee - then, signed=True), part and f"{part} of {before.month}"))
    dumped = _with_dumps(showback, lines)
    good = [name for name in dumped if (tried := showback.recoveries.get(name)) and tried.succeeded]
    if dumped:
        found.append(Figure("backups tested", quantity(len(good)), f"of {len(dumped):,} with backups"))
    return tuple(found)


def _with_dumps(showback: Showback, lines: Sequence[FiledTenant]) -> list[str]:
    own = {line.tenant for line in lines}
    return sorted(own & showback.dumped)


def _tested(showback: Showback, lines: Sequence[FiledTenant]) -> Iterator[str]:
    """What the last restore tests showed, and how to ask for one; nothing where nothing is dumped."""
    dumped = _with_dumps(showback, lines)
    tried = {name: showback.recoveries[name] for name in dumped if name in showback.recoveries}
    failed = [showback.name_of(name) for name, each in tried.items() if not each.succeeded]
    good = [each.tried_at for each in tried.values() if each.succeeded]
    if failed:
        yield f"The last restore test of {first_of(failed, _NAMED)} FAILED: ask us what follows."
    if good:
        yield f"A backup was last restored as a test on {max(good):%Y-%m-%d}."
    elif dumped and not failed:
        yield "No backup was restored as a test yet: ask us for a restore test."


def _promises(showback: Showback, lines: Sequence[FiledTenant]) -> Iterator[Table]:
    promises = showback.month.catalog.classes.resilience_classes
    rows = []
    for line in lines:
        plan = showback.plans.get(TenantId(line.tenant))
        if plan is None:
            continue
        tried = showback.recoveries.get(line.tenant)
        took = f" in {tried.minutes} minutes" if tried and tried.minutes is not None else ""
        shown = "not tested yet: ask us for a restore test"
        if tried:
            shown = f"restored{took}" if tried.succeeded else "the restore FAILED: ask us what follows"
        rows.append(
            (
                text(line.name),
                text(in_words(plan.resilience_class, promises[plan.resilience_class])),
                text(tried.backup_taken[:10] if tried else ""),
                text(f"{tried.tried_at:%Y-%m-%d}" if tried else ""),
                text(shown),
            )
        )
    yield Table(
        "recovery",
        "Recovery promises and the last restore test",
        ("tenant", "promise", "backup of", "tested on", "outcome"),
        tuple(rows),
    )


def _options(
    showback: Showback, lines: Sequence[FiledTenant], *, with_cost: bool
) -> Iterator[Table | Sentences]:
    rows: list[Row] = []
    for line in lines:
        for option in showback.options.get(line.tenant, ()):
            cost = option.cost_difference
            rows.append(
                (
                    text(showback.name_of(option.tenant)),
                    text(showback.service(option.tier)),
                    amount(option.fee_difference, signed=True),
                    *((amount(cost, signed=True) if cost is not None else EMPTY,) if with_cost else ()),
                )
            )
    heads = ("tenant", "service", "fee", *(("cost",) if with_cost else ()))
    yield Table("options", "Other services: change per month", heads, tuple(rows))
