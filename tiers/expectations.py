"""What a field expects and what was found there, in a sentence instead of pydantic's words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tiers.escapes import shortened
from tiers.unknown_keys import UNKNOWN_KEY

_LONGEST: Final = 600
"""The longest sentence of a validator's own that is repeated: it may quote what it found."""


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The nearest of *known* to a *name* that is not among them, as a question; all of them if none is near.

    >>> did_you_mean("acne", ["acme", "borealis"]), did_you_mean("zeta", ["acme", "borealis"])
    ('did you mean acme?', 'there are acme, borealis')
    """
    close = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(known) or 'none'}"


def _counted(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


_ABOUT_KEYS: Final[Mapping[str, str]] = {"missing": "is missing", UNKNOWN_KEY: "is not a known key"}

_EXPECTED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("bool_parsing", "bool_type"), "true or false"),
    **dict.fromkeys(("dict_type", "mapping_type", "model_attributes_type", "model_type"), "a mapping"),
    **dict.fromkeys(("list_type", "tuple_type"), "a list"),
    **dict.fromkeys(("frozen_set_type", "set_type"), "a list without repetitions"),
    **dict.fromkeys(("date_from_datetime_parsing", "date_parsing", "date_type"), "a date such as 2027-01-31"),
    **dict.fromkeys(
        ("datetime_from_date_parsing", "datetime_parsing", "datetime_type", "timezone_aware"),
        "a time with its zone such as 2027-01-31T00:00:00Z",
    ),
    **dict.fromkeys(
        ("decimal_parsing", "decimal_type", "finite_number", "float_parsing", "float_type"), "a number"
    ),
    **dict.fromkeys(("int_from_float", "int_parsing", "int_parsing_size", "int_type"), "a whole number"),
    "string_type": "text",
}
"""Pydantic's type of an error -> what the field takes."""

_BOUNDED: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "decimal_max_digits": lambda limit: f"a number of {limit['max_digits']} digits at most",
    "decimal_max_places": lambda limit: f"a number with {limit['decimal_places']} decimals at most",
    "enum": lambda limit: str(limit["expected"]),
    "greater_than": lambda limit: f"a number above {limit['gt']}",
    "greater_than_equal": lambda limit: f"a number of at least {limit['ge']}",
    "less_than": lambda limit: f"a number below {limit['lt']}",
    "less_than_equal": lambda limit: f"a number of at most {limit['le']}",
    "literal_error": lambda limit: str(limit["expected"]),
    "string_pattern_mismatch": lambda limit: f"text of the form {limit['pattern']}",
    "string_too_long": lambda limit: f"text of at most {_counted(limit['max_length'], 'character')}",
    "string_too_short": lambda limit: f"text of at least {_counted(limit['min_length'], 'character')}",
    "too_long": lambda limit: f"{_counted(limit['max_length'], 'entry')} at most",
    "too_short": lambda limit: f"{_counted(limit['min_length'], 'entry')} at least",
}
"""The same where the field's own limit is part of the sentence."""


def expectation(detail: ErrorDetails) -> str:
    """One mistake that pydantic found as a sentence: its own words only for a kind that is not known here.

    >>> from pydantic import TypeAdapter
    >>> try:
    ...     TypeAdapter(int).validate_python("many")
    ... except ValidationError as error:
    ...     expectation(error.errors()[0])
    "expected a whole number, found 'many'"
    """
    kind, found = detail["type"], detail["input"]
    if kind in _ABOUT_KEYS:
        return _ABOUT_KEYS[kind]
    if bounded := _BOUNDED.get(kind):
        expected = bounded(detail["ctx"])
    elif kind in _EXPECTED:
        expected = _EXPECTED[kind]
    else:
        message = shortened(detail["msg"].removeprefix("Value error, "), _LONGEST)
        return f"{message} (got {_shown(found)})" if isinstance(found, str) else message
    return f"expected {expected}, found {_shown(found)}"


def faults(error: ValidationError) -> list[str]:
    """Every mistake with the dotted path of its field."""
    return [
        ": ".join(
            filter(None, (".".join(shortened(str(part)) for part in detail["loc"]), expectation(detail)))
        )
        for detail in error.errors(include_url=False)
    ]


def first_fault(error: ValidationError) -> str:
    """The first of them."""
    return faults(error)[0]


def _shown(found: object) -> str:
    if isinstance(found, str | int | float | Decimal):
        return f"'{shortened(_text(found))}'"
    if found is None:
        return "nothing"
    if isinstance(found, Mapping):
        return "a mapping"
    return f"a list of {len(found)}" if isinstance(found, list | tuple) else f"a {type(found).__name__}"


def _text(found: str | float | Decimal) -> str:
    """*found* as text; Python refuses to write whole numbers of thousands of digits."""
    try:
        return str(found)
    except ValueError:
        return "a number of thousands of digits"
