"""One server for the transforms of a program: it has the open files of one, whatever it declares."""

from __future__ import annotations

from contextvars import copy_context
from typing import Any

import pytest
from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.settings import SETTINGS

from components.callbacks import Callbacks
from costack.program import deploy
from tests.components.conftest import declare_plan
from tests.components.monitor import declare
from tests.plugin import example


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The callback servers that a test's program has made."""
    found: list[Any] = []
    started = _CallbackServicer.__init__

    def count(self: Any, monitor: Any) -> None:
        found.append(self)
        started(self, monitor)

    monkeypatch.setattr(_CallbackServicer, "__init__", count)
    return found


@pytest.mark.whole("a matter of time that `make bench` shows")
def test_a_program_has_one_server_for_all_components(made: list[Any]) -> None:
    deployed = {each.urn: each for each in declare(lambda: deploy(example.plan()))}
    assert len(made) == 1
    for each in declare_plan(example.plan()):
        assert deployed[each.urn].props == each.props, each.urn


@pytest.mark.whole("it looks whether Pulumi still needs what the test above proves")
def test_the_sdk_alone_starts_one_for_each_component(made: list[Any]) -> None:
    declare_plan(example.plan(), first=lambda: None)  # so it is not remembered
    assert len(made) > 3, "the SDK shares its server by itself: components/callbacks.py is not needed"


def test_each_update_registers_transforms_at_its_own_monitor() -> None:
    ours, found = Callbacks(), []

    def shared(monitor: Any) -> None:
        SETTINGS.monitor, SETTINGS.callbacks = monitor, None
        ours.share()
        found.append(SETTINGS.callbacks)

    def program() -> None:
        for monitor in ("first", "second"):
            copy_context().run(shared, monitor)

    declare(program)
    first, second = found
    assert (first._monitor, second._monitor) == ("first", "second")
    assert first._target == second._target
    assert first._callbacks is second._callbacks


def test_a_server_of_a_loop_that_ended_is_not_used_again(made: list[Any]) -> None:
    ours = Callbacks()
    for _ in range(2):
        declare(ours.share)
    assert len(made) == 2
