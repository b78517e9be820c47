"""Months as they are billed: corrections, refunds and advances, and who pays for them."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.adapters.focus.run import FocusVersion
from allocation.adapters.folders.run import opened_run, read_json
from allocation.money import text_of
from allocation.report.showback.client import account
from allocation.report.showback.index import index
from allocation.report.showback.month import Showback
from allocation.report.statement.document import document, items_document
from allocation.report.statement.table import closing_lines
from allocation.review.causes import Cause, Reason, causes
from allocation.review.signals import Month
from allocation.statement.explain import explain_charge
from allocation.statement.filed import FiledStatement, filed_statement
from allocation.statement.filed_other_months import filed_shares
from allocation.statement.statement import Statement
from tests.allocation.bills import RULES, day, month_of, row, whole
from tests.portfolios import catalog, plan_of, tenant
from tests.sampling import examples

NOVEMBER = whole("2026-11")
TWO = {"acme": 3, "borealis": 1}


def of(name: str, statement: Statement) -> str:
    return text_of(next(line for line in statement.tenants if line.tenant == name).total)


def told(statement: Statement) -> dict[str, tuple[str, ...]]:
    return {
        other.month: (str(other.kind), text_of(other.units), *other.as_filed, *other.by_drivers)
        for other in statement.other_months
    }


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The history of a filed September of three tenants, which nothing is filed into.

    One of them has left by November.
    """
    folder = tmp_path_factory.mktemp("september")
    rows = [
        row("400", day("2026-09", 3), whole("2026-09")),
        row("10", day("2026-09", 4), whole("2026-09"), tenant="leaver"),
    ]
    usage = {"acme": 1, "borealis": 1, "leaver": 2}
    statement = month_of(folder, "2026-09", rows, usage, history=folder / "history", close=True).statement
    assert (of("acme", statement), of("leaver", statement)) == ("100.00", "210.00")
    return folder / "history"


@pytest.fixture
def september(tmp_path: Path, filed: Path) -> Path:
    """That history, for a test that may file another month."""
    return shutil.copytree(filed, tmp_path / "history")


def november(*more: dict[str, str]) -> list[dict[str, str]]:
    return [row("400", day("2026-11", 5), NOVEMBER), *more]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("usage", "other", "charged"),
    [("75", "25", "100.00"), ("30", "-15", "15.00")],
    ids=["a late correction", "a refund"],
)
def test_what_november_bills_is_novembers(tmp_path: Path, usage: str, other: str, charged: str) -> None:
    rows = [
        row(usage, day("2026-11", 5), NOVEMBER),
        row(other, day("2026-10", 7), NOVEMBER, ChargeClass="Correction"),
    ]
    outcome = month_of(tmp_path, "2026-11", rows, TWO)
    assert (text_of(outcome.statement.charged), outcome.statement.difference) == (charged, 0)
    assert outcome.manifest["bill"]["files"][0]["refused"] == {}
    assert told(outcome.statement) == {"2026-10": ("correction", text_of(int(other) * 10**10), "nodes")}


def test_a_correction_is_divided_as_its_own_month_was(tmp_path: Path, september: Path) -> None:
    refund = row("-100", day("2026-09", 3), NOVEMBER, ChargeClass="Correction")
    outcome = month_of(tmp_path, "2026-11", november(refund), TWO, history=september)
    statement = outcome.statement
    # 400 of November is 300 and 100 by its own usage; -100 is -25, -25 and -50 by September's shares.
    assert {line.tenant: text_of(line.total) for line in statement.tenants} == {
        "acme": "275.00",
        "borealis": "75.00",
        "leaver": "-50.00",
    }
    assert told(statement) == {"2026-09": ("correction", "-100.00", "nodes")}
    assert statement.other_months[0].as_filed == ("nodes",)
    assert outcome.manifest["other_months"] == {
        "2026-09": "correction of 2026-09, divided: pool nodes as filed in 2026-09"
    }
    (leaver,) = (line for line in statement.tenants if line.tenant == "leaver")
    assert (leaver.fee, leaver.term.client) == (0, "leaver-ltd")


