from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from allocation.money import units_of
from allocation.preview.break_even import BreakEven
from allocation.preview.one_off_costs import OneOff
from allocation.preview.preview import Preview
from allocation.report.preview.document import SCHEMA_VERSION, document
from tests.allocation.report.preview.shown import moved, nothing, previews


def read(preview: Preview) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(document(preview)))
    return found


def steps(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.keys() == {"before", "after", "difference"}:
            yield value
        for each in value.values():
            yield from steps(each)
    elif isinstance(value, list):
        for each in value:
            yield from steps(each)


def total(several: Any, side: str) -> Decimal:
    return sum((Decimal(each[side]) for each in several), Decimal(0))


@pytest.mark.parametrize("preview", range(6), indirect=True)
def test_amounts_are_exact_text_and_add_up(preview: Preview) -> None:
    whole = read(preview)
    assert {type(amount) for step in steps(whole) for amount in step.values()} == {str}
    for step in steps(whole):
        assert Decimal(step["difference"]) == Decimal(step["after"]) - Decimal(step["before"])
    for side in ("before", "after", "difference"):
        costs = [each["cost"] for each in whole["tenants"]] + [whole["idle"], whole["unallocated"]]
        assert total(costs, side) == Decimal(whole["bill"][side])
        assert total(whole["by_category"].values(), side) == Decimal(whole["bill"][side])
        for tenant in whole["tenants"]:
            if tenant["kind"] == "same":
                continue
            cost = Decimal(tenant["cost"][side])
            assert total((tenant["direct"], tenant["pooled"]), side) == cost
            assert total(tenant["by_category"].values(), side) == cost
            assert total(tenant["by_domain"].values(), side) == cost
            assert total(tenant["by_pool"].values(), side) == Decimal(tenant["pooled"][side])
            assert Decimal(tenant["margin"][side]) == Decimal(tenant["fee"][side]) - cost
    lines = sum((Decimal(line["difference"]) for line in whole["lines"]), Decimal(0))
    assert lines == Decimal(whole["bill"]["difference"])


def test_what_it_was_priced_with_is_reported() -> None:
    whole = read(moved())
    assert (whole["schema_version"], whole["kind"], whole["portfolio"]) == (
        SCHEMA_VERSION,
        "preview",
        "local",
    )
    assert whole["period"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
    assert (whole["as_of"], whole["at_hpa"], whole["currency"]) == ("2026-11-30", "min", "USD")
    assert whole["versions"]["after"].keys() == {"catalog", "rulebook", "price_book"}


def test_a_tenant_that_moves_and_one_that_does_not() -> None:
    tenants = {each["tenant"]: each for each in read(moved())["tenants"]}
    cobalt = tenants["cobalt"]
    assert (cobalt["kind"], cobalt["client"]) == ("moved", "cobalt-legal")
    assert cobalt["tier"] == {"before": "dedicated-db", "after": "ha-postgresql"}
    assert cobalt["one_off"] == [{"what": "labour", "quantity": "1", "unit": "hour", "amount": "60.00"}]
    assert tenants["meridian"].keys() == {"tenant", "kind", "cost"}


def test_what_is_beside_the_difference() -> None:
    even = BreakEven("cobalt", "users", "cost", "dedicated-db", "ha-postgresql", None, 640)
    whole = read(replace(moved(), break_evens=(even,), notes=("a",), failed=("b",)))
    assert whole["break_even"] == [
        {
            "tenant": "cobalt",
            "measure": "users",
            "by": "cost",
            "tier": {"before": "dedicated-db", "after": "ha-postgresql"},
            "at": None,
            "looked_up_to": 640,
        }
    ]
    assert (whole["notes"], whole["gates_failed"], whole["no_changes"]) == (["a"], ["b"], False)
    assert whole["one_off_total"] == "60.00"
    shared = OneOff("platform", "labour", Decimal(3), "hour", units_of(Decimal(180)))
    whole_platform = read(replace(moved(), one_off=(shared,)))
    assert whole_platform["one_off_of_platform"] == [
        {"what": "labour", "quantity": "3", "unit": "hour", "amount": "180.00"}
    ]
    assert whole["one_off_of_platform"] == []
    assert [each["tenant"] for each in whole["savings_off_hours"]] == ["acme-staging", "borealis-migration"]
    assert read(nothing())["no_changes"] is True


def test_what_it_does_is_beside_the_figures() -> None:
    effects = read(moved())["effects"]
    assert {each["kind"] for each in effects} == {"restart", "notice"}
    (server,) = (each for each in effects if "db.t4g" in each["what"])
    assert (server["subjects"], server["tenants"]) == (["cobalt/server"], ["cobalt"])
    assert server["window"] == "sun:03:00-sun:04:00"
    assert read(nothing())["effects"] == []


def test_who_comes_and_who_goes_has_one_side() -> None:
    a, b, c = read(previews()[-1])["tenants"]
    assert [each["kind"] for each in (a, b, c)] == ["gone", "neighbour", "new"]
    assert (a["tier"]["after"], a["promise"]["after"]) == (None, None)
    assert (c["tier"]["before"], c["promise"]["before"]) == (None, None)
    sides = {(line["before"] is None, line["after"] is None) for line in read(previews()[-1])["lines"]}
    assert {(True, False), (False, True)} <= sides
