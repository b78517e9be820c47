"""The plan of an end: what goes, what stays and how long, for whom, until when the plan may be used.

It is a file that people read, approve and keep. It is bound to one account, one stack, one state of it, and
says which phrase must be typed to act on it; it changes nothing by itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ValidationError

from allocation.statement.statement import Term
from lifecycle.stack_resources import Target
from tiers.errors import CatalogError
from tiers.facts.names import CLOSING_JOBS
from tiers.plan.plan import TenantPlan
from tiers.portfolio.tenant import UtcDatetime
from tiers.vocabulary import Environment, Frozen, LifecycleStage, ResilienceClass, TagValue, TenantId

SCHEMA_VERSION: Final = 1
VALID_FOR: Final = timedelta(hours=24)


class EndingPlan(Frozen):
    """What is to be done to one tenant.

    Attributes:
        account: The AWS account it is bound to.
        regions: Where the tenant has something, or may have.
        made_at: When the state was read; the plan may be used for 24 hours after it.
        facts_sha256: Of the tenant as deployed; another one is another plan.
        targets: Every resource of the tenant that is to go or to be left.
        keep_days: How long what stays is kept.
        needs_restore_test: Whether its recovery promise takes a tried restore before the end.
        final_dump: Whether a dump must be made after its pods stand still.
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
    keep_days: int
    needs_restore_test: bool
    final_dump: bool
    early_because: str | None = None

    @property
    def term(self) -> Term:
        """Who goes on paying for what is kept, and pays no fee any longer."""
        return Term(self.tenant, self.client, self.environment, self.tier, 0)

    @property
    def expires_at(self) -> datetime:
        """From when on it may not be used."""
        return self.made_at + VALID_FOR

    @property
    def phrase(self) -> str:
        """What must be typed to act on it."""
        return f"decommission {self.tenant} of {self.stack}: {len(self.targets)} resources"

    @property
    def sha256(self) -> str:
        """Of everything the plan says."""
        return _sha256(self.model_dump(mode="json"))

    @property
    def id(self) -> str:
        """What evidence calls it."""
        return f"{self.tenant}-{self.sha256[:12]}"


def facts_sha256(tenant: TenantPlan) -> str:
    """Of a tenant as deployed, but for what changes on the way to its end: its stage, and jobs for it."""
    told = tenant.model_copy(update={"lifecycle_stage": LifecycleStage.ACTIVE, "facts": ()})
    identity = [fact.id for fact in tenant.facts if fact.name not in CLOSING_JOBS]
    return _sha256({"tenant": told.model_dump(mode="json"), "facts": identity})


def write_plan(plan: EndingPlan, path: Path) -> None:
    """Write *plan* with its own hash, so that a change by hand is noticed.

    Raises:
        CatalogError: When the file is there already, or cannot be written.
    """
    text = json.dumps({**plan.model_dump(mode="json"), "sha256": plan.sha256}, indent=2) + "\n"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CatalogError(f"{path}: is there already; a plan is never overwritten") from None
    except OSError as error:
        raise CatalogError(f"{path}: cannot be written: {error.strerror}") from None


def read_plan(path: Path) -> EndingPlan:
    """The plan in *path*.

    Raises:
        CatalogError: When it is none, or not as it was written.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise CatalogError(
            f"{path}: is not JSON; expected a plan that `costack decommission` wrote"
        ) from None
    written = document.pop("sha256", None) if isinstance(document, dict) else None
    try:
        plan = EndingPlan.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise CatalogError(f"{path}: {where}: {first['msg']}; expected a plan of costack's") from None
    if written != plan.sha256:
        raise CatalogError(f"{path}: was changed after it was made; make a new plan")
    return plan


def _sha256(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
