"""Warnings that a sandbox ends: 14, 3 and 1 days before, each once, as Markdown and as a chat's message."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from allocation.report.webhook import Shape, adaptive_card, text_block
from lifecycle.expire import due_at
from tiers.plan.plan import Plan, TenantPlan
from tiers.vocabulary import LifecycleStage

DAYS_BEFORE: Final = (14, 3, 1)
"""How many days before its end an environment is warned of, the last ones last."""
WARNED: Final = "warned"
"""The step of a line of the ledger."""


@dataclass(frozen=True)
class EndWarning:
    """One warning of one environment.

    Attributes:
        stack: Where it is deployed.
        ends_at: When it is due, by its end date or by the grace after its cutover.
        days: Which warning it is, of `DAYS_BEFORE`.
    """

    stack: str
    tenant: TenantPlan
    ends_at: datetime
    days: int

    @property
    def key(self) -> tuple[str, str, str, int]:
        """By what the ledger knows it; another end has warnings of its own."""
        return self.stack, self.tenant.tenant, f"{self.ends_at:%Y-%m-%dT%H:%M:%SZ}", self.days

    @property
    def name(self) -> str:
        """The name of its files."""
        return f"{self.tenant.tenant}-{self.ends_at:%Y-%m-%d}-{self.days}-days"

    def line(self, now: datetime) -> dict[str, Any]:
        """Its line in the ledger."""
        stack, tenant, ends_at, days = self.key
        at = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        return {"at": at, "step": WARNED, "stack": stack, "tenant": tenant, "ends_at": ends_at, "days": days}

    def text(self, cost: str) -> str:
        """What it says, with what the environment costs a month."""
        each = self.tenant
        return (
            f"{each.environment} {each.tenant} of {each.client} ends on {self.ends_at:%Y-%m-%d %H:%M} UTC. "
            f"It costs {cost} a month. After that day a plan is made to end it; a last dump is kept for a "
            f'time. To keep it longer: costack extend {each.tenant} --until YYYY-MM-DD --reason "…" --by WHO'
        )

    def markdown(self, cost: str) -> str:
        """The text of a comment."""
        each = self.tenant
        command = f'costack extend {each.tenant} --until YYYY-MM-DD --reason "…" --by WHO'
        return (
            f"# {each.tenant} ends on {self.ends_at:%Y-%m-%d %H:%M} UTC\n\n"
            f"{each.environment} of {each.client}, stack {self.stack}; it costs {cost} a month.\n\n"
            "After that day a plan is made to end it, which somebody approves; a last dump is kept for a "
            f"time. To keep it longer, say why:\n\n```console\n{command}\n```\n"
        )

    def message(self, cost: str, shape: Shape) -> dict[str, Any]:
        """The body of a webhook; Teams takes an Adaptive Card, Slack and those like it a text."""
        if shape is Shape.SLACK:
            return {"text": self.text(cost)}
        return adaptive_card([text_block(self.text(cost))])


def told(ledger: Collection[Mapping[str, Any]]) -> frozenset[tuple[Any, ...]]:
    """The keys of the warnings that a ledger has."""
    fields = ("stack", "tenant", "ends_at", "days")
    return frozenset(
        tuple(line.get(name) for name in fields) for line in ledger if line.get("step") == WARNED
    )


def warnings(
    plan: Plan, stack: str, now: datetime, grace: timedelta | None, known: frozenset[tuple[Any, ...]]
) -> Iterator[EndWarning]:
    """The warnings of *plan* that are to be given *now* and are not *known*; a missed one is made up for.

    Args:
        plan: What *stack* has deployed.
        stack: The name of the stack.
        now: The time, in UTC.
        grace: How long after its cutover an environment is due; None: at its end only.
        known: The warnings that were given.
    """
    for tenant in plan.tenants:
        ends_at = due_at(tenant, grace)
        if ends_at is None or now >= ends_at or tenant.lifecycle_stage is LifecycleStage.DECOMMISSIONING:
            continue
        near = [days for days in DAYS_BEFORE if now >= ends_at - timedelta(days=days)]
        if near and (one := EndWarning(stack, tenant, ends_at, min(near))).key not in known:
            yield one
