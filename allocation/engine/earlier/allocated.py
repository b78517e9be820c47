"""What a bill says of an earlier allocation: somebody else's, or our own when a FOCUS file is read back.

The column `allocated` of a charge holds one of two JSON objects:

- `{"run": ..., "tenant": ..., "pool": ..., "via": ..., "part": ..., "rule": ..., "reason": ...,
  "domain": ..., "category": ..., "behaviour": ...}` on a row that a run of costack wrote: it is not decided
  again.
- `{"method": ..., "to": ..., "tags": ...}` on an allocated charge of FOCUS 1.3: its AllocatedMethodId, the
  AllocatedResourceId it went to (null for what is left over), and its AllocatedTags as text.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import duckdb

from allocation.engine.rulebook import Behaviour, Rulebook
from allocation.errors import InputError
from tiers.vocabulary import CostCategory, CostDomain

SHARED: Final = "shared"
"""The disposition of a share that was divided before and comes as it is."""


class AllocatedTo(NamedTuple):
    """Who gets an allocated charge of somebody else: a resource, and its tags as the bill writes them."""

    to: str | None
    tags: str | None

    def tags_over(self, own: str) -> str | None:
        """The tags *own* of the charge with those of the consumer over them; None if these cannot be read.

        A consumer's tags leave out what the charge's own tags say already (FOCUS 1.3, allocatedtags.md at
        005e8b6).
        """
        if self.tags is None:
            return own
        try:
            tags = json.loads(self.tags)
        except (ValueError, RecursionError):
            return None
        if not isinstance(tags, dict) or any(isinstance(value, dict | list) for value in tags.values()):
            return None
        # A key without a value takes no tag back: the charge would lose the tenant that it names.
        filled = {key: value for key, value in tags.items() if value not in (None, "")}
        return json.dumps(json.loads(own) | filled, sort_keys=True)


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
        """Its behaviour; files of version 0.1 leave it to the rule, as `trouble` sees to."""
        if self.behaviour is not None:
            return Behaviour(self.behaviour)
        if self.disposition == "unallocated":
            return Behaviour.FIXED
        return next(rule.behaviour for rule in rules.rules if rule.rule == self.rule)

    def trouble(self, tenants: Collection[str], rules: Rulebook) -> str | None:
        """Why it cannot be taken as it is: what was expected and found; None when it can."""
        for column, found, allowed, what in self._expected(tenants, rules):
            if found not in allowed:
                return f"expected {what} in {column}, found '{found or ''}'"
        return None

    def _expected(
        self, tenants: Collection[str], rules: Rulebook
    ) -> Iterator[tuple[str, str | None, Collection[str | None], str]]:
        """Of each column that matters: its name, its value, the values that can be taken, and their word."""
        yield "x_CostDomain", self.domain, set(CostDomain), "a cost domain"
        yield "x_CostCategory", self.category, set(CostCategory), "a cost category"
        yield "x_Behaviour", self.behaviour, {None, *Behaviour}, "fixed or variable"
        if self.behaviour is None and self.disposition != "unallocated":
            named = [rule.rule for rule in rules.rules]
            yield "x_Rule", self.rule, named, f"a rule of rulebook {rules.version}"
        if self.disposition == "direct" or self.tenant is not None:
            yield "x_Tenant", self.tenant, tenants, "a tenant of the inventory"
        if self.part is not None:
            pools = [pool.pool for pool in rules.pools]
            yield "x_Part", self.part, ("use", "idle", "unallocated"), "use, idle or unallocated"
            yield "x_Pool", self.pool, pools, f"a pool of rulebook {rules.version}"
            yield "x_Via", self.via, pools, f"a pool of rulebook {rules.version}"


def read(allocated: str) -> AllocatedTo | Written:
    """What the column `allocated` of a charge says."""
    said: Mapping[str, str | None] = json.loads(allocated)
    if "run" in said:
        return Written(**{name: said.get(name) for name in Written._fields})  # type: ignore[arg-type]
    return AllocatedTo(said.get("to"), said.get("tags"))


def refuse_unknown(
    connection: duckdb.DuckDBPyConnection, said: Iterable[str], tenants: Collection[str], rules: Rulebook
) -> None:
    """Refuse rows of our own that this inventory or rulebook cannot take as they are.

    Args:
        connection: Holds `charge`.
        said: The distinct values of the column `allocated`.
        tenants: Those that the inventories know.
        rules: The rulebook in force.

    Raises:
        InputError: With file and row of the first.
    """
    for text in said:
        written = read(text)
        if isinstance(written, Written) and (trouble := written.trouble(tenants, rules)):
            row = connection.execute(
                "SELECT source, row_number FROM charge WHERE allocated = ? ORDER BY charge LIMIT 1", [text]
            ).fetchone()
            source, number = row or ("", 0)
            raise InputError(
                f"{source}, row {number}: {trouble}; costack wrote this bill (run {written.run}): read it "
                "with the inventories and the rulebook of that run"
            )


def runs_read_back(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The runs of ours whose files are among the bills, by the table `shape`."""
    rows = connection.execute(
        "SELECT DISTINCT allocated ->> '$.run' AS run FROM shape "
        "WHERE starts_with(allocated, '{\"run\":') ORDER BY run"
    ).fetchall()
    return tuple(run for (run,) in rows)
