"""The rule by which the tenants of a portfolio are spread over stacks, and what these stacks are called."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from tiers.vocabulary import Frozen, TenantId

PLATFORM_STACK: Final = "platform"
_CELL: Final = re.compile(r"cell-([1-9]\d{0,3})")
_TENANT: Final = "tenant-"


class Owned(StrEnum):
    """What only a dedicated tenant has: a fact of its plan, whatever its tier is called."""

    SERVER = "server"
    CACHE = "cache"
    NODES = "nodes"
    NAMESPACE = "namespace"


class CellsSpec(Frozen):
    """A stack for the platform, cells of tenants, and a stack for each dedicated tenant."""

    tenants_per_cell: Annotated[int, Field(ge=1, le=100)] = 50
    """The most tenants of a cell; one more opens another cell. From 25 on a cell is worth its stack."""
    own_stack: tuple[Owned, ...] = (Owned.SERVER, Owned.CACHE, Owned.NODES)
    """A tenant that has one of these for itself gets a stack of its own."""


def _tenants_stack(text: str) -> str:
    if _CELL.fullmatch(text) or text.startswith(_TENANT):
        return text
    raise ValueError("Value should be a cell or a tenant's own stack, such as cell-3 or tenant-acme")


TenantsStack = Annotated[
    str,
    AfterValidator(_tenants_stack),
    Field(json_schema_extra={"pattern": rf"^({_CELL.pattern}|{_TENANT}.+)$"}),
]
"""A stack with tenants, by its name within the portfolio."""


StackName = TenantsStack | Literal["platform"]
"""A stack of a portfolio in several stacks, by its name within the portfolio."""


def pulumi_name(base: str, stack: str) -> str:
    """What Pulumi calls a stack of a portfolio whose stacks begin with *base*.

    >>> pulumi_name("production", "cell-3")
    'production-cell-3'
    """
    return f"{base}-{stack}"


def cell(number: int) -> str:
    """The name of a cell.

    >>> cell(3)
    'cell-3'
    """
    return f"cell-{number}"


def number_of(stack: str) -> int | None:
    """The number of a cell; None of another stack.

    >>> number_of("cell-12"), number_of("tenant-acme")
    (12, None)
    """
    found = _CELL.fullmatch(stack)
    return int(found[1]) if found else None


def own_stack(tenant: TenantId) -> str:
    """The name of a tenant's own stack.

    >>> own_stack("acme")
    'tenant-acme'
    """
    return f"{_TENANT}{tenant}"


def order_of(stack: str) -> tuple[int, int, str]:
    """How stacks are sorted: the platform, cells by number, tenants' own stacks by name.

    >>> sorted(["tenant-acme", "cell-10", "cell-9", "platform"], key=order_of)
    ['platform', 'cell-9', 'cell-10', 'tenant-acme']
    """
    number = number_of(stack)
    return (0, 0, "") if stack == PLATFORM_STACK else (1, number, "") if number else (2, 0, stack)
