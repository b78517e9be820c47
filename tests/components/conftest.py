"""What every component test starts from."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from components.platform import SharedPlatform
from components.tenant.stack import TenantStack
from tests.components.monitor import CloudAnswers, Declared, declare
from tests.portfolios import local_plan
from tiers.plan.plan import Plan


def declare_plan(
    plan: Plan,
    *,
    preview: bool = False,
    answers: CloudAnswers | None = None,
    first: Callable[[], None] = lambda: None,
) -> list[Declared]:
    """What the components declare for *plan*, in a program that does *first* before it."""

    def program() -> None:
        first()
        platform = SharedPlatform(plan)
        tenants = [TenantStack(tenant, platform.place) for tenant in plan.tenants]
        platform.build_ingress([made.services.namespace for made in tenants])

    return declare(program, preview=preview, answers=answers)


@cache
def _local() -> tuple[Declared, ...]:
    return tuple(declare_plan(local_plan()))


@pytest.fixture
def declared() -> tuple[Declared, ...]:
    """What the committed portfolio declares."""
    return _local()
