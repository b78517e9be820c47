"""Takes random steps with files and engine: no production tenant loses data, and only what is there counts.

`python -m tests.torture.histories [--histories N] [--length N] [--seed N]`
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.engine.listing import told
from tests.engine.project import STACK, Project
from tests.torture.kills import untrue
from tests.torture.sweep import sweep
from tests.torture.worlds import Moment, Worlds, worlds
from tiers.errors import CatalogError
from tiers.facts.every_fact import FileShare, TenantDatabase
from tiers.plan.plan import TenantPlan, facts_of
from tiers.vocabulary import Environment

TENANTS: Final = ("acme", "cobalt", "borealis-migration")
SANDBOX: Final = "borealis-migration"
MOVES: Final = {"acme": "dedicated-db", "cobalt": "ha-postgresql"}
_OFTEN: Final = {"up": 5, "restore file": 3, "move": 3, "failing up": 2}
_CALLS: Final = 40


@dataclass
class History:
    """One world; `done` counts the steps that were let through."""

    worlds: Worlds
    start: Moment
    originals: dict[str, str]
    dice: random.Random = field(default_factory=random.Random)
    done: Counter[str] = field(default_factory=Counter)
    ended: set[str] = field(default_factory=set)

    @property
    def project(self) -> Project:
        """The project."""
        return self.worlds.project

    def steps(self) -> dict[str, Callable[[], object]]:
        """What may happen, by name; a step may be refused."""
        return {
            "edit": self.edit,
            "up": self.project.up,
            "failing up": self.failing_up,
            "targeted up": self.targeted_up,
            "drop file": self.drop,
            "restore file": self.restore,
            "rename by hand": self.rename_by_hand,
            "rename": self.rename,
            "other tier": self.other_tier,
            "move": self.move,
            "decommission": self.decommission,
        }

    def begin(self, seed: int) -> None:
        """All tenants deployed."""
        self.worlds.go_back(self.start)
        self.dice, self.ended = random.Random(seed), set()  # noqa: S311 - dice, no secret

    def take(self, step: str) -> None:
        """One step, refused or not."""
        try:
            self.steps()[step]()
        except AssertionError:  # the command ended with another code
            return
        self.done[step] += 1

    def file(self, name: str) -> Path:
        """A tenant's file."""
        return self.project.folder / "portfolios" / STACK / "tenants" / f"{name}.yaml"

    def one(self) -> Path:
        """One of the files that are there; without any a step is refused."""
        files = sorted(self.file("x").parent.glob("*.yaml"))
        assert files
        return self.dice.choice(files)

    def edit(self) -> None:
        """Another number of users."""
        file = self.one()
        users = f"users: {self.dice.randint(5, 60)}"
        file.write_text(re.sub(r"users: \d+", users, file.read_text(encoding="utf-8")), encoding="utf-8")

    def failing_up(self) -> None:
        """An update in which AWS forbids one of the calls."""
        with self.worlds.faults(f"refuse={self.dice.randint(1, _CALLS)}"):
            self.project.up()

    def targeted_up(self) -> None:
        """An update of one resource and what depends on it."""
        urns = [each.urn for each in self.project.registered() if each.custom]
        self.project.up("--target", self.dice.choice(urns), "--target-dependents")

    def drop(self) -> None:
        """A file is lost."""
        self.one().unlink()

    def restore(self) -> None:
        """A file is as it was in the beginning."""
        name = self.dice.choice(TENANTS)
        assert name not in self.ended
        for file in self.file("x").parent.glob("*.yaml"):
            if f"\ntenant: {name}\n" in f"\n{file.read_text('utf-8')}":
                file.unlink()
        self.file(name).write_text(self.originals[name], encoding="utf-8")

    def rename(self) -> None:
        """A tenant has another name, or its own one again."""
        name = self.dice.choice(TENANTS)
        other = self.dice.choice((name, f"{name}x", f"{name}-new"))
        self.project.costack("rename", name, other, "--stack", STACK)

    def rename_by_hand(self) -> None:
        """A file and the tenant in it have another name."""
        file = self.one()
        other = file.with_name(f"{file.stem}x.yaml")
        text = file.read_text(encoding="utf-8").replace(f"tenant: {file.stem}\n", f"tenant: {other.stem}\n")
        other.write_text(text, encoding="utf-8")
        file.unlink()

    def other_tier(self) -> None:
        """A tier line is changed by hand."""
        file = self.file(self.dice.choice(sorted(MOVES)))
        assert file.is_file()
        tiers = ("shared-namespace", "dedicated-db", "ha-postgresql")
        text = re.sub(
            r"^tier: \S+", f"tier: {self.dice.choice(tiers)}", file.read_text("utf-8"), flags=re.MULTILINE
        )
        file.write_text(text, encoding="utf-8")

    def move(self) -> None:
        """The next step of a move."""
        name = self.dice.choice(sorted(MOVES))
        step = self.dice.choice([("--to", MOVES[name]), ("--next",), ("--next",), ("--back",)])
        self.project.costack("move", name, "--stack", STACK, *step)

    def decommission(self) -> None:
        """The sandbox ends."""
        plan = self.project.folder / "end.plan.json"
        plan.unlink(missing_ok=True)
        early = ("--early", "the move was called off", "--no-final-dump")
        said = self.project.costack("decommission", SANDBOX, "--stack", STACK, "--out", plan.name, *early)
        phrase = re.search(rf"decommission {SANDBOX} of {STACK}: \d+ resources", said.text)
        assert phrase
        self.project.costack("decommission", "--stack", STACK, "--apply", plan.name, "--phrase", phrase[0])
        self.ended.add(SANDBOX)

    def faults(self) -> str:
        """Empty, or what is wrong now."""
        return untrue(self.project) or self.lost()

    def lost(self) -> str:
        """Which production tenant has no data any longer."""
        try:
            plan = told(self.project).plan
        except CatalogError:
            return ""
        missing = {"acme", "cobalt"} - {each.tenant for each in plan.tenants}
        if missing:
            return f"{', '.join(sorted(missing))} is in the stack no longer"
        clients = self.project.clients()
        servers = {
            each["DBInstanceArn"] for each in clients.get("rds").describe_db_instances()["DBInstances"]
        }
        paths = {
            each["RootDirectory"]["Path"]
            for each in clients.get("efs").describe_access_points()["AccessPoints"]
        }
        arns = told(self.project).cloud_ids
        production = [each for each in plan.tenants if each.environment is Environment.PRODUCTION]
        return "; ".join(gone for each in production for gone in _gone(each, servers, paths, dict(arns)))


