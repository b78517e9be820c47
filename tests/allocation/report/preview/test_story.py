from __future__ import annotations

import re
from dataclasses import replace

import pytest

from allocation.report.preview.grids import Grid
from allocation.report.preview.story import LIMITS, Listing, fitting, story
from tests.allocation.report.preview.shown import many, moved, nothing, previews, thousand


def test_limits_only_fall_to_nothing() -> None:
    assert LIMITS[0] is None
    numbers = [each for each in LIMITS if each is not None]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 0


def test_the_totals_are_reported_whatever_is_left_out() -> None:
    whole, none = story(many(100)), story(many(100), 0)
    assert (none.headline, none.proof) == (whole.headline, whole.proof)
    assert whole.left_out == ()
    (cut,) = none.left_out
    assert "'Who pays what, in USD a month': 100 more" in cut
    feet = [
        [part.foot[-1] for part in reported.open if isinstance(part, Grid) and part.foot]
        for reported in (whole, none)
    ]
    assert feet[0] == feet[1]


@pytest.mark.whole("every length is tried, one by one")
def test_what_fits_is_the_longest_that_does() -> None:
    lengths = [len(" ".join(map(str, story(thousand(), limit).open))) for limit in (100, 70)]
    found = fitting(thousand(), lambda reported: " ".join(map(str, reported.open)), lengths[0] - 1)
    assert len(found) == lengths[1]
    assert fitting(moved(), lambda reported: reported.headline, 3) == story(moved()).headline


def test_a_new_stack_has_no_percentage_of_nothing() -> None:
    headline = story(previews()[4]).headline
    said = re.fullmatch(r"local: bill 0\.00 → (\S+) USD a month \(\+(\S+)\); margin 0\.00 → .+", headline)
    assert said
    assert said[1] == said[2]
    assert re.search(r"\(none → [\d.]+ % of the fees\)$", headline)


def test_nothing_may_fail_a_gate_too() -> None:
    reported = story(replace(nothing(), failed=("over budget",)))
    assert reported.failed is not None
    assert reported.failed.sentences == ("over budget",)
    assert (reported.open, reported.folded, reported.proof) == ((), (), ())


def test_one_neighbour_is_not_several() -> None:
    few = story(previews()[-1])
    does, listing = (part for part in few.open if isinstance(part, Listing))
    assert (does.title, does.sentences[0].partition(": is in")[0]) == ("What it does", "data: a")
    assert listing.sentences[0].startswith("1 neighbour pays a different share: ")
