"""Names of resources in AWS and Kubernetes: parts joined by dashes, cut to a length, never with a tier."""

from __future__ import annotations

import hashlib
from typing import Final

# Length limits: RDS identifiers and Kubernetes names 63, ElastiCache groups 40, IAM roles 64.
CACHE_NAME_LIMIT: Final = 40
NAME_LIMIT: Final = 63
IAM_NAME_LIMIT: Final = 64
_HASH_CHARS: Final = 8


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
    return f"{name[: limit - _HASH_CHARS - 1].rstrip('-')}-{short_hash(name)}"


def numbered(part: str, number: int) -> str:
    """What *part* is called after *number* others; the first has the name of the first release.

    >>> numbered("postgresql-standby", 0), numbered("postgresql-standby", 1)
    ('postgresql-standby', 'postgresql-standby-2')
    """
    return f"{part}-{number + 1}" if number else part


def short_hash(text: str) -> str:
    """Eight hexadecimal digits that stand for *text*."""
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_CHARS]
