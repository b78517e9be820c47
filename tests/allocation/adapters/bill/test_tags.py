from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from tests.allocation.adapters.bill.written import CUR, CUR_2, FOCUS, PLAIN, bill, parquet, read
from tiers.tags import CostTags


def test_columns_of_tags_keep_the_name_the_bill_gives_them(tmp_path: Path) -> None:
    row = {
        **CUR,
        "resourceTags/user:cost/tenant": "acme",
        "resourceTags/user:B": "NULL",
        "resourceTags/user:b": "",
    }
    (charge,) = read(bill(tmp_path / "cur.csv", [row])).charges
    assert charge["tags"] == '{"resourceTags/user:cost/tenant":"acme"}'


def test_a_column_wins_over_the_same_key_in_the_object(tmp_path: Path) -> None:
    row = {**PLAIN, "tags": '{"cost/tenant":"old","z":"1","empty":""}', "tag:cost/tenant": "new", "tag:a": ""}
    (charge,) = read(bill(tmp_path / "charges.csv", [row])).charges
    assert charge["tags"] == '{"cost/tenant":"new","z":"1"}'


def test_an_object_that_is_none_is_refused_beside_columns_too(tmp_path: Path) -> None:
    rows = [
        {**PLAIN, "id": f"line {text}", "tags": text, "tag:a": "1"}
        for text in ("[1]", "{", "5", '{"a":1,"a":2}', "null")
    ]
    done = read(bill(tmp_path / "charges.csv", rows))
    assert done.intake.refused == {"tags-not-json": 4}
    assert done.charges[0]["tags"] == '{"a":"1"}'


def test_maps_of_parquet_are_objects(tmp_path: Path) -> None:
    file = tmp_path / "focus.parquet"
    source = bill(tmp_path / "focus.csv", [FOCUS])
    with duckdb.connect() as connection:
        connection.execute(
            f"""COPY (SELECT * REPLACE (MAP {{'b"': 'x', 'a': NULL}} AS Tags)
            FROM read_csv('{source}', all_varchar = true)) TO '{file}'"""  # noqa: S608
        )
    assert read(file).charges[0]["tags"] == '{"a":null,"b\\"":"x"}'


def test_the_cost_tags_are_found_again(tmp_path: Path) -> None:
    tags = {
        "cost/region": "eu-west-1",
        "cost/domain": "shared-platform",
        "cost/service-line": "odoo-hosting",
        "cost/lifecycle-stage": "active",
    }
    row = {**CUR, **{f"resourceTags/user:{key}": value for key, value in tags.items()}}
    (charge,) = read(bill(tmp_path / "cur.csv", [row])).charges
    with duckdb.connect() as connection:
        pairs = connection.execute("SELECT key, value->>'$' FROM json_each(?)", [charge["tags"]]).fetchall()
    assert CostTags.from_tags(dict(pairs)).as_tags() == tags


def test_tags_nested_without_end_are_refused(tmp_path: Path) -> None:
    rows = [{**FOCUS, "Tags": opening * 100_000} for opening in ("[", '{"a":')]
    assert read(bill(tmp_path / "bill.csv", rows)).intake.refused == {"tags-not-json": 2}


COST_TAGS = {
    "cost/region": "eu-west-1",
    "cost/domain": "shared-platform",
    "cost/service-line": "odoo-hosting",
}


@pytest.mark.sample(1)
@pytest.mark.parametrize("as_map", [False, True])
def test_the_one_column_of_newer_exports_is_read(tmp_path: Path, *, as_map: bool) -> None:
    tags = {
        **{f"resourceTags/user:{key}": value for key, value in COST_TAGS.items()},
        "resourceTags/user:cost/lifecycle-stage": "active",
        "accountTag/cost/region": "us-east-1",
        "costCategory/Team": "shop",
    }
    file = bill(tmp_path / "cur2.csv", [{**CUR_2, "tags": json.dumps(tags)}])
    if as_map:
        file = parquet(file, "CAST(tags::JSON AS MAP(VARCHAR, VARCHAR)) AS tags")
    done = read(file)
    assert done.intake.files[0].format == f"CUR 2.0 {'Parquet' if as_map else 'CSV'}"
    found = json.loads(done.charges[0]["tags"])
    assert found == tags
    assert CostTags.from_tags(found).as_tags() == {**COST_TAGS, "cost/lifecycle-stage": "active"}


