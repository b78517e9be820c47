from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from allocation.adapters.approvals import read_approvals
from tiers.errors import CatalogError

NEWEST, OLDER = "c" * 40, "b" * 40


def written(path: Path, *approvals: tuple[str, str], **changes: Any) -> Path:
    document = {
        "author": "ola",
        "commit": NEWEST,
        "approvals": [{"by": by, "commit": commit} for by, commit in approvals],
    }
    file = path / "approvals.json"
    file.write_text(json.dumps(document | changes), encoding="utf-8")
    return file


def test_only_those_count_who_saw_the_newest_commit_and_did_not_write_it(tmp_path: Path) -> None:
    file = written(tmp_path, ("dana", NEWEST), ("erin", OLDER), ("OLA", NEWEST), ("dana", NEWEST))
    assert read_approvals(file).approved_by == ("dana",)
    assert read_approvals(written(tmp_path)).approved_by == ()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"commit": "main"}, "commit: expected text of the form"),
        ({"approvals": [{"by": "dana"}]}, "approvals.0.commit: is missing"),
        ({"approvals": "dana"}, "approvals: expected a list"),
        ({"approved": []}, "approved: is not a known key"),
        ({"author": ""}, "author: expected text of at least 1 character"),
    ],
)
def test_a_wrong_file_is_told_and_nobody_has_approved(
    tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        read_approvals(written(tmp_path, **changes))
    assert problem in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"author": "a", "author": "b"}'])
def test_what_is_no_such_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "approvals.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=r"approvals\.json"):
        read_approvals(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no such file"):
        read_approvals(tmp_path / "none.json")
