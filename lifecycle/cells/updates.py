"""Updates many stacks side by side: wave by wave, as many at once as asked for, and stops by rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from enum import StrEnum
from typing import Final, NamedTuple


class OnError(StrEnum):
    """What happens after an update that failed. After the platform's nothing else is begun in any case."""

    STOP = "stop"
    WAVE = "wave"
    CONTINUE = "continue"


class Update(NamedTuple):
    """A stack to update."""

    name: str
    wave: int
    digest: str
    """Of what it is to deploy: who resumes leaves out what was deployed so."""


class Result(NamedTuple):
    """How an update ended: what it did, or why it failed."""

    succeeded: bool
    told: str


class Ended(NamedTuple):
    """All updates: how each ended that was begun, and what was left out."""

    results: Mapping[str, Result]
    done_before: tuple[str, ...]
    not_begun: tuple[str, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """The stacks whose updates failed."""
        return tuple(name for name, result in self.results.items() if not result.succeeded)


_PLATFORM_WAVE: Final = 1


class Updates:
    """One run over many stacks.

    Args:
        update: Updates a stack by its name; called in threads, as many as *parallel*.
        parallel: How many at once.
        on_error: What happens after a failure.
        told: Called in the caller's thread after each update, so that it may print and write it down.
    """

    def __init__(
        self,
        update: Callable[[str], Result],
        parallel: int,
        on_error: OnError,
        told: Callable[[Update, Result], None],
    ) -> None:
        self._update, self._parallel, self._on_error, self._told = update, parallel, on_error, told
        self._results: dict[str, Result] = {}

    def run(self, updates: Sequence[Update], deployed: Mapping[str, str]) -> Ended:
        """Update all stacks but those that are deployed already.

        On Ctrl-C no other update is begun, those that run come to their end, and `KeyboardInterrupt` is
        raised after the last of them was told.

        Args:
            updates: In order.
            deployed: Stack -> digest of what was deployed before.
        """
        before = tuple(each.name for each in updates if deployed.get(each.name) == each.digest)
        left = [each for each in updates if each.name not in before]
        with ThreadPoolExecutor(self._parallel) as pool:
            for wave in sorted({each.wave for each in left}):
                self._wave(pool, [each for each in left if each.wave == wave])
                if self._stops(wave):
                    break
        begun = {*self._results, *before}
        return Ended(self._results, before, tuple(each.name for each in updates if each.name not in begun))

    def _stops(self, wave: int) -> bool:
        failed = any(not result.succeeded for result in self._results.values())
        return failed and (wave == _PLATFORM_WAVE or self._on_error is not OnError.CONTINUE)

    def _wave(self, pool: ThreadPoolExecutor, updates: Iterable[Update]) -> None:
        left, running = iter(updates), dict[Future[Result], Update]()
        try:
            self._begin(pool, left, running)
            while running:
                self._end(running)
                if not (self._on_error is OnError.STOP and self._stops(0)):
                    self._begin(pool, left, running)
        except KeyboardInterrupt:
            while running:
                self._end(running)
            raise

    def _begin(
        self, pool: ThreadPoolExecutor, left: Iterator[Update], running: dict[Future[Result], Update]
    ) -> None:
        while len(running) < self._parallel and (each := next(left, None)) is not None:
            running[pool.submit(self._update, each.name)] = each

    def _end(self, running: dict[Future[Result], Update]) -> None:
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            update, result = running.pop(future), future.result()
            self._results[update.name] = result
            self._told(update, result)