def test_a_month_that_is_not_filed_is_corrected_by_this_months_drivers(tmp_path: Path) -> None:
    refund = row("-100", day("2026-09", 3), NOVEMBER)
    outcome = month_of(tmp_path, "2026-11", november(refund), TWO)
    assert {line.tenant: text_of(line.total) for line in outcome.statement.tenants} == {
        "acme": "225.00",
        "borealis": "75.00",
    }
    assert outcome.manifest["other_months"] == {
        "2026-09": "correction of 2026-09, divided: pool nodes by the drivers of 2026-11"
    }


def test_a_direct_correction_stays_with_its_tenant_even_if_it_left(tmp_path: Path, september: Path) -> None:
    rows = november(
        row("-3", day("2026-09", 4), NOVEMBER, tenant="leaver"),
        row("7", day("2026-09", 4), NOVEMBER, tenant="acme"),
    )
    filed = month_of(tmp_path, "2026-11", rows, TWO, history=september).statement
    assert (of("leaver", filed), of("acme", filed), filed.unallocated) == ("-3.00", "307.00", ())
    unfiled = month_of(tmp_path, "2026-11", rows, TWO).statement
    (unknown,) = unfiled.unallocated
    assert unknown.reason == "unknown-tenant: the inventory has no tenant 'leaver' (of 2026-09)"
    assert (text_of(unknown.units), of("acme", unfiled)) == ("-3.00", "307.00")


@pytest.mark.whole("a correction finds the tenant that left above")
def test_a_tenant_that_left_is_known_for_its_own_months_only(tmp_path: Path, september: Path) -> None:
    """What is billed for November under its tags still bills and should not: nobody's, and named."""
    rows = november(
        row("-3", day("2026-09", 4), NOVEMBER, tenant="leaver"),
        row("9", day("2026-11", 4), NOVEMBER, tenant="leaver"),
    )
    statement = month_of(tmp_path, "2026-11", rows, TWO, history=september).statement
    assert [(item.reason, text_of(item.units)) for item in statement.unallocated] == [
        ("unknown-tenant: the inventory has no tenant 'leaver'", "9.00")
    ]


@pytest.mark.whole("a month that is not filed is divided by drivers above")
def test_a_pool_that_the_month_did_not_have_is_divided_by_drivers(tmp_path: Path, september: Path) -> None:
    rules = _two_pools()
    rows = november(
        row("-100", day("2026-09", 3), NOVEMBER),
        row("8", day("2026-09", 3), NOVEMBER, ServiceName="Amazon ElastiCache"),
    )
    statement = month_of(tmp_path, "2026-11", rows, TWO, rules=rules, history=september).statement
    (other,) = statement.other_months
    assert (other.as_filed, other.by_drivers) == (("nodes",), ("sessions",))
    assert (of("acme", statement), of("borealis", statement)) == ("281.00", "77.00")


def _two_pools() -> Any:
    nodes, sessions = RULES["pools"][0], RULES["pools"][0] | {"pool": "sessions"}
    own, shared = RULES["rules"]
    caches = {"rule": "caches", "pool": "sessions", "when": {"services": ["Amazon ElastiCache"]}}
    return RULES | {"pools": [nodes, sessions], "rules": [own, caches, shared]}


def test_what_is_paid_in_advance_is_the_month_that_bills_its(tmp_path: Path) -> None:
    rows = november(row("1200", ("2027-01-01", "2028-01-01"), NOVEMBER, ChargeCategory="Purchase"))
    outcome = month_of(tmp_path, "2026-11", rows, TWO)
    assert {line.tenant: text_of(line.total) for line in outcome.statement.tenants} == {
        "acme": "1200.00",
        "borealis": "400.00",
    }
    assert outcome.manifest["other_months"] == {
        "2027-01": "paid in advance for 2027-01, divided: pool nodes by the drivers of 2026-11"
    }


def test_another_invoice_is_refused_and_its_money_is_told_by_month(tmp_path: Path) -> None:
    rows = november(
        row("5", day("2026-11", 5), whole("2026-10")),
        row("-2", day("2026-11", 5), whole("2026-10")),
        row("7.5", day("2026-11", 29), whole("2026-12")),
        row("1", day("2026-12", 2), ("2026-11-30T16:00:00Z", "2026-12-31T16:00:00Z")),  # of Beijing
    )
    said: list[str] = []
    outcome = month_of(tmp_path, "2026-11", rows, TWO, said)
    assert text_of(outcome.statement.charged) == "400.00"
    assert said[-1] == (
        "the bill has rows of other months: 2026-10 (2 rows, 3.00 USD), 2026-12 (2 rows, 8.50 USD); "
        "allocate them with their own month"
    )


