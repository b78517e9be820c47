"""The purge plan: what is deleted, what stays and why, and what that costs.

It is a file that people read, approve and keep. It is bound to one account and changes nothing by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

from allocation.money import text_of, units_of
from lifecycle.decommission.plan import CLOCKS_DIFFER_BY, VALID_FOR, HashedPlan, read_hashed
from lifecycle.purge.ledger import AmountText, LedgerLine
from lifecycle.purge.resource import AccountResource
from tiers.portfolio.gates.purge import PurgeSpec
from tiers.vocabulary import Frozen, TagValue, UtcDatetime

MOST: Final = 50
"""How many resources a plan deletes where platform.yaml says nothing."""
KEY_DELETION_DAYS: Final = 30
"""For how long the deletion of a key can be cancelled where platform.yaml says nothing: the most KMS has."""


class Deletion(Frozen):
    """A resource that is deleted: its line of the ledger, and what the account has of it.

    Attributes:
        per_month: What it costs a month, as decimal text; None: unknown.
    """

    line: LedgerLine
    there: AccountResource
    per_month: AmountText | None


class Kept(Frozen):
    """A resource that stays: its line of the ledger, why, and its cost as in `Deletion`."""

    line: LedgerLine
    because: str
    per_month: AmountText | None


class PurgePlan(HashedPlan):
    """What is deleted of what ended tenants left.

    Attributes:
        account: The AWS account it is bound to.
        stacks: The stacks that the tenants were in, which must not have one of that name again.
        made_at: When account and evidence were read.
        evidence: The folders of evidence and legal holds that were read, as seen from that of the plan.
        goes: What is deleted, in this order.
        waits: What is not due yet, or more than one run deletes.
        refused: What is due, and a guard keeps it.
        gone: Lines that are due and of which the account has nothing any more.
    """

    schema_version: Literal[1] = 1
    kind: Literal["purge"] = "purge"
    portfolio: TagValue
    account: str
    currency: str
    region: str
    regions: tuple[str, ...]
    stacks: tuple[str, ...]
    made_at: UtcDatetime
    evidence: tuple[str, ...] = ()
    goes: tuple[Deletion, ...]
    waits: tuple[Kept, ...] = ()
    refused: tuple[Kept, ...] = ()
    gone: tuple[LedgerLine, ...] = ()

    def document(self) -> dict[str, Any]:
        """It as plain data; an older plan names no folders, and keeps its hash."""
        said = super().document()
        return said if self.evidence else {name: each for name, each in said.items() if name != "evidence"}

    @property
    def id(self) -> str:
        """Its id in the evidence; no tenant's plan has one with a full stop."""
        return f"purge.{self.portfolio}-{self.sha256[:12]}"

    @property
    def phrase(self) -> str:
        """The phrase to type to apply it."""
        return f"purge {len(self.goes)} resources of {self.portfolio}"

    @property
    def falls_by(self) -> tuple[str, int]:
        """By how much the bill falls a month, as decimal text, and of how many resources that is unknown."""
        known = [Decimal(each.per_month) for each in self.goes if each.per_month is not None]
        return text_of(units_of(sum(known, Decimal()))), len(self.goes) - len(known)

    def begins_in_time(self, moment: datetime, valid_for: timedelta = VALID_FOR) -> bool:
        """Whether it may be carried out at *moment*; clocks may differ."""
        return self.made_at - CLOCKS_DIFFER_BY <= moment < self.made_at + valid_for


def most_of(terms: PurgeSpec | None) -> int:
    """How many resources one plan may delete."""
    return terms.most_per_run if terms else MOST


def key_days_of(terms: PurgeSpec | None) -> int:
    """For how many days the deletion of a key or secret can be cancelled."""
    return terms.key_deletion_days if terms else KEY_DELETION_DAYS


def read_purge_plan(path: Path) -> PurgePlan:
    """The plan in *path*.

    Raises:
        CatalogError: When it is not a purge plan, or was changed.
    """
    return read_hashed(path, PurgePlan, "expected a plan that `costack purge --due` wrote")
