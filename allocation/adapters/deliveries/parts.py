"""Files that one export wrote as parts of one bill, known by their numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

# The last number of a name, if it is as wide as exports write it; what follows is a suffix, or the id of the
# job that wrote the part. `bill-1.csv` and `bill-2.csv` are as likely two downloads of one bill.
_NUMBERED: Final = re.compile(
    r"(?P<stem>.*?)(?<!\d)(?P<number>\d{4,})(?P<rest>(-[0-9a-f-]{36}[^.]*)?(\.[a-z0-9]+)*)", re.IGNORECASE
)


def grouped(paths: Sequence[str]) -> list[int]:
    """The group of each path, counted from 0; parts of one bill have one group.

    Parts lie in one folder and have one name but for a number of four digits or more, and their numbers count
    from 0 or 1 without a gap: `name-00001.csv.gz` (AWS Data Exports), `part_0_0001.csv` (Azure),
    `name-000000000000.csv` (BigQuery), `part-00000-<id>.snappy.parquet` (Spark).

    >>> grouped(["a/x-00001.csv", "a/x-00002.csv", "b/x-00001.csv", "a/x-00004.csv"])
    [0, 1, 2, 3]
    >>> grouped(["a/x-00001.csv", "a/x-00002.csv", "b/x-00001.csv"])
    [0, 0, 1]
    """
    series = [_series(path) for path in paths]
    numbers: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for found in series:
        if found:
            numbers[found[0]].append(found[1])
    whole = {key for key, found in numbers.items() if _is_whole(found)}
    groups: dict[object, int] = {}
    return [
        groups.setdefault(found[0] if found and found[0] in whole else index, len(groups))
        for index, found in enumerate(series)
    ]


def _series(path: str) -> tuple[tuple[str, str, str], int] | None:
    """Folder, stem and end of a numbered name, and its number; None for a name without."""
    name = PurePosixPath(path).name
    numbered = _NUMBERED.fullmatch(name)
    if numbered is None:
        return None
    return (str(PurePosixPath(path).parent), numbered["stem"], numbered["rest"]), int(numbered["number"])


def _is_whole(numbers: Sequence[int]) -> bool:
    """Whether they count from 0 or 1, each once and none left out."""
    found = sorted(numbers)
    return len(found) > 1 and found[0] in {0, 1} and found == list(range(found[0], found[0] + len(found)))
