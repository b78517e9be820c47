"""What a field expects is said in the words of who filled it in, never in pydantic's."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tiers.expectations import expectation, first_fault


class Disk(BaseModel):
    """A model with one field."""

    model_config = ConfigDict(extra="forbid")
    size_gib: Annotated[int, Field(gt=0)]


def said(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    return expectation(caught.value.errors()[0])


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        (bool, "perhaps", "expected true or false, found 'perhaps'"),
        (int, "3.5", "expected a whole number, found '3.5'"),
        (int, None, "expected a whole number, found nothing"),
        (Decimal, "much", "expected a number, found 'much'"),
        (Decimal, "NaN", "expected a number, found 'NaN'"),
        (str, ["a", "b"], "expected text, found a list of 2"),
        (date, "31 January", "expected a date such as 2027-01-31, found '31 January'"),
        (datetime, "soon", "expected a time with its zone such as 2027-01-31T00:00:00Z, found 'soon'"),
        (
            AwareDatetime,
            "2027-01-31T00:00",
            "expected a time with its zone such as 2027-01-31T00:00:00Z, found '2027-01-31T00:00'",
        ),
        (list[int], "1, 2", "expected a list, found '1, 2'"),
        (tuple[int, ...], {"a": 1}, "expected a list, found a mapping"),
        (dict[str, int], "a", "expected a mapping, found 'a'"),
        (Literal["s", "m"], "xl", "expected 's' or 'm', found 'xl'"),
        (Annotated[int, Field(gt=0)], "-3", "expected a number above 0, found '-3'"),
        (Annotated[int, Field(ge=1)], 0, "expected a number of at least 1, found '0'"),
        (Annotated[int, Field(lt=9)], "9", "expected a number below 9, found '9'"),
        (Annotated[int, Field(le=9)], "10", "expected a number of at most 9, found '10'"),
        (
            Annotated[Decimal, Field(decimal_places=2)],
            "0.125",
            "expected a number with 2 decimals at most, found '0.125'",
        ),
        (Annotated[str, Field(max_length=3)], "long", "expected text of at most 3 characters, found 'long'"),
        (Annotated[str, Field(min_length=1)], "", "expected text of at least 1 character, found ''"),
        (Annotated[list[int], Field(min_length=1)], [], "expected 1 entry at least, found a list of 0"),
        (Annotated[str, Field(pattern="^[a-z]+$")], "A", "expected text of the form ^[a-z]+$, found 'A'"),
    ],
)
def test_a_sentence_names_what_was_expected_and_what_was_found(
    kind: Any, value: object, sentence: str
) -> None:
    assert said(kind, value) == sentence


def test_a_long_value_is_cut() -> None:
    assert said(int, "x" * 500) == f"expected a whole number, found '{'x' * 60}…'"


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({}, "size_gib: is missing"),
        ({"size_gib": 1, "colour": "red"}, "colour: is not a known key"),
        ({"size_gib": "-3"}, "size_gib: expected a number above 0, found '-3'"),
        ("a disk", "expected a mapping, found 'a disk'"),
    ],
)
def test_the_first_fault_is_told_with_its_path(document: object, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Disk.model_validate(document)
    assert first_fault(caught.value) == sentence
