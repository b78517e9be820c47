from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from tests.portfolios import ROOT
from tiers.catalog.tier import Tier
from tiers.errors import CatalogError
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import load_model
from tiers.unknown_keys import unknown_key

CATALOG = ROOT / "tiers" / "catalog"


@pytest.mark.parametrize(
    ("model", "where", "meant"),
    [
        (Tenant, ("hostnme",), "hostname"),
        (Tenant, ("options", "databse_gib"), "database_gib"),
        (Tenant, ("extended", 0, "untill"), "until"),
        (Platform, ("cluster", "node_groups", 1, "node_clas"), "node_class"),
        (Tier, ("offers", "production", "expected_use", "internet_gb"), "internet_gib"),
        (Tier, ("offers", "production", "database", "own", "max_storage_gb"), "max_storage_gib"),
        (Tier, ("offers", "production", "region_copies", "file_retention"), "file_retention_days"),
    ],
)
def test_the_closest_field_of_the_same_place_is_suggested(
    model: type[BaseModel], where: tuple[Any, ...], meant: str
) -> None:
    assert unknown_key(model, where) == f"is not a known key; did you mean {meant}?"


def test_where_no_field_is_close_few_are_listed_and_many_are_not() -> None:
    assert unknown_key(Tenant, ("move", "colour")) == "is not a known key; there are from_tier, stage"
    assert unknown_key(Tenant, ("colour",)) == "is not a known key"


@pytest.mark.parametrize(
    ("right", "wrong", "model", "file"),
    [
        ("users:", "usrs:", Tenant, ROOT / "portfolios" / "local" / "tenants" / "acme.yaml"),
        ("node_class:", "node_clas:", Platform, ROOT / "portfolios" / "local" / "platform.yaml"),
        ("max_storage_gib:", "max_storage_gb:", Tier, CATALOG / "dedicated-db.yaml"),
    ],
)
def test_a_misspelt_key_of_a_file_is_refused_with_the_right_one(
    right: str, wrong: str, model: type[BaseModel], file: Any, tmp_path: Any
) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(file.read_text(encoding="utf-8").replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_model(model, path)
    assert f"{wrong[:-1]}: is not a known key; did you mean {right[:-1]}?" in str(caught.value)
