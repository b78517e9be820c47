"""What a portfolio tolerates of drift: what differs between its stack and its account."""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Annotated

from pydantic import Field

from tiers.vocabulary import Frozen, Positive


@unique
class DriftEffect(StrEnum):
    """What a difference between a stack and its account does."""

    MONEY = "money"
    RESTART = "restart"
    DATA = "data"
    SECURITY = "security"
    TAGS = "tags"
    SERVICE = "service"
    UNTRACKED = "untracked"


class DriftSpec(Frozen):
    """What `costack drift` reports without failing; left out, every difference fails."""

    tolerated: tuple[DriftEffect, ...] = ()
    """What a difference may do without failing, such as `tags` or `untracked`."""
    expected: tuple[Annotated[str, Field(min_length=3)], ...] = ()
    """Names of resources that others look after; `*` stands for any text."""
    template_age_days: Positive | None = None
    """How long ago the platform and each tenant may have been deployed last; left out, any time."""
