from __future__ import annotations

import pytest

from allocation.report.preview.grids import Grid
from allocation.report.preview.markdown import LONGEST_WORDS, marker, sentence, table, words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cobalt/server#instance", "cobalt/server#instance"),
        ("+738.45, +17.9 %", "+738.45, +17.9 %"),
        ("first 50 TB (Regional)", "first 50 TB (Regional)"),
        ("a|b", "a\\|b"),
        ("<b>", "&lt;b&gt;"),
        ("a\n\tb", "a b"),
        ("a\x00\x1b\u202eb", "ab"),
        ("@team", "@\N{WORD JOINER}team"),
        ("#12", "#\N{WORD JOINER}12"),
        ("http://a", "http:\N{WORD JOINER}//a"),
        (":tada:", ":\N{WORD JOINER}tada:"),
    ],
)
def test_words(text: str, shown: str) -> None:
    assert words(text) == shown


def test_long_words_are_cut() -> None:
    assert words("x" * 1000) == "x" * (LONGEST_WORDS - 1) + "…"


@pytest.mark.parametrize("text", ["- a", "+ a", "# a", "/close", "1. a", "2) a", "=", ": a"])
def test_a_sentence_opens_no_block(text: str) -> None:
    assert sentence(text).startswith("\N{WORD JOINER}")
    assert sentence("a - b") == "a - b"


def test_a_table_has_its_amounts_to_the_right_and_its_sum_in_bold() -> None:
    grid = Grid("t", ("who", "amount"), 1, (("a", "1.00"),), (("1 more", "2.00"), ("", "3.00")))
    assert list(table(grid)) == [
        "| who | amount |",
        "| --- | ---: |",
        "| a | 1.00 |",
        "| 1 more | 2.00 |",
        "|  | **3.00** |",
    ]


def test_a_marker_is_another_for_another_portfolio() -> None:
    assert marker("local") == "<!-- costack-preview: local -->"
    assert len({marker(each) for each in ("a-b", "a--b", "a---b", "a b", "a%20b")}) == 5
    assert all("--" not in marker(each)[4:-3] for each in ("a--b", "a---b"))