def test_a_tag_of_an_account_alone_is_no_tag_of_the_resource(tmp_path: Path) -> None:
    row = {**CUR_2, "tags": '{"accountTag/cost/tenant":"acme","costCategory/cost/tenant":"bolt"}'}
    found = json.loads(read(bill(tmp_path / "cur2.csv", [row])).charges[0]["tags"])
    assert found == {"accountTag/cost/tenant": "acme", "costCategory/cost/tenant": "bolt"}
    assert CostTags.from_tags({**COST_TAGS, "cost/lifecycle-stage": "active", **found}).tenant is None


def test_columns_that_hold_them_all_are_read_together(tmp_path: Path) -> None:
    rows = [
        {
            **CUR_2,
            "identity_line_item_id": str(number),
            **dict(zip(("tags", "resource_tags", "cost_category"), texts, strict=True)),
        }
        for number, texts in enumerate(
            (
                ('{"accountTag/a":"1"}', '{"user_cost_tenant":"acme"}', '{"Team":"shop"}'),
                ("", '{"user_cost_tenant":"bolt"}', ""),
                ("", "", ""),
                ("{}", "[1]", "{}"),
                ('{"a":"1"}', "x\x1ey", ""),
            )
        )
    ]
    done = read(bill(tmp_path / "cur2.csv", rows))
    assert [charge["tags"] for charge in done.charges] == [
        '{"accountTag/a":"1","costCategory/Team":"shop","user_cost_tenant":"acme"}',
        '{"user_cost_tenant":"bolt"}',
        "{}",
    ]
    refused = [(row["rule"], row["column_name"], row["found"]) for row in done.refused]
    assert refused == [
        ("tags-not-json", "tags, resource_tags, cost_category", "{} [1] {}"),
        ("tags-not-json", "tags, resource_tags, cost_category", '{"a":"1"} x y '),
    ]


def test_a_value_cannot_reach_into_the_next_column(tmp_path: Path) -> None:
    row = {**CUR, "resourceTags/user:a": "1\x1e2", "resourceTags/user:b": ""}
    (refused,) = read(bill(tmp_path / "cur.csv", [row])).refused
    assert (refused["rule"], refused["column_name"], refused["found"]) == (
        "tags-not-json",
        "resourceTags/",
        "1 2 ",
    )


@pytest.mark.whole("each report is read in the tests above")
def test_a_cost_category_has_one_key_in_every_report(tmp_path: Path) -> None:
    rows = {
        "legacy.csv": {**CUR, "costCategory/Team": "shop"},
        "cur2.csv": {**CUR_2, "cost_category": '{"Team":"shop"}'},
        "athena.csv": {**CUR_2, "cost_category_Team": "shop"},
    }
    for name, row in rows.items():
        assert read(bill(tmp_path / name, [row])).charges[0]["tags"] == '{"costCategory/Team":"shop"}'


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ('[{"key":"b","value":"1"},{"key":"a","value":null}]', '{"a":null,"b":"1"}'),
        ('[{"key":"a","value":"1","x_type":"label"},{"key":"a","value":"1","x_type":"tag"}]', '{"a":"1"}'),
        ("[]", "{}"),
        ("{a=b, c=d e}", '{"a":"b","c":"d e"}'),
        ("{cost/tenant=acme}", '{"cost/tenant":"acme"}'),
        ("{a=null, b=}", '{"a":null,"b":""}'),
        # Each of these could mean two things, or nothing.
        ('[{"key":"a","value":"1"},{"key":"a","value":"2"}]', None),
        ('[{"key":"a","val":"1"}]', None),
        ('[{"key":1,"value":"1"}]', None),
        ('[["a","1"]]', None),
        ("{a=b=c}", None),
        ("{a=b, c}", None),
        ("{a=1, a=2}", None),
        ("{a=b", None),
        ("a=b", None),
        ("{a: b}", None),
    ],
)
def test_what_other_programs_write_for_a_map(tmp_path: Path, text: str, tags: str | None) -> None:
    done = read(bill(tmp_path / "focus.csv", [{**FOCUS, "Tags": text}]))
    assert [charge["tags"] for charge in done.charges] == ([] if tags is None else [tags])
    assert done.intake.refused == ({"tags-not-json": 1} if tags is None else {})


def test_a_list_of_keys_and_values_in_parquet(tmp_path: Path) -> None:
    value = "[{'key': 'cost/tenant', 'value': 'acme'}] AS Tags"
    (charge,) = read(parquet(bill(tmp_path / "focus.csv", [FOCUS]), value)).charges
    assert charge["tags"] == '{"cost/tenant":"acme"}'
