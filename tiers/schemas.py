"""Writes the JSON Schemas: of the inventory, and of the YAML files for editors. `python -m tiers.schemas`."""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import textwrap
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import ModelSchema

from tiers.catalog.classes import Classes
from tiers.catalog.services import Services
from tiers.catalog.tier import Tier
from tiers.inventory import Inventory
from tiers.portfolio.cells.assignment import Assignment
from tiers.portfolio.platform import Platform
from tiers.portfolio.reviews.entries import DecisionFile, SignalFile
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import Frozen

DIRECTORY: Final = Path(__file__).parent / "schema"
MODELS: Final[dict[str, type[BaseModel]]] = {
    "cells": Assignment,
    "classes": Classes,
    "inventory": Inventory,
    "platform": Platform,
    "reviews-decisions": DecisionFile,
    "reviews-signals": SignalFile,
    "services": Services,
    "tenant": Tenant,
    "tier": Tier,
}


def schema_text(model: type[BaseModel]) -> str:
    """The JSON Schema of *model* as it is committed."""
    return json.dumps(json_schema(model), indent=2, sort_keys=True) + "\n"


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of *model*, with the docstrings of fields as descriptions."""
    return model.model_json_schema(schema_generator=_Described)


class _Described(GenerateJsonSchema):
    """Reads the sources of models, which nothing but a schema needs."""

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        """The schema of a model; a field that has a description keeps it."""
        made = super().model_schema(schema)
        for name, described in described_fields(schema["cls"]).items():
            made.get("properties", {}).get(name, {}).setdefault("description", described)
        return made


def described_fields(model: type[BaseModel]) -> dict[str, str]:
    """Field -> the docstring below it, in *model* or in what it is derived from."""
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if not issubclass(kind, Frozen):
            continue
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
        for field, below in itertools.pairwise(getattr(definition, "body", ())):
            match field, below:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                    found[name] = inspect.cleandoc(text)
    return found


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
