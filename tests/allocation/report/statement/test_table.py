from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.console import Console

from allocation.charges import Unpriced
from allocation.engine.allocate import Unallocated
from allocation.money import amount_of
from allocation.report.statement.csv_and_markdown import as_csv, as_markdown
from allocation.report.statement.document import document
from allocation.report.statement.table import closing_lines, statement_table
from allocation.statement.filed import filed_statement
from allocation.statement.ledger.figure import shown_text
from allocation.statement.statement import Statement
from tests.allocation.statement.test_statement import statement_of
from tests.portfolios import local_plan, local_portfolio, plan_of

AMOUNT = re.compile(r"-?[\d,]+\.\d\d$")


def rows(statement: Statement, *, by_pool: bool = True) -> dict[str, list[Decimal]]:
    """The amounts of each row as a person reads them off the screen, the percentage left out."""
    console = Console(width=220)
    with console.capture() as capture:
        console.print(statement_table(statement, by_pool=by_pool))
    found = {}
    for line in capture.get().splitlines():
        cells = [cell.strip() for cell in re.split("[│┃]", line)[1:-1]]
        amounts = [Decimal(cell.replace(",", "")) for cell in cells[2:-1] if AMOUNT.match(cell)]
        if amounts:
            found[cells[0]] = amounts
    return found


def test_what_is_shown_adds_up_across() -> None:
    for name, cells in rows(statement_of(local_plan())).items():
        if name in ("idle", "unallocated"):
            *parts, cost, margin = cells
            assert (sum(parts), -cost) == (cost, margin), name
        else:
            *parts, cost, fee, margin = cells
            assert (sum(parts), fee - cost) == (cost, margin), name


def test_what_is_shown_adds_up_down() -> None:
    table = rows(statement_of(local_plan()))
    total = table.pop("total")
    for index in range(len(total) - 2):
        assert sum(cells[index] for cells in table.values()) == total[index], index
    assert sum(cells[-1] for cells in table.values()) == total[-1]


def test_on_a_narrow_screen_the_pools_are_one_column() -> None:
    statement = statement_of(local_plan())
    wide, narrow = rows(statement), rows(statement, by_pool=False)
    for name, cells in narrow.items():
        direct, pooled, *rest = cells
        assert direct == wide[name][0]
        assert pooled == sum(wide[name][1 : 1 + len(statement.pools)])
        assert rest == wide[name][1 + len(statement.pools) :]


def test_the_total_is_the_charge_to_the_cent() -> None:
    statement = statement_of(local_plan())
    *_, cost, _, _ = rows(statement)["total"]
    assert cost == amount_of(statement.charged).quantize(Decimal("0.01"))


def test_terminal_csv_markdown_and_pages_show_the_same_cents() -> None:
    statement = statement_of(local_plan())
    in_csv = {row["tenant"]: row for row in csv.DictReader(io.StringIO(as_csv(statement)))}
    in_markdown = as_markdown(statement)
    pages = filed_statement(document(statement), None, "test")
    for name, (*parts, cost, fee, margin) in rows(statement).items():
        if name not in pages.by_tenant:
            continue
        row, line = in_csv[name], pages.by_tenant[name]
        texts = [f"{each:.2f}" for each in (*parts, cost, fee, margin)]
        assert list(row.values())[4:] == texts
        assert f"| {' | '.join(texts)} |" in in_markdown
        shares = [line.pooled.get(pool, 0) for pool in statement.pools]
        shown = [shown_text(each) for each in (line.direct, *shares, line.total, line.fee, line.margin)]
        assert shown == texts
    idle, unallocated, total = list(in_csv.values())[-3:]
    assert Decimal(idle["cost"]) == Decimal(shown_text(pages.totals.idle))
    assert Decimal(unallocated["cost"]) == Decimal(shown_text(pages.totals.unallocated))
    assert Decimal(total["cost"]) == Decimal(shown_text(pages.totals.charged))


@pytest.mark.parametrize(("currency", "decimals"), [("JPY", 0), ("KWD", 3)])
def test_a_currency_has_its_own_decimals(currency: str, decimals: int) -> None:
    statement = replace(statement_of(local_plan()), currency=currency)
    *tenants, total = csv.DictReader(io.StringIO(as_csv(statement)))
    costs = [row["cost"] for row in tenants]
    assert all(len(text.partition(".")[2]) == decimals for text in (*costs, total["cost"]))
    assert sum(map(Decimal, costs)) == Decimal(total["cost"])
    assert Decimal(total["cost"]) == round(amount_of(statement.charged), decimals)
    console = Console(width=220)
    with console.capture() as capture:
        console.print(statement_table(statement))
    assert f"{Decimal(total['cost']):,}" in capture.get()


def test_the_proof_says_every_part() -> None:
    few = plan_of(*(each for each in local_portfolio().tenants if each.tier != "cross-region-backup"))
    unpriced, proof = closing_lines(statement_of(few))
    assert unpriced == "unpriced: nothing"
    assert proof == (
        "charged 2342.98564734 USD = direct 1514.83500734 + pooled 634.9246200404 "
        "+ idle 193.2260199596 + unallocated 0, difference 0"
    )


def test_what_has_no_owner_or_no_price_is_named() -> None:
    statement = replace(
        statement_of(local_plan()),
        unallocated=(Unallocated("nobody claims it", 5_000_000_000, 1, "platform/x#y"),),
        unpriced=(Unpriced("platform/z", "AmazonEFS", "Standard", Decimal(3), "", "eu-west-9: unknown"),),
    )
    lines = closing_lines(statement)
    assert lines[0] == "unallocated 0.50: nobody claims it (platform/x#y)"
    assert lines[1] == "unpriced: platform/z: 3 of AmazonEFS 'Standard' (eu-west-9: unknown)"
    assert lines[2].endswith("+ unallocated 0.50, difference -0.50")
