"""Evidence that was cut, edited, forged or is of the future names nothing that may be deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle import evidence
from lifecycle.decommission.plan import EVIDENCE_SUFFIX
from lifecycle.purge.ledger import CHECK, read_ledger
from localcloud.aws.clients import Clients
from tests.lifecycle.purge.left import SANDBOX, Left
from tiers.errors import CatalogError

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
Edit = Callable[[Path, Left], None]


@pytest.fixture
def left(tmp_path: Path) -> Left:
    made = Left(Clients(""), tmp_path, recorded=NOW - timedelta(days=1))
    made.evidence.mkdir()
    made.write(made.plan(SANDBOX), made.stored(SANDBOX))
    return made


def record(left: Left) -> Path:
    return left.evidence / f"{SANDBOX}{EVIDENCE_SUFFIX}"


def head_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.head")


def test_lines_are_read_with_whose_they_are(left: Left) -> None:
    ledger = read_ledger([left.evidence], NOW)
    assert ledger.problems == ()
    assert {each.id for each in ledger.lines} == {each["id"] for each in left.stored(SANDBOX)}
    assert ledger.tenants == {SANDBOX}
    assert {each.ended_by for each in ledger.lines} == set(ledger.ended)


def _changed(path: Path, _: Left) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"resources":3', '"resources":1', 1), "utf-8")


def _cut(path: Path, _: Left) -> None:
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]), "utf-8")


def _cut_at_its_end(path: Path, _: Left) -> None:
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), "utf-8")


def _emptied(path: Path, _: Left) -> None:
    path.write_text("", encoding="utf-8")


def _gone(path: Path, _: Left) -> None:
    path.unlink()


def _kept_for_less(path: Path, _: Left) -> None:
    """The last line, of which no later line has the hash."""
    path.write_text(path.read_text("utf-8").replace(f"dumps/{SANDBOX}/", "dumps/acme/"), "utf-8")


def _inserted(path: Path, _: Left) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([lines[0], *lines]), "utf-8")


def _of_the_future(_: Path, left: Left) -> None:
    left.recorded = NOW + timedelta(minutes=6)
    left.write(left.plan(SANDBOX), left.stored(SANDBOX))


def _without_plan(_: Path, left: Left) -> None:
    (left.evidence / f"{SANDBOX}.json").unlink()


def _of_another_plan(path: Path, left: Left) -> None:
    text, head = path.read_text(encoding="utf-8"), head_of(path).read_bytes()
    other = left.plan(SANDBOX).model_copy(update={"client": "other"})
    left.write(other, left.stored(SANDBOX))
    path.write_text(text, encoding="utf-8")
    head_of(path).write_bytes(head)


def _edited_plan(_: Path, left: Left) -> None:
    plan = left.evidence / f"{SANDBOX}.json"
    plan.write_text(plan.read_text("utf-8").replace('"keep_days": 0', '"keep_days": 1'), "utf-8")


def _brought_forward(_: Path, left: Left) -> None:
    kept = left.plan(SANDBOX).model_copy(update={"keep_days": 365})
    left.write(kept, [left.line("manifests", f"s3://local-backups/manifests/{SANDBOX}/")])


def _without_fields(_: Path, left: Left) -> None:
    left.write(left.plan(SANDBOX), [{"what": "dumps"}])


def _no_list(_: Path, left: Left) -> None:
    left.write(left.plan(SANDBOX), "everything")  # type: ignore[arg-type]


def _unknown_kind(_: Path, left: Left) -> None:
    left.write(left.plan(SANDBOX), [left.line("everything", "x")])


def _no_amount(_: Path, left: Left) -> None:
    left.write(left.plan(SANDBOX), [{**left.stored(SANDBOX)[0], "per_month": "1e9999999"}])


def _no_region(_: Path, left: Left) -> None:
    left.write(left.plan(SANDBOX), [{**left.stored(SANDBOX)[0], "region": "evil.example.com/"}])


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (_changed, "the chain is broken here"),
        (_cut, "its first lines were removed"),
        (_cut_at_its_end, "was cut off: it has 2 lines"),
        (_emptied, "was cut off: it has 0 lines"),
        (_gone, "is missing, and"),
        (_kept_for_less, ":3: is another line than"),
        (_inserted, "the chain is broken here"),
        (_of_the_future, "which is in the future; check the clock"),
        (_without_plan, "its plan is missing"),
        (_of_another_plan, "is not the evidence of the plan in"),
        (_edited_plan, "was changed after it was made"),
        (_brought_forward, "and its plan keeps it for 365 days"),
        (_without_fields, "expected a retained resource"),
        (_no_list, "has no list of what was kept"),
        (_unknown_kind, "expected a retained resource"),
        (_no_amount, "per_month"),
        (_no_region, "region"),
    ],
)
def test_a_file_that_is_not_whole_counts_for_nothing_and_is_named(edit: Edit, why: str, left: Left) -> None:
    edit(record(left), left)
    ledger = read_ledger([left.evidence], NOW)
    assert ledger.lines == ()
    (problem,) = ledger.problems
    assert why in problem
    assert SANDBOX in problem


@pytest.mark.parametrize("with_plan", [True, False])
@pytest.mark.parametrize("broken", [_gone, _changed, _emptied, _cut])
def test_what_one_file_of_a_tenant_may_keep_longer_no_other_of_its_files_lets_go(
    broken: Edit, left: Left, *, with_plan: bool
) -> None:
    """The name was used twice, and the evidence of the second end cannot be read."""
    for suffix in (".json", EVIDENCE_SUFFIX, f"{EVIDENCE_SUFFIX}.head"):
        (left.evidence / f"{SANDBOX}{suffix}").rename(left.evidence / f"{SANDBOX}-0123456789ab{suffix}")
    other = "vega"
    left.write(left.plan(other), [left.line("manifests", f"s3://local-backups/manifests/{other}/")])
    left.write(left.plan(SANDBOX), left.stored(SANDBOX))
    second = left.evidence / f"{SANDBOX}-0123456789ab{EVIDENCE_SUFFIX}"
    broken(second, left)
    if not with_plan:
        (left.evidence / f"{SANDBOX}-0123456789ab.json").unlink()
    ledger = read_ledger([left.evidence], NOW)
    assert {each.tenant for each in ledger.lines} == {other}
    assert len(ledger.problems) == 1
    assert ledger.tenants == {SANDBOX, other}


def test_a_look_back_leaves_out_what_ended_later_and_still_knows_its_tenant(left: Left) -> None:
    before = left.recorded - timedelta(days=9)
    ledger = read_ledger([left.evidence], NOW, before)
    assert (ledger.lines, ledger.problems, ledger.unfinished) == ((), (), ())
    (said,) = ledger.later.values()
    day = f"{left.recorded:%Y-%m-%d %H:%M} UTC"
    assert said == f"{record(left)}: is of {day}, after the day that --as-of looks back to"
    assert ledger.tenants == {SANDBOX}  # a legal hold may name it
    for day_ in (left.recorded, NOW + timedelta(days=900)):
        assert read_ledger([left.evidence], NOW, day_).lines == read_ledger([left.evidence], NOW).lines
    _of_the_future(record(left), left)
    (problem,) = read_ledger([left.evidence], NOW, before).problems
    assert "which is in the future; check the clock" in problem


def test_an_end_that_is_not_done_and_the_evidence_of_a_purge_name_nothing(left: Left) -> None:
    path = record(left)
    head_of(path).unlink()
    *lines, _ = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines), encoding="utf-8")
    evidence.append(
        left.evidence / f"purge.1{EVIDENCE_SUFFIX}", {"at": "2027-01-01T00:00:00Z", "step": CHECK}
    )
    ledger = read_ledger([left.evidence], NOW)
    assert (ledger.lines, ledger.problems, ledger.ended) == ((), (), {})


def test_of_two_days_the_later_counts(left: Left, tmp_path: Path) -> None:
    again = Left(Clients(""), tmp_path / "again", recorded=left.recorded)
    again.folder.mkdir()
    again.evidence.mkdir()
    later: list[dict[str, Any]] = [{**each, "until": "2099-01-01T00:00:00Z"} for each in left.stored(SANDBOX)]
    again.write(again.plan(SANDBOX), later)
    for folders in ([left.evidence, again.evidence], [again.evidence, left.evidence]):
        assert {each.until.year for each in read_ledger(folders, NOW).lines} == {2099}


def test_a_folder_that_is_not_there_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="is no folder"):
        read_ledger([tmp_path / "plan"], NOW)
    assert read_ledger([tmp_path], NOW).lines == ()


def test_a_line_that_is_no_step_is_named(left: Left) -> None:
    path = record(left)
    evidence.append(path, {"at": "2027-02-01T00:00:00Z", "step": "everything", "inputs": {}})
    (problem,) = read_ledger([left.evidence], NOW).problems
    assert f"{path}:4: is no step of a decommissioning" in problem
    assert json.loads(path.read_text("utf-8").splitlines()[-1])["step"] == "everything"


@pytest.mark.parametrize("changed", [{"account": "9" * 12}, {"portfolio": "other"}])
def test_what_another_account_or_portfolio_has_of_that_name_hides_nothing(
    changed: dict[str, str], left: Left, tmp_path: Path
) -> None:
    other = Left(Clients(""), tmp_path / "other", recorded=left.recorded)
    other.folder.mkdir()
    other.evidence.mkdir()
    later: list[dict[str, Any]] = [{**each, "until": "2099-01-01T00:00:00Z"} for each in left.stored(SANDBOX)]
    other.write(other.plan(SANDBOX).model_copy(update=changed), later)
    found = read_ledger([left.evidence, other.evidence], NOW).lines
    assert len(found) == 2 * len(later)
