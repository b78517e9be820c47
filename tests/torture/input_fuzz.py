"""Feeds damaged files and answers to everything that reads what people give: taken, or refused in sentences.

    .venv/bin/python -m tests.torture.input_fuzz --inputs 100000

No input may end in another exception than our own, or take ten seconds of the processor or 512 MB of memory
altogether; no sentence may hold what a terminal or a CI job obeys. An input is decided by seed and number
alone: `--first N --inputs 1` makes it again.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from tests.torture.input_seeds import Given, givens
from tests.torture.input_ways import damaged
from tests.torture.sockets import answering_with
from tiers.errors import ToldError
from tiers.escapes import visible

SECONDS = 10
MEGABYTES = 512
_LONGEST_SENTENCE = 2000
_HANGS_AFTER_SECONDS = 120
"""Of the clock, which on a busy machine is more than of the processor."""


class HangError(BaseException):
    """An input that does not end."""


class Fuzz:
    """Reads damaged inputs one after the other, and counts what became of them."""

    def __init__(self, folder: Path, seed: int, url: Callable[[bytes], str]) -> None:
        self.seed = seed
        self.givens = list(givens(folder, url))
        self.outcomes: Counter[str] = Counter()
        self.slowest: tuple[float, int] = (0.0, -1)

    def input(self, number: int) -> tuple[Given, bytes]:
        """Input *number*: who reads it, and its bytes."""
        chance = random.Random(f"{self.seed}:{number}")  # noqa: S311 - no secret
        given = chance.choice(self.givens)
        return given, damaged(chance, given.name, given.content)

    def run(self, number: int) -> str | None:
        """Read input *number*; what comes back is what is wrong with its reader, None when nothing is."""
        given, content = self.input(number)
        began = time.process_time()
        fault = self._fault(given, content)
        seconds = time.process_time() - began
        self.slowest = max(self.slowest, (seconds, number))
        if fault is None and seconds > SECONDS:
            fault = f"took {seconds:.1f} seconds"
        return fault and f"{given.kind}: {fault}"

    def _fault(self, given: Given, content: bytes) -> str | None:
        try:
            with ending():
                given.read(content)
        except ToldError as error:
            self.outcomes[f"{given.kind} refused"] += 1
            return _fault_of(str(error))
        except HangError:
            return "does not end"
        except Exception as error:  # noqa: BLE001 - what is looked for
            self.outcomes[f"{given.kind} other exception"] += 1
            return f"{type(error).__name__}: {error}"
        self.outcomes[f"{given.kind} read"] += 1
        return None


def _fault_of(message: str) -> str | None:
    lines = message.split("\n")
    if not all(lines):
        return f"an empty sentence: {message!r}"
    if any(len(line) > _LONGEST_SENTENCE for line in lines):
        return f"a sentence of {max(map(len, lines))} characters: {message[:300]!r}"
    if any(visible(line) != line for line in lines):
        return f"a sentence that commands: {message[:300]!r}"
    return f"no sentence: {message!r}" if "Traceback" in message or "<class" in message else None


@contextmanager
def ending() -> Iterator[None]:
    """Ends with `HangError` what takes too long."""

    def hangs(_number: int, _frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, hangs)
    signal.setitimer(signal.ITIMER_REAL, _HANGS_AFTER_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def megabytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@contextmanager
def fuzzing(seed: int) -> Iterator[Fuzz]:
    """A fuzz with its folder and its server."""
    with TemporaryDirectory() as folder, answering_with() as url:
        yield Fuzz(Path(folder), seed, url)


def main() -> int:
    """Run the fuzz from the command line; the exit status is 1 when something is wrong with a reader."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    words.add_argument("--inputs", type=int, default=1000)
    words.add_argument("--first", type=int, default=0)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    chosen = words.parse_args()
    faults, done = 0, 0
    began = time.monotonic()
    with fuzzing(chosen.seed) as fuzz:
        for number in range(chosen.first, chosen.first + chosen.inputs):
            if time.monotonic() - began > chosen.seconds:
                break
            done += 1
            fault = fuzz.run(number)
            if fault is not None:
                faults += 1
                sys.stdout.write(f"input {number}: {visible(fault[:600])}\n")
            if done % 1000 == 0:
                sys.stdout.write(f"{done}: {time.monotonic() - began:.0f} s, {megabytes()} MB\n")
                sys.stdout.flush()
        large = megabytes() > MEGABYTES
        sys.stdout.write(f"{json.dumps(dict(sorted(fuzz.outcomes.items())))}\n")
        sys.stdout.write(
            f"{done} inputs, {faults} faults, at most {megabytes()} MB, slowest {fuzz.slowest[0]:.2f} s "
            f"(input {fuzz.slowest[1]})\n"
        )
    return 1 if faults or large else 0


if __name__ == "__main__":
    sys.exit(main())
