"""What still bills is found by cost tags or by name, with its cost; a longer name is another tenant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cli.actions.decommission import purge_search
from lifecycle.adapters.whole_account import WholeAccount
from lifecycle.drift.untracked import Found
from lifecycle.purge.search import in_order, owned, sums
from tiers.tags import KEYS


def tags(**named: str) -> dict[str, str]:
    return {KEYS[name]: value for name, value in named.items()}


FOUND = (
    Found("database snapshot", ("local-acme-final-0",), "eu-west-1", None, 20, 1_90_00000000),
    Found("log group", ("/aws/rds/local-acme-migration/upgrade",), "us-east-1"),
    Found("bucket", ("arn:aws:s3:::dumps",), "global", tags(portfolio="local", tenant="acme")),
    Found("bucket", ("dumps",), "global", None),
    Found("cache", ("local-sessions",), "us-east-1", tags(portfolio="local"), None, 5_00_00000000),
    Found("database", ("somebody-elses",), "us-east-1", {"team": "web"}),
    Found("database", ("acmecorp",), "us-east-1"),
)


def test_tags_come_before_names_and_each_resource_once() -> None:
    found = owned(FOUND, {"acme", "acme-migration"})
    assert [(each.tenant, each.found.kind, each.by) for each in found] == [
        ("", "cache", "tags"),
        ("acme", "bucket", "tags"),
        ("acme", "database snapshot", "name"),
        ("acme-migration", "log group", "name"),
    ]
    tiny = replace(found[0], found=replace(found[0].found, units=1))
    assert list(sums([tiny], "USD")) == [
        "1 resources still bill: 0.00 USD a month for 1 of them, unknown for 0"
    ]
    assert list(sums(found, "USD")) == [
        "4 resources still bill: 6.90 USD a month for 2 of them, unknown for 2"
    ]
    assert {each.found.kind for each in in_order(found, {"acme"})} == {*("bucket", "database snapshot")}


def test_two_snapshots_of_a_server_and_its_backup_are_three() -> None:
    server = "local-acme-postgresql"
    found = [Found("database snapshot", (name, server), "us-east-1") for name in ("one", "two")]
    listed = owned([*found, Found("automated backup", (server,), "us-east-1")], {"acme"})
    assert [(each.tenant, each.found.names[0]) for each in listed] == [
        ("acme", server),
        ("acme", "one"),
        ("acme", "two"),
    ]


def test_every_region_that_the_account_has_enabled_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def found(_: WholeAccount, regions: Any) -> Iterator[Found]:
        asked.extend(regions)
        yield from FOUND

    answers: dict[str, Any] = {
        "describe_regions": {"Regions": [{"RegionName": name} for name in ("us-east-1", "sa-east-1")]},
        "get_caller_identity": {"Account": "123456789012"},
    }
    monkeypatch.setattr(WholeAccount, "found", found)
    monkeypatch.setattr(purge_search, "stored", lambda *_: ())
    monkeypatch.setattr(WholeAccount, "_ask", lambda _self, _service, _region, operation: answers[operation])
    purge_search.search(purge_search.Request(("acme",), None, "us-east-1", "table"))
    assert asked == ["sa-east-1", "us-east-1"]
    said = capsys.readouterr().out
    assert "unknown cost" in said
    assert "1.90 USD a month" in said
    assert "3 resources still bill: 1.90 USD a month for 1 of them, unknown for 2" in said
    purge_search.search(purge_search.Request(("nobody",), None, "us-east-1", "csv"))
    assert capsys.readouterr().out.strip() == "what,id,region,tenant,portfolio,known_by,gib,per_month"
