from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from allocation.report.preview.comment import MOST_CHARACTERS, as_github_comment, as_markdown
from allocation.report.preview.document import document
from tests.allocation.report.preview.reading import hold_against, near, tables_of_markdown
from tests.allocation.report.preview.shown import EVIL, moved, nothing, previews, spelled, thousand

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
FOLDED = re.compile(r"</?details>|<summary>[A-Za-z, -]+</summary>")


def tokens(text: str) -> list[Token]:
    return [inner for outer in MARKDOWN.parse(text) for inner in (outer, *(outer.children or ()))]


@pytest.mark.parametrize("number", range(6))
def test_every_figure_is_the_documents_and_columns_add_up(number: int) -> None:
    preview = previews()[number]
    hold_against(tables_of_markdown(as_markdown(preview)), document(preview))


def test_the_first_line_says_it_all() -> None:
    first = as_markdown(moved()).splitlines()[0]
    exact = document(moved())
    said = re.fullmatch(
        r"\*\*local: bill (\S+) → (\S+) USD a month \((\S+), (\S+) %\); "
        r"margin (\S+) → (\S+) USD \((\S+) % (?:→ (\S+) % )?of the fees\)\*\*",
        first,
    )
    assert said
    # One share where both are the same.
    groups = [*said.groups()[:-1], said.group(8) or said.group(7)]
    before, after, more, part, left_before, left, share_before, share = map(amount, groups)
    assert near(before, exact["bill"]["before"])
    assert near(after, exact["bill"]["after"])
    assert more == after - before
    assert abs(part - 100 * more / before) <= Decimal("0.05")
    assert near(left_before, exact["margin"]["before"])
    assert near(left, exact["margin"]["after"])
    assert abs(share_before - 100 * left_before / Decimal(exact["fee"]["before"])) <= Decimal("0.05")
    assert abs(share - 100 * left / Decimal(exact["fee"]["after"])) <= Decimal("0.05")


def test_gates_that_fail_stand_directly_beneath() -> None:
    lines = as_markdown(replace(moved(), failed=("too dear", "too thin"))).splitlines()
    assert lines[1:6] == ["", "**Failed gates**", "", "- too dear", "- too thin"]


def test_reasons_are_folded_and_the_proof_is_not() -> None:
    text = as_markdown(replace(moved(), notes=("one more node",)))
    open_part, _, folded = text.partition("<details>")
    assert "Recovery promises" in open_part
    assert re.search(r"- 5 neighbours pay a different share: \+[\d.]+ in all; largest: acme \+\d", open_part)
    titles = re.findall("<summary>(.+)</summary>", text)
    assert [title.split(",")[0] for title in titles] == [
        "Neighbours that pay a different share",
        "Differences by category and domain",
        "Priced lines that change",
        "Lines without a known price",
        "Notes",
        "Off-hours saving",
    ]
    assert text.count("<details>") == text.count("</details>") == len(titles)
    assert "one more node" in folded
    proof = text.rpartition("</details>")[2]
    exact = document(moved())
    for name in ("idle", "unallocated", "bill"):
        assert f"{name} {exact[name]['difference']} " in proof
    tenants = sum(Decimal(each["cost"]["difference"]) for each in exact["tenants"])
    assert f"tenants {tenants} + idle" in proof


def test_nothing_is_one_line() -> None:
    (line,) = as_markdown(nothing()).splitlines()
    assert re.fullmatch(
        r"\*\*local: nothing changes; the bill stays [\d,.]+ USD a month, the margin [\d,.]+ USD\*\*", line
    )
    assert as_github_comment(nothing()) == f"<!-- costack-preview: local -->\n{line}\n"


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def test_a_comment_is_the_markdown_behind_a_marker() -> None:
    marker, _, rest = as_github_comment(moved()).partition("\n")
    assert marker == "<!-- costack-preview: local -->"
    assert rest == as_markdown(moved())


@pytest.mark.whole("thirteen seconds; what is cut, and what stays, is tried with less in test_story")
def test_a_thousand_tenants_fit_a_comment_with_their_totals() -> None:
    whole, comment = as_markdown(thousand()), as_github_comment(thousand())
    assert len(comment) <= MOST_CHARACTERS < len(whole)
    exact = document(thousand())
    hold_against(tables_of_markdown(comment), exact)
    assert whole.splitlines()[0] == comment.splitlines()[1]
    last = comment.splitlines()[-1]
    assert last.startswith("Left out for length: 'Who pays what, in USD a month': 900 more; ")
    assert "Left out" not in whole


@pytest.mark.whole("as long as a thousand tenants make it")
def test_no_preview_is_too_long_for_a_comment() -> None:
    wordy = replace(thousand(), failed=tuple(f"{number} <&> {'*' * 290}" for number in range(5000)))
    comment = as_github_comment(wordy)
    assert len(comment) <= MOST_CHARACTERS
    assert "'Failed gates': " in comment
    hold_against(tables_of_markdown(comment), document(wordy))


@pytest.mark.parametrize("word", EVIL, ids=range(len(EVIL)))
def test_foreign_words_do_nothing(word: str) -> None:
    harmless, text = as_markdown(spelled("word")), as_markdown(spelled(word))
    found, expected = tokens(text), tokens(harmless)
    assert [token.type for token in found if token.type not in ("text", "text_special", "softbreak")] == [
        token.type for token in expected if token.type not in ("text", "text_special", "softbreak")
    ]
    html = "".join(token.content for token in found if token.type.startswith("html"))
    assert FOLDED.sub("", html).strip() == ""
    seen = "".join(token.content for token in found if token.type in ("text", "text_special"))
    assert not re.search(r"@\w|#\d|GH-\d|!\d|\$\w|~\w|://|www\.", seen)
    assert not re.search(r"^\s*/\w", seen, re.MULTILINE)
    assert all(letter.isprintable() or letter in "\n\N{WORD JOINER}" for letter in text)


@pytest.mark.parametrize("word", [word for word in EVIL if word.isprintable() and len(word) < 99])
def test_foreign_words_are_shown_as_they_are_written(word: str) -> None:
    tables = tables_of_markdown(as_markdown(spelled(word)))
    lines = next(read for title, read in tables.items() if title.startswith("Priced lines"))
    assert {row[1] for row in lines.rows} == {word, ""}


def test_the_marker_is_a_comment_whatever_the_portfolio_is_called() -> None:
    for word in EVIL:
        marker, _, rest = as_github_comment(spelled(word)).partition("\n")
        assert re.fullmatch(r"<!-- costack-preview: [^<>\s]+ -->", marker)
        assert "--" not in marker[4:-3]
        assert rest.startswith("**")
