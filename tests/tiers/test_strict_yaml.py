from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tiers.errors import CatalogError
from tiers.strict_yaml import MAX_DEPTH, MAX_FILE_BYTES, line_of, load_model, sentences
from tiers.vocabulary import Frozen, Positive


class Inner(Frozen):
    size_gib: Positive
    window: str = ""


class Outer(Frozen):
    name: str
    fee: Decimal = Decimal(0)
    is_open: bool = False
    inner: Inner | None = None
    parts: tuple[Inner, ...] = ()


def problems(tmp_path: Path, text: str | bytes) -> list[str]:
    path = tmp_path / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CatalogError) as caught:
        load_model(Outer, path, "file.yaml")
    return list(caught.value.problems)


def loaded(tmp_path: Path, text: str) -> Outer:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return load_model(Outer, path)


def test_scalars_arrive_as_text_and_the_model_decides(tmp_path: Path) -> None:
    outer = loaded(tmp_path, "name: 013\nfee: 0.10\nis_open: no\ninner: {size_gib: 5, window: 13:30}\n")
    assert outer.name == "013"
    assert str(outer.fee) == "0.10"
    assert outer.is_open is False
    assert outer.inner == Inner(size_gib=5, window="13:30")


def test_every_mistake_of_a_file_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    text = "nam: x\ninner:\n  size_gib: -3\nparts:\n  - size_gib: 1\n  - size_gib: many\n    colour: red\n"
    assert problems(tmp_path, text) == [
        "file.yaml:1: name: is missing",
        "file.yaml:3: inner.size_gib: expected a number above 0, found '-3'",
        "file.yaml:6: parts.1.size_gib: expected a whole number, found 'many'",
        "file.yaml:7: parts.1.colour: is not a known key; there are size_gib, window",
        "file.yaml:1: nam: is not a known key; did you mean name?",
    ]


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    text = "name: a\ninner:\n  size_gib: 1\n  size_gib: 2\nname: b\n"
    assert problems(tmp_path, text) == [
        "file.yaml:4: 'inner.size_gib' is given twice",
        "file.yaml:5: 'name' is given twice",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "file.yaml:1: expected 'key: value' lines, found nothing"),
        ("- a\n- b\n", "file.yaml:1: expected 'key: value' lines, found a list"),
        ("hello", "file.yaml:1: expected 'key: value' lines, found 'hello'"),
        ("name: a\ninner:\n\tsize_gib: 1\n", "file.yaml:3: indent with spaces, found a tab"),
        ("inner:\n  size_gib: 1\n\tfee: 2\n", "file.yaml:3: indent with spaces, found a tab"),
        ("name: [a\n", "file.yaml:2: is not YAML: did not find expected ',' or ']'"),
        ("? [a, b]\n: c\n", "file.yaml:1: a key must be a word, found a list or mapping"),
        ("name: &a x\nfee: *a\n", "file.yaml:2: anchors and aliases are not allowed; write the value out"),
        ("a: &a [*a]\n", "file.yaml:1: anchors and aliases are not allowed; write the value out"),
        (b"name: \xff\n", "file.yaml: is not UTF-8 text (byte 6)"),
        ("a" * (MAX_FILE_BYTES + 1), "file.yaml: is larger than 1,000,000 bytes"),
        ("[" * 5_000 + "]" * 5_000, "file.yaml:1: is nested too deeply; expected 32 levels at most"),
        ("name: a\n---\nname: b\n", "file.yaml:2: is not YAML: but found another document"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(tmp_path: Path, text: str | bytes, problem: str) -> None:
    assert problems(tmp_path, text) == [problem]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"^nothing\.yaml: no such file$"):
        load_model(Outer, tmp_path / "nothing.yaml", "nothing.yaml")
    with pytest.raises(CatalogError, match="cannot be read: expected a regular file, found a folder"):
        load_model(Outer, tmp_path)


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_a_document_ends_where_it_is_too_deep(tmp_path: Path, opening: str) -> None:
    depths = (MAX_DEPTH - 2, MAX_DEPTH - 1)
    texts = [f"name: {opening * depth}x{(']' if opening == '[' else '}') * depth}\n" for depth in depths]
    assert problems(tmp_path, texts[1]) == ["file.yaml:1: is nested too deeply; expected 32 levels at most"]
    assert all("deep" not in problem for problem in problems(tmp_path, texts[0]))


