"""The month of a sandbox in which nobody types: created, warned, extended, planned, approved, ended, purged.

The commands of a scheduled job run in the loopback cloud by a clock that is given; people only edit files.
"""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from cli.actions.decommission import approve, extend, plan_all, purge, purge_search, warn
from cli.actions.decommission.decommission import Request, decommission
from lifecycle import evidence
from lifecycle.decommission.outcomes import BACK_UP, GUARD, REMOVE, STEPS
from lifecycle.decommission.plan import read_plan
from lifecycle.errors import LifecycleError, ManualStepError, RefusedError
from lifecycle.purge.ledger import CHECK, DELETE, DELETED, VERIFIED
from localcloud.aws.faults import VARIABLE
from tests.engine.holdings import holdings
from tests.engine.project import SAVE_ONCE, STACK, Project, running_project
from tests.torture.kills import (
    APPROVER,
    REAPER,
    SANDBOX,
    Phase,
    make_the_last_dump,
    reaping,
    recovered,
)
from tests.torture.kills import approve as approve_plan
from tests.torture.worlds import worlds

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole(
        "a sandbox ends in test_life, too; tests/lifecycle decides dates, approvals and what is purged"
    ),
]

EVERY: Final = bool(os.environ.get("COSTACK_EVERY_KILL"))
NEIGHBOUR: Final = "borealis"
PURGED: Final = (CHECK, *(DELETE, DELETED) * 2, VERIFIED)
PURGE: Final = "purge: {enabled: true, allowed_signers: ../../approvers}\n"


