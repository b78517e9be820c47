from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.adapters.folders.review_sign_off import (
    check_sign_offs,
    kept_sign_off,
    read_sign_off,
    sign_off_text,
)
from tiers.errors import CatalogError

WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=40)


@given(st.dictionaries(WORDS, st.booleans(), max_size=5))
def test_whatever_a_decision_is_called_its_signature_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, decisions: dict[str, bool]
) -> None:
    signed = {
        key: {"decision": key, "by": "cfo", "on": "2027-01-05"} for key, done in decisions.items() if done
    }
    path = tmp_path_factory.mktemp("sign") / "off.yaml"
    path.write_text(sign_off_text("2026-12", decisions, signed), encoding="utf-8")
    assert read_sign_off(path, "2026-12") == signed


def test_what_is_decided_and_not_signed_is_open(tmp_path: Path) -> None:
    path = tmp_path / "off.yaml"
    path.write_text(sign_off_text("2026-12", ["a"], {"a": {"decision": "yes", "by": ""}}), encoding="utf-8")
    assert read_sign_off(path, "2026-12") == {}


def test_a_file_that_is_no_sign_off_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "off.yaml"
    path.write_text('period: "2026-12"\ndecisions:\n  a: {decisio: yes}\n', encoding="utf-8")
    with pytest.raises(CatalogError, match=r"off\.yaml:3: decisions\.a\.decisio"):
        read_sign_off(path, "2026-12")


def test_what_was_signed_for_another_month_decides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "off.yaml"
    path.write_text(sign_off_text("2026-09", ["a"], {}), encoding="utf-8")
    with pytest.raises(CatalogError, match=r"off\.yaml: was signed for 2026-09, the report is of 2026-12"):
        read_sign_off(path, "2026-12")


def test_a_sign_off_lies_beside_the_register_and_is_checked_there(tmp_path: Path) -> None:
    assert kept_sign_off(tmp_path, "2026-12") is None
    check_sign_offs(tmp_path)
    (tmp_path / "reviews").mkdir()
    path = tmp_path / "reviews" / "2026-12.sign-off.yaml"
    path.write_text(sign_off_text("2026-12", ["a"], {}), encoding="utf-8")
    assert kept_sign_off(tmp_path, "2026-12") == path
    check_sign_offs(tmp_path)
    path.rename(path.with_name("2026-11.sign-off.yaml"))
    with pytest.raises(CatalogError, match=r"2026-11\.sign-off\.yaml: was signed for 2026-12"):
        check_sign_offs(tmp_path)
