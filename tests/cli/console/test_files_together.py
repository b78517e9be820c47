"""Files that are written together: all of them, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.console.files_together import write_together
from tiers.errors import CatalogError


def test_all_are_written_over_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old", encoding="utf-8")
    write_together({tmp_path / "a": "new", tmp_path / "b": "more"})
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        "a": "new",
        "b": "more",
    }


@pytest.mark.parametrize("place", ["missing/b", "folder"])
def test_none_is_written_where_one_cannot_be(tmp_path: Path, place: str) -> None:
    (tmp_path / "a").write_text("old", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CatalogError, match=r"cannot be written: .*; nothing was written"):
        write_together({tmp_path / "a": "new", tmp_path / place: "more"})
    assert (tmp_path / "a").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "folder"]
