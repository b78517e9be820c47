"""Takes the steps of a move in any order, there and back, between two real servers: nothing is lost.

`python -m tests.torture.moves [--histories N] [--length N] [--seed N]`
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from components.scripts import script
from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE
from tests.lifecycle.pods import TENANT, Pods, move_places, running_pods, said, set_up
from tests.postgres import Server, running_server
from tests.torture.sweep import sweep

STEPS: Final = ("write", "copy", "cut over", "drop")
MARKS: Final = ("m1", "m1", "m1", "m2")
_SEEDED: Final = 0


@dataclass
class World:
    """Two servers, and what was written last; `done` counts the steps that were let through."""

    pods: Pods
    servers: tuple[Server, Server]
    newest: int = _SEEDED
    done: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        """The tenant on the first server alone, with one row."""
        for server in self.servers:
            server.ask(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        assert set_up(self.pods, ROLE, DATABASE, PASSWORD).returncode == 0
        sql = f"CREATE TABLE written (id integer PRIMARY KEY); INSERT INTO written VALUES ({_SEEDED})"  # noqa: S608
        self.servers[0].ask(sql, **TENANT)
        self.newest = _SEEDED

    def take(self, step: str, side: int, mark: str) -> None:
        """One step towards the server *side*, refused or not."""
        here, there = self.servers[1 - side], self.servers[side]
        if step == "write":
            self._write(there)
            return
        text, more = {
            "copy": ("database_copy.sh", {}),
            "cut over": ("database_hand_over.sh", {}),
            "drop": ("database_drop.sh", {"ONLY_LEFT": "yes"}),
        }[step]
        done = self.pods.run(script(text), **move_places(here, there, mark), WAIT_SECONDS="2", **more)
        self.done[step] += done.returncode == 0

    def _write(self, server: Server) -> None:
        """As Odoo would: a copy is not used before the cut-over."""
        if said(server).startswith("costack: copy"):
            return
        wanted = self.newest + 1
        done = server.try_to_ask(f"INSERT INTO written VALUES ({wanted})", **TENANT)  # noqa: S608 - a number
        if done.returncode == 0:
            self.newest, self.done["write"] = wanted, self.done["write"] + 1

    def holding(self) -> list[int]:
        """The newest row of each server; -1 where there is no database, or nothing in it."""
        return [_newest(server) for server in self.servers]


def _newest(server: Server) -> int:
    done = server.try_to_ask("SELECT coalesce(max(id), -1) FROM written", **TENANT)
    return int(done.stdout) if done.returncode == 0 else -1


@contextmanager
def world() -> Iterator[World]:
    """Two servers that end with the block."""
    with ExitStack() as stack:
        here, there = stack.enter_context(running_server()), stack.enter_context(running_server())
        pods = stack.enter_context(running_pods(here))
        (pods.folder / "password").write_text(PASSWORD, encoding="utf-8")
        yield World(pods, (here, there))


def history(seed: int, length: int) -> list[tuple[str, int, str]]:
    """Steps, each towards a server and with the mark of a move; the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - dice, no secret
    weights = (3, 4, 5, 2)
    return [(dice.choices(STEPS, weights)[0], dice.randrange(2), dice.choice(MARKS)) for _ in range(length)]


def lost(made: World, seed: int, length: int) -> str:
    """Empty, or after which step what was written last was nowhere any longer."""
    made.begin()
    steps = []
    for step in history(seed, length):
        made.take(*step)
        steps.append(f"{step[0]} -> {step[1]} ({step[2]})")
        if max(made.holding()) < made.newest:
            return f"{made.newest} was written and is nowhere: {', '.join(steps)}"
    return ""


def main() -> int:
    """Try many histories, and say what came of them."""
    return sweep(__doc__, world(), lost, called="lost data", histories=200, length=12)


if __name__ == "__main__":
    sys.exit(main())
