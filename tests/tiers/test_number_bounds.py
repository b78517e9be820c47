from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import allocation
import lifecycle
import policies.scan
import tiers
from tests.portfolios import LOCAL
from tiers.errors import CatalogError
from tiers.plan.resolve import plan_of_folder
from tiers.vocabulary import LARGEST

HUGE = (
    "9" * 400,
    "1e400",
    "9" * 5000,
    "1e999999999",
    "-1e999999999",
    "1e-999999999",
    "NaN",
    "Infinity",
    "-inf",
)


def models() -> Iterator[type[BaseModel]]:
    for package in (tiers, allocation, lifecycle, policies.scan):
        for module in modules(package):
            for _, found in inspect.getmembers(module, inspect.isclass):
                if issubclass(found, BaseModel) and found.__module__ == module.__name__:
                    yield found


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not each.name.endswith("__main__"):
            yield importlib.import_module(each.name)


def numbers(annotation: Any, metadata: tuple[Any, ...] = ()) -> Iterator[Any]:
    """The types of numbers in *annotation*, each with its own limits."""
    if annotation in (int, Decimal, float):
        kind = annotation
        for limit in metadata:
            kind = Annotated[kind, limit]
        yield kind
    elif hasattr(annotation, "__metadata__"):
        yield from numbers(annotation.__origin__, annotation.__metadata__)
    else:
        for inner in get_args(annotation):
            yield from numbers(inner, metadata)


FIELDS = {
    f"{model.__module__}.{model.__name__}.{name}": list(numbers(field.annotation, tuple(field.metadata)))
    for model in models()
    for name, field in model.model_fields.items()
}


@pytest.mark.parametrize("text", HUGE)
def test_no_field_takes_a_number_without_end(text: str) -> None:
    kinds = {repr(kind): kind for found in FIELDS.values() for kind in found}
    assert len(kinds) > 10
    taken = {shown for shown, kind in kinds.items() if is_taken(kind, text)}
    assert {name: found for name, found in FIELDS.items() if taken & set(map(repr, found))} == {}


def test_a_plan_that_is_made_of_large_numbers_is_said(local: Path) -> None:
    """Each number is within its bounds, what is made of them is not."""
    file = local / "tenants" / "acme.yaml"
    text = re.sub(r"^options:.*\n(  .*\n)*", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    large = "".join(f"  {name}: {LARGEST}\n" for name in ("users", "database_gib", "filestore_gib"))
    file.write_text(f"{text}options:\n{large}", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"acme: .*expected a number of at most 1000000000000"):
        plan_of_folder(local)


@pytest.fixture
def local(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOCAL, tmp_path / "local"))


def is_taken(kind: Any, text: str) -> bool:
    try:
        made = Decimal(TypeAdapter(kind).validate_python(text))
    except ValidationError:
        return False
    return not made.is_finite() or made.adjusted() > 20 or int(made.as_tuple().exponent) < -60
