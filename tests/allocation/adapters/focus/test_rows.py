from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest

from allocation.adapters.focus.rows import rows_sql
from allocation.adapters.focus.run import FocusVersion
from allocation.adapters.focus.services import CATEGORIES
from allocation.adapters.focus.writer import write_focus
from tests.allocation.adapters.focus.sample import RUN, allocated, insert

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
# The requirements of FOCUS 1.3, AllocatedMethodDetailsObject, as a JSON Schema.
DETAILS = {
    "type": "object",
    "required": ["Elements"],
    "additionalProperties": False,
    "properties": {
        "Elements": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["AllocatedRatio", "UsageUnit", "UsageQuantity"],
                "additionalProperties": False,
                "properties": {
                    "AllocatedRatio": {"type": "number", "minimum": 0, "maximum": 1},
                    "UsageUnit": {"type": "string", "minLength": 1},
                    "UsageQuantity": {"type": "number", "minimum": 0},
                },
            },
        }
    },
}
Row = dict[str, Any]


def rows_of(connection: duckdb.DuckDBPyConnection, folder: Path, version: str = "1.3") -> list[Row]:
    path = write_focus(connection, folder, FocusVersion(version), RUN)
    table = duckdb.execute("SELECT * FROM read_parquet(?, hive_partitioning = false)", [str(path)])
    names = [column[0] for column in table.description or ()]
    return [dict(zip(names, row, strict=True)) for row in table.fetchall()]


