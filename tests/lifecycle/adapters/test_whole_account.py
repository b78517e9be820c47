from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from allocation.prices.price_book import load_price_book
from lifecycle.adapters.whole_account import WholeAccount
from lifecycle.drift.untracked import AddedRule
from lifecycle.errors import LifecycleError

REGION = "us-east-1"
KEY = f"arn:aws:kms:{REGION}:1:key/0a"
ANSWERS: dict[str, Any] = {
    "describe_db_snapshots": {
        "DBSnapshots": [
            {"DBSnapshotIdentifier": "old", "AllocatedStorage": 100, "TagList": [{"Key": "a", "Value": "b"}]}
        ]
    },
    "describe_nat_gateways": {
        "NatGateways": [
            {"NatGatewayId": "nat-1", "State": "available"},
            {"NatGatewayId": "nat-2", "State": "deleted"},
        ]
    },
    "list_buckets": {"Buckets": [{"Name": "dumps"}]},
    "list_secrets": {"SecretList": [{"Name": "leaving", "DeletedDate": 1}]},
    "get_resources": {"ResourceTagMappingList": [{"ResourceARN": KEY, "Tags": []}]},
    "describe_security_group_rules": {
        "SecurityGroupRules": [
            {"SecurityGroupRuleId": "r1", "GroupId": "g", "IsEgress": True},
            {
                "SecurityGroupRuleId": "r2",
                "GroupId": "g",
                "IsEgress": False,
                "FromPort": 22,
                "ToPort": 22,
                "IpProtocol": "tcp",
                "CidrIpv6": "::/0",
            },
        ]
    },
}


class _Empty(dict[str, Any]):
    def __missing__(self, key: str) -> list[Any]:
        return []


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> WholeAccount:
    def pages(_: WholeAccount, _service: str, _region: str, operation: str, **__: Any) -> Iterator[Any]:
        yield _Empty(ANSWERS.get(operation, {}))

    monkeypatch.setattr(WholeAccount, "_pages", pages)
    monkeypatch.setattr(WholeAccount, "_ask", lambda *_, **__: {"KeyMetadata": {"KeyState": "Enabled"}})
    return WholeAccount(REGION, prices=load_price_book("USD"))


def test_what_bills_is_found_tagged_or_not_and_priced_where_its_listing_says_how_much(
    account: WholeAccount,
) -> None:
    found = {each.names[0]: each for each in account.found([REGION])}
    assert set(found) == {"old", "nat-1", "dumps", KEY}
    assert (found["old"].tags, found["old"].gib) == ({"a": "b"}, 100)
    assert (found["old"].units or 0) > 0
    assert (found[KEY].kind, found[KEY].tags) == ("key", {})
    assert (found[KEY].units or 0) > 0
    assert (found["dumps"].tags, found["dumps"].units, found["dumps"].region) == (None, None, "global")
    assert found["nat-1"].units is None


def test_a_key_that_waits_for_its_deletion_bills_nothing_and_one_that_cannot_be_asked_does(
    account: WholeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"KeyMetadata": {"KeyState": "PendingDeletion"}}
    monkeypatch.setattr(WholeAccount, "_ask", lambda *_, **__: said)
    assert KEY not in {each.names[0] for each in account.found([REGION])}
    said["KeyMetadata"]["KeyState"] = "PendingImport"
    assert KEY in {each.names[0] for each in account.found([REGION])}

    def refuse(*_: Any, **__: Any) -> Any:
        raise LifecycleError("kms in us-east-1: describe_key failed: AccessDenied")

    monkeypatch.setattr(WholeAccount, "_ask", refuse)
    assert KEY in {each.names[0] for each in account.found([REGION])}


def test_without_prices_no_cost_is_known(account: WholeAccount) -> None:
    account.prices = None
    assert {each.units for each in account.found([REGION])} == {None}


def test_only_rules_that_let_somebody_in_are_told(account: WholeAccount) -> None:
    assert list(account.rules([REGION])) == [AddedRule("r2", "g", 22, 22, "tcp", "::/0")]
