"""Writes the JSON Schemas: of the inventory, and of the YAML files for editors. `python -m tiers.schemas`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from tiers.catalog.classes import Classes
from tiers.catalog.tier import Tier
from tiers.inventory import Inventory
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant

DIRECTORY: Final = Path(__file__).parent / "schema"
MODELS: Final[dict[str, type[BaseModel]]] = {
    "classes": Classes,
    "inventory": Inventory,
    "platform": Platform,
    "tenant": Tenant,
    "tier": Tier,
}


def schema_text(model: type[BaseModel]) -> str:
    """The JSON Schema of *model* as it is committed."""
    return json.dumps(model.model_json_schema(), indent=2, sort_keys=True) + "\n"


def schema_path(name: str) -> Path:
    """The committed path of the schema *name*."""
    return DIRECTORY / f"{name}.schema.json"


def write_schemas() -> None:
    """Write every schema to its committed place."""
    DIRECTORY.mkdir(exist_ok=True)
    for name, model in MODELS.items():
        schema_path(name).write_text(schema_text(model), encoding="utf-8")


if __name__ == "__main__":
    write_schemas()
