"""What builds the components and answers the function: what a plugin loads after it has said its port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any, Final

from components.callbacks import Callbacks
from components.stack_traces import leave_unread
from plugin.estimate import NoEstimateError, monthly_estimate
from plugin.stacks import Inventory, SharedPlatform, TenantStack
from plugin.tagged import CostTagged
from tiers.errors import CatalogError
from tiers.plan.from_program import DocumentError

CALLBACKS: Final = Callbacks()
leave_unread()
__all__: Final = [
    "CALLBACKS",
    "CatalogError",
    "DocumentError",
    "NoEstimateError",
    "builders",
    "monthly_estimate",
]


def builders(today: date) -> Mapping[str, Callable[..., Any]]:
    """Type token -> what builds the component of a name, inputs and options; *today*'s month is estimated."""
    return {
        "costack:index:SharedPlatform": partial(SharedPlatform, day=today),
        "costack:index:TenantStack": TenantStack,
        "costack:index:CostTagged": CostTagged,
        "costack:index:Inventory": Inventory,
    }
