"""Whatever a document holds: its cents add up in every direction and are beside the exact amounts."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from allocation.money import UNITS_PER_CENT, text_of, units_of
from allocation.report.statement.document import document
from allocation.statement.filed import FiledStatement, filed_statement
from allocation.statement.filed_other_months import without_other_months
from allocation.statement.ledger.figure import cents_of
from tests.allocation.recomputed.walk import agree, two_texts
from tests.allocation.report.showback.test_against_the_statement import month_of, printed
from tests.allocation.showbacks import statement_of
from tests.portfolios import ROOT, catalog, local_plan
from tests.sampling import examples
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio

AMOUNTS = st.integers(-(10**9), 10**11) | st.sampled_from([0, 5 * 10**7, 10**8])
POOLS = st.sampled_from(["nodes", "postgresql", "platform"])
NAMES = st.sampled_from(["compute", "storage", "resilience", "support"])


@st.composite
def parts(draw: st.DrawFn, whole: int, names: st.SearchStrategy[str]) -> dict[str, str]:
    """*whole* in parts."""
    found = draw(st.dictionaries(names, AMOUNTS, max_size=3))
    rest = draw(names.filter(lambda name: name not in found))
    return {name: text_of(units) for name, units in {**found, rest: whole - sum(found.values())}.items()}


@st.composite
def tenants(draw: st.DrawFn, name: str) -> dict[str, Any]:
    direct, pooled = draw(AMOUNTS), draw(st.dictionaries(POOLS, AMOUNTS))
    total, fee = direct + sum(pooled.values()), 10**8 * draw(st.integers(0, 100_000))
    own, shared = draw(st.integers(0, max(direct, 0))), draw(st.integers(0, max(total - direct, 0)))
    return {
        "tenant": name, "client": draw(st.sampled_from("xy")), "environment": "production",
        "tier": draw(st.sampled_from("ab")), "direct": text_of(direct), "total": text_of(total),
        "pooled": {pool: text_of(units) for pool, units in pooled.items()}, "variable": text_of(own + shared),
        "by_category": draw(parts(total, NAMES)), "by_domain": draw(parts(total, NAMES)),
        "fee": text_of(fee), "contribution_margin_1": text_of(fee - own), "margin": text_of(fee - total),
        "contribution_margin_2": text_of(fee - direct), "cross_subsidy": "0",
    }  # fmt: skip


@cache
def written_down() -> dict[str, Any]:
    return document(statement_of(local_plan()))


@st.composite
def statements(draw: st.DrawFn) -> FiledStatement:
    lines = [draw(tenants(f"t{number}")) for number in range(draw(st.integers(0, 5)))]
    idle, nobodys = draw(st.dictionaries(POOLS, AMOUNTS)), draw(st.lists(AMOUNTS, max_size=2))
    whole = {
        "direct": sum(_units(line["direct"]) for line in lines),
        "pooled": sum(_units(text) for line in lines for text in line["pooled"].values()),
        "idle": sum(idle.values()),
        "unallocated": sum(nobodys),
    }
    totals = {**whole, "charged": sum(whole.values()), "difference": 0}
    made = {
        **written_down(),
        "tenants": lines,
        "idle": {pool: text_of(units) for pool, units in idle.items()},
    }
    made |= {"totals": {name: text_of(units) for name, units in totals.items()}, "unpriced": []}
    made["unallocated"] = [{"reason": "r", "amount": text_of(units), "charges": 1} for units in nobodys]
    return filed_statement(made, None, "test")


def _units(text: str) -> int:
    return units_of(Decimal(text))


def beside(units: int, sums: int = 1) -> bool:
    return abs(cents_of(units) * UNITS_PER_CENT - int(units)) < sums * UNITS_PER_CENT


@examples(30, of=400)
@given(statements())
def test_every_division_of_a_tenant_adds_up_to_its_cents(statement: FiledStatement) -> None:
    for line in statement.tenants:
        cost = cents_of(line.total)
        assert cost == cents_of(line.direct) + sum(map(cents_of, line.pooled.values()))
        for division in (line.by_category, line.by_domain):
            assert sum(map(cents_of, division.values())) == cost
            assert all(beside(units) for units in division.values())
        for same in line.by_category.keys() & line.by_domain.keys():
            if int(line.by_category[same]) == int(line.by_domain[same]):
                assert cents_of(line.by_category[same]) == cents_of(line.by_domain[same])
        assert all(map(beside, (line.direct, line.total, line.fee, *line.pooled.values())))
        assert beside(line.variable, 2)
        assert cents_of(line.margin) == cents_of(line.fee) - cost
        assert cents_of(line.contribution_margin_2) == cents_of(line.fee) - cents_of(line.direct)
    totals = statement.totals
    parts = (totals.direct, totals.pooled, totals.idle, totals.unallocated)
    assert sum(map(cents_of, parts)) == cents_of(totals.charged)
    assert abs(2 * (cents_of(totals.charged) * UNITS_PER_CENT - totals.charged)) <= UNITS_PER_CENT
    assert cents_of(sum(line.cross_subsidy for line in statement.tenants)) == 0 or not statement.tenants


@examples(10, of=100)
@given(statements())
def test_figures_keep_their_exact_amounts(statement: FiledStatement) -> None:
    for line in statement.tenants:
        assert int(line.total) == int(line.direct) + sum(map(int, line.pooled.values()))
        assert int(line.margin) == int(line.fee) - int(line.total)
    assert without_other_months(statement) is statement


def test_every_page_of_an_example_has_one_text_for_each_figure() -> None:
    """Golden months are in `tests/cli/test_report_against_the_statement.py`, with all else on their pages."""
    plan = resolve(catalog(), load_portfolio(ROOT / "examples" / "every-option", catalog()))
    showback, _ = month_of([plan, plan])
    agree(two_texts(printed(showback)[0]))
