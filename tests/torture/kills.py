"""Kills the command at every changing call of a tenant's life, and looks whether the next runs mend it.

`python -m tests.torture.kills [--every N] [--limit M] [--phase NAME] [--point N[,after]]`
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.engine.holdings import holdings
from tests.engine.listing import counted, listed, told
from tests.engine.project import STACK, Project, Said
from tests.torture.worlds import Moment, Worlds, worlds
from tiers.errors import CatalogError
from tiers.vocabulary import MoveStage

CLIENT: Final = "acme"
SANDBOX: Final = "borealis-migration"
TARGET: Final = "cross-region-backup"
RUNS: Final = 2
"""How often the command may be run again before the world must be as if nothing had happened."""
DUMP: Final = b"x" * 4096
DUMP_SHA256: Final = hashlib.sha256(DUMP).hexdigest()
APPROVER: Final = "dana@example.com"
REAPER: Final = "reaper: {enabled: true, allowed_signers: ../../approvers}\n"
_KILLED: Final = -9
_NEVER: Final = 10**6
_MOMENTS: Final = 20
_TORN: Final = "failed to load checkpoint: EOF"

Held = dict[str, int]


@dataclass(frozen=True)
class Point:
    """One death: at which changing call, and whether the call still reached AWS."""

    number: int
    after: bool

    def __str__(self) -> str:
        return f"{self.number},after" if self.after else str(self.number)


@dataclass
class Phase:
    """One command on one world.

    Attributes:
        act: Runs the command, which must end with the given code.
        killed: The code it ends with when Pulumi is killed below it; where it is `costack`, it is killed with
            Pulumi when the call still reached AWS.
        calls: The changing calls it makes when nothing disturbs it.
        undisturbed: What is there afterwards.
        kept: What AWS lists afterwards and no inventory counts: the backups that outlive an ended tenant.
        end: That moment; None until it was measured.
        forks: Whether interpreters that kill nothing are forked, as where nobody is killed.
    """

    name: str
    worlds: Worlds
    start: Moment
    act: Callable[[int], Said]
    killed: int = _KILLED
    calls: list[str] = field(default_factory=list)
    undisturbed: Held = field(default_factory=dict)
    kept: Held = field(default_factory=dict)
    end: Moment | None = None
    forks: bool = False

    def measure(self) -> None:
        """Run it once without a fault: which calls it makes, and what is there afterwards."""
        self.worlds.go_back(self.start)
        with self.worlds.faults(f"kill={_NEVER}") as counter:
            self.act(0)
            # A stage that only stops pods and copies calls nothing of AWS's.
            self.calls = counter.read_text(encoding="utf-8").split() if counter.exists() else []
        self.undisturbed = held(self.worlds.project)
        self.kept = beyond(self.worlds.project)
        self.end = self.worlds.keep()

    def points(self) -> Iterator[Point]:
        """Before and after every call."""
        for number in range(1, len(self.calls) + 1):
            yield Point(number, after=False)
            yield Point(number, after=True)

    def number_of(self, operation: str) -> int:
        """At which call an operation is made for the first time."""
        return self.calls.index(operation) + 1

    def survive(self, point: Point) -> str:
        """Die there and do what the documentation says; empty, or what is not as it should be."""
        self.worlds.go_back(self.start)
        together = point.after and self.killed != _KILLED
        try:
            dies = self.worlds.faults(f"kill={point}{',with=costack' if together else ''}")
            project = self.worlds.project
            users = project.started_as_by_users(only_killers=self.forks)
            with users, project.saving_every_step(), dies as counter:
                self.act(_KILLED if together else self.killed)
                made = counter.read_text(encoding="utf-8").split()
            if len(made) != point.number:
                return f"was not killed: {len(made)} calls"
        except AssertionError as error:
            return f"was not killed: {_short(error)}"
        if lie := _untrue_if_whole(self.worlds.project, self.kept):
            return f"after {made[-1]}: {lie}"
        wrong = "no run was tried"
        for _ in range(RUNS):
            wrong = self._again()
            if not wrong:
                return ""
        return f"after {made[-1]}: {wrong}"

    def _again(self) -> str:
        try:
            recovered(self.worlds.project)
            self.act(0)
            self.worlds.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)
        except AssertionError as error:
            return _short(error)
        if lie := untrue(self.worlds.project, self.kept):
            return lie
        found = held(self.worlds.project)
        kinds = sorted(kind for kind, count in self.undisturbed.items() if found[kind] != count)
        return ", ".join(f"{kind}: {found[kind]} for {self.undisturbed[kind]}" for kind in kinds)


def beyond(project: Project) -> Held:
    """How many things of each kind AWS lists and the inventory does not count.

    Raises:
        AssertionError: When the inventory counts what AWS does not list.
    """
    counts, there = counted(told(project)), listed(project)
    more = {kind: Counter(there[kind]) - Counter(counts[kind]) for kind in counts}
    for kind, count in counts.items():
        assert not Counter(count) - Counter(there[kind]), f"AWS lists {there[kind]} of {kind}, not {count}"
    return {kind: found.total() for kind, found in more.items() if found}


def untrue(project: Project, kept: Held | None = None) -> str:
    """What the inventory counts and AWS does not list, or the other way round; unknown is said, and true."""
    try:
        uncounted = beyond(project)
    except CatalogError:
        return ""
    except AssertionError as error:
        return str(error)
    wrong = {kind: count for kind, count in uncounted.items() if count > (kept or {}).get(kind, 0)}
    return "; ".join(
        f"AWS has {count} of {kind} that the inventory does not count" for kind, count in wrong.items()
    )


def _untrue_if_whole(project: Project, kept: Held) -> str:
    """As `untrue`; a death while Pulumi writes leaves a state that is unreadable before `costack recover`."""
    lie = untrue(project, kept)
    return "" if _TORN in lie else lie


def recovered(project: Project) -> Said:
    """`costack recover`, as soon as the process that was killed is really gone: orphans go a moment later."""
    for _ in range(_MOMENTS):
        try:
            return project.costack("recover", "--stack", STACK)
        except AssertionError as error:
            if "which is running; wait for it" not in str(error):
                raise
        time.sleep(1)
    raise AssertionError(f"the killed process still lives after {_MOMENTS} tries")


def held(project: Project) -> Held:
    """How many things of each kind the account holds; snapshots by name, so that a lost one is missed."""
    clients = project.clients()
    counts = {kind: len(names) for kind, names in holdings(clients).items()}
    for each in clients.get("rds").describe_db_snapshots()["DBSnapshots"]:
        counts[f"snapshot of {each['DBInstanceIdentifier']}"] = 1
    return counts


def phases(made: Worlds, *, sandbox: bool = True, target: str = TARGET) -> Iterator[Phase]:
    """A tenant's life with a move to *target*, and a sandbox's end; each begins where the last one ended."""
    project = made.project
    tenants = project.folder / "portfolios" / STACK / "tenants"
    aside = {file.name: file.read_text(encoding="utf-8") for file in tenants.glob("*.yaml")}
    for name in aside.keys() - {f"{CLIENT}.yaml"}:
        (tenants / name).unlink()
    yield from _phase("create", made, lambda code: up(project, code))
    project.costack("move", CLIENT, "--stack", STACK, "--to", target)
    for stage in MoveStage:
        yield from _phase(str(stage), made, lambda code: up(project, code))
        project.costack("move", CLIENT, "--stack", STACK, "--next")
    yield from _phase("arrive", made, lambda code: up(project, code))
    if sandbox:
        for name in ("borealis.yaml", f"{SANDBOX}.yaml"):
            (tenants / name).write_text(aside[name], encoding="utf-8")
        up(project, 0)
        end = _planned(project, SANDBOX, "--early", "the move was called off", "--no-final-dump")
        yield from _phase("sandbox", made, end, killed=1)
        (tenants / f"{SANDBOX}.yaml").write_text(aside[SANDBOX], encoding="utf-8")
        yield from reaping(made)
    yield from ending(made)


def reaping(made: Worlds) -> Iterator[Phase]:
    """The end of a sandbox that is due, by an approved plan: nobody types a phrase."""
    project = made.project
    make_due(project)
    up(project, 0)
    project.costack("decommission", SANDBOX, "--stack", STACK, "--out", f"{SANDBOX}.plan.json")
    approve(project, f"{SANDBOX}.plan.json")
    act = ("decommission", "--stack", STACK, "--apply", f"{SANDBOX}.plan.json")
    words = (*act, "--approved", f"{SANDBOX}.plan.approval.json")
    yield from _phase("reaper", made, lambda code: _reaped(project, words, code), killed=1)


def _reaped(project: Project, words: tuple[str, ...], code: int) -> Said:
    """The command as a scheduled job runs it: once until the closing Job has its turn, and once more."""
    try:
        said = project.costack(*words, code=1)
    except AssertionError as error:
        ended = re.search(r"ended with (-?\d+), not 1", str(error))
        if ended is None or int(ended[1]) != code:
            raise
        return Said(code, str(error), "")
    if f"{SANDBOX}-final-backup makes it" in said.text:
        make_the_last_dump(project, SANDBOX)
        return project.costack(*words, code=code)
    assert code == 1, said.text
    return said


def make_due(project: Project) -> None:
    """The sandbox past its end by any clock, and a platform that lets approved plans be carried out."""
    portfolio = project.folder / "portfolios" / STACK
    file = portfolio / "tenants" / f"{SANDBOX}.yaml"
    for name, day in (
        ("begins_on", "2026-09-15"),
        ("expires_at", "2026-11-20T00:00:00Z"),
        ("cutover", "2026-11-10"),
    ):
        text = file.read_text(encoding="utf-8")
        file.write_text(
            re.sub(rf"^{name}: .*$", f"{name}: {day}", text, flags=re.MULTILINE), encoding="utf-8"
        )
    platform = portfolio / "platform.yaml"
    platform.write_text(platform.read_text(encoding="utf-8") + REAPER, encoding="utf-8")


def approve(project: Project, plan: str) -> None:
    """Somebody's approval of a plan, signed by a key that is made for it."""
    key = project.folder / "approver"
    if not key.exists():
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(words, check=True)
        public = key.with_suffix(".pub").read_text(encoding="utf-8")
        (project.folder / "approvers").write_text(f"{APPROVER} {public}", encoding="utf-8")
    project.costack("approve", plan, "--by", APPROVER, "--key", str(key))


