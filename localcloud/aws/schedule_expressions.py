"""Knows which schedule expressions AWS takes: cron with six fields, rate, and at.

Sources: EventBridge Scheduler User Guide, "Schedule types in EventBridge Scheduler"; AWS Backup API,
BackupRuleInput (cron only).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from localcloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
_DAYS: Final = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_NO_WORDS: Final[Mapping[str, int]] = {}
# Name, lowest, highest, words, what else may stand there as a whole.
_FIELDS: Final[tuple[tuple[str, int, int, Mapping[str, int], str], ...]] = (
    ("minutes", 0, 59, _NO_WORDS, r"(?!)"),
    ("hours", 0, 23, _NO_WORDS, r"(?!)"),
    ("day of month", 1, 31, _NO_WORDS, r"\?|L|LW|\d{1,2}W"),
    ("month", 1, 12, _MONTHS, r"(?!)"),
    ("day of week", 1, 7, _DAYS, r"\?|L|\w{1,3}L|\w{1,3}#[1-5]"),
    ("year", 1970, 2199, _NO_WORDS, r"(?!)"),
)
_AT: Final = r"at\(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\)"
_RATE: Final = r"rate\(([1-9]\d*) (minute|hour|day)(s?)\)"


def scheduled(*path: str, cron_only: bool = False) -> Callable[[Mapping[str, Any]], Iterator[Failure]]:
    """A check of the expression at *path*; a step into a list is taken for each of its items.

    Args:
        path: Names of properties, from the inputs on.
        cron_only: Whether the service takes no rate and no at.
    """

    def check(inputs: Mapping[str, Any]) -> Iterator[Failure]:
        for text in _at(inputs, path):
            if isinstance(text, str) and (reason := wrong(text, cron_only=cron_only)):
                yield Failure(path[0], f"{path[-1]} {text!r} is no schedule expression of AWS: {reason}")

    return check


def _at(tree: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(tree, list):
        for item in tree:
            yield from _at(item, path)
    elif not path:
        yield tree
    elif isinstance(tree, dict) and tree.get(path[0]) is not None:
        yield from _at(tree[path[0]], path[1:])


def wrong(text: str, *, cron_only: bool = False) -> str | None:
    """Why AWS would refuse an expression; None when it takes it.

    >>> wrong("cron(0 3 * * ? *)")
    >>> wrong("cron(0 3 * * * *)")
    'one of day of month and day of week must be ?, and not both'
    >>> wrong("rate(1 hours)")
    'a rate of 1 has its unit without s, any other with it'
    """
    if found := re.fullmatch(r"cron\((.*)\)", text):
        return _wrong_cron(found[1].split(" "))
    if cron_only:
        return "expected cron(...) with six fields"
    if found := re.fullmatch(_RATE, text):
        fits = (found[1] == "1") is (found[3] == "")
        return None if fits else "a rate of 1 has its unit without s, any other with it"
    return None if re.fullmatch(_AT, text) else "expected cron(...) with six fields, rate(...) or at(...)"


def _wrong_cron(fields: list[str]) -> str | None:
    if len(fields) != len(_FIELDS):
        return f"cron has six fields, found {len(fields)}"
    for text, (name, low, high, words, whole) in zip(fields, _FIELDS, strict=True):
        if not (re.fullmatch(whole, text) or all(_item(each, low, high, words) for each in text.split(","))):
            return f"{name} is from {low} to {high}, found {text!r}"
    if (fields[2] == "?") is (fields[4] == "?"):
        return "one of day of month and day of week must be ?, and not both"
    return None


def _item(text: str, low: int, high: int, words: Mapping[str, int]) -> bool:
    """Whether it is `*`, a value or a range, each with a step or without."""
    values, slash, step = text.partition("/")
    if slash and not re.fullmatch(r"[1-9]\d*", step):
        return False
    ends = ["*"] if values == "*" else values.split("-")
    numbers = [words.get(each, int(each) if each.isdecimal() else -1) for each in ends if each != "*"]
    return len(ends) in (1, 2) and all(low <= each <= high for each in numbers)
