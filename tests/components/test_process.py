from __future__ import annotations

import asyncio
import gc
from typing import Final

import pulumi
import pytest

from components.process import known, prepare
from tests.components.monitor import declare

MOMENTS: Final = 50
"""Turns of the event loop, more than any chain of outputs here needs."""


@pytest.mark.whole("four seconds to count what a collector looks at")
def test_the_collector_is_spared_what_lives_to_the_end() -> None:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)  # Python's own; the run of the tests has prepared this process, too
    gc.unfreeze()
    try:
        declare(prepare)
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] > 10 * 700
        assert gc.isenabled()
    finally:
        gc.set_threshold(*before)


def test_a_program_waits_until_all_it_asks_for_is_known() -> None:
    async def wait() -> tuple[bool, bool]:
        answers = [asyncio.get_running_loop().create_future() for _ in range(2)]
        waiting = asyncio.ensure_future(known([pulumi.Output.from_input(each) for each in answers]))
        answers[0].set_result("arn")
        for _ in range(MOMENTS):
            await asyncio.sleep(0)
        early = waiting.done()
        answers[1].set_result(50)
        for _ in range(MOMENTS):
            await asyncio.sleep(0)
        return early, waiting.done()

    assert asyncio.run(wait()) == (False, True)


def test_what_fails_ends_the_wait_and_is_left_to_the_sdk() -> None:
    async def wait() -> None:
        never, failing = (asyncio.get_running_loop().create_future() for _ in range(2))
        failing.set_exception(RuntimeError("refused by AWS"))
        await known([pulumi.Output.from_input(each) for each in (never, failing)])

    asyncio.run(wait())
    asyncio.run(known([]))