def ending(made: Worlds) -> Iterator[Phase]:
    """The end of the client as it is: its last phase."""
    project = made.project
    tenants = project.folder / "portfolios" / STACK / "tenants"
    replace_in(tenants.parent / "platform.yaml", "deletion_protection: false", "deletion_protection: true")
    file = tenants / f"{CLIENT}.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "lifecycle_stage: decommissioning\n", encoding="utf-8")
    up(project, 0)
    make_the_last_dump(project, CLIENT)
    end = _planned(project, CLIENT, restore_test=True)
    yield from _phase("production", made, end, killed=1)


def up(project: Project, code: int) -> Said:
    """`pulumi up`."""
    return project.up("--suppress-outputs", code=code)


def _phase(name: str, made: Worlds, act: Callable[[int], Said], killed: int = _KILLED) -> Iterator[Phase]:
    phase = Phase(name, made, made.keep(), act, killed)
    yield phase
    made.go_back(phase.end or phase.start)
    if phase.end is None:
        act(0)


def _planned(
    project: Project, tenant: str, *options: str, restore_test: bool = False
) -> Callable[[int], Said]:
    """The command that ends a tenant by a plan that is made now."""
    name = f"{tenant}.plan.json"
    project.costack("decommission", tenant, "--stack", STACK, "--out", name, *options)
    plan = json.loads((project.folder / name).read_text(encoding="utf-8"))
    phrase = f"decommission {tenant} of {STACK}: {len(plan['targets'])} resources"
    if restore_test:
        make_a_restore_test(project, tenant)
    act = ("decommission", "--stack", STACK, "--apply", name, "--phrase", phrase)
    return lambda code: project.costack(*act, code=code)


