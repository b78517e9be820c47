from __future__ import annotations

import json
from typing import Any

import pytest

from tests.portfolios import local_plan
from tiers.errors import CatalogError
from tiers.inventory import Inventory, exported, read_inventory


def document() -> dict[str, Any]:
    written = exported(local_plan(), {"platform/key": "arn:aws:kms:us-east-1:1:key/x"})
    return dict(json.loads(json.dumps(written)))


def test_what_is_exported_is_read_back() -> None:
    inventory = read_inventory(document(), "here")
    assert inventory == Inventory(
        plan=local_plan(), cloud_ids={"platform/key": "arn:aws:kms:us-east-1:1:key/x"}
    )


@pytest.mark.parametrize("nothing", [None, {}, [], ""])
def test_an_empty_inventory_is_refused(nothing: object) -> None:
    with pytest.raises(CatalogError, match=r"^here: the inventory is empty; has `pulumi up` finished"):
        read_inventory(nothing, "here")


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_an_unknown_version_is_refused(version: object) -> None:
    message = f"^here: schema_version is {version!r}, this version of costack reads 1; use the version"
    with pytest.raises(CatalogError, match=message):
        read_inventory(document() | {"schema_version": version}, "here")


def test_what_is_no_inventory_is_refused() -> None:
    with pytest.raises(CatalogError, match=r"^here: expected an inventory object, found list$"):
        read_inventory([1], "here")
    broken = document()
    broken["plan"]["tenants"][0]["users"] = -1
    broken["plan"]["colour"] = "red"
    with pytest.raises(CatalogError) as caught:
        read_inventory(broken, "here")
    assert caught.value.problems == (
        "here: plan.tenants.0.users: expected a number above 0, found '-1'",
        "here: plan.colour: is not a known key",
    )


def test_it_holds_no_secret() -> None:
    text = json.dumps(document()).lower()
    for word in ("password", "token", "secret_key", "auth"):
        assert word not in text
