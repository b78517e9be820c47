"""Rulebooks for tests, made of a few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allocation.engine.rulebook import Rulebook

POOL: dict[str, Any] = {
    "pool": "nodes",
    "domain": "tenant-runtime",
    "driver": {"measure": "cpu-requests"},
    "members": {"mixes_environments_because": "a test"},
}
PLATFORM: dict[str, Any] = POOL | {
    "pool": "platform",
    "domain": "shared-platform",
    "driver": {"measure": "users"},
}
RULE: dict[str, Any] = {"rule": "shared", "pool": "nodes"}


def book(*pools: dict[str, Any], rules: Sequence[dict[str, Any]] = (RULE,), **values: Any) -> dict[str, Any]:
    """A rulebook as data: one pool by CPU requests that takes everything, unless changed."""
    return {
        "version": "test",
        "effective": "2026-01-01",
        "service_categories": {"Compute": "compute", "Storage": "storage"},
        "rules": list(rules),
        "pools": list(pools or (POOL,)),
    } | values


def rulebook(*pools: dict[str, Any], **values: Any) -> Rulebook:
    """A rulebook."""
    return Rulebook.model_validate(book(*pools, **values))
