"""The sentence about a key that a model does not have, with the field that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel

UNKNOWN_KEY: Final = "extra_forbidden"
"""Pydantic's type of the error."""
_MOST_LISTED: Final = 8
_LONGEST: Final = 100
"""As much of a key is compared; no field is half as long."""


def unknown_key(model: type[BaseModel], where: Sequence[int | str]) -> str:
    """What is wrong at *where* in *model*, and the closest field; the fields there when none is close."""
    names = sorted({name for found in _models_at(model, where[:-1]) for name in found.model_fields})
    key = str(where[-1])[:_LONGEST]
    if close := difflib.get_close_matches(key, names, n=1):
        return f"is not a known key; did you mean {close[0]}?"
    if 0 < len(names) <= _MOST_LISTED:
        return f"is not a known key; there are {', '.join(names)}"
    return "is not a known key"


def _models_at(annotation: Any, where: Sequence[int | str]) -> Iterator[type[BaseModel]]:
    """The models that *annotation* has at *where*: several in a union, none for plain values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not where:
            yield annotation
        elif field := annotation.model_fields.get(str(where[0])):
            yield from _models_at(field.annotation, where[1:])
        elif len(where) == 1 and _is_tagged(annotation, str(where[0])):
            yield annotation  # a union's tag is a step of pydantic's path and none of the file's
        return
    arguments = get_args(annotation)
    if isinstance(origin := getattr(annotation, "__origin__", None), type) and issubclass(origin, Mapping):
        yield from _models_at(arguments[1], where[1:])
    elif isinstance(origin, type) and issubclass(origin, tuple | list):
        yield from _models_at(arguments[0], where[1:])
    else:
        for argument in arguments:
            yield from _models_at(argument, where)


def _is_tagged(model: type[BaseModel], tag: str) -> bool:
    return any(tag in get_args(field.annotation) for field in model.model_fields.values())
