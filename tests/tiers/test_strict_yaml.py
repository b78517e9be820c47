from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiers.errors import CatalogError
from tiers.strict_yaml import MAX_FILE_BYTES, line_of, load_model
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
        ("name: &a x\nfee: *a\n", "file.yaml:1: anchors and aliases are not allowed; write the value out"),
        ("a: &a [*a]\n", "file.yaml:1: anchors and aliases are not allowed; write the value out"),
        (b"name: \xff\n", "file.yaml: is not UTF-8 text (byte 6)"),
        ("a" * (MAX_FILE_BYTES + 1), "file.yaml: is larger than 1,000,000 bytes"),
        ("[" * 5_000 + "]" * 5_000, "file.yaml: is nested too deeply"),
        ("name: a\n---\nname: b\n", "file.yaml:2: is not YAML: but found another document"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(tmp_path: Path, text: str | bytes, problem: str) -> None:
    assert problems(tmp_path, text) == [problem]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"^nothing\.yaml: no such file$"):
        load_model(Outer, tmp_path / "nothing.yaml", "nothing.yaml")
    with pytest.raises(CatalogError, match="cannot be read: Is a directory"):
        load_model(Outer, tmp_path)


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
