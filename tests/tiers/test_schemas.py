from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from tests.portfolios import local_plan
from tiers.inventory import exported
from tiers.schemas import MODELS, schema_path, schema_text


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_committed_schema_is_the_models(name: str) -> None:
    committed = schema_path(name).read_text(encoding="utf-8")
    assert committed == schema_text(MODELS[name]), "run `make schemas`"


def test_an_inventory_obeys_its_schema() -> None:
    schema = json.loads(schema_path("inventory").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema)
    inventory = json.loads(json.dumps(exported(local_plan(), {})))
    assert not list(validator.iter_errors(inventory))
    inventory["plan"]["tenants"][0]["users"] = 0
    assert [list(error.path) for error in validator.iter_errors(inventory)] == [
        ["plan", "tenants", 0, "users"]
    ]