def make_the_last_dump(project: Project, tenant: str) -> None:
    """What the closing Job does, which no pod of this cloud runs; nothing when there is none."""
    state = json.loads(project.export())["deployment"]["resources"]
    marks = [each["outputs"]["hex"] for each in state if each["urn"].endswith(f"::{tenant}-last")]
    if not marks:
        return
    s3, bucket = _backups(project, tenant)
    at = "2026-11-25T00:00:00Z"
    s3.put_object(Bucket=bucket, Key=f"dumps/{tenant}/{at}.dump", Body=DUMP)
    said = {"dump": f"s3://{bucket}/dumps/{tenant}/{at}.dump", "dump_bytes": 4096, "sha256": DUMP_SHA256}
    manifest = json.dumps({**said, "started": at, "last": marks[0]})
    s3.put_object(Bucket=bucket, Key=f"manifests/{tenant}/{at}.json", Body=manifest.encode())


def make_a_restore_test(project: Project, tenant: str) -> None:
    """What the pod of `costack restore-test` leaves in the bucket."""
    s3, bucket = _backups(project, tenant)
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    times = {"backup": at, "taken_at": at, "started_at": at, "finished_at": at, "seconds": 9}
    sizes = {"restore_seconds": 5, "dump_bytes": 4096, "database_bytes": 8192, "file_bytes": 0}
    checks = [{"name": "the dump", "expected": "a", "found": "a", "ok": True}]
    said = {"tenant": tenant, **times, **sizes, "checks": checks, "result": "ok"}
    key = f"manifests/{tenant}/restore-tests/{at}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(said).encode())


