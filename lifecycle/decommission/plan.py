"""The decommission plan: what is removed, what is retained and how long, and until when it is valid.

It is a file that people read, approve and keep. It is bound to one account, one stack and its state, and
states the phrase that must be typed to apply it; it changes nothing by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import ValidationError

from allocation.statement.statement import Term
from lifecycle.stack_resources import Target
from tiers.errors import CatalogError
from tiers.expectations import first_fault
from tiers.facts.names import CLOSING_FACTS, RESTORE_TEST_JOB, SLEEPING
from tiers.files import read_json, written_beside
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import (
    Count,
    Environment,
    Frozen,
    LifecycleStage,
    ResilienceClass,
    TagValue,
    TenantId,
    UtcDatetime,
)

SCHEMA_VERSION: Final = 1
VALID_FOR: Final = timedelta(hours=24)
CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)
EVIDENCE_SUFFIX: Final = ".evidence.jsonl"
"""How the file with the evidence of a plan ends, in place of the plan's own ending."""


class HashedPlan(Frozen):
    """A plan of any kind, with the hash of all that it says."""

    @property
    def sha256(self) -> str:
        """The hash of the whole plan."""
        return sha256_of(self.document())

    def document(self) -> dict[str, Any]:
        """It as plain data."""
        return self.model_dump(mode="json")


AnyPlan = TypeVar("AnyPlan", bound=HashedPlan)


class DecommissionPlan(HashedPlan):
    """The plan for one tenant.

    Attributes:
        account: The AWS account it is bound to.
        regions: Where the tenant has resources, or may have.
        made_at: When the state was read; the plan is valid for 24 hours after it.
        facts_sha256: Hash of the deployed tenant; a change of it needs a new plan.
        targets: Every resource of the tenant, to be removed or retained.
        keep_days: How long retained resources are kept.
        needs_restore_test: Whether its resilience class needs a successful restore test first.
        final_dump: Whether a final backup must be made after its pods have stopped.
        requested_dump: Whether that is so although its offer has no dumps.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    stack: str
    portfolio: TagValue
    account: str
    currency: str
    region: str
    regions: tuple[str, ...]
    tenant: TenantId
    client: TagValue
    environment: Environment
    tier: TagValue
    resilience_class: ResilienceClass
    made_at: UtcDatetime
    facts_sha256: str
    targets: tuple[Target, ...]
    keep_days: Count
    needs_restore_test: bool
    final_dump: bool
    early_because: str | None = None
    requested_dump: bool = False

    @property
    def term(self) -> Term:
        """The term of the client that still pays for retained resources, without a fee."""
        return Term(self.tenant, self.client, self.environment, self.tier, 0)

    @property
    def expires_at(self) -> datetime:
        """When it stops being valid."""
        return self.made_at + VALID_FOR

    def begins_in_time(self, moment: datetime, valid_for: timedelta = VALID_FOR) -> bool:
        """Whether it may begin at *moment*; the clock that made it may be ahead of the one that asks."""
        return self.made_at - CLOCKS_DIFFER_BY <= moment < self.made_at + valid_for

    @property
    def phrase(self) -> str:
        """The phrase to type to apply it."""
        return f"decommission {self.tenant} of {self.stack}: {len(self.targets)} resources"

    def document(self) -> dict[str, Any]:
        """It as plain data; a plan without `requested_dump` has the hash that it had before that field."""
        left_out = set() if self.requested_dump else {"requested_dump"}
        return self.model_dump(mode="json", exclude=left_out)

    @property
    def id(self) -> str:
        """Its id in the evidence."""
        return f"{self.tenant}-{self.sha256[:12]}"


def facts_sha256(tenant: TenantPlan) -> str:
    """The hash of a deployed tenant, without what its decommissioning changes: two lines and some jobs."""
    identity = tenant.model_copy(update={"lifecycle_stage": LifecycleStage.ACTIVE, "facts": ()})
    changing = {*CLOSING_FACTS, *SLEEPING, RESTORE_TEST_JOB}
    facts = [fact.id for fact in tenant.facts if fact.name not in changing]
    said = identity.model_dump(mode="json", exclude={"protected", "extended"})
    return sha256_of({"tenant": said, "facts": facts})


def write_plan(plan: HashedPlan, path: Path) -> None:
    """Write *plan* with its own hash, so that later changes are detected.

    Raises:
        CatalogError: When the file exists already, or cannot be written.
    """
    text = json.dumps({**plan.document(), "sha256": plan.sha256}, indent=2) + "\n"
    try:
        with written_beside(path, text) as scratch:
            os.link(scratch, path)  # refuses a file that is there, and none is ever half written
    except FileExistsError:
        raise CatalogError(f"{path}: exists already; a plan is never overwritten") from None
    except OSError as error:
        raise CatalogError(f"{path}: cannot be written: {error.strerror}") from None


def read_plan(path: Path) -> DecommissionPlan:
    """The plan in *path*.

    Raises:
        CatalogError: When it is not a plan, or was changed.
    """
    return read_hashed(path, DecommissionPlan, "expected a plan that `costack decommission` wrote")


def read_hashed(path: Path, kind: type[AnyPlan], remedy: str) -> AnyPlan:
    """The plan of a *kind* in *path*; *remedy* says what was expected there.

    Raises:
        CatalogError: When it is not such a plan, or was changed.
    """
    document = read_json(path, remedy=remedy)
    written = document.pop("sha256", None) if isinstance(document, dict) else None
    try:
        plan = kind.model_validate(document)
    except ValidationError as error:
        raise CatalogError(f"{path}: {first_fault(error)}; {remedy}") from None
    if written != plan.sha256:
        raise CatalogError(f"{path}: was changed after it was made; make a new plan")
    return plan


def sha256_of(document: Mapping[str, Any]) -> str:
    """The hash of plain data, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
