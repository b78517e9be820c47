"""Prepares a process for declaring tens of thousands of resources, and for waiting for them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable
from typing import Any, Final

import pulumi

from components.callbacks import Callbacks
from components.stack_traces import leave_unread

# A declaration makes millions of objects that live to the end. With the default of 700 the collector walks
# through them again and again: 40 % of the time of a program with 1,000 tenants (`make bench`).
_NEW_OBJECTS: Final = 200_000
_GENERATIONS: Final = (50, 100)


def prepare() -> None:
    """Exempt from garbage collection what lives until the program ends, and start one server for transforms.

    Called in the program, before its first resource.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *_GENERATIONS)
    leave_unread()
    Callbacks().share()


async def known(outputs: Iterable[pulumi.Input[Any]]) -> None:
    """Wait until all of *outputs* are known, or one has failed, which the SDK then reports.

    A program need not wait: the SDK does when it ends. But for each answer it goes through all that it still
    waits for (`wait_for_rpcs` of pulumi 3.272), which took a third of the CPU time of a program with 480
    resources and grows with their square.
    """
    awaited = [asyncio.ensure_future(pulumi.Output.from_input(each).future()) for each in outputs]
    if awaited:
        await asyncio.wait(awaited, return_when=asyncio.FIRST_EXCEPTION)
