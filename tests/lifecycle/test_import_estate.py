from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lifecycle.import_estate import (
    PlannedResource,
    gaps,
    import_file,
    match_resources,
    read_planned,
    read_rows,
)
from tests.components.conftest import declare_plan
from tests.portfolios import plan_of, tenant
from tiers.errors import CatalogError

INSTANCE, LOGS, PARAMETERS = (
    "aws:rds/instance:Instance",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:rds/parameterGroup:ParameterGroup",
)


def preview() -> dict[str, Any]:
    """What `pulumi preview --json` says of a portfolio that was never deployed."""
    declared = declare_plan(plan_of(tenant("acme", tier="dedicated-db"), tenant("borealis")))
    steps = [
        {
            "op": "create",
            "urn": each.urn,
            "newState": {
                "type": each.type,
                "custom": each.custom,
                "parent": each.parent,
                "inputs": {"tags": dict(each.tags)},
            },
        }
        for each in declared
    ]
    return {"steps": steps}


@cache
def wanted() -> tuple[PlannedResource, ...]:
    """What that preview wants, read once."""
    return read_planned(preview(), "preview.json")


def estate(folder: Path, *lines: str) -> Path:
    path = folder / "estate.csv"
    path.write_text("\n".join(("tenant,type,id,tags", *lines)) + "\n", encoding="utf-8")
    return path


def test_only_what_tenants_get_is_taken_over() -> None:
    assert {each.tenant for each in wanted()} == {"acme", "borealis"}
    assert ("acme", INSTANCE) in {(each.tenant, each.type) for each in wanted()}
    assert not any(each.name.startswith("local-postgresql") for each in wanted())


def test_a_server_is_imported_under_the_name_the_program_gives_it(tmp_path: Path) -> None:
    rows = read_rows(estate(tmp_path, f"acme,{INSTANCE},acme-prod-db,cost/client=acme-ltd; team=blue"))
    plan = match_resources(rows, wanted())
    (match,) = plan.matches
    assert match.planned.name == "local-acme-postgresql"
    assert "cost/tenant" in match.missing
    assert "cost/client" not in match.missing
    document = import_file(plan)
    stack, server, resource = document["resources"]
    assert (resource["id"], resource["name"]) == ("acme-prod-db", "local-acme-postgresql")
    assert resource["parent"] == server["name"]
    assert (server["type"], server["logicalName"]) == (
        "costack:index:PostgresServer",
        "local-acme-postgresql",
    )
    assert server["parent"] == stack["name"]
    assert (stack["type"], stack["logicalName"]) == ("costack:index:TenantStack", "acme")
    assert "parent" not in stack
    assert document["nameTable"] == {}
    assert match.planned not in plan.created
    assert [line.split(" lacks ")[0] for line in gaps(plan)] == ["line 2: acme-prod-db"]


def test_components_that_the_stack_has_are_named_by_their_urn(tmp_path: Path) -> None:
    steps = [step if step["newState"]["custom"] else {**step, "op": "same"} for step in preview()["steps"]]
    rows = read_rows(estate(tmp_path, f"acme,{INSTANCE},acme-prod-db,"))
    document = import_file(match_resources(rows, read_planned({"steps": steps}, "preview.json")))
    (resource,) = document["resources"]
    assert document["nameTable"][resource["parent"]].endswith("PostgresServer::local-acme-postgresql")


def test_what_cannot_be_distinguished_is_left_to_a_person(tmp_path: Path) -> None:
    rows = read_rows(
        estate(
            tmp_path,
            f"acme,{INSTANCE},one,",
            f"acme,{INSTANCE},two,",
            "acme,aws:sqs/queue:Queue,q,",
            f"acme,{LOGS},l,",
        )
    )
    plan = match_resources(rows, wanted())
    assert plan.matches == ()
    message = "\n".join(gaps(plan))
    assert "2 rows for 1 planned resources (local-acme-postgresql)" in message
    assert "would create no aws:sqs/queue:Queue for tenant 'acme'" in message
    assert "1 rows for " in message
    assert len(plan.created) == len(wanted())


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((f"acme,{INSTANCE},,",), ":2: expected a tenant, a type"),
        ((f"acme,{INSTANCE},a,nonsense",), ":2: tags: 'nonsense' is not key=value"),
        (
            (f"acme,{INSTANCE},a,", f"borealis,{INSTANCE},a,"),
            ":3: aws:rds/instance:Instance a is already in line",
        ),
        ((f"acme,{INSTANCE},a,b=c,d",), ":2: expected a tenant"),
    ],
)
def test_a_row_that_is_wrong_is_reported_with_its_line(
    tmp_path: Path, lines: tuple[str, ...], message: str
) -> None:
    with pytest.raises(CatalogError, match=message):
        read_rows(estate(tmp_path, *lines))


def test_what_is_no_estate_or_preview_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("tenant,id\n", encoding="utf-8")
    with pytest.raises(CatalogError, match="column 'type' is missing"):
        read_rows(path)
    with pytest.raises(CatalogError, match="no such file"):
        read_rows(tmp_path / "gone.csv")
    with pytest.raises(CatalogError, match="expected an object with `steps`"):
        read_planned({}, "p")
