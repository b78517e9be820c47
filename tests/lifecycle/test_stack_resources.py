from __future__ import annotations

from typing import Any

import pytest

from lifecycle.stack_resources import NoSuchTenantError, mark_of, targets_of
from tiers.errors import CatalogError

STACK = "urn:pulumi:local::costack::pulumi:pulumi:Stack::costack-local"


def resource(name: str, kind: str, parent: str, **more: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:local::costack::{kind}::{name}"
    return {"urn": urn, "type": kind, "parent": parent, "custom": True, **more}


def state(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"deployment": {"resources": [{"urn": STACK, "type": "pulumi:pulumi:Stack"}, *resources], **more}}


ACME = resource("acme", "costack:index:TenantStack", STACK, custom=False)
OTHER = resource("acme-staging", "costack:index:TenantStack", STACK, custom=False)
SERVER = resource("acme-server", "costack:index:PostgresServer", ACME["urn"], custom=False)
INSTANCE = resource(
    "local-acme-postgresql",
    "aws:rds/instance:Instance",
    SERVER["urn"],
    id="local-acme-postgresql",
    outputs={"arn": "arn:aws:rds:us-east-1:1:db:local-acme-postgresql"},
    protect=True,
)
KEY = resource("local-acme-key", "aws:kms/key:Key", ACME["urn"], id="k", retainOnDelete=True)
LOGS = resource("acme-staging-logs", "aws:cloudwatch/logGroup:LogGroup", OTHER["urn"], id="/odoo/staging")


def test_what_lies_under_a_tenant_is_its_however_deep() -> None:
    found = targets_of(state(ACME, OTHER, SERVER, INSTANCE, KEY, LOGS), "acme", "s")
    assert [each.id for each in found] == ["local-acme-postgresql", "k"]
    instance, key = found
    assert (instance.holds_data, instance.what, instance.protect) == (True, "database", True)
    assert key.retained
    assert instance.arn.endswith("db:local-acme-postgresql")


def test_a_name_that_begins_alike_is_another_tenants() -> None:
    assert [each.id for each in targets_of(state(ACME, OTHER, LOGS), "acme-staging", "s")] == [
        "/odoo/staging"
    ]


def test_what_replication_filled_stays_known() -> None:
    made = resource(
        "r",
        "aws:efs/replicationConfiguration:R",
        ACME["urn"],
        outputs={"destination": {"fileSystemId": "fs-2"}},
    )
    assert targets_of(state(ACME, made), "acme", "s")[0].also == ("fs-2",)


def test_a_missing_tenant_is_distinguished_from_what_is_no_state() -> None:
    with pytest.raises(NoSuchTenantError, match="has no tenant 'acme'"):
        targets_of(state(), "acme", "s")
    for wrong in ({}, {"deployment": None}, {"deployment": {"resources": 1}}):
        with pytest.raises(CatalogError, match="is not the state of a stack"):
            targets_of(wrong, "acme", "s")


def test_an_update_that_was_interrupted_is_mended_first() -> None:
    with pytest.raises(CatalogError, match="run `costack recover`") as message:
        targets_of(state(ACME, pending_operations=[{"type": "creating"}]), "acme", "s")
    assert not isinstance(message.value, NoSuchTenantError)


def test_the_mark_of_the_last_dump() -> None:
    mark = resource("acme-last", "random:index/randomId:RandomId", ACME["urn"], outputs={"hex": "abc"})
    assert mark_of(state(ACME, mark), "acme") == "abc"
    assert mark_of(state(ACME), "acme") is None