def test_usage_is_counted_once_whatever_months_are_corrected(tmp_path: Path) -> None:
    refund = row("-100", day("2026-09", 3), NOVEMBER)
    plain, corrected = (
        month_of(tmp_path, "2026-11", rows, TWO).statement.usage
        for rows in ([row("400", NOVEMBER, NOVEMBER)], [row("400", NOVEMBER, NOVEMBER), refund])
    )
    assert plain == corrected


@pytest.mark.whole("tests/allocation/test_golden restates a month")
def test_a_restatement_of_a_corrected_month_adds_up(tmp_path: Path, september: Path) -> None:
    refund, more = (row(cost, day("2026-09", 3), NOVEMBER) for cost in ("-100", "-40"))
    month_of(tmp_path, "2026-11", november(refund), TWO, history=september, close=True)
    month_of(tmp_path, "2026-11", november(refund, more), TWO, history=september, restate="a second refund")
    delta = read_json(september / "2026-11" / "delta-001.json")
    assert delta["charged"] == "-40.00"
    assert {(each["tenant"], each["pool"]): each["amount"] for each in delta["changes"]} == {
        ("acme", "nodes"): "-10.00",
        ("borealis", "nodes"): "-10.00",
        ("leaver", "nodes"): "-20.00",
    }


@pytest.mark.whole("tests/allocation/adapters/focus writes every column")
def test_focus_keeps_the_class_and_both_periods(tmp_path: Path, september: Path) -> None:
    rows = november(
        row("-100", day("2026-09", 3), NOVEMBER, ChargeClass="Correction"),
        row("-3", day("2026-09", 4), NOVEMBER, tenant="acme"),
        row("-2", day("2026-11", 4), ("2026-10-31T16:00:00Z", "2026-11-30T16:00:00Z"), tenant="acme"),
    )
    options: dict[str, Any] = {"history": september, "out": tmp_path / "run", "focus": [FocusVersion.V1_3]}
    month_of(tmp_path, "2026-11", rows, TWO, **options)
    (file,) = (tmp_path / "run" / "focus").rglob("*.parquet")
    with duckdb.connect() as connection:
        found = connection.execute(
            """SELECT x_Tenant, BilledCost::VARCHAR, ChargeClass,
                CAST(ChargePeriodStart AT TIME ZONE 'UTC' AS DATE)::VARCHAR,
                strftime(BillingPeriodStart AT TIME ZONE 'UTC', '%Y-%m-%d %H'),
                strftime(BillingPeriodEnd AT TIME ZONE 'UTC', '%Y-%m-%d %H')
            FROM read_parquet(?) WHERE BilledCost < 0 ORDER BY 1, 2""",
            [str(file)],
        ).fetchall()
    billing = ("2026-11-01 00", "2026-12-01 00")
    assert found == [
        ("acme", "-2.0000000000", None, "2026-11-04", "2026-10-31 16", "2026-11-30 16"),
        ("acme", "-25.0000000000", "Correction", "2026-09-03", *billing),
        ("acme", "-3.0000000000", None, "2026-09-04", *billing),
        ("borealis", "-25.0000000000", "Correction", "2026-09-03", *billing),
        ("leaver", "-50.0000000000", "Correction", "2026-09-03", *billing),
    ]


@pytest.mark.whole("tests/allocation/runs explains charges; a correction has one sentence more")
def test_a_correction_is_explained(tmp_path: Path, september: Path) -> None:
    refund = row("-100", day("2026-09", 3), NOVEMBER)
    month_of(tmp_path, "2026-11", november(refund), TWO, history=september, out=tmp_path / "filed")
    month_of(tmp_path, "2026-11", november(refund), TWO, out=tmp_path / "unfiled")
    with opened_run(tmp_path / "filed") as connection:
        (line,) = explain_charge(connection, "leaver", "2", "effective")["charges"]
    origin = line["origin"]
    assert (line["other_month"], line["billing_start"]) == ("2026-09", "2026-11-01 00:00:00")
    assert (origin["other_month"], origin["use"]) == ("2026-09", [])
    (share,) = origin["shares"]
    assert (share["amount"], share["as_filed_in"]) == ("-50.00", "2026-09")
    assert Fraction(int(share["weight"]), int(share["total_weight"])) == Fraction(1, 2)
    with opened_run(tmp_path / "filed") as connection:
        (line,) = explain_charge(connection, "acme", "2", "effective")["charges"]
    assert line["origin"]["use"] == []  # what acme used in November did not decide
    with opened_run(tmp_path / "unfiled") as connection:
        (line,) = explain_charge(connection, "acme", "2", "effective")["charges"]
    (share,), (use,) = line["origin"]["shares"], line["origin"]["use"]
    assert (share["amount"], "as_filed_in" in share) == ("-75.00", False)
    assert (use["driver"], use["quantity"], use["from"]) == ("cpu-requests", "90", "2026-11-01 00:00:00")


