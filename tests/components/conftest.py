"""What every component test starts from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial

import pytest

from components.platform import SharedPlatform
from components.tenant_stacks import tenant_stacks
from tests.components.monitor import CloudAnswers, Declared, declare
from tests.made_once import made_once
from tests.portfolios import local_plan
from tiers.plan.plan import Plan


def declare_plan(
    plan: Plan,
    *,
    preview: bool = False,
    answers: CloudAnswers | None = None,
    first: Callable[[], None] | None = None,
) -> list[Declared]:
    """What the components declare for *plan*, in a program that does *first* before it.

    Of a program without anything special it is declared once in a run: files of tests declare the same
    portfolios, and none may change what was declared.
    """
    if answers is not None or first is not None:
        return declare(partial(_program, plan, first), preview=preview, answers=answers)
    return list(_declared(_Asked(repr(plan), plan), preview=preview))


def _program(plan: Plan, first: Callable[[], None] | None = None) -> None:
    if first:
        first()
    platform = SharedPlatform(plan)
    tenants = tenant_stacks(plan, platform.place)
    platform.build_ingress([made.services.namespace for made in tenants])


@dataclass(frozen=True)
class _Asked:
    """A plan, known by what it says: it holds mappings, which have no hash."""

    text: str
    plan: Plan = field(compare=False)


@lru_cache(maxsize=12)
def _declared(asked: _Asked, *, preview: bool) -> tuple[Declared, ...]:
    program = partial(_program, asked.plan)
    return made_once(f"declared {preview} {asked.text}", lambda: tuple(declare(program, preview=preview)))


@cache
def _local() -> tuple[Declared, ...]:
    return tuple(declare_plan(local_plan()))


@pytest.fixture
def declared() -> tuple[Declared, ...]:
    """What the committed portfolio declares."""
    return _local()
