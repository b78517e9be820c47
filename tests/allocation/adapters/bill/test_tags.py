from __future__ import annotations

from pathlib import Path

import duckdb

from tests.allocation.adapters.bill.written import CUR, FOCUS, PLAIN, bill, read
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