@pytest.mark.whole("tests/allocation/review tells causes apart")
def test_a_correction_is_no_growth_of_the_month_that_bills_it(tmp_path: Path, september: Path) -> None:
    before = month_of(tmp_path, "2026-06", [row("400", day("2026-06", 5), whole("2026-06"))], TWO).statement
    surcharge = row("100", day("2026-09", 3), NOVEMBER)
    advance = row("8", day("2027-01", 3), NOVEMBER)
    after = month_of(tmp_path, "2026-11", november(surcharge, advance), TWO, history=september).statement
    found = causes(_filed(before), _filed(after))
    assert found["acme"] == (
        Cause(Reason.CORRECTION, "2026-09", 25 * 10**10),
        Cause(Reason.ADVANCE, "2027-01", 6 * 10**10),
    )
    assert found["leaver"] == (Cause(Reason.CORRECTION, "2026-09", 50 * 10**10),)
    # A month later the correction is gone; nothing else has changed.
    later = causes(_filed(after), _filed(before))
    assert {cause.reason for cause in later["borealis"]} == {Reason.CORRECTION, Reason.ADVANCE}
    assert sum(cause.units for cause in later["borealis"]) == -27 * 10**10


def _filed(statement: Statement) -> FiledStatement:
    return filed_statement(document(statement), items_document(statement), "test")


@pytest.mark.whole("the statement tells them apart, and reports print statements")
def test_reports_tell_other_months_apart(tmp_path: Path, september: Path) -> None:
    """The reasons of the bill's change add up, idle and unallocated parts too; who left is not new."""
    june = [row("400", day("2026-06", 5), whole("2026-06"))]
    busy = {"acme": 3, "borealis": 1, "(idle)": 4}
    before = month_of(tmp_path, "2026-06", june, busy)
    rows = november(
        row("-100", day("2026-09", 3), NOVEMBER),
        row("-8", day("2026-08", 3), NOVEMBER),
        row("-3", day("2026-08", 3), NOVEMBER, tenant="stranger"),
    )
    after = month_of(tmp_path, "2026-11", rows, busy, history=september)
    plan = plan_of(tenant("acme"), tenant("borealis"))
    month = Month(_filed(after.statement), plan, catalog())
    ceilings = {name: text_of(most) for name, (_, most) in after.statement.bounds.items()}
    assert ceilings == {"acme": "400.00", "borealis": "400.00", "leaver": "0.00"}
    showback = Showback(month, (_filed(before.statement),), open_book=frozenset({"leaver-ltd"}))
    first, leaver = index(showback), account(showback, "leaver-ltd")
    tables = {table.name: table for page in (first,) for table in page.tables}
    assert [[cell.shown for cell in each] for each in tables["other-months"].rows] == [
        ["2026-08", "correction of an earlier month", "by the usage of 2026-11", "-11.00"],
        ["2026-09", "correction of an earlier month", "as filed in 2026-09", "-100.00"],
    ]
    reasons = {each[0].shown: each[1].shown for each in tables["why"].rows}
    assert reasons == {"correction of an earlier month": "-111.00", "idle": "0.00", "unallocated": "0.00"}
    (own,) = (table for table in leaver.tables if table.name == "other-months")
    assert [[cell.shown for cell in each] for each in own.rows] == [
        ["2026-09", "correction of an earlier month", "as filed in 2026-09", "-50.00"]
    ]
    assert not any("is new" in sentence or "has ended" in sentence for sentence in leaver.answer)
    assert "a correction of an earlier month -50.00 USD" in leaver.answer[-1]


