"""Decides about every charge: direct to a tenant, into a pool, or unallocated with the reason.

Bills have millions of lines of few kinds. So the rulebook decides once for every *shape*, a set of values
that rules look at, and the decision is joined to the lines; a large bill costs no more than one scan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import duckdb

from allocation.engine.rulebook import Behaviour, Rule, Rulebook, When
from allocation.engine.tables import create, insert
from tiers.errors import CatalogError
from tiers.tags import CostTags
from tiers.vocabulary import CostCategory, CostDomain

CATEGORY_TAG: Final = "cost/category"
"""The tag with the cost category; estimates carry it, a bill may."""

_DECISION: Final = """
    shape        BIGINT NOT NULL,
    disposition  VARCHAR NOT NULL,
    tenant       VARCHAR,
    pool         VARCHAR,
    rule         VARCHAR NOT NULL,
    domain       VARCHAR NOT NULL,
    category     VARCHAR NOT NULL,
    behaviour    VARCHAR NOT NULL,
    tagged       BOOLEAN NOT NULL
"""
_RESOURCE: Final = """
    resource_id VARCHAR NOT NULL,
    fact        VARCHAR NOT NULL
"""


@dataclass(frozen=True)
class Known:
    """What the plans of a period know: tenants, facts, and the fact of each resource.

    Attributes:
        tenants: Every tenant that was deployed at any time of the period.
        kinds: Kind of each fact.
        owners: Tenant of each fact that has one.
        domains: Cost domain of each fact.
        resources: Id on the bill -> fact.
        portfolios: Whose they are; charges that are tagged with another portfolio are nobody's here.
    """

    tenants: frozenset[str]
    kinds: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    domains: Mapping[str, CostDomain] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    portfolios: frozenset[str] = frozenset()


class Shape(NamedTuple):
    """The values that rules look at; '' where the bill has none."""

    tags: str
    fact: str
    service: str
    service_category: str
    charge_category: str
    sub_account: str
    commitment_status: str = ""


class Decision(NamedTuple):
    """Where the charges of a shape go."""

    disposition: str
    tenant: str | None
    pool: str | None
    rule: str
    domain: CostDomain
    category: CostCategory
    behaviour: Behaviour


class _Seen(NamedTuple):
    """A shape with its tags read and its owner found."""

    shape: Shape
    tags: Mapping[str, str]
    cost_tags: CostTags | None
    tenant: str | None
    kind: str | None
    domain: CostDomain
    category: CostCategory | None


def attribute(connection: duckdb.DuckDBPyConnection, known: Known, rules: Rulebook) -> None:
    """Make the view `charged`: every row of `charge` with the columns of its decision.

    Reads the relation `charge` once, for its distinct shapes.
    """
    for name, table in (("known_resource", _RESOURCE), ("decision", _DECISION)):
        create(connection, name, table)
    insert(connection, "known_resource", _RESOURCE, known.resources.items())
    connection.execute(_SHAPES)
    rows = connection.execute("SELECT * FROM shape ORDER BY shape").fetchall()
    shapes = [(number, Shape(*values)) for number, *values in rows]
    decider = Decider(known, rules)
    insert(
        connection,
        "decision",
        _DECISION,
        ((number, *decider.decide(shape), decider.is_tagged(shape)) for number, shape in shapes),
    )
    connection.execute(charged_view())


def charged_view() -> str:
    """The SQL that makes the view `charged` of `charge`, `known_resource`, `shape` and `decision`."""
    return _CHARGED


class Decider:
    """Decides about shapes by a rulebook; each different set of tags is read once."""

    def __init__(self, known: Known, rules: Rulebook) -> None:
        self._known = known
        self._rules = rules
        self._read: dict[str, tuple[Mapping[str, str], CostTags | None]] = {}

    def decide(self, shape: Shape) -> Decision:
        """The decision of the first rule that matches *shape*."""
        seen = self._seen(shape)
        place = (seen.domain, seen.category or CostCategory.SUPPORT)
        if elsewhere := self._elsewhere(seen):
            reason = f"another-portfolio: tagged with portfolio '{elsewhere}'"
            return Decision("unallocated", None, None, reason, *place, Behaviour.FIXED)
        if seen.tenant is not None and seen.tenant not in self._known.tenants:
            reason = f"unknown-tenant: the inventory has no tenant '{seen.tenant}'"
            return Decision("unallocated", None, None, reason, *place, Behaviour.FIXED)
        rule = next((rule for rule in self._rules.rules if _matches(rule.when, seen)), None)
        if rule is None:
            return Decision("unallocated", None, None, _unclaimed(seen, self._rules), *place, Behaviour.FIXED)
        return _as_ruled(rule, seen, self._rules)

    def _elsewhere(self, seen: _Seen) -> str | None:
        """The portfolio that a charge belongs to when it is not ours: two may share an account."""
        tagged = seen.cost_tags.portfolio if seen.cost_tags else None
        return tagged if tagged and self._known.portfolios and tagged not in self._known.portfolios else None

    def is_tagged(self, shape: Shape) -> bool:
        """Whether the charges of *shape* carry cost tags that can be read."""
        return self._tags_of(shape.tags)[1] is not None

    def _tags_of(self, text: str) -> tuple[Mapping[str, str], CostTags | None]:
        if text not in self._read:
            self._read[text] = _read_tags(text)
        return self._read[text]

    def _seen(self, shape: Shape) -> _Seen:
        tags, cost_tags = self._tags_of(shape.tags)
        owner = cost_tags.tenant if cost_tags else self._known.owners.get(shape.fact)
        domain = cost_tags.domain if cost_tags else self._known.domains.get(shape.fact)
        if domain is None:
            domain = CostDomain.TENANT_RUNTIME if owner else CostDomain.SHARED_PLATFORM
        kind = self._known.kinds.get(shape.fact)
        return _Seen(shape, tags, cost_tags, owner, kind, domain, self._category(shape, tags, domain))

    def _category(self, shape: Shape, tags: Mapping[str, str], domain: CostDomain) -> CostCategory | None:
        if tags.get(CATEGORY_TAG) in set(CostCategory):
            return CostCategory(tags[CATEGORY_TAG])
        if domain is CostDomain.RESILIENCE:
            return CostCategory.RESILIENCE
        return self._rules.service_categories.get(shape.service_category)


def _read_tags(text: str) -> tuple[Mapping[str, str], CostTags | None]:
    tags = {key: str(value) for key, value in json.loads(text).items() if value not in (None, "")}
    try:
        return tags, CostTags.from_tags(tags)
    except CatalogError:
        # Missing or wrong tags decide nothing; the resource's id or its service may.
        return tags, None


def _matches(when: When, seen: _Seen) -> bool:
    shape = seen.shape
    return (
        (when.owner is None or (when.owner == "tenant") is (seen.tenant is not None))
        and (not when.facts or seen.kind in when.facts)
        and (not when.services or shape.service in when.services)
        and (not when.charge_categories or shape.charge_category in when.charge_categories)
        and (not when.domains or seen.domain in when.domains)
        and (not when.categories or seen.category in when.categories)
        and (not when.sub_accounts or shape.sub_account in when.sub_accounts)
        and (not when.commitment_statuses or shape.commitment_status in when.commitment_statuses)
        and all(seen.tags.get(key) == value for key, value in when.tags.items())
    )


def _as_ruled(rule: Rule, seen: _Seen, rules: Rulebook) -> Decision:
    category = seen.category or rule.category or CostCategory.SUPPORT
    if rule.unallocated_because is not None:
        reason = f"{rule.rule}: {rule.unallocated_because}"
        return Decision("unallocated", None, None, reason, seen.domain, category, rule.behaviour)
    if rule.pool is not None:
        domain = rules.pool_named(rule.pool).domain
        return Decision("pooled", None, rule.pool, rule.rule, domain, category, rule.behaviour)
    return Decision("direct", seen.tenant, None, rule.rule, seen.domain, category, rule.behaviour)


def _unclaimed(seen: _Seen, rules: Rulebook) -> str:
    what = seen.kind or seen.shape.service or "a charge without a service"
    return f"no-rule: no rule of rulebook {rules.version} claims {what}"


_KEYS: Final[Sequence[str]] = Shape._fields
_KEY_OF: Final = {
    key: "COALESCE(known_resource.fact, '')" if key == "fact" else f"COALESCE(charge.{key}, '')"
    for key in _KEYS
}

_SHAPES: Final = f"""
CREATE OR REPLACE TABLE shape AS
SELECT ROW_NUMBER() OVER (ORDER BY {", ".join(_KEYS)}) AS shape, *
FROM (
    SELECT DISTINCT {", ".join(f"{value} AS {key}" for key, value in _KEY_OF.items())}
    FROM charge LEFT JOIN known_resource USING (resource_id)
)
"""  # noqa: S608 - names of our own

_CHARGED: Final = f"""
CREATE OR REPLACE VIEW charged AS
SELECT charge.*, decision.* EXCLUDE (shape)
FROM charge
LEFT JOIN known_resource USING (resource_id)
JOIN shape ON {" AND ".join(f"shape.{key} = {value}" for key, value in _KEY_OF.items())}
JOIN decision USING (shape)
"""  # noqa: S608 - names of our own