def _gone(tenant: TenantPlan, servers: set[str], paths: set[str], arns: dict[str, str]) -> Iterator[str]:
    for database in facts_of(tenant.facts, TenantDatabase):
        if database.name == "database" and arns.get(database.server) not in servers:
            yield f"the server of {tenant.tenant} is gone"
    for share in facts_of(tenant.facts, FileShare):
        if share.path not in paths:
            yield f"the directory of {tenant.tenant} is gone"


@contextmanager
def history(folder: Path) -> Iterator[History]:
    """Three tenants, deployed where data refuses deletion."""
    with worlds(folder) as made:
        portfolio = made.project.folder / "portfolios" / STACK
        platform = portfolio / "platform.yaml"
        said = platform.read_text(encoding="utf-8").replace("_protection: false", "_protection: true")
        platform.write_text(said, encoding="utf-8")
        for file in (portfolio / "tenants").glob("*.yaml"):
            if file.stem not in (*TENANTS, "borealis"):
                file.unlink()
        originals = {name: (portfolio / "tenants" / f"{name}.yaml").read_text("utf-8") for name in TENANTS}
        made.project.up()
        yield History(made, made.keep(), originals)


def wrong(made: History, seed: int, length: int) -> str:
    """Empty, or after which steps something was wrong."""
    made.begin(seed)
    taken, steps = [], sorted(made.steps())
    for _ in range(length):
        (step,) = made.dice.choices(steps, [_OFTEN.get(each, 1) for each in steps])
        made.take(step)
        taken.append(step)
        if fault := made.faults():
            return f"{', '.join(taken)}: {fault}"
    return ""


def main() -> int:
    """Try many histories, and say what came of them."""
    with tempfile.TemporaryDirectory() as scratch:
        made = history(Path(scratch) / "project")
        return sweep(__doc__, made, wrong, called="wrong", histories=50, length=9)


if __name__ == "__main__":
    sys.exit(main())
