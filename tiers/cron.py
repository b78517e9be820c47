"""The cron expressions of AWS: six fields, one of the two days is `?`.

Source: AWS Backup API reference, BackupRuleInput (`ScheduleExpression`), in the syntax of EventBridge (Amazon
EventBridge User Guide, "Cron expressions reference": one of the two days is `?`, and `#` allows only one
expression). The guide does not say what a range such as 5-1 means, so such a range passes.
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
_DAY_OF_MONTH, _MONTH, _DAY_OF_WEEK = 2, 3, 4
_LENGTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""The most days of each month."""


def _checked(text: str) -> str:
    inside = re.fullmatch(r"cron\((.*)\)", text)
    fields = inside[1].split(" ") if inside else []
    if len(fields) != len(_FIELDS):
        raise ValueError(f"{_EXPECTED}; it has {len(fields)} fields")
    for field, value in zip(_FIELDS, fields, strict=True):
        if not all(_fits(field, part) for part in value.split(",")):
            raise ValueError(f"{_EXPECTED}; '{value}' is no {field.name}")
    for at in (_DAY_OF_MONTH, _DAY_OF_WEEK):
        if "," in fields[at] and (special := re.search("[?#]", fields[at])):
            raise ValueError(f"{_EXPECTED}; '{special[0]}' stands in no list, and '{fields[at]}' is one")
    if (fields[_DAY_OF_MONTH] == "?") is (fields[_DAY_OF_WEEK] == "?"):
        raise ValueError(f"{_EXPECTED}; exactly one of day of the month and day of the week is '?'")
    if not _comes(fields[_DAY_OF_MONTH], fields[_MONTH]):
        day, month = fields[_DAY_OF_MONTH], fields[_MONTH]
        raise ValueError(f"{_EXPECTED}; it never starts: month {month} has no day {day}")
    return text


def _comes(days: str, months: str) -> bool:
    """Whether one of the months has one of the days; letters such as `L` are taken to be there."""
    longest = max(
        _LENGTHS[number - 1] for part in months.split(",") for number in _numbers(_FIELDS[_MONTH], part)
    )
    return any(_numbers(_FIELDS[_DAY_OF_MONTH], part)[0] <= longest for part in days.split(","))


def _numbers(field: _Field, part: str) -> range:
    """The numbers of a part that fits; all of them for a letter or a range that ends before it starts."""
    base, stepped, step = part.partition("/")
    ends = [_number(field, end) for end in base.split("-")]
    start, last = ends[0], field.most if stepped and len(ends) == 1 else ends[-1]
    if start is None or last is None or last < start:
        start, last = field.least, field.most
    return range(start, last + 1, int(step or 1))


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
