from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.errors import AllocationError
from lifecycle.errors import LifecycleError
from tests.sampling import examples
from tiers.errors import LONGEST, MOST_TOLD, CatalogError
from tiers.escapes import shortened, visible, visible_lines

ANY = st.text(st.characters(codec=None, exclude_categories=[]) | st.sampled_from(":#[\n\r\t \x1b\u202e"))


@given(ANY)
def test_nothing_is_left_that_a_terminal_or_a_runner_obeys(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(each)[0] for each in shown} & {"C"}
    assert not {"\u2028", "\u2029"} & set(shown)
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown
    assert visible(shown) == shown
    shown.encode()


@given(ANY)
def test_lines_stay_lines(text: str) -> None:
    assert visible_lines(text).count("\n") == text.count("\n")
    assert all(not line.lstrip().startswith("::") for line in visible_lines(text).splitlines())


@examples(30, of=100)
@given(st.recursive(ANY, lambda inner: st.lists(inner) | st.dictionaries(ANY, inner)))
def test_a_json_document_keeps_its_meaning(document: object) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    assert json.loads(visible_lines(text)) == document


@pytest.mark.parametrize("word", ["acme", "Société Générale 100 €", "日本語", "C:\\odoo", "a::b", "# 1"])
def test_what_people_write_is_shown_as_written(word: str) -> None:
    assert visible(word) == word


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("##vso[task.setvariable]x", r"\u0023#vso[task.setvariable]x"),
        ("##teamcity[x]", r"\u0023#teamcity[x]"),
        ("  ::warning::x", r"  \u003a:warning::x"),
        ("a\u202eb", r"a\u202eb"),
        ("\udcff.yaml", r"\udcff.yaml"),
    ],
)
def test_what_is_obeyed_is_shown_as_json_writes_it(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_long_value_is_cut_before_it_is_escaped() -> None:
    assert shortened("\x07" * 70) == r"\u0007" * 60 + "…"


@pytest.mark.parametrize("kind", [CatalogError, AllocationError, LifecycleError])
def test_a_sentence_of_an_error_is_one_line(kind: type[CatalogError]) -> None:
    error = kind("a\n::error::b.yaml: no such file", "c")
    assert str(error) == r"a\n::error::b.yaml: no such file" + "\nc"
    assert error.problems == ("a\n::error::b.yaml: no such file", "c")


def test_a_sentence_is_cut_where_a_value_in_it_has_no_end() -> None:
    assert len(str(CatalogError("a" * 100_000))) == LONGEST + 1


def test_of_many_sentences_the_rest_is_counted() -> None:
    lines = str(CatalogError(*map(str, range(MOST_TOLD + 312)))).splitlines()
    assert len(lines) == MOST_TOLD + 1
    assert lines[-1] == "and 312 more mistakes"