@pytest.mark.whole("the manifest says it in the tests above")
def test_the_statement_says_what_was_done(tmp_path: Path, september: Path) -> None:
    rows = november(
        row("-100", day("2026-09", 3), NOVEMBER),
        row("9", day("2027-02", 3), NOVEMBER),
        row("-3", day("2026-08", 3), NOVEMBER, tenant="acme"),
    )
    statement = month_of(tmp_path, "2026-11", rows, TWO, history=september).statement
    assert statement.out_of_bounds == {}  # a refund is no subsidy of the month
    assert closing_lines(statement)[:3] == [
        "-3.00: correction of 2026-08",
        "-100.00: correction of 2026-09, divided: pool nodes as filed in 2026-09",
        "9.00: paid in advance for 2027-02, divided: pool nodes by the drivers of 2026-11",
    ]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("acme", "borealis", "expected"),
    [
        (30, 10, {"acme": 30, "borealis": 10}),
        (-30, -10, {"acme": 30, "borealis": 10}),
        (30, 0, {"acme": 30}),
        (-30, 10, None),
        (0, 0, None),
    ],
)
def test_shares_are_proportions_unless_some_got_money_back(
    tmp_path: Path, acme: int, borealis: int, expected: dict[str, int] | None
) -> None:
    statement = _filed(month_of(tmp_path, "2026-11", november(), TWO).statement)
    lines = tuple(
        line.model_copy(update={"pooled": {"nodes": units}})
        for line, units in zip(statement.tenants, (acme, borealis), strict=True)
    )
    found = filed_shares(statement.model_copy(update={"tenants": lines, "idle": {}})).get("nodes")
    shares = None if found is None else {str(tenant): units for (_, tenant), units in found.items()}
    assert shares == expected


@pytest.mark.whole("a correction of a filed month follows its shares above")
def test_a_correction_of_a_corrected_month_follows_its_own_shares(tmp_path: Path, september: Path) -> None:
    """What November billed for September says nothing about how November was divided."""
    refund = row("-100", day("2026-09", 3), NOVEMBER)
    month_of(tmp_path, "2026-11", november(refund), TWO, history=september, close=True)
    december = whole("2026-12")
    rows = [row("-40", day("2026-11", 5), december), row("400", day("2026-12", 5), december)]
    statement = month_of(tmp_path, "2026-12", rows, {"acme": 1, "borealis": 1}, history=september).statement
    parts = {part.tenant: text_of(part.units) for part in statement.other_months[0].parts}
    assert parts == {"acme": "-30.00", "borealis": "-10.00"}


@examples(3, of=60)
@given(
    st.lists(
        st.tuples(
            st.integers(-(10**12), 10**12),
            st.dates(date(2025, 1, 1), date(2028, 12, 31)),
            st.integers(1, 400),
            st.sampled_from(["2026-10", "2026-11", "2026-11", "2026-12"]),
            st.sampled_from(["", "", "acme", "leaver"]),
        ),
        min_size=1,
        max_size=12,
    ),
    st.booleans(),
)
def test_of_a_billing_month_no_row_and_no_unit_is_lost(
    filed: Path,
    lines: list[Any],
    knows: bool,  # noqa: FBT001
) -> None:
    with TemporaryDirectory() as text:
        folder = Path(text)
        history = filed if knows else None
        rows = [
            row(
                text_of(units),
                (f"{start}", f"{start + timedelta(days)}"),
                whole(month),
                tenant=name,
            )
            for units, start, days, month, name in lines
        ]
        outcome = month_of(folder, "2026-11", rows, TWO, history=history)
    statement = outcome.statement
    own = [units for units, _, _, month, _ in lines if month == "2026-11"]
    assert (statement.charged, statement.difference) == (sum(own), 0)
    assert outcome.manifest["bill"]["charges"] == len(own)
    # Charges that lie wholly in other months are in the parts of other months, to the unit.
    elsewhen = [
        units
        for units, start, _, month, _ in lines
        if month == "2026-11" and not date(2026, 11, 1) <= start < date(2026, 12, 1)
    ]
    told = sum(other.units for other in statement.other_months)
    across = [start for _, start, days, _, _ in lines if start < date(2026, 11, 1) < start + timedelta(days)]
    assert across or told == sum(elsewhen)
