from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client import parser as prometheus
from prometheus_client.openmetrics import parser as openmetrics

from allocation.charges import ChargePeriod, CostBasis, Unpriced
from allocation.engine.allocate import Cell, Unallocated
from allocation.engine.rulebook import Behaviour
from allocation.engine.shared_charges import AllocationType
from allocation.money import amount_of
from allocation.report.statement.document import document
from allocation.report.statement.openmetrics import as_openmetrics
from allocation.statement.filed import filed_statement
from allocation.statement.statement import Statement, TenantLine, Term
from tests.allocation.statement.test_statement import statement_of
from tests.portfolios import local_plan, plan_of
from tests.sampling import examples
from tiers.vocabulary import CostCategory, CostDomain, Environment

NOVEMBER = ChargePeriod.month("2026-11")
CENT = Decimal("0.01")
HOSTILE = ("", '"', "\\", "\n", '\\"', "\\n", "a\nb", "{}", 'x="y",', "# EOF", "é", "\u2028", "\r", " ", "=")


class Sample(NamedTuple):
    """A line of the text as a parser reads it, with its value as it is written."""

    name: str
    labels: Mapping[str, str]
    value: Decimal


def to_cents(units: int) -> Decimal:
    """Units rounded to cents, half to even."""
    return amount_of(units).quantize(CENT)


