from __future__ import annotations

import json
from decimal import Decimal

from allocation.report.statement.document import document
from tests.allocation.statement.test_statement import PRICES, statement_of
from tests.portfolios import local_plan, plan_of


def test_amounts_are_exact_text_and_add_up() -> None:
    read = json.loads(json.dumps(document(statement_of(local_plan()))))
    totals = {name: Decimal(text) for name, text in read["totals"].items()}
    parts = totals["direct"] + totals["pooled"] + totals["idle"] + totals["unallocated"]
    assert totals["charged"] == parts
    assert totals["difference"] == 0
    for line in read["tenants"]:
        cost = Decimal(line["direct"]) + sum(Decimal(share) for share in line["pooled"].values())
        assert Decimal(line["total"]) == cost
        assert Decimal(line["margin"]) == Decimal(line["fee"]) - cost


def test_the_period_and_the_versions_are_reported() -> None:
    read = document(statement_of(local_plan()))
    assert read["period"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
    assert read["versions"] == {"catalog": "2026-11", "rulebook": "2026-11", "price_book": PRICES.compiled}
    assert (read["basis"], read["currency"], read["schema_version"]) == ("estimated", "USD", 3)


def test_what_nobody_pays_is_listed() -> None:
    read = document(statement_of(plan_of()))
    assert read["tenants"] == []
    assert {part["reason"] for part in read["unallocated"]} >= {
        "no-driver: pool platform: no member has any users"
    }


def test_who_used_what_of_a_pool_is_reported() -> None:
    pools = {pool["pool"]: pool for pool in document(statement_of(local_plan()))["pools"]}
    assert (pools["postgresql"]["driver"], pools["postgresql"]["unit"]) == ("database-gib", "GiB-hours")
    # 5 GiB for 730 hours.
    assert pools["postgresql"]["use"]["acme"] == "3650"
    assert {"(capacity)", "platform", "acme"} <= pools["nodes"]["use"].keys()
