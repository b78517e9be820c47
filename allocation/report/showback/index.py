"""The first page: the month at a glance, the cost of each tenant, and why costs changed."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Final

from allocation.report.figures import money_of
from allocation.report.showback.content import (
    EMPTY,
    Figure,
    Page,
    Section,
    Table,
    amount,
    share,
    summed,
    text,
)
from allocation.report.showback.first_screen import due, idle_of, margin_of, proof, ruled
from allocation.report.showback.month import PARTS, Showback, changed, why
from allocation.report.showback.other_months import other_months_table
from allocation.report.showback.review.decisions import decision_row
from allocation.report.showback.spend import spend, spend_chart
from allocation.review.causes import IDLE, UNALLOCATED, Reason, by_reason, nobodys_causes
from allocation.statement.filed import FiledStatement, FiledTenant

_MOST_TENANTS: Final = 1000
_MOST_CHANGES: Final = 10
_MOST_SIGNALS: Final = 20


def index(showback: Showback) -> Page:
    """The first page, with links to all others."""
    statement = showback.statement
    totals = statement.totals
    fees = sum(line.fee for line in statement.tenants)
    sections: list[Section] = [
        *decisions(showback, _MOST_SIGNALS),
        *_why_it_changed(showback),
        _at_a_glance(showback),
        *_changes(showback),
        *other_months_table(statement),
        *_least_margins(showback),
        tenants(showback),
        spend(showback),
    ]
    return Page(
        "index",
        f"{statement.portfolio} {statement.month}",
        f"{statement.portfolio}, {statement.month}: {amount(totals.charged).shown} {statement.currency} "
        f"{'estimated' if statement.basis == 'estimated' else 'billed'}, "
        f"margin {amount(fees - totals.charged).shown}",
        tuple(_answer(showback)),
        tuple(sections),
        proof(statement),
        (
            ("engineering.html", "Engineering: pools, sizes, backups"),
            ("finance.html", "Finance: from the bill to the margin"),
            ("quarterly.html", "Quarterly review"),
        ),
        _figures(showback),
        spend_chart(showback),
    )


def _figures(showback: Showback) -> tuple[Figure, ...]:
    statement, before = showback.statement, showback.before
    charged = statement.totals.charged
    step = (
        changed(before.totals.charged, charged, statement.currency, before.month)
        if before
        else "the first month known"
    )
    return Figure("bill", amount(charged), step), margin_of(statement), idle_of(showback)


def decisions(showback: Showback, most: int) -> Iterator[Table]:
    """The decisions to take, at most *most* of them; no table if there are none."""
    found = showback.signals
    if found:
        left = f"{len(found) - most:,} more are in the quarterly review." if len(found) > most else ""
        yield Table(
            "decisions",
            "Decisions to take",
            (
                *("tenant or platform", "kind", "reason", "what to do"),
                *("at stake a month", "change of fee", "change of cost", "command to run"),
            ),
            tuple(decision_row(showback, each) for each in found[:most]),
            note=left,
        )


def _answer(showback: Showback) -> Iterator[str]:
    statement, before = showback.statement, showback.before
    totals, currency = statement.totals, statement.currency
    if before is None:
        yield "No earlier month is known to compare with; name a folder of months with --history."
    else:
        step = changed(before.totals.charged, totals.charged, currency, before.month)
        yield f"The bill is {step}. Reasons: {why(_reasons(showback, before), currency)}."
    direct, pooled = totals.direct, totals.pooled
    yield (
        f"{money_of(direct + pooled)} is allocated to {len(statement.tenants):,} tenants, "
        f"{money_of(totals.idle)} is idle, {money_of(totals.unallocated)} is unallocated; "
        f"{_prices(showback)}."
    )
    yield due(showback)
    yield from ruled((*showback.past[-1:], statement))


def _prices(showback: Showback) -> str:
    """Whether all prices are known, else how many are not and of how much; and how old they are."""
    unpriced, said = showback.statement.unpriced, "all prices are known"
    if unpriced:
        concerned, facts = len({item.fact for item in unpriced}), len(list(showback.month.plan.all_facts()))
        lines, are = ("1 line", "is") if len(unpriced) == 1 else (f"{len(unpriced):,} lines", "are")
        said = f"{lines} of {concerned:,} of {facts:,} resources {are} of unknown price and {are} in no total"
    age = showback.price_age.in_words if showback.price_age else ""
    return f"{said}; {age}" if age else said


def _at_a_glance(showback: Showback) -> Table:
    statement, before = showback.statement, showback.before
    words = ("bill", "direct to tenants", "pooled shares", "idle", "unallocated")
    now, charged = _glanced(statement), statement.totals.charged
    then = _glanced(before) if before else now
    steps = [here - there for here, there in zip(now, then, strict=True)]
    return Table(
        "glance",
        "At a glance",
        ("what", "amount", "change", "percent of the bill"),
        tuple(
            (text(word), amount(here), amount(more, signed=True) if before else EMPTY, part)
            for word, here, more, part in zip(
                (*words, "not accounted for", "fees", "margin"),
                now,
                steps,
                (*(share(units, charged) for units in now[: len(words) + 1]), EMPTY, EMPTY),
                strict=True,
            )
        ),
    )


def _glanced(statement: FiledStatement) -> list[int]:
    """The bill, its parts, the rest that is in no part, the fees and the margin."""
    totals = statement.totals
    fees = sum(line.fee for line in statement.tenants)
    parts = [getattr(totals, name) for name in PARTS]
    return [totals.charged, *parts, totals.difference, fees, fees - totals.charged]


def _reasons(showback: Showback, before: FiledStatement) -> dict[str, int]:
    """The parts of the change of the bill."""
    totals = showback.statement.totals
    nobodys = nobodys_causes(before, showback.statement)
    found = by_reason(chain(*showback.causes.values(), nobodys))
    told = {
        name: sum(cause.units for cause in nobodys if cause.about == name) for name in (IDLE, UNALLOCATED)
    }
    return {
        **{str(reason): units for reason, units in found.items()},
        IDLE: totals.idle - before.totals.idle - told[IDLE],
        UNALLOCATED: totals.unallocated - before.totals.unallocated - told[UNALLOCATED],
    }


def _why_it_changed(showback: Showback) -> Iterator[Table]:
    before = showback.before
    if before is None:
        return
    sums = _reasons(showback, before)
    rows, whole = summed(
        [(text(name),) for name in sums],
        [list(sums.values())],
        (text("change of the bill"),),
        signed=True,
    )
    yield Table(
        "why",
        f"Why the bill changed since {before.month}",
        ("reason", "amount"),
        rows,
        (whole,),
        _EXPLAINED,
    )


def _changes(showback: Showback) -> Iterator[Table]:
    before = showback.before
    if before is None:
        return
    lines = showback.statement.by_tenant
    differences = {
        name: sum(cause.units for cause in parts) for name, parts in showback.causes.items() if parts
    }
    ranked = sorted(differences, key=lambda name: (-abs(differences[name]), name))[:_MOST_CHANGES]
    if ranked:
        yield Table(
            "changes",
            "Largest changes",
            ("tenant", "client", "change", "reasons"),
            tuple(
                (
                    text(showback.name_of(name)),
                    text((lines.get(name) or before.by_tenant[name]).client),
                    amount(differences[name], signed=True),
                    text(why(by_reason(showback.causes[name]), showback.statement.currency)),
                )
                for name in ranked
            ),
        )


def _least_margins(showback: Showback) -> Iterator[Table]:
    """The smallest margins in percent; none where the list of all tenants is no longer than this one."""
    paying = [line for line in showback.statement.tenants if line.fee > 0]
    if len(paying) <= _MOST_CHANGES:
        return
    ranked = sorted(paying, key=lambda line: (Fraction(line.margin, line.fee), line.tenant))
    yield Table(
        "margins",
        "Smallest margins in percent",
        ("tenant", "tier", "fee", "cost", "margin", "margin %"),
        tuple(
            (
                text(line.name),
                text(line.tier),
                amount(line.fee),
                amount(line.total),
                amount(line.margin),
                share(line.margin, line.fee),
            )
            for line in ranked[:_MOST_CHANGES]
        ),
    )


def tenants(showback: Showback) -> Table:
    """Tenants by cost, with links to their clients' pages; at most a thousand, then the sum of the rest."""
    statement = showback.statement
    ranked = sorted(statement.tenants, key=lambda line: (-line.total, line.tenant))
    shown, rest = ranked[:_MOST_TENANTS], ranked[_MOST_TENANTS:]
    names = [(text(line.name, _page_of(showback, line)), text(line.tier)) for line in shown]
    columns = [
        [
            *(getattr(line, name) for line in shown),
            *([sum(getattr(line, name) for line in rest)] if rest else ()),
        ]
        for name in ("total", "fee", "margin")
    ]
    if rest:
        names.append((text(f"{len(rest):,} more"), EMPTY))
    rows, whole = summed(names, columns, (text("all tenants"), EMPTY))
    return Table(
        "tenants",
        "Tenants by cost",
        ("tenant", "tier", "cost", "fee", "margin"),
        rows[: len(shown)],
        (*rows[len(shown) :], whole),
    )


def _page_of(showback: Showback, line: FiledTenant) -> str:
    return f"account/{showback.pages_of[line.client]}.html"


TERMS: Final = (
    f"{Reason.TERMS}: the same tier with another fee, other options, or for another part of the month."
)
_EXPLAINED: Final = (
    f"{Reason.RULE}: another rulebook puts it into another pool; "
    f"{Reason.QUANTITY}: the tenants themselves used more or less; {Reason.POOL}: a pool costs more or less "
    f"for all who share it; {Reason.NEIGHBOURS}: other tenants take a smaller or larger part of it; "
    f"{IDLE}: capacity that no tenant requested; {UNALLOCATED}: cost that no rule gives to a tenant; "
    f"{Reason.CORRECTION}: what the invoice changes about a month that is over."
)