def families(text: str) -> list[Metric]:
    """What Prometheus finds where it scrapes OpenMetrics."""
    return list(openmetrics.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


def samples(text: str) -> list[Sample]:
    """All samples: names and labels by the OpenMetrics parser, values as exact decimals."""
    read = [each for family in families(text) for each in family.samples]
    written = [line.rpartition(" ")[2] for line in text.split("\n") if line and not line.startswith("#")]
    made = [Sample(each.name, each.labels, Decimal(value)) for each, value in zip(read, written, strict=True)]
    assert [float(each.value) for each in made] == [float(each.value) for each in read]
    return made


def amounts(text: str, name: str, **labels: str) -> list[Decimal]:
    return [
        each.value
        for each in samples(text)
        if each.name == f"tenant_cost_{name}" and labels.items() <= each.labels.items()
    ]


def statement(
    lines: list[TenantLine],
    idle: Mapping[str, int],
    unallocated: list[Unallocated],
    portfolio: str = "local",
) -> Statement:
    """A statement that adds up."""
    charged = sum(line.total for line in lines) + sum(idle.values()) + sum(each.units for each in unallocated)
    return Statement(
        portfolio=portfolio,
        period=NOVEMBER,
        currency="USD",
        basis=CostBasis.BILLED,
        pools=(),
        tenants=tuple(lines),
        idle=idle,
        unallocated=tuple(unallocated),
        unpriced=(),
        fallbacks=(),
        unknown_consumers=(),
        charged=charged,
        versions={},
    ).reconciled()


words = st.text(max_size=12) | st.sampled_from(HOSTILE)
units = st.integers(-(10**22), 10**22)


@st.composite
def tenant_lines(draw: st.DrawFn, name: str) -> TenantLine:
    pool = st.sampled_from(["nodes", "direct", "a pool", '"', "\\"])
    kinds = st.sampled_from([AllocationType.DIRECT, AllocationType.USAGE, AllocationType.IDLE])
    drawn = draw(st.lists(st.tuples(kinds, pool, units), max_size=6))
    cells = [
        Cell(
            tenant=name,
            allocation_type=kind,
            pool="" if kind is AllocationType.DIRECT else pool,
            domain=CostDomain.TENANT_RUNTIME,
            category=CostCategory.COMPUTE,
            behaviour=Behaviour.FIXED,
            units=amount,
        )
        for kind, pool, amount in drawn
    ]
    fee = draw(st.integers(0, 10**22))
    term = Term(name, draw(words), draw(st.sampled_from(Environment)), draw(words), fee)
    return TenantLine(term, tuple(cells))


def text_of_statement(made: Statement) -> str:
    """As it is once the statement was written down."""
    return as_openmetrics(filed_statement(document(made), None, "test"))


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    names = draw(st.lists(words, max_size=5, unique=True))
    reasons = st.builds(Unallocated, words, units, st.integers(1, 9), words)
    return statement(
        [draw(tenant_lines(name)) for name in names],
        draw(st.dictionaries(words, units, max_size=4)),
        draw(st.lists(reasons, max_size=4)),
        draw(words),
    )


@examples(30, of=100)
@given(statements())
def test_everything_that_was_charged_is_there_to_the_cent(made: Statement) -> None:
    text = text_of_statement(made)
    for line in made.tenants:
        cost = sum(amounts(text, "amount", tenant=line.tenant))
        (fee,) = amounts(text, "fee", tenant=line.tenant)
        assert abs(cost - amount_of(line.total)) < CENT
        assert abs(fee - amount_of(line.fee)) < CENT
        assert amounts(text, "margin", tenant=line.tenant) == [fee - cost]
    stated = [*amounts(text, "amount"), *amounts(text, "idle"), *amounts(text, "unallocated")]
    assert [sum(stated)] == amounts(text, "charged") == [to_cents(made.charged)]
    assert amounts(text, "difference") == [0]


@examples(20, of=100)
@given(statements())
def test_labels_come_back_whatever_they_hold(made: Statement) -> None:
    read = samples(text_of_statement(made))
    assert {each.labels["portfolio"] for each in read} == {made.portfolio}
    owners = {
        (each.labels["tenant"], each.labels["client"], each.labels["tier"])
        for each in read
        if each.name == "tenant_cost_fee"
    }
    assert owners == {(line.tenant, line.term.client, line.term.tier) for line in made.tenants}
    reasons = {each.labels["reason"] for each in read if each.name == "tenant_cost_unallocated"}
    assert reasons == {each.reason for each in made.unallocated}


@examples(20, of=100)
@pytest.mark.whole("the older format differs from the newer one in its last line")
@given(statements())
def test_the_older_text_format_reads_the_same(made: Statement) -> None:
    """What node_exporter's textfile collector hands on is what an OpenMetrics scrape would find."""
    text = text_of_statement(made)
    older = prometheus.text_string_to_metric_families(text)
    assert list(_plain(older)) == list(_plain(families(text)))


def _plain(read: Iterable[Metric]) -> Iterator[tuple[object, ...]]:
    for family in read:
        yield (family.name, family.type, family.documentation)
        for each in family.samples:
            assert each.timestamp is None
            yield (each.name, tuple(each.labels.items()), each.value)


def test_a_tenant_is_reported_by_pool() -> None:
    text = text_of_statement(statement_of(local_plan()))
    labels = {
        "portfolio": "local",
        "tenant": "acme",
        "client": "acme-consulting",
        "environment": "production",
        "tier": "shared-namespace",
        "currency": "USD",
        "basis": "estimated",
    }
    shares = {
        each.labels["pool"]: each.value
        for each in samples(text)
        if each.name == "tenant_cost_amount" and labels.items() <= each.labels.items()
    }
    pools = ("nodes", "postgresql", "sessions", "filestores", "backups", "file-backups", "platform")
    assert set(shares) == {"direct", *pools}
    assert shares["direct"] == Decimal("121.71")
    assert amounts(text, "fee", **labels) == [Decimal("249.00")]
    assert amounts(text, "margin", **labels) == [249 - sum(shares.values())]


def test_the_period_and_what_has_no_price_are_reported() -> None:
    made = statement_of(local_plan())
    text = text_of_statement(made)
    assert amounts(text, "period_start_seconds", portfolio="local") == [1793491200]
    assert amounts(text, "period_end_seconds", portfolio="local") == [1796083200]
    assert amounts(text, "unpriced_lines", portfolio="local") == [len(made.unpriced)]
    assert all(isinstance(each, Unpriced) for each in made.unpriced)


def test_nobodys_cost_says_why() -> None:
    made = statement_of(plan_of())
    text = text_of_statement(made)
    reason = "no-driver: pool platform: no member has any users"
    assert amounts(text, "unallocated", reason=reason, currency="USD") != []
    assert amounts(text, "amount") == []
    assert amounts(text, "charged") == [to_cents(made.charged)]


def test_a_pool_called_direct_is_added_to_what_is_direct() -> None:
    cell = Cell(
        "t",
        AllocationType.USAGE,
        "direct",
        CostDomain.RESILIENCE,
        CostCategory.COMPUTE,
        Behaviour.FIXED,
        10**10,
    )
    line = TenantLine(
        Term("t", "c", Environment.STAGING, "x", 0),
        (cell, cell._replace(allocation_type=AllocationType.DIRECT, pool="")),
    )
    assert amounts(text_of_statement(statement([line], {}, [])), "amount") == [Decimal("2.00")]


@pytest.mark.parametrize("tenants", [True, False])
def test_units_follow_the_rule_of_openmetrics(tenants: bool) -> None:  # noqa: FBT001
    text = text_of_statement(statement_of(local_plan() if tenants else plan_of()))
    units = re.findall(r"^# UNIT (\S+) (\S+)$", text, re.MULTILINE)
    assert units == [(f"tenant_cost_period_{edge}_seconds", "seconds") for edge in ("start", "end")]
    assert all(name.endswith(f"_{unit}") for name, unit in units)
    named = re.findall(r"^# (?:HELP|TYPE) (\S+)", text, re.MULTILINE)
    assert len(named) == 2 * len(set(named))
    assert text.endswith("\n# EOF\n")
    assert text.count("# EOF") == 1
