"""A key that somebody may use by a grant stays; grants of services whose resources are listed say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from lifecycle.adapters.purge import others
from lifecycle.adapters.purge.aws import Aws
from lifecycle.adapters.purge.grants import used_by_grant
from lifecycle.decommission.retained import Kind
from lifecycle.purge.ledger import LedgerLine
from tests.lifecycle.purge.world import DUE, ENDED_AT, KEY, REGION

HERE, ELSEWHERE = "arn:aws:iam::123456789012:root", "arn:aws:iam::999999999999:root"
VOLUME = "arn:aws:sts::{}:assumed-role/aws:ec2-infrastructure/i-5d476fab"


class Granting:
    """An account whose one key has these grants."""

    def __init__(self, *grants: dict[str, Any], state: str = "Enabled") -> None:
        self.grants, self.state = grants, state

    def entries(self, _: str, __: str, operation: str, *___: str, **____: Any) -> Iterator[dict[str, Any]]:
        yield from {"list_grants": self.grants, "list_keys": ({"KeyId": "0a"},)}.get(operation, ())

    def ask(self, *_: str, **__: Any) -> dict[str, Any]:
        return {"KeyMetadata": {"Arn": KEY, "CreationDate": ENDED_AT, "KeyState": self.state}}


def grant(grantee: str | None, issuer: str | None = HERE, **more: Any) -> dict[str, Any]:
    said = {
        "GrantId": "g1",
        "GranteePrincipal": grantee,
        "IssuingAccount": issuer,
        "Operations": ["Decrypt"],
        **more,
    }
    return {name: value for name, value in said.items() if value is not None}


def used(*grants: dict[str, Any]) -> str:
    return used_by_grant(cast("Aws", Granting(*grants)), KEY, REGION)


@pytest.mark.parametrize(
    "grantee",
    [
        "rds.amazonaws.com",
        "rds.us-east-1.amazonaws.com",
        "backup.amazonaws.com",
        "elasticfilesystem.amazonaws.com",
        "ec2.cn-north-1.amazonaws.com.cn",
        VOLUME.format("123456789012"),
    ],
)
def test_what_a_service_gave_itself_for_a_resource_of_this_account_says_nothing(grantee: str) -> None:
    assert used(grant(grantee), grant(None, GranteeServicePrincipal=grantee)) == ""


@pytest.mark.parametrize(
    ("grantee", "issuer"),
    [
        ("arn:aws:iam::999999999999:role/reader", HERE),
        ("arn:aws:iam::123456789012:role/reader", HERE),
        ("arn:aws:iam::123456789012:user/rds.amazonaws.com", HERE),
        ("dynamodb.amazonaws.com", HERE),  # its tables are not listed
        ("s3.amazonaws.com", HERE),  # nor objects of a bucket with another key
        ("rds.amazonaws.com", ELSEWHERE),  # a snapshot that was shared and restored over there
        ("rds.amazonaws.com", None),
        (VOLUME.format("999999999999"), HERE),
        ("rds.amazonaws.com.example.com", HERE),
        (None, HERE),
    ],
)
def test_every_other_grant_keeps_the_key(grantee: str | None, issuer: str | None) -> None:
    why = used(grant("rds.amazonaws.com"), grant(grantee, issuer))
    assert why.startswith(f"grant g1 lets {grantee or 'nobody knows whom'} use it; if nobody needs it")
    assert f"`aws kms revoke-grant --region {REGION} --key-id {KEY} --grant-id g1`" in why
    assert "use it, and 1 more do; if" in used(grant(grantee, issuer), grant(grantee, issuer, GrantId="g2"))


@pytest.mark.parametrize(("state", "busy"), [("Enabled", True), ("PendingDeletion", False)])
def test_a_key_says_who_uses_it_unless_it_goes_already(state: str, *, busy: bool) -> None:
    line = LedgerLine(
        tenant="acme",
        ended_by="0",
        recorded_at=ENDED_AT,
        what=Kind.KEY,
        id="0a",
        region=REGION,
        because="kept",
        until=DUE,
    )
    account = cast("Aws", Granting(grant("arn:aws:iam::999999999999:role/reader"), state=state))
    found = others.HANDLINGS[Kind.KEY].look(account, line)
    assert found is not None
    assert found.ends is not busy
    assert ("lets arn:aws:iam::999999999999:role/reader use it" in found.busy) is busy