class Chat(http.server.BaseHTTPRequestHandler):
    """An incoming webhook that keeps what it got."""

    got: Final[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@dataclass
class Month:
    """The stack, the clock, and the folder of a scheduled job."""

    project: Project
    webhook: str
    at: datetime = datetime(2027, 1, 10, 6, tzinfo=UTC)
    before: dict[str, set[str]] = field(default_factory=dict)

    @property
    def plans(self) -> Path:
        return self.project.folder / "plans"

    @property
    def file(self) -> Path:
        return self.project.folder / "portfolios" / "local" / "tenants" / f"{SANDBOX}.yaml"

    def kept(self) -> dict[str, set[str]]:
        """What the account holds that bears the sandbox's name."""
        found = holdings(self.project.clients())
        mine = {kind: {each for each in names if SANDBOX in each} for kind, names in found.items()}
        return {kind: names for kind, names in mine.items() if names}

    def stored(self) -> set[str]:
        """Every object of a bucket, in all its versions, that lies under the sandbox's name."""
        s3 = self.project.clients().get("s3")
        return {
            each["Key"]
            for bucket in s3.list_buckets()["Buckets"]
            for listed in (s3.list_object_versions(Bucket=bucket["Name"]),)
            for each in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ()))
            if f"/{SANDBOX}/" in each["Key"]
        }

    def purge(self, **how: Any) -> None:
        """What a scheduled job does with what was left, or with a plan that was merged."""
        said: dict[str, Any] = {"portfolio": None, "cwd": self.project.folder, "out": self.plans}
        request = purge.Request(evidence=(self.plans,), **said, **how)
        (purge.apply_plan if how else purge.plan_due)(request, lambda: self.at)

    def job(self, day: datetime) -> None:
        """What runs every morning."""
        self.at = day
        folder = self.project.folder
        request = warn.Request((STACK,), folder, folder / "warnings", None, self.webhook, "slack", day, None)
        warn.warn_of_ends(request)
        plan_all.plan_all((STACK,), folder, self.plans, day, None)

    @contextmanager
    def dying(self, fault: str) -> Iterator[None]:
        """Pulumi dies under the commands of the block as at a call that changes the account."""
        users = self.project.started_as_by_users(only_killers=True)
        with users, self.project.saving_every_step(), pytest.MonkeyPatch.context() as patch:
            for name in SAVE_ONCE:
                patch.delenv(name)
            for name, value in (self.project._turned() | {VARIABLE: fault}).items():
                patch.setenv(name, value)
            yield

    def apply(self, path: Path) -> None:
        """What runs when an approval was merged."""
        approval = path.with_suffix(".approval.json")
        request = Request(
            tenant=None,
            stack=STACK,
            cwd=self.project.folder,
            portfolio=None,
            out=None,
            early=None,
            apply=(path,),
            phrase=None,
            evidence=None,
            restore_evidence=None,
            approved=(approval,),
        )
        decommission(request, lambda: self.at)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    """A sandbox and a neighbour; commands run in this process, in the environment of the project's cloud."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with running_project(tmp_path_factory.mktemp("reaper") / "project") as project:
        portfolio = project.folder / "portfolios" / "local"
        for file in (portfolio / "tenants").glob("*.yaml"):
            if file.stem not in {SANDBOX, NEIGHBOUR}:
                file.unlink()
        platform = portfolio / "platform.yaml"
        platform.write_text(platform.read_text("utf-8") + REAPER + PURGE, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in project._turned().items():
                patch.setenv(name, value)
            patch.setenv("NO_PROXY", "127.0.0.1")
            made = Month(project, f"http://127.0.0.1:{server.server_port}/secret")
            project.up()
            made.before = made.kept()
            yield made
    server.shutdown()
    server.server_close()


def test_it_is_created_and_far_from_its_end_nothing_happens(month: Month) -> None:
    assert month.before
    month.job(datetime(2027, 1, 10, 6, tzinfo=UTC))
    assert Chat.got == []
    assert list(month.plans.iterdir()) == []


def test_it_is_warned_once_and_extended_by_one_command(month: Month) -> None:
    # Two weeks of grace after its cutover on 15 January are over on the 30th.
    for day in (16, 17):
        month.job(datetime(2027, 1, day, 6, tzinfo=UTC))
    (warning,) = Chat.got
    assert "ends on 2027-01-30 00:00 UTC" in warning["text"]
    assert "USD a month" in warning["text"]
    until, why = datetime(2027, 3, 1, tzinfo=UTC), "the auditor asked for one more trial load"
    extend.extend(extend.Request(SANDBOX, until, why, "dana", None, month.project.folder))
    assert "extended:\n  - {until: 2027-03-01T00:00:00Z" in month.file.read_text("utf-8")
    month.project.up()
    month.job(datetime(2027, 2, 1, 6, tzinfo=UTC))
    assert len(Chat.got) == 1
    assert list(month.plans.iterdir()) == []


def test_it_is_warned_again_before_its_new_end(month: Month) -> None:
    for day in (15, 16, 26, 28):
        month.job(datetime(2027, 2, day, 6, tzinfo=UTC))
    assert len(Chat.got) == 4
    assert all("2027-03-01" in each["text"] for each in Chat.got[1:])
    ledger = evidence.read(month.project.folder / "warnings" / "warned.jsonl")
    assert [line["days"] for line in ledger] == [14, 14, 3, 1]
    assert not any("secret" in path.read_text("utf-8") for path in month.project.folder.glob("warnings/*"))


def test_a_plan_is_written_for_a_pull_request(month: Month) -> None:
    month.job(datetime(2027, 3, 1, 6, tzinfo=UTC))
    (path,) = month.plans.glob("*.json")
    text = path.with_suffix(".md").read_text("utf-8")
    plan = read_plan(path)
    assert f"{len(plan.targets)} in all" in text
    assert "final backup: a last dump is made, although its offer has none" in text
    assert "the bill falls by " in text
    assert "who pays the other " in text
    assert plan.sha256 in text
    month.job(datetime(2027, 3, 2, 6, tzinfo=UTC))
    assert list(month.plans.glob("*.json")) == [path]
    assert month.kept() == month.before


def test_nothing_ends_before_somebody_approved_it(month: Month) -> None:
    (path,) = month.plans.glob("*.json")
    approve_plan(month.project, str(path.relative_to(month.project.folder)))
    # The approval of today, by the clock of this machine, is none by the clock of March.
    with pytest.raises(RefusedError, match="before the plan was made"):
        month.apply(path)
    for each in month.plans.glob("*.approval.json*"):
        each.unlink()
    assert month.kept() == month.before


def test_an_approved_plan_ends_it_and_evidence_says_how(month: Month) -> None:
    (path,) = month.plans.glob("*.json")
    month.at = datetime(2027, 3, 3, 9, tzinfo=UTC)
    key = month.project.folder / "approver"
    approve.approve(approve.Request(path, APPROVER, key, None, month.at))
    with pytest.raises(ManualStepError, match=f"{SANDBOX}-final-backup makes it"):
        month.apply(path)
    there = month.kept()
    assert all(names <= there[kind] for kind, names in month.before.items())
    make_the_last_dump(month.project, SANDBOX)
    month.at = datetime(2027, 3, 4, 9, tzinfo=UTC)
    with month.dying("kill=1"), pytest.raises(LifecycleError, match="pulumi"):
        month.apply(path)
    assert month.kept()
    recovered(month.project)
    month.apply(path)
    assert month.kept() == {}
    assert not month.file.exists()
    lines = {line["step"]: line for line in evidence.read(path.with_suffix(".evidence.jsonl"))}
    assert list(lines) == list(STEPS)
    assert f"approved by {APPROVER} at 2027-03-03T09:00:00Z" in lines[GUARD]["outcome"]
    assert "its sha256 was computed anew" in lines[BACK_UP]["outcome"]
    assert lines[REMOVE]["inputs"]["resources"] == lines[GUARD]["inputs"]["resources"]
    kept = {each["what"]: each for each in lines["remains"]["inputs"]["kept"]}
    assert set(kept) == {"dumps", "manifests"}
    assert kept["dumps"]["per_month"] != "0.00"
    month.job(datetime(2027, 3, 5, 6, tzinfo=UTC))
    assert len(Chat.got) == 4


def test_what_it_left_is_purged_on_its_day_and_nothing_bills(
    month: Month, capsys: pytest.CaptureFixture[str]
) -> None:
    (record,) = month.plans.glob("*.evidence.jsonl")
    kept = evidence.read(record)[-1]["inputs"]["kept"]
    days = [datetime.fromisoformat(each["until"]) for each in kept]
    assert len(month.stored()) == 2
    month.at = min(days) - timedelta(seconds=1)
    month.purge()
    assert "nothing is due" in capsys.readouterr().out
    month.at = max(days)
    month.purge()
    (plan,) = month.plans.glob("purge.*.json")
    assert "What ended tenants left" in plan.with_suffix(".md").read_text("utf-8")
    month.at += timedelta(hours=3)
    approve.approve(approve.Request(plan, APPROVER, month.project.folder / "approver", None, month.at))
    month.purge(apply=plan, approved=plan.with_suffix(".approval.json"))
    assert month.stored() == set()
    lines = evidence.read(plan.with_suffix(".evidence.jsonl"))
    assert [line["step"] for line in lines] == list(PURGED)
    capsys.readouterr()
    month.at += timedelta(days=1)
    month.purge()
    assert "nothing is due" in capsys.readouterr().out


@pytest.mark.usefixtures("month")
def test_a_search_of_the_whole_account_finds_nothing_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    request = purge_search.Request((SANDBOX,), None, "us-east-1", "table")
    purge_search.search(request)
    assert "nothing bills for a tenant in account 123456789012" in capsys.readouterr().out
    purge_search.search(replace(request, tenants=(), output="json"))
    found = json.loads(capsys.readouterr().out)
    assert {each["tenant"] for each in found} == {None, NEIGHBOUR}
    assert any(each["what"] == "database" and each["known_by"] == "tags" for each in found)


def test_the_neighbour_is_as_it_was(month: Month) -> None:
    assert "borealis-web" in {each.name for each in month.project.registered()}
    month.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)


@pytest.fixture(scope="module")
def reaper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phase]:
    """The end of a sandbox by an approval, and what is there afterwards when nothing disturbs it."""
    with worlds(tmp_path_factory.mktemp("reaped") / "project", by_users=True) as made:
        tenants = made.project.folder / "portfolios" / STACK / "tenants"
        for file in tenants.glob("*.yaml"):
            if file.stem not in {SANDBOX, NEIGHBOUR}:
                file.unlink()
        phase = next(reaping(made))
        phase.forks = True
        phase.measure()
        yield phase


@pytest.mark.skipif(not EVERY, reason="a sweep of make torture: the month above dies at its first deletion")
def test_a_reaper_that_dies_goes_on_and_leaves_nothing(reaper: Phase) -> None:
    assert len(reaper.calls) > 5
    wrong = {str(point): said for point in reaper.points() if (said := reaper.survive(point))}
    assert wrong == {}
