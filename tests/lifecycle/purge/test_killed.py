"""A purge that is killed at a cloud call: the same command goes on, and nothing is lost or left."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, cast

import boto3
import botocore.session
import pytest

from cli.actions.decommission.purge import Request, apply_plan, plan_due
from lifecycle import evidence
from lifecycle.purge.ledger import DELETED, VERIFIED
from lifecycle.purge.plan import read_purge_plan
from localcloud.aws.clients import Clients
from localcloud.aws.faults import Faults, wanted
from tests.clouds import RECORD, Cloud, clouds, running_cloud
from tests.lifecycle.purge.left import REGION, Left

pytestmark = pytest.mark.whole("test_guards kills a purge at each of its own steps, here real processes die")

EVERY: Final = bool(os.environ.get("COSTACK_EVERY_KILL"))
NEVER: Final = 10**6


@dataclass
class Start:
    """An account as it is before the purge, and its plan."""

    left: Left
    cloud: Cloud
    local: Path
    plan: Path
    neighbours: dict[str, list[str]]

    def again(self) -> Cloud:
        """A copy of the account as it was."""
        made = clouds().copy(self.local / RECORD, self.cloud)
        self.left.clients = Clients(made.endpoint)
        return made

    def purge(self, cloud: Cloud, record: Path, asked: str, counter: Path) -> int:
        """The command in a process of its own, which AWS's answers may find dead; its exit code."""
        pid = os.fork()
        if not pid:
            try:
                self._in_child(cloud, record, asked, counter)
            except BaseException:  # noqa: BLE001 - told by the exit code
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def _in_child(self, cloud: Cloud, record: Path, asked: str, counter: Path) -> None:
        os.environ["AWS_ENDPOINT_URL"] = cloud.endpoint
        session = botocore.session.get_session()
        faults = Faults(wanted(asked), counter, die=lambda _: os.kill(os.getpid(), signal.SIGKILL))
        session.register("before-send", cast("Any", faults.before_send))
        boto3.setup_default_session(botocore_session=session)
        plan = read_purge_plan(self.plan)
        folders = (self.left.evidence, record.parent)
        made = request(self.left, apply=self.plan, phrase=plan.phrase, record=record, evidence=folders)
        apply_plan(made, lambda: self.left.due + timedelta(hours=1))


def request(left: Left, **more: Any) -> Request:
    out = left.folder / "purges"
    said: dict[str, Any] = {"evidence": (left.evidence,), "out": out, "portfolio": None, "cwd": left.folder}
    return Request(**{**said, "stack_destroyed": True, **more})


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    folder = tmp_path_factory.mktemp("killed")
    with running_cloud(folder / "cloud") as cloud, pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("AWS_ENDPOINT_URL", cloud.endpoint),
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
            ("AWS_DEFAULT_REGION", REGION),
        ):
            patch.setenv(name, value)
        left = Left(Clients(cloud.endpoint), folder / "project").make()
        plan_due(request(left), lambda: left.due)
        (plan,) = (left.folder / "purges").glob("*.json")
        yield Start(left, cloud, folder / "cloud", plan, left.neighbours())
        cloud.end()


@pytest.fixture(scope="module")
def calls(start: Start, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every call that changes something, where nothing disturbs it."""
    folder, cloud = tmp_path_factory.mktemp("undisturbed"), start.again()
    counter = folder / "count"
    assert start.purge(cloud, folder / "e.evidence.jsonl", f"kill={NEVER}", counter) == 0
    assert start.left.there() == start.neighbours
    cloud.end()
    return counter.read_text(encoding="utf-8").split()


def test_a_purge_that_is_killed_at_a_cloud_call_goes_on(
    start: Start, calls: list[str], tmp_path: Path
) -> None:
    assert len(calls) >= len(read_purge_plan(start.plan).goes)
    points = [(number, after) for number in range(1, len(calls) + 1) for after in (False, True)]
    chosen = points if EVERY else [(calls.index("DeleteRecoveryPoint") + 1, True)]
    wrong = {}
    for number, after in chosen:
        if said := survived(start, number, after, tmp_path / f"{number}-{after}"):
            wrong[f"{number} {calls[number - 1]}{', after' if after else ''}"] = said
    assert wrong == {}


def survived(start: Start, number: int, after: bool, folder: Path) -> str:  # noqa: FBT001 - a point
    """Die there, run the command again, and look: '' or what is not as it should be."""
    folder.mkdir()
    cloud, record, counter = start.again(), folder / "e.evidence.jsonl", folder / "count"
    died = start.purge(cloud, record, f"kill={number}{',after' if after else ''}", counter)
    if died != -signal.SIGKILL:
        return f"was not killed, but ended with {died}"
    if {kind: names for kind, names in start.left.neighbours().items() if names != start.neighbours[kind]}:
        return "something of a neighbour's was lost"
    counter.unlink()
    ended = start.purge(cloud, record, f"kill={NEVER}", counter)
    there = start.left.there()
    cloud.end()
    if ended != 0:
        return f"the second run ended with {ended}"
    if there != start.neighbours:
        return f"left or lost: {there}"
    lines = evidence.read(record)
    done = sorted(line["inputs"]["id"] for line in lines if line["step"] == DELETED)
    planned = sorted(each.line.id for each in read_purge_plan(start.plan).goes)
    return "" if done == planned and lines[-1]["step"] == VERIFIED else f"evidence says {done}"