def by_origin(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        if row["x_SplitOriginId"] is not None:
            found[row["x_SplitOriginId"]].append(row)
    return found


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    fresh = duckdb.connect()
    allocated(fresh)
    return fresh


@pytest.fixture
def rows(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> list[Row]:
    return rows_of(connection, tmp_path)


def test_every_origin_adds_up_in_all_four_costs(
    connection: duckdb.DuckDBPyConnection, rows: list[Row]
) -> None:
    origins = connection.execute(
        "SELECT 'origin-' || origin, billed, effective, listed, contracted FROM origin"
    ).fetchall()
    assert len(origins) == len(by_origin(rows)) == 4
    for origin, *units in origins:
        sums = [sum(row[cost] for row in by_origin(rows)[origin]) for cost in COSTS]
        assert sums == [Decimal(amount).scaleb(-10) for amount in units]
        assert {row["x_SplitOriginCost"] for row in by_origin(rows)[origin]} == {sums[0]}


def test_the_whole_file_adds_up_to_the_bill(connection: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    charged = connection.execute(
        "SELECT SUM(billed), SUM(effective), SUM(listed), SUM(contracted) FROM charge"
    ).fetchone()
    assert charged is not None
    assert [sum(row[cost] for row in rows) for cost in COSTS] == [
        Decimal(int(units)).scaleb(-10) for units in charged
    ]


def test_the_ratios_of_an_origin_add_up_to_exactly_1(rows: list[Row]) -> None:
    for shares in by_origin(rows).values():
        details = [json.loads(share["AllocatedMethodDetails"], parse_float=Decimal) for share in shares]
        assert sum(each["Elements"][0]["AllocatedRatio"] for each in details) == 1
        for each in details:
            jsonschema.validate(json.loads(json.dumps(each, default=float)), DETAILS)


def test_a_share_says_what_divided_it(rows: list[Row]) -> None:
    handed_on = next(row for row in rows if row["x_Via"] != row["x_Pool"] and row["x_Via"])
    assert (handed_on["x_Pool"], handed_on["x_Via"], handed_on["x_Driver"]) == ("nodes", "platform", "users")
    assert handed_on["x_DriverValue"] == 1
    assert handed_on["AllocatedMethodId"] == "costack:nodes:cpu-requests"
    (element,) = json.loads(handed_on["AllocatedMethodDetails"])["Elements"]
    assert (element["UsageUnit"], element["UsageQuantity"]) == ("user-Hours", 1)


def test_whatever_is_not_divided_is_the_same_on_every_share(rows: list[Row]) -> None:
    own = {*COSTS, "PricingQuantity", "x_Tenant", "x_Tier", "x_Via", "x_Part", "x_Driver", "x_DriverValue"}
    for shares in by_origin(rows).values():
        alike = [
            {key: row[key] for key in row if key not in own and "Allocated" not in key} for row in shares
        ]
        assert all(each == alike[0] for each in alike)


def test_what_is_left_of_an_origin_has_no_consumer(rows: list[Row]) -> None:
    idle = [row for row in rows if row["x_Part"] == "idle" and row["x_Tenant"] is None]
    assert len(idle) == 2
    for row in idle:
        assert row["AllocatedMethodId"] == "costack:nodes:cpu-requests"
        assert [row[f"Allocated{name}"] for name in ("ResourceId", "ResourceName", "Tags")] == [None] * 3


def test_what_has_no_driver_says_so(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    connection.execute("UPDATE share SET part = 'unallocated' WHERE part = 'idle' AND origin = 1")
    written = [row for row in rows_of(connection, tmp_path) if row["x_Part"] == "unallocated"]
    assert [row["x_UnallocatedReason"] for row in written] == ["no-driver"]


def test_whole_charges_know_nothing_of_allocation(rows: list[Row]) -> None:
    whole = [row for row in rows if row["x_SplitOriginId"] is None]
    assert len(whole) == 5
    for row in whole:
        assert [value for key, value in row.items() if key.startswith("Allocated")] == [None] * 5
    assert [row["x_UnallocatedReason"] for row in whole] == [None, None, None, "no-rule", "no-rule"]


def test_a_consumers_name_is_there_exactly_when_its_id_is(rows: list[Row]) -> None:
    assert {(row["AllocatedResourceId"], row["AllocatedResourceName"]) for row in rows} == {
        (None, None),
        ("acme", "Acme GmbH"),
        ("bolt", "bolt"),
        ("corp", "corp"),
    }


def test_no_key_is_both_a_tag_and_an_allocated_tag(rows: list[Row]) -> None:
    for row in rows:
        tags, allocated_tags = (json.loads(row[name] or "{}") for name in ("Tags", "AllocatedTags"))
        assert not tags.keys() & allocated_tags.keys()


def test_the_tenants_tags_join_a_direct_charges_own_and_never_replace_one(rows: list[Row]) -> None:
    assert json.loads(rows[0]["Tags"]) == {
        "cost/tenant": "ACME",
        "Name": 'web "1"',
        "empty": None,
        "cost/client": "acme",
        "cost/service-tier": "shared",
    }
    assert json.loads(rows[1]["Tags"]) == {"cost/client": "bolt", "cost/tenant": "bolt"}
    assert (rows[0]["x_Tenant"], rows[0]["x_Tier"]) == ("acme", "shared")


@pytest.mark.sample(2)
@pytest.mark.parametrize("tags", ['{ "a" : 1 }', "{ }", '{"cost/client":"x","cost/tenant":"y"}', '{"":"é€"}'])
def test_tags_of_any_spelling_stay_one_json_object(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, tags: str
) -> None:
    connection.execute("UPDATE charge SET tags = ? WHERE charge = 2", [tags])
    merged = json.loads(rows_of(connection, tmp_path)[1]["Tags"])
    assert merged == {"cost/client": "bolt", "cost/tenant": "bolt"} | json.loads(tags)


def test_quantities_are_null_on_taxes_and_there_on_usage_and_purchases(rows: list[Row]) -> None:
    for row in rows:
        assert (row["PricingQuantity"] is None) == (row["PricingUnit"] is None)
        if row["ChargeCategory"] == "Tax":
            assert row["PricingQuantity"] is None
        elif row["ChargeCategory"] in ("Usage", "Purchase") and row["ChargeClass"] is None:
            assert row["PricingQuantity"] is not None


def test_a_direct_charge_keeps_its_quantity_and_one_without_counts_money(rows: list[Row]) -> None:
    billed, estimated, tax = rows[:3]
    assert (billed["PricingQuantity"], billed["PricingUnit"]) == (744, "Hours")
    assert (estimated["PricingQuantity"], estimated["PricingUnit"]) == (estimated["ContractedCost"], "USD")
    assert (tax["x_BilledQuantity"], tax["x_BilledUnit"]) == (1, "Tax")
    assert billed["x_BilledQuantity"] is None


def test_the_quantities_of_an_origin_add_up_like_its_contracted_cost(rows: list[Row]) -> None:
    for shares in by_origin(rows).values():
        if shares[0]["PricingQuantity"] is not None:
            assert {row["PricingUnit"] for row in shares} == {"USD"}
            assert all(row["PricingQuantity"] == row["ContractedCost"] for row in shares)


def test_a_service_has_one_category_that_focus_allows(rows: list[Row]) -> None:
    sorted_as = {(row["ServiceName"], row["ServiceCategory"], row["ServiceSubcategory"]) for row in rows}
    assert sorted_as == {
        ("Amazon Elastic Compute Cloud", "Compute", "Virtual Machines"),
        ("Amazon Relational Database Service", "Databases", "Relational Databases"),
        ("AWS Support (Business)", "Other", "Other (Other)"),
        ("AWS", "Other", "Other (Other)"),
    }
    assert {category for _, category, _ in sorted_as} <= set(CATEGORIES)


def test_what_an_estimate_does_not_say_comes_from_the_run(rows: list[Row]) -> None:
    estimated = rows[1]
    assert estimated["BillingAccountId"] == "111122223333"
    assert estimated["BillingAccountName"] == "Costack production"
    assert estimated["InvoiceIssuerName"] == "Amazon Web Services, Inc."
    assert estimated["ServiceProviderName"] == estimated["HostProviderName"] == "AWS"
    assert rows[0]["InvoiceIssuerName"] == "Amazon Web Services EMEA SARL"


def test_another_account_is_not_given_the_runs_name(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("UPDATE charge SET billing_account = '999900001111' WHERE charge = 1")
    first = rows_of(connection, tmp_path)[0]
    assert (first["BillingAccountId"], first["BillingAccountName"]) == ("999900001111", "999900001111")


def test_nothing_about_a_resource_stands_without_its_id(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("UPDATE charge SET resource_id = NULL WHERE charge = 1")
    first = rows_of(connection, tmp_path)[0]
    assert [first[name] for name in ("ResourceId", "ResourceName", "ResourceType")] == [None] * 3


def test_text_that_looks_like_a_formula_stays_as_it_is(rows: list[Row]) -> None:
    assert rows[0]["ResourceName"] == "=web"


def test_names_with_quotes_stay_valid_json(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    insert(connection, "tenant_tags", tenant="corp", name='"', tags='{"a\\"b":"c\\\\d"}')
    connection.execute("""UPDATE rulebook_pool SET driver_unit = 'a"b' WHERE pool = 'postgresql'""")
    share = next(row for row in rows_of(connection, tmp_path) if row["x_Tenant"] == "corp")
    assert json.loads(share["AllocatedTags"]) == {'a"b': "c\\d"}
    assert json.loads(share["AllocatedMethodDetails"])["Elements"][0]["UsageUnit"] == 'a"b'


@pytest.mark.parametrize("version", list(FocusVersion))
def test_the_query_asks_for_moments_as_text_only_for_a_csv(version: FocusVersion) -> None:
    assert "strftime" in rows_sql(version, as_text=True)
    assert "strftime" not in rows_sql(version)