def test_a_document_ends_where_it_has_too_many_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiers.strict_yaml.MAX_NODES", 8)
    made = _events_made(monkeypatch)
    said = problems(tmp_path, "name:\n" + "- a\n" * 1000)
    assert said == ["file.yaml:7: expected 8 keys and values at most, found more"]
    assert len(made) < 20


def test_an_alias_is_never_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = _events_made(monkeypatch)
    said = problems(tmp_path, "a: &a [x, x]\nb: [*a, *a]\nname: *nothing\n")
    assert said == [
        f"file.yaml:{line}: anchors and aliases are not allowed; write the value out" for line in (2, 2, 3)
    ]
    assert len(made) < 30


def test_values_and_lines_are_of_one_parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("name: a\ninner:\n  size_gib: 7919\n", encoding="utf-8")
    parsed = _parses(monkeypatch)
    load_model(Outer, path)
    assert sentences(path, [(("inner", "size_gib"), "is odd")]) == [f"{path}:3: inner.size_gib: is odd"]
    assert line_of(path, ("inner",)) == 2
    assert len(parsed) == 1


def test_of_many_mistakes_the_rest_is_counted(tmp_path: Path) -> None:
    said = problems(tmp_path, "name: a\nparts:\n" + "- {size_gib: x}\n" * 332)
    assert said[0] == "file.yaml:3: parts.0.size_gib: expected a whole number, found 'x'"
    assert said[20:] == ["file.yaml: and 312 more mistakes"]
    assert problems(tmp_path, "name: a\n" * 24)[20:] == ["file.yaml: and 3 more mistakes"]


@pytest.mark.parametrize(
    "text",
    [
        f"name: a\nfee: {'s' * 9000}\n",
        f"name: a\nfee: {'9' * 9000}x\n",
        f"name: a\ninner: {{size_gib: '{'9' * 9000}'}}\n",
        f"name: a\n{'k' * 900}: 1\n",
        f"name: a\n{'k' * 900}: 1\n{'k' * 900}: 1\n",
        "s" * 9000,
    ],
)
def test_a_message_repeats_little_of_a_file(tmp_path: Path, text: str) -> None:
    (said,) = problems(tmp_path, text)
    assert len(said) < 200


def test_a_message_is_one_line_of_visible_text(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, 'name: a\nfee: "1\\n::error::\\x1b[2J\\u202e"\n')
    assert said == r"file.yaml:2: fee: expected a number, found '1\n::error::\u001b[2J\u202e'"


def _events_made(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    made: list[object] = []
    parse = yaml.parse

    def counted(text: str, Loader: Any) -> Iterator[Any]:  # noqa: N803 - PyYAML's name
        for event in parse(text, Loader=Loader):
            made.append(event)
            yield event

    monkeypatch.setattr(yaml, "parse", counted)
    return made


def _parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    parsed: list[str] = []
    parse = yaml.parse

    def counted(text: str, Loader: Any) -> Iterator[Any]:  # noqa: N803 - PyYAML's name
        parsed.append(text)
        return parse(text, Loader=Loader)

    monkeypatch.setattr(yaml, "parse", counted)
    return parsed


def test_the_line_of_a_path_is_that_of_its_nearest_key(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("name: a\ninner:\n  size_gib: 1\n", encoding="utf-8")
    assert line_of(path, ("inner", "size_gib")) == 3
    assert line_of(path, ("inner", "window")) == 2
    assert line_of(path, ("colour",)) == 1


@given(st.text(max_size=200))
def test_no_text_makes_it_stumble(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "file.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    message: tuple[str, ...] = ()
    try:
        load_model(Outer, path, "file.yaml")
    except CatalogError as error:
        message = error.problems
    assert all(problem.startswith("file.yaml:") for problem in message)
