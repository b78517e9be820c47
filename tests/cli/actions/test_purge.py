"""`costack purge` as it is typed: what is missing, unreadable or refused is named, and nothing is deleted."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from cli.actions.decommission import purge
from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.adapters.purge import world as purge_world
from lifecycle.decommission.retained import Kind
from lifecycle.purge.ledger import LedgerLine
from lifecycle.purge.plan import read_purge_plan
from lifecycle.purge.resource import AccountResource
from localcloud.aws.clients import ACCOUNT, Clients
from tests.lifecycle.purge.left import SANDBOX, SHARED, TERMS, Left
from tests.portfolios import LOCAL
from tiers.errors import CatalogError
from tiers.tags import KEYS

WHO: Final = "dana@example.com"


class Stored:
    """An account whose bucket has the sandbox's dumps and manifests; it is in no region's hands."""

    deleted: Final[list[str]] = []

    def __init__(self, *_: Any, **__: Any) -> None:
        self.id = ACCOUNT

    def look(self, line: LedgerLine) -> AccountResource | None:
        if line.id in self.deleted:
            return None
        handle = line.id.removeprefix("s3://")
        said: Any = {"what": line.what, "id": line.id, "region": line.region, "handle": handle}
        return AccountResource(**said, tags={KEYS["portfolio"]: "local"}, contents=2, size_bytes=1 << 30)

    def again(self, line: LedgerLine, _: AccountResource) -> AccountResource | None:
        return self.look(line)

    def within(self, _: LedgerLine) -> tuple[LedgerLine, ...]:
        return ()

    def key_users(self, _: AccountResource) -> tuple[()]:
        return ()

    def delete(self, there: AccountResource, *, days: int) -> str:
        assert days
        self.deleted.append(there.id)
        return "deleted"


@pytest.fixture(autouse=True)
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Left:
    """The committed portfolio, and evidence of a sandbox that ended half a year ago."""
    monkeypatch.setattr(purge, "PurgedAccount", Stored)
    Stored.deleted.clear()
    made = Left(Clients(""), tmp_path, recorded=datetime(2026, 6, 1, tzinfo=UTC))
    shutil.copytree(LOCAL, made.portfolio)
    platform = made.portfolio / "platform.yaml"
    platform.write_text(platform.read_text("utf-8") + TERMS, encoding="utf-8")
    made.evidence.mkdir()
    made.write(made.plan(SANDBOX), made.stored(SANDBOX))
    monkeypatch.chdir(tmp_path)
    return made


def run(*arguments: object, code: Exit = Exit.OK) -> Any:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == code, done.output + done.stderr
    return done


DUE: Final = ("purge", "--due", "--evidence", "plans", "--out", "plans", "--stack-destroyed")


def planned() -> Path:
    run(*DUE)
    (path,) = Path("plans").glob("purge.*.json")
    return path


def test_it_is_planned_approved_and_carried_out(left: Left) -> None:
    path = planned()
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert (
        f"dumps s3://{SHARED}/dumps/{SANDBOX}/ (us-east-1) of {SANDBOX}, due since 2026-08-30: 0.02 USD"
        in text
    )
    assert "--stack-destroyed" in text
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key"], check=True)
    Path("approvers").write_text(f"{WHO} {Path('key.pub').read_text('utf-8')}", encoding="utf-8")
    said = run("approve", path, "--by", WHO, "--key", "key").stdout
    assert f"{WHO} approves the purge of 2 resources, account {ACCOUNT}" in said
    assert "the bill falls by 0.05 USD a month" in said
    approval = path.with_suffix(".approval.json")
    apply = ("purge", "--apply", path, "--approved", approval, "--stack-destroyed")
    assert "2 resources of local are purged" in run(*apply).stdout
    assert len(Stored.deleted) == 2
    # Evidence of a purge lies beside that of the end, and is not read as one.
    assert "nothing is due" in run(*DUE).stdout
    assert left.evidence.joinpath(path.with_suffix(".evidence.jsonl").name).exists()


def test_an_approval_of_an_end_approves_no_purge(left: Left) -> None:
    path = planned()
    approval = path.with_suffix(".approval.json")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key"], check=True)
    public = Path("key.pub").read_text("utf-8")
    Path("approvers").write_text(f'{WHO} namespaces="costack-decommission" {public}', encoding="utf-8")
    run("approve", path, "--by", WHO, "--key", "key")
    apply = ("purge", "--apply", path, "--approved", approval, "--stack-destroyed")
    assert "is not signed by" in run(*apply, code=Exit.POLICY).stderr
    assert left.portfolio.exists()
    assert Stored.deleted == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "give one of --due, --apply PLAN and --search"),
        (("--due", "--search"), "give one of --due, --apply PLAN and --search"),
        (("--search", "--as-of", "2026-01-01"), "--as-of goes with --due, not with --search"),
        ((*DUE[1:], "--tenant", SANDBOX), "--tenant goes with --search, not with --due"),
        ((*DUE[1:], "--phrase", "purge 1 resources"), "--phrase goes with --apply, not with --due"),
        (("--apply", "plan.json", "--out", "x"), "--out goes with --due, not with --apply"),
        (("--search", "--evidence", "plans"), "--evidence goes with --apply and --due"),
        (("--search", "--tenant", "Acme GmbH"), "--tenant: "),
        (("--due", "--out", "x"), "give --evidence FOLDER"),
        (("--due", "--evidence", "plans"), "--out FOLDER"),
        (("--due", "--evidence", "nowhere", "--out", "x"), "nowhere: is no folder"),
    ],
)
def test_what_is_missing_is_named(arguments: tuple[str, ...], why: str) -> None:
    assert why in run("purge", *arguments, code=Exit.CONFIGURATION).stderr
    assert not Path("x").exists()


def unreadable_portfolio(left: Left) -> str:
    (left.portfolio / "tenants" / "acme.yaml").write_text("tenant: [", encoding="utf-8")
    return "acme.yaml"


def unreadable_holds(left: Left) -> str:
    (left.evidence / "legal-holds.yaml").write_text("legal_hold: []\n", encoding="utf-8")
    return "legal-holds.yaml:1"


def misnamed_holds(left: Left) -> str:
    hold = f"legal_holds:\n  - {{tenant: {SANDBOX}, because: case 2027/4}}\n"
    (left.evidence / "Legal_Hold.yml").write_text(hold, encoding="utf-8")
    return "Legal_Hold.yml: is not read; legal holds of a folder are in its legal-holds.yaml"


def holds_elsewhere(left: Left) -> str:
    (left.evidence / "legal-holds.yaml").symlink_to(left.folder / "not-mounted" / "legal-holds.yaml")
    return "legal-holds.yaml: no such file"


def unreadable_catalog(left: Left) -> str:
    (left.folder / "catalog").mkdir()
    platform = left.portfolio / "platform.yaml"
    platform.write_text(platform.read_text("utf-8") + "catalog: ../../catalog\n", encoding="utf-8")
    return "catalog"


@pytest.mark.parametrize(
    "broken",
    [unreadable_portfolio, unreadable_holds, misnamed_holds, holds_elsewhere, unreadable_catalog],
)
def test_what_cannot_be_read_stops_it_before_and_after_the_plan(broken: Any, left: Left) -> None:
    path = planned()
    phrase = ("--phrase", "purge 2 resources of local")
    why = broken(left)
    assert why in run(*DUE[:5], "later", DUE[-1], code=Exit.CONFIGURATION).stderr
    assert not Path("later").exists()
    apply = run("purge", "--apply", path, *phrase, "--stack-destroyed", code=Exit.CONFIGURATION)
    assert why in apply.stderr
    assert Stored.deleted == []


@pytest.mark.sample(6)
@pytest.mark.parametrize(
    "name",
    [
        *("legal-holds.yaml.txt", "legal-holds (1).yaml", "legal-holds-2027.yaml", "legal holds.yml"),
        *("LegalHolds.yaml", "acme-legal-hold.yaml", "legal-holds.yaml.bak", "legal-holds", "holds.yaml"),
    ],
)
@pytest.mark.parametrize("beside", ["plans", "portfolios/local"])
def test_a_file_by_which_somebody_may_mean_a_hold_stops_it(beside: str, name: str) -> None:
    Path(beside, name).write_text("", encoding="utf-8")
    assert "is not read; legal holds of a folder are in" in run(*DUE, code=Exit.CONFIGURATION).stderr
    assert list(Path("plans").glob("purge.*")) == []


@pytest.mark.parametrize(
    "name", [".legal-holds.yaml.swp", "threshold.yaml", "legal.md", "legal-holding-0123456789ab.json"]
)
def test_other_files_stop_nothing(name: str) -> None:
    Path("plans", name).write_text("", encoding="utf-8")
    assert planned().exists()


def test_a_folder_of_evidence_that_is_not_there_stops_it() -> None:
    apply = ("purge", "--apply", planned(), "--phrase", "purge 2 resources of local", "--stack-destroyed")
    done = run(*apply, "--evidence", "nowhere", code=Exit.CONFIGURATION)
    assert "nowhere: cannot be read: No such file" in done.stderr


def test_a_portfolio_that_is_not_there_stops_it() -> None:
    done = run(*DUE, "--portfolio", "nowhere", code=Exit.CONFIGURATION)
    assert "nowhere: has no platform.yaml that can be read" in done.stderr


def test_prices_that_cannot_be_read_stop_the_plan(left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: Any) -> Any:
        raise CatalogError("prices/us-east-1.yaml: cannot be read")

    monkeypatch.setattr(purge, "load_price_book", unreadable)
    assert "prices/us-east-1.yaml" in run(*DUE, code=Exit.CONFIGURATION).stderr
    assert list(left.evidence.glob("purge.*")) == []


def test_a_stack_that_cannot_be_read_stops_it(left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(name: str, _: Path) -> Any:
        raise CatalogError(f"stack '{name}': cannot be read")

    monkeypatch.setattr(purge_world, "inventory_of_stack", unreadable)
    done = run(*DUE[:-1], code=Exit.CONFIGURATION)
    assert "stack 'local': cannot be read" in done.stderr
    assert list(left.evidence.glob("purge.*")) == []


def test_a_hold_beside_the_evidence_keeps_all_with_its_cost(left: Left) -> None:
    hold = f"legal_holds:\n  - {{tenant: {SANDBOX}, because: case 2027/4}}\n"
    (left.evidence / "legal-holds.yaml").write_text(hold, encoding="utf-8")
    done = run(*DUE, code=Exit.POLICY)
    assert done.stderr.count(f"a legal hold is on {SANDBOX}: case 2027/4: 1.90 USD a month") == 2
    assert list(left.evidence.glob("purge.*")) == []


def test_evidence_without_its_last_step_is_named_and_not_taken_for_nothing(left: Left) -> None:
    (record,) = left.evidence.glob("*.evidence.jsonl")
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    record.with_name(f"{record.name}.head").unlink()  # as older versions left it
    for kept, why in ((lines[:-1], f"the end of {SANDBOX} is not finished"), ([], "has no line")):
        record.write_text("".join(kept), encoding="utf-8")
        said = run(*DUE).stdout
        assert f"passed over: plans/{record.name}: {why}" in said.replace("\n", " ")
        assert "no tenant has ended" not in said


def test_evidence_of_another_portfolio_is_passed_over_and_fails_nothing(left: Left) -> None:
    other = left.plan("altair-migration").model_copy(update={"portfolio": "other"})
    left.write(other, left.stored("altair-migration"))
    done = run(*DUE, "--portfolio", left.portfolio)
    assert "passed over: portfolio other has a plan of its own" in done.stdout
    (path,) = Path("plans").glob("purge.*.json")
    assert "altair" not in path.read_text(encoding="utf-8")


def test_without_a_confirmation_the_phrase_is_told_and_an_edited_plan_is_none() -> None:
    path = planned()
    done = run("purge", "--apply", path, "--stack-destroyed", code=Exit.POLICY)
    assert "confirm it with --phrase 'purge 2 resources of local'" in done.stderr
    edited = json.loads(path.read_text(encoding="utf-8"))
    edited["goes"][0]["line"]["id"] = f"s3://{SHARED}/dumps/"
    path.write_text(json.dumps(edited), encoding="utf-8")
    phrase = ("--phrase", "purge 2 resources of local")
    done = run("purge", "--apply", path, *phrase, "--stack-destroyed", code=Exit.CONFIGURATION)
    assert "was changed after it was made" in done.stderr
    assert Stored.deleted == []


def test_a_tenant_of_its_name_that_lives_keeps_it(left: Left) -> None:
    tenants = left.portfolio / "tenants"
    other = tenants / "borealis-migration.yaml"
    text = other.read_text(encoding="utf-8")
    other.unlink()
    (tenants / f"{SANDBOX}.yaml").write_text(text.replace("borealis-migration", SANDBOX), encoding="utf-8")
    done = run(*DUE, code=Exit.POLICY)
    assert f"there is a tenant {SANDBOX} again, and it may be that one's" in done.stderr
    assert {Kind.DUMPS, Kind.MANIFESTS} == {kind for kind in Kind if f"{kind} s3://" in done.stderr}


HOLD: Final = f"legal_holds:\n  - {{tenant: {SANDBOX}, because: case 2027/4}}\n"


@pytest.mark.parametrize("folder", ["holds", "portfolios/local", "out"])
def test_a_hold_that_was_written_after_the_plan_is_found_wherever_the_plan_looked(folder: str) -> None:
    """Whoever applies it names another folder of evidence, or none."""
    Path("holds").mkdir()
    run(*DUE[:4], "--evidence", "holds", "--out", "out", DUE[-1])
    (path,) = Path("out").glob("purge.*.json")
    (Path(folder) / "legal-holds.yaml").write_text(HOLD, encoding="utf-8")
    apply = ("purge", "--apply", path, "--phrase", "purge 2 resources of local", "--stack-destroyed")
    for named in ((), ("--evidence", "plans")):
        assert f"a legal hold is on {SANDBOX}" in run(*apply, *named, code=Exit.POLICY).stderr
    due = run(*DUE[:4], "--evidence", "holds", "--out", "out", DUE[-1], code=Exit.POLICY)
    assert f"a legal hold is on {SANDBOX}" in due.stderr
    assert Stored.deleted == []


def test_a_folder_that_the_plan_looked_in_and_is_gone_stops_it() -> None:
    Path("holds").mkdir()
    run(*DUE, "--evidence", "holds")
    (path,) = Path("plans").glob("purge.*.json")
    Path("holds").rmdir()
    apply = ("purge", "--apply", path, "--phrase", "purge 2 resources of local", "--stack-destroyed")
    done = run(*apply, code=Exit.CONFIGURATION)
    assert "was made with the evidence and legal holds in plans/../holds, which is not there" in done.stderr
    assert Stored.deleted == []


def test_a_plan_of_an_older_version_keeps_its_hash() -> None:
    plan = read_purge_plan(planned())
    assert plan.evidence == (".",)
    older = plan.model_copy(update={"evidence": ()})
    assert "evidence" not in older.document()
    assert older.sha256 != plan.sha256


def test_two_plans_of_one_day_are_one_run_and_unreadable_evidence_of_a_purge_is_not_none(left: Left) -> None:
    platform = left.portfolio / "platform.yaml"
    text = platform.read_text("utf-8")
    platform.write_text(
        text.replace("enabled: true, allowed", "enabled: true, most_per_run: 1, allowed"), "utf-8"
    )
    apply = ("purge", "--phrase", "purge 1 resources of local", "--stack-destroyed", "--apply")
    first = planned()
    run(*apply, first)
    run(*DUE)
    (second,) = (each for each in Path("plans").glob("purge.*.json") if each != first)
    said = run(*apply, second, code=Exit.POLICY).stderr.replace("\n", " ")
    assert (
        "the plan deletes 1 resources after the 1 of the last 20 hours, and one run deletes 1 at most" in said
    )
    record = first.with_suffix(".evidence.jsonl")
    record.write_text("{}\n" + record.read_text("utf-8"), encoding="utf-8")
    assert f"{record}:1: is not a line of evidence" in run(*apply, second, code=Exit.CONFIGURATION).stderr
    record.unlink()
    assert f"{record}: is missing, and" in run(*apply, second, code=Exit.CONFIGURATION).stderr
    assert len(Stored.deleted) == 1


def test_a_purge_is_counted_wherever_its_plan_lies(left: Left) -> None:
    platform = left.portfolio / "platform.yaml"
    text = platform.read_text("utf-8")
    platform.write_text(text.replace("enabled: true,", "enabled: true, most_per_run: 1,"), "utf-8")
    apply = ("purge", "--phrase", "purge 1 resources of local", "--stack-destroyed", "--apply")
    for folder, code in (("one", Exit.OK), ("two", Exit.POLICY)):
        run(*DUE[:5], folder, DUE[-1])
        (path,) = Path(folder).glob("purge.*.json")
        said = run(*apply, path, code=code)
    assert "after the 1 of the last 20 hours" in said.stderr.replace("\n", " ")
    assert len(Stored.deleted) == 1
    assert len(list(left.evidence.glob("purge.local-*.evidence.jsonl"))) == 1


@pytest.mark.parametrize("record", ["elsewhere/e.evidence.jsonl", "plans/e.jsonl"])
def test_nothing_is_recorded_where_the_next_purge_does_not_count_it(record: str) -> None:
    Path("elsewhere").mkdir()
    apply = ("purge", "--apply", planned(), "--phrase", "purge 2 resources of local", "--stack-destroyed")
    said = run(*apply, "--record", record, code=Exit.CONFIGURATION).stderr.replace("\n", " ")
    assert f"{record}: purge.most_per_run counts only what is recorded in a file with the ending" in said
    assert Stored.deleted == []
    run(*apply, "--record", "plans/e.evidence.jsonl")


OTHER: Final = "altair-migration"


def torn(path: Path) -> None:
    path.write_text(path.read_text("utf-8")[:-40], encoding="utf-8")


def edited(path: Path) -> None:
    path.write_text(
        path.read_text("utf-8").replace('"currency": "USD"', '"currency": "EUR"'), encoding="utf-8"
    )


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("broken", "name", "goes"),
    [
        (edited, "", {OTHER}),
        (torn, "", set()),
        (torn, "purge.other-0123456789ab.json", {SANDBOX, OTHER}),
        (torn, "purge.json.json", set()),
    ],
)
def test_a_plan_that_cannot_be_read_keeps_only_what_it_may_hold(
    broken: Any, name: str, goes: set[str], left: Left
) -> None:
    first = planned()
    broken(first)
    if name:
        first = first.rename(first.with_name(name))
    left.write(left.plan(OTHER), left.stored(OTHER))
    done = run(*DUE, code=Exit.OK if name.startswith("purge.other") else Exit.POLICY)
    assert (str(first) in done.stderr) is not name.startswith("purge.other")
    new = [each for each in Path("plans").glob("purge.local-*.json") if each != first]
    assert {each.line.tenant for path in new for each in read_purge_plan(path).goes} == goes
    assert done.stdout.count(f"{first} may hold it, and cannot be read") == 4 - 2 * len(goes)
    assert "nothing is due" not in done.stdout


def test_a_look_back_passes_over_what_ended_later_and_plans_the_rest(left: Left) -> None:
    left.recorded = datetime(2026, 8, 31, tzinfo=UTC)
    left.write(left.plan(OTHER), left.stored(OTHER))
    Path("plans/legal-holds.yaml").write_text(HOLD.replace(SANDBOX, OTHER), encoding="utf-8")
    said = run(*DUE, "--as-of", "2026-08-30").stdout.replace("\n", " ")
    assert f"passed over: plans/{OTHER}.evidence.jsonl: is of 2026-08-31 00:00 UTC" in said
    (path,) = Path("plans").glob("purge.*.json")
    assert {each.line.tenant for each in read_purge_plan(path).goes} == {SANDBOX}
