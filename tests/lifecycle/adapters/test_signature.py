"""Approvals signed by real SSH keys: only whom the approval names, by a key that is allowed now."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lifecycle.adapters.signature import sign, signature_of, signed_approval
from lifecycle.decommission.approval import NAMESPACE, Approval
from lifecycle.errors import LifecycleError, RefusedError
from tests.lifecycle.world import START, ending_plan, sandbox
from tiers.errors import CatalogError

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
DANA = "dana@example.com"


def key(folder: Path, name: str) -> Path:
    path = folder / name
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
    subprocess.run(words, check=True)
    return path


def public(path: Path) -> str:
    return " ".join(path.with_suffix(".pub").read_text(encoding="utf-8").split()[:2])


@pytest.fixture
def dana(tmp_path: Path) -> Path:
    return key(tmp_path, "dana")


@pytest.fixture
def signers(tmp_path: Path, dana: Path) -> Path:
    path = tmp_path / "approvers"
    path.write_text(f'{DANA} namespaces="{NAMESPACE}" {public(dana)}\n', encoding="utf-8")
    return path


@pytest.fixture
def approval(tmp_path: Path, dana: Path) -> Path:
    path = tmp_path / "end.approval.json"
    sign(Approval.of(ending_plan(sandbox()), DANA, START), path, dana)
    return path


def test_a_signed_approval_is_read_as_it_was_written(approval: Path, signers: Path) -> None:
    assert signed_approval(approval, signers, NOW, Approval) == Approval.of(
        ending_plan(sandbox()), DANA, START
    )
    assert approval.stat().st_mode & 0o077 == 0


def _edit(approval: Path, **changes: object) -> None:
    document = json.loads(approval.read_text(encoding="utf-8"))
    approval.write_text(json.dumps({**document, **changes}, indent=2) + "\n", encoding="utf-8")


def _another_plan(approval: Path, _: Path) -> None:
    _edit(approval, plan_sha256="0" * 64)


def _another_person(approval: Path, _: Path) -> None:
    _edit(approval, approved_by="erin@example.com")


def _later(approval: Path, _: Path) -> None:
    _edit(approval, approved_at="2026-11-26T00:00:00Z")


def _unsigned(approval: Path, _: Path) -> None:
    signature_of(approval).unlink()


def _signed_by_another_key(approval: Path, _: Path) -> None:
    document = Approval.model_validate_json(approval.read_text(encoding="utf-8"))
    approval.unlink()
    signature_of(approval).unlink()
    sign(document, approval, key(approval.parent, "mallory"))


def _for_another_purpose(approval: Path, _: Path) -> None:
    signature_of(approval).unlink()
    words = [
        "ssh-keygen",
        "-q",
        "-Y",
        "sign",
        "-f",
        str(approval.parent / "dana"),
        "-n",
        "git",
        str(approval),
    ]
    subprocess.run(words, check=True, capture_output=True)


def _nobody_is_allowed(_: Path, signers: Path) -> None:
    signers.write_text("", encoding="utf-8")


def _key_has_ended(_: Path, signers: Path) -> None:
    text = signers.read_text(encoding="utf-8")
    signers.write_text(
        text.replace("namespaces", 'valid-before="20261125000000Z",namespaces'), encoding="utf-8"
    )


def _key_is_for_commits(_: Path, signers: Path) -> None:
    signers.write_text(signers.read_text(encoding="utf-8").replace(NAMESPACE, "git"), encoding="utf-8")


@pytest.mark.parametrize(
    "breaks",
    [
        _another_plan,
        _another_person,
        _later,
        _unsigned,
        _signed_by_another_key,
        _for_another_purpose,
        _nobody_is_allowed,
        _key_has_ended,
        _key_is_for_commits,
    ],
    ids=lambda each: str(each.__name__),
)
def test_nobody_approves_in_the_name_of_another(
    breaks: Callable[[Path, Path], None], approval: Path, signers: Path
) -> None:
    breaks(approval, signers)
    with pytest.raises(RefusedError, match=r"end\.approval\.json: (is not signed by|has no signature)"):
        signed_approval(approval, signers, NOW, Approval)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"schema_version": 1}', "[" * 9999], ids=["", "list", "open", "short", "deep"]
)
def test_what_is_no_approval_is_told(text: str, approval: Path, signers: Path) -> None:
    approval.write_text(text, encoding="utf-8")
    with pytest.raises(
        CatalogError, match=r"end\.approval\.json: .*expected an approval that `costack approve`"
    ):
        signed_approval(approval, signers, NOW, Approval)


@pytest.mark.parametrize("who", ["*", "-f", "dana,erin", "", "a b", "!dana"])
def test_a_name_is_no_pattern_and_no_option(who: str) -> None:
    with pytest.raises(ValueError, match="approved_by"):
        Approval.of(ending_plan(sandbox()), who, START)


def test_a_key_that_cannot_sign_leaves_nothing(tmp_path: Path, approval: Path, dana: Path) -> None:
    other = tmp_path / "other.json"
    with pytest.raises(LifecycleError, match="nokey: cannot sign"):
        sign(Approval.of(ending_plan(sandbox()), DANA, START), other, tmp_path / "nokey")
    assert not other.exists()
    with pytest.raises(CatalogError, match="exists already; what is signed is never overwritten"):
        sign(Approval.of(ending_plan(sandbox()), DANA, START), approval, dana)
    assert approval.exists()
    assert signature_of(approval).exists()
