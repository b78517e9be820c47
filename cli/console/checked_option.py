"""Checks the text of an option as its field would, before anything is read."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from tiers.errors import CatalogError
from tiers.expectations import first_fault


def checked(option: str, kind: Any, text: str) -> None:
    """Refuse what the field *kind* would not take; YAML would read on in some of it.

    Raises:
        CatalogError: With the option, what was expected and what was found.
    """
    try:
        TypeAdapter[str](kind).validate_python(text)
    except ValidationError as error:
        raise CatalogError(f"{option}: {first_fault(error)}") from None
