"""Starts that are waited for: slow ones come up, and those that never will end with a sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localcloud.patience import NotStartedError, Patience, Signs, Starting, _asked, _listed

MINUTE = 60.0
TALKATIVE = Patience(tell_seconds=0.5, pause_seconds=0.02)
HASTY = Patience(idle_seconds=1.0, idle_cpu_seconds=10.0)
"""For a process that does nothing any more; others, too, do little in a second of a busy machine."""


class Machine:
    """A start on a clock of its own: what the process has done by a moment is a function of that moment."""

    def __init__(
        self, done: Callable[[float], Signs], up_after: float | None, ends_after: float = 1e9
    ) -> None:
        self.now, self.told = 0.0, list[str]()
        self._done, self._up, self._ends = done, up_after, ends_after

    def wait(self, patience: Patience) -> float:
        starting = Starting("the slow server", lambda: (), self._ended)
        return patience.wait(
            starting,
            lambda: self.now if self._up is not None and self.now >= self._up else None,
            tell=self.told.append,
            signs=lambda _: self._done(self.now),
            clock=lambda: self.now,
            pause=self._pause,
        )

    def _ended(self) -> str | None:
        return "ended with code 3" if self.now >= self._ends else None

    def _pause(self, _: float) -> None:
        self.now += 0.5


def test_a_start_may_take_twenty_minutes_where_it_gets_a_fiftieth_of_the_processor() -> None:
    busy = Machine(lambda now: Signs(now / 50, 0), up_after=20 * MINUTE)
    assert busy.wait(Patience()) == 20 * MINUTE
    assert busy.told[0] == (
        "waiting for the slow server: for 10 seconds it has been starting, "
        "has used 0 seconds of processor time"
    )
    assert len(busy.told) == 119


def test_what_prints_now_and_then_is_waited_for_though_it_computes_nothing() -> None:
    patient = Machine(lambda now: Signs(0.0, int(now // 50)), up_after=9 * MINUTE)
    assert patient.wait(Patience()) == 9 * MINUTE


def refused(machine: Machine) -> tuple[str, float]:
    with pytest.raises(NotStartedError) as error:
        machine.wait(Patience())
    return str(error.value), machine.now


def test_what_hangs_is_given_up_a_minute_after_its_last_work() -> None:
    hanging = Machine(lambda now: Signs(min(now, 90.0), 0), up_after=None)
    said, moment = refused(hanging)
    assert said == "the slow server neither printed nor computed anything for 60 seconds."
    assert 150 <= moment <= 152


def test_the_little_that_a_waiting_process_computes_is_no_work() -> None:
    said, moment = refused(Machine(lambda now: Signs(now / 1000, 0), up_after=None))
    assert "neither printed nor computed" in said
    assert moment <= 62


def test_what_turns_in_circles_or_retries_for_ever_is_given_up() -> None:
    said, moment = refused(Machine(lambda now: Signs(now, 0), up_after=None))
    assert said == "the slow server computed for 600 seconds and is not up."
    assert moment == 600
    said, moment = refused(Machine(lambda now: Signs(now / 50, int(now)), up_after=None))
    assert said == "the slow server has been starting for 3600 seconds and is not up."


def test_what_ends_is_not_waited_for() -> None:
    said, moment = refused(Machine(lambda now: Signs(now, 0), up_after=None, ends_after=7))
    assert (said, moment) == ("the slow server ended with code 3.", 7)


@contextmanager
def program(folder: Path, text: str) -> Iterator[Starting]:
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-uc", text], stdout=output, stderr=output)
        try:
            yield Starting.of("the program", process, log=log)
        finally:
            process.kill()
            process.wait()


def started(path: Path) -> Callable[[], Path | None]:
    return lambda: path if path.exists() else None


SLOW = """
import time
for step in range(15):
    print("step", step)
    time.sleep(.2)
open({path!r}, "w").close()
time.sleep(60)
"""
COMPUTES_IN_A_CHILD = '''
import subprocess, sys, time
work = """
import time
for step in range(20):
    time.sleep(.2)
    end = time.process_time() + .02
    while time.process_time() < end:
        pass
"""
subprocess.run([sys.executable, "-c", work])
open({path!r}, "w").close()
time.sleep(60)
'''


@pytest.mark.sample(1)
@pytest.mark.parametrize("text", [SLOW, COMPUTES_IN_A_CHILD], ids=["prints", "computes"])
def test_the_work_of_a_real_program_is_seen_until_it_comes_up(tmp_path: Path, text: str) -> None:
    up, told, seen = tmp_path / "up", list[str](), list[Signs]()

    def signs(starting: Starting) -> Signs:
        seen.append(Signs.of(starting))
        return seen[-1]

    with program(tmp_path, text.format(path=str(up))) as starting:
        assert TALKATIVE.wait(starting, started(up), tell=told.append, signs=signs) == up
        seen.append(Signs.of(starting))
    assert all(line.startswith("waiting for the program: for ") for line in told)
    if text == SLOW:
        assert seen[-1].printed_bytes > 100
    else:
        assert seen[-1].cpu_seconds >= 0.4  # of a child that has ended


def test_a_real_program_that_hangs_is_given_up_with_what_it_said(tmp_path: Path) -> None:
    with program(tmp_path, "print('I listen'); import time; time.sleep(600)") as starting:
        TALKATIVE.wait(starting, lambda: "I listen" in starting.last_line or None)
        with pytest.raises(NotStartedError) as error:
            HASTY.wait(starting, lambda: None)
        assert starting.ended() is None
    assert str(error.value) == (
        "the program neither printed nor computed anything for 1 seconds: I listen; "
        f"the complete log is {tmp_path / 'log'}."
    )


def test_a_real_program_that_dies_says_why(tmp_path: Path) -> None:
    with (
        program(tmp_path, "raise SystemExit('no room')") as starting,
        pytest.raises(
            NotStartedError, match=r"^the program ended with code 1: no room; the complete log is "
        ),
    ):
        TALKATIVE.wait(starting, lambda: None)


@pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps here")
def test_where_there_is_no_proc_ps_tells_it() -> None:
    told, listed = dict(_asked()), dict(_listed())
    me, parent = os.getpid(), os.getppid()
    assert told[me][0] == listed[me][0] == parent
    assert 0 < told[me][1] <= listed[me][1] + 2  # ps tells whole seconds, and no ended children
