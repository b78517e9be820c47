"""A later end of a migration environment, with a reason, as a line of its file."""

from __future__ import annotations

import json
from datetime import datetime

from pydantic import ValidationError

from lifecycle.errors import RefusedError
from tiers.catalog.classes import Classes
from tiers.errors import CatalogError
from tiers.expectations import first_fault
from tiers.portfolio.end_dates import end_date_faults
from tiers.portfolio.tenant import Extension, Tenant
from tiers.vocabulary import Environment, LifecycleStage


def extension_of(tenant: Tenant, until: datetime, reason: str, by: str, classes: Classes) -> Extension:
    """The extension of *tenant*, once the catalog allows it.

    Args:
        tenant: As its file has it.
        until: The new end.
        reason: Why it is needed for longer.
        by: Who approved it.
        classes: The catalog's, which say how long an environment may last at a stretch.

    Raises:
        CatalogError: When a value is none.
        RefusedError: When the tenant has no end, is being ended, or may not last so long.
    """
    if tenant.environment is not Environment.MIGRATION:
        raise RefusedError(f"{tenant.tenant} is {tenant.environment} and has no end date to extend")
    if tenant.lifecycle_stage is LifecycleStage.DECOMMISSIONING:
        raise RefusedError(f"{tenant.tenant} is being decommissioned; it cannot be extended any more")
    try:
        made = Extension(until=until, reason=reason, by=by)
    except ValidationError as error:
        raise CatalogError(f"--{first_fault(error)}") from None
    longer = tenant.model_copy(update={"extended": (*tenant.extended, made)})
    for where, message in end_date_faults(longer, classes):
        raise RefusedError(f"{tenant.tenant}: {'.'.join(map(str, where))}: {message}")
    return made


def line_of(extension: Extension) -> str:
    """The extension as an item of a YAML list, on one line."""
    reason, by = (json.dumps(text, ensure_ascii=False) for text in (extension.reason, extension.by))
    return f"{{until: {extension.until:%Y-%m-%dT%H:%M:%SZ}, reason: {reason}, by: {by}}}"
