"""Names of resources. A name never contains a tier: a tier change must not replace what holds data."""

from __future__ import annotations

import json
from typing import Any, Final

from tiers.facts.names import COMPONENT_TYPE_PREFIX
from tiers.naming import CACHE_NAME_LIMIT, IAM_NAME_LIMIT, NAME_LIMIT, numbered, physical_name, short_hash

__all__: Final = (
    "CACHE_NAME_LIMIT",
    "IAM_NAME_LIMIT",
    "NAME_LIMIT",
    "component_type",
    "job_name",
    "numbered",
    "physical_name",
    "short_hash",
)


def component_type(name: str) -> str:
    """The frozen type token of a component; it is part of every URN below it.

    >>> component_type("TenantStack")
    'costack:index:TenantStack'
    """
    return COMPONENT_TYPE_PREFIX + name


def job_name(tenant: str, purpose: str, spec: Any) -> str:
    """A Job's name, which changes with the job's content, because an existing Job cannot be changed.

    *spec* is any JSON-like description of the job without outputs of the cloud.
    """
    return physical_name(tenant, purpose, short_hash(json.dumps(spec, sort_keys=True, default=str)))
