"""Names of resources. A name never contains a tier: a tier change must not replace what holds data."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from tiers.facts.names import COMPONENT_TYPE_PREFIX

# Length limits: RDS identifiers and Kubernetes names 63, ElastiCache groups 40, IAM roles 64.
CACHE_NAME_LIMIT: Final = 40
NAME_LIMIT: Final = 63
IAM_NAME_LIMIT: Final = 64
_HASH_CHARS: Final = 8


def component_type(name: str) -> str:
    """The frozen type token of a component; it is part of every URN below it.

    >>> component_type("TenantStack")
    'costack:index:TenantStack'
    """
    return COMPONENT_TYPE_PREFIX + name


def physical_name(*parts: str, limit: int = NAME_LIMIT) -> str:
    """The parts joined by dashes; a name that is too long keeps its start and ends in a hash of the whole.

    >>> physical_name("local", "acme", "backup")
    'local-acme-backup'
    >>> len(physical_name("a" * 60, "b" * 60, limit=40))
    40
    """
    name = "-".join(parts)
    if len(name) <= limit:
        return name
    return f"{name[: limit - _HASH_CHARS - 1].rstrip('-')}-{_hash(name)}"


def job_name(tenant: str, purpose: str, spec: Any) -> str:
    """A Job's name, which changes with the job's content, because an existing Job cannot be changed.

    *spec* is any JSON-like description of the job without outputs of the cloud.
    """
    return physical_name(tenant, purpose, _hash(json.dumps(spec, sort_keys=True, default=str)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_CHARS]
