"""Tries many histories of random steps, and says what came of them."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar


class Walked(Protocol):
    """A world that takes steps; `done` counts those that were let through."""

    done: Counter[str]


World = TypeVar("World", bound=Walked)


def sweep(
    about: str | None,
    world: AbstractContextManager[World],
    fault: Callable[[World, int, int], str],
    *,
    called: str,
    histories: int,
    length: int,
) -> int:
    """Read the numbers from the command line, and walk; 1 if a history ends in a fault.

    Args:
        about: What the help says.
        world: Begun anew by every history.
        fault: World, seed and number of steps -> '' or what was wrong.
        called: What a history with a fault is called, such as "lost data".
        histories: How many there are if nobody says.
        length: How many steps each has if nobody says.
    """
    parser = argparse.ArgumentParser(description=about)
    for name, number in (("--histories", histories), ("--length", length), ("--seed", 0)):
        parser.add_argument(name, type=int, default=number)
    asked = parser.parse_args()
    failed = 0
    with world as made:
        for seed in range(asked.seed, asked.seed + asked.histories):
            if found := fault(made, seed, asked.length):
                failed += 1
                sys.stdout.write(f"  --seed {seed}: {found}\n")
                sys.stdout.flush()
        done = ", ".join(f"{count} {step}" for step, count in sorted(made.done.items()))
    sys.stdout.write(
        f"{asked.histories} histories of {asked.length} steps ({done} let through), {failed} {called}\n"
    )
    return int(failed > 0)