def _backups(project: Project, tenant: str) -> tuple[Any, str]:
    """A client of S3, and the bucket that the tenant's dumps are in."""
    state = json.loads(project.export())["deployment"]["resources"]
    s3 = project.clients().get("s3")
    bucket = next(
        each["outputs"]["bucket"]
        for each in sorted(state, key=lambda each: tenant not in each["urn"])
        if each["type"] == "aws:s3/bucket:Bucket" and "copy" not in each["urn"]
    )
    return s3, bucket


def replace_in(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file.name} holds {old!r} {text.count(old)} times"
    file.write_text(text.replace(old, new), encoding="utf-8")


def _short(error: AssertionError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if "rror" in line or "changes" in line]
    return " | ".join(dict.fromkeys(lines))[-300:] or str(error)[-300:]


def main() -> int:
    """Sweep, and say how many deaths there were and how many were survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so many points")
    parser.add_argument("--limit", type=int, default=_NEVER, help="so many points of each phase at most")
    parser.add_argument("--phase", action="append", help="only this phase; repeat for more")
    parser.add_argument("--point", help="only this point, such as 57,after")
    asked = parser.parse_args()
    tried = survived = 0
    slowest = (0.0, "")
    with tempfile.TemporaryDirectory() as folder, worlds(Path(folder) / "project", by_users=True) as made:
        for phase in phases(made):
            if asked.phase and phase.name not in asked.phase:
                continue
            phase.measure()
            points = [point for point in phase.points() if asked.point in (None, str(point))]
            sys.stdout.write(f"{phase.name}: {len(phase.calls)} changing calls\n")
            for point in points[:: asked.every][: asked.limit]:
                began = time.monotonic()
                wrong = phase.survive(point)
                took = time.monotonic() - began
                slowest = max(slowest, (took, f"{phase.name} {point}"))
                tried, survived = tried + 1, survived + (not wrong)
                sys.stdout.write("." if not wrong else "F\n")
                if wrong:
                    repeat = f"python -m tests.torture.kills --phase {phase.name} --point {point}"
                    sys.stdout.write(f"  {repeat}\n    {wrong}\n")
                sys.stdout.flush()
            sys.stdout.write("\n")
            if asked.phase and phase.name == asked.phase[-1]:
                break
    said = f"the slowest took {slowest[0]:.0f} s ({slowest[1]})"
    sys.stdout.write(f"{tried} deaths, {survived} survived; {said}\n")
    return int(survived < tried)


if __name__ == "__main__":
    sys.exit(main())
