from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.input_fuzz import MEGABYTES, SECONDS, Fuzz, fuzzing, megabytes
from tests.torture.sockets import answering_with
from tiers.errors import ToldError

INPUTS = 60
"""The first of those that `make torture` tries."""


@pytest.mark.whole("each of them is damaged below, and many are read all the same")
def test_what_is_not_damaged_is_read(tmp_path: Path) -> None:
    with answering_with() as url:
        for given in Fuzz(tmp_path, 0, url).givens:
            try:
                given.read(given.content)
            except ToldError as error:
                raise AssertionError(f"{given.kind}: {error}") from error


def test_damaged_files_and_answers_are_read_or_refused_in_sentences() -> None:
    before = megabytes()
    with fuzzing(seed=0) as fuzz:
        faults = {number: fault for number in range(INPUTS) if (fault := fuzz.run(number)) is not None}
    assert faults == {}
    assert fuzz.slowest[0] < SECONDS
    assert megabytes() - before < MEGABYTES
    ended = {
        end: sum(fuzz.outcomes[each] for each in fuzz.outcomes if each.endswith(end))
        for end in ("read", "refused")
    }
    assert min(ended.values()) > INPUTS / 10
