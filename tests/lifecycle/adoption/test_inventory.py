from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from lifecycle.adoption.inventory import read_inventory, said, total
from tests.lifecycle.adoption.estates import csv_file, row
from tests.portfolios import ROOT
from tiers.errors import CatalogError
from tiers.vocabulary import Environment

HEAD = "tenant,type,id,tags,environment,users,vcpu,database_gib"


def test_the_example_is_read_whole() -> None:
    inventory = read_inventory(ROOT / "examples" / "adopt" / "estate.csv")
    assert len(inventory.rows) == 13
    assert inventory.rows[0].facts.users == 8
    assert inventory.rows[0].resource.tags == {"Customer": "Larkspur", "Env": "prod"}


def test_a_cell_that_is_empty_is_unknown(tmp_path: Path) -> None:
    path = csv_file(tmp_path, HEAD, "acme,machine,vm-1,,production,8,,")
    [only] = read_inventory(path).rows
    assert only.facts.vcpu is None
    assert total([only], "vcpu") is None
    assert total([only, row(vcpu="1.5")], "vcpu") == Decimal("1.5")


@pytest.mark.parametrize(
    ("head", "line", "told"),
    [
        ("tenant,type,id", "a,b,c", ":1: column 'tags' is missing; expected tenant, type, id, tags"),
        (f"{HEAD},memory_gb", "a,b,c,,,,,,", ":1: column 'memory_gb' is not known; did you mean memory_gib?"),
        (f"{HEAD},users", "a,b,c,,,,,,", ":1: column 'users' is there twice; expected each column once"),
        (HEAD, "acme,machine,vm-1,,prod,8,2,4", ":2: environment: expected 'production', 'staging'"),
        (HEAD, "acme,machine,vm-1,,production,-8,2,4", ":2: users: expected a number above 0, found '-8'"),
        (HEAD, "acme,machine,vm-1,,production,8,0,4", ":2: vcpu: expected a number above 0, found '0'"),
        (HEAD, "acme,machine,vm-1,,production,8,2,4 GB", ":2: database_gib: expected a number, found '4 GB'"),
        (HEAD, ",machine,vm-1,,production,8,2,4", ":2: expected a tenant, a type such as"),
        (HEAD, "acme,machine,vm-1,Env:prod,production,8,2,4", ":2: tags: 'Env:prod' is not key=value"),
        (HEAD, "acme,machine,vm-1,,production,8,2,4,beyond", ":2: expected a tenant, a type such as"),
    ],
)
def test_a_bad_row_is_one_sentence(head: str, line: str, told: str, tmp_path: Path) -> None:
    path = csv_file(tmp_path, head, line)
    with pytest.raises(CatalogError) as error:
        read_inventory(path)
    assert f"{path}{told}" in error.value.problems[0]
    assert len(error.value.problems) == 1


def test_all_bad_rows_are_told(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        HEAD,
        "acme,machine,vm-1,,prod,8,2,4",
        "acme,machine,,,production,8,2,4",
        "b,machine,x,,,x,,",
    )
    with pytest.raises(CatalogError) as error:
        read_inventory(path)
    assert len(error.value.problems) == 3


def test_an_empty_list_is_no_estate(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="has no rows"):
        read_inventory(csv_file(tmp_path, HEAD))


def test_a_row_has_the_only_environment_of_its_spelling(tmp_path: Path) -> None:
    lines = ("acme,machine,vm-1,,staging,8,2,4", "acme,machine,vm-2,,,,,")
    rows = read_inventory(csv_file(tmp_path, HEAD, *lines)).rows
    assert [each.facts.environment for each in rows] == [Environment.STAGING] * 2


def test_a_row_of_a_spelling_with_two_environments_must_say_its_own(tmp_path: Path) -> None:
    lines = ("acme,machine,vm-1,,staging,8,2,4", "acme,machine,vm-2,,production,,,", "acme,machine,vm-3,,,,,")
    with pytest.raises(
        CatalogError, match=r":4: environment: is missing, and 'acme' has production and staging"
    ):
        read_inventory(csv_file(tmp_path, HEAD, *lines))


def test_rows_that_disagree_say_nothing() -> None:
    value, why = said([row(line=2, users=8), row(line=3, users=None), row(line=4, users=9)], "users")
    assert value is None
    assert why == "users: line 2 says 8 and line 4 says 9; write the same or leave one out"


def test_a_spreadsheets_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = csv_file(tmp_path, f"\ufeff{HEAD}", "acme,machine,vm-1,,production,8,2,4")
    assert read_inventory(path).rows[0].resource.tenant == "acme"


@pytest.mark.parametrize(("mark", "named"), [(";", "';'"), ("\t", "tabs")])
def test_a_spreadsheet_that_separates_otherwise_is_told_so(mark: str, named: str, tmp_path: Path) -> None:
    path = csv_file(tmp_path, mark.join(("tenant", "type", "id", "tags")), mark.join("abcd"))
    with pytest.raises(
        CatalogError, match=rf"estate.csv:1: columns are separated by {named}; expected commas"
    ):
        read_inventory(path)
