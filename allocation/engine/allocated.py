"""What a bill says of an earlier allocation: of somebody else's, or of our own when a FOCUS file is read back.

The column `allocated` of a charge holds one of two JSON objects:

- `{"run": ..., "tenant": ..., "pool": ..., "via": ..., "part": ..., "rule": ..., "reason": ..., "domain": ...,
  "category": ..., "behaviour": ...}` on a row that a run of costack wrote. It has been decided, and is not again.
- `{"method": ..., "to": ..., "tags": ...}` on an allocated charge of FOCUS 1.3: its AllocatedMethodId, the
  AllocatedResourceId it went to (null for what is left over), and its AllocatedTags as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import duckdb

from allocation.engine.rulebook import Behaviour, Rulebook
from allocation.errors import AllocationError
from tiers.vocabulary import CostCategory, CostDomain

SHARED: Final = "shared"
"""The disposition of a share that was divided before and comes as it is."""


class Given(NamedTuple):
    """Who gets an allocated charge of somebody else: a resource, and its tags as the bill writes them."""

    to: str | None
    tags: str | None

    def tags_over(self, own: str) -> str | None:
        """The tags *own* of the charge with those of the consumer over them; None if these cannot be read.

        A consumer's tags leave out what the charge's own tags say already (FOCUS 1.3, allocatedtags.md at 005e8b6).
        """
        if self.tags is None:
            return own
        try:
            tags = json.loads(self.tags)
        except ValueError:
            return None
        if not isinstance(tags, dict) or any(isinstance(value, dict | list) for value in tags.values()):
            return None
        return json.dumps(json.loads(own) | tags, sort_keys=True)


class Written(NamedTuple):
    """What a row of our own says was decided about it; a share has `pool`, `via` and `part`."""

    run: str
    tenant: str | None
    pool: str | None
    via: str | None
    part: str | None
    rule: str | None
    reason: str | None
    domain: str | None
    category: str | None
    behaviour: str | None

    @property
    def disposition(self) -> str:
        """As of `tables.ASSIGNMENT`."""
        if self.part is not None:
            return SHARED
        return "direct" if self.reason is None else "unallocated"

    def behaviour_by(self, rules: Rulebook) -> Behaviour:
        """Its behaviour; files of version 0.1 do not say it, and what was unallocated then was fixed.

        Raises:
            AllocationError: When *rules* do not know it either.
        """
        if self.behaviour is not None:
            return Behaviour(self.behaviour)
        if self.disposition == "unallocated":
            return Behaviour.FIXED
        return next(rule.behaviour for rule in rules.rules if rule.rule == self.rule)

    def trouble(self, tenants: Iterable[str], rules: Rulebook) -> str | None:
        """Why it cannot be taken as it is: expected, found; None when it can."""
        pools = {pool.pool for pool in rules.pools}
        named = [rule.rule for rule in rules.rules]
        checks = (
            (self.rule, self.rule is not None, "a rule in x_Rule"),
            (self.domain, self.domain in set(CostDomain), "a cost domain in x_CostDomain"),
            (self.category, self.category in set(CostCategory), "a cost category in x_CostCategory"),
            (
                self.behaviour,
                self.behaviour in {None, *Behaviour},
                "fixed or variable in x_Behaviour",
            ),
            (
                self.rule,
                self.behaviour is not None or self.disposition == "unallocated" or self.rule in named,
                f"a rule of rulebook {rules.version} in x_Rule, as there is no x_Behaviour",
            ),
            (self.part, self.part in {None, "use", "idle", "unallocated"}, "use, idle or unallocated in x_Part"),
            (self.pool, self.part is None or self.pool in pools, f"a pool of rulebook {rules.version} in x_Pool"),
            (self.via, self.part is None or self.via in pools, f"a pool of rulebook {rules.version} in x_Via"),
            (
                self.tenant,
                self.tenant in tenants or (self.tenant is None and self.disposition != "direct"),
                "a tenant of the inventory in x_Tenant",
            ),
        )
        return next((f"expected {what}, found '{found or ''}'" for found, fits, what in checks if not fits), None)


def read(allocated: str) -> Given | Written:
    """What the column `allocated` of a charge says."""
    said: Mapping[str, str | None] = json.loads(allocated)
    if "run" in said:
        return Written(**{name: said.get(name) for name in Written._fields})  # type: ignore[arg-type]
    return Given(said.get("to"), said.get("tags"))


def refuse_unknown(
    connection: duckdb.DuckDBPyConnection, said: Iterable[str], tenants: Iterable[str], rules: Rulebook
) -> None:
    """Refuse rows of our own that this inventory or rulebook cannot take as they are.

    Args:
        connection: Holds `charge`.
        said: The distinct values of the column `allocated`.
        tenants: Those that the inventories know.
        rules: The rulebook in force.

    Raises:
        AllocationError: With file and row of the first.
    """
    for text in said:
        written = read(text)
        if isinstance(written, Written) and (trouble := written.trouble(tenants, rules)):
            row = connection.execute(
                "SELECT source, row_number FROM charge WHERE allocated = ? ORDER BY charge LIMIT 1", [text]
            ).fetchone()
            source, number = row or ("", 0)
            raise AllocationError(
                f"{source}, row {number}: {trouble}; costack wrote this bill (run {written.run}): read it with "
                "the inventories and the rulebook of that run"
            )
