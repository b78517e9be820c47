"""The cron expressions of AWS: six fields, one of the two days is `?`.

Source: AWS Backup API reference, BackupRuleInput (`ScheduleExpression`), in the syntax of EventBridge (Amazon
EventBridge User Guide, "Cron expressions").
"""

from __future__ import annotations

import re
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_EXPECTED: Final = "Value should be a cron expression of AWS with six fields, such as cron(0 3 * * ? *)"


class _Field(NamedTuple):
    """A field: its name, its smallest and largest number, its words, and forms that only it knows."""

    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()
    special: str = r"(?!)"


_FIELDS: Final = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day of the month", 1, 31, special=r"\?|L|LW|([1-9]|[12]\d|3[01])W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 1, 7, _DAYS, special=r"\?|L|([1-7])L|([1-7]|[A-Z]{3})#[1-5]"),
    _Field("year", 1970, 2199),
)
_DAY_OF_MONTH, _DAY_OF_WEEK = 2, 4


def _checked(text: str) -> str:
    inside = re.fullmatch(r"cron\((.*)\)", text)
    fields = inside[1].split(" ") if inside else []
    if len(fields) != len(_FIELDS):
        raise ValueError(f"{_EXPECTED}; it has {len(fields)} fields")
    for field, value in zip(_FIELDS, fields, strict=True):
        if not all(_fits(field, part) for part in value.split(",")):
            raise ValueError(f"{_EXPECTED}; '{value}' is no {field.name}")
    if (fields[_DAY_OF_MONTH] == "?") is (fields[_DAY_OF_WEEK] == "?"):
        raise ValueError(f"{_EXPECTED}; exactly one of day of the month and day of the week is '?'")
    return text


def _fits(field: _Field, part: str) -> bool:
    if re.fullmatch(field.special, part):
        return True
    base, stepped, step = part.partition("/")
    if stepped and not (re.fullmatch(r"\d{1,4}", step) and 0 < int(step) <= field.most):
        return False
    if base == "*":
        return True
    ends = [_number(field, end) for end in base.split("-")]
    return len(ends) <= 2 and None not in ends  # noqa: PLR2004 - from and to


def _number(field: _Field, text: str) -> int | None:
    if text.upper() in field.words:
        return field.words.index(text.upper()) + field.least
    if not re.fullmatch(r"\d{1,4}", text):
        return None
    return int(text) if field.least <= int(text) <= field.most else None


AwsCron = Annotated[str, AfterValidator(_checked)]
"""When AWS Backup starts, in UTC."""
