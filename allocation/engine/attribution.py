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

from allocation.engine.allocated import Given, Written, read, refuse_unknown
from allocation.engine.rulebook import Behaviour, Rule, Rulebook, When
from allocation.engine.tables import CHARGE_CATEGORIES, create, insert
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
    via          VARCHAR,
    part         VARCHAR,
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
        earlier: Month as YYYY-MM -> the tenants of its filed statement, whose corrections stay theirs.
    """

    tenants: frozenset[str]
    kinds: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    domains: Mapping[str, CostDomain] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    portfolios: frozenset[str] = frozenset()
    earlier: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Shape(NamedTuple):
    """The values that rules look at; '' where the bill has none."""

    tags: str
    fact: str
    service: str
    service_category: str
    charge_category: str
    sub_account: str
    other_month: str = ""
    allocated: str = ""


class Decision(NamedTuple):
    """Where the charges of a shape go; `via` and `part` of shares that come as they are."""

    disposition: str
    tenant: str | None
    pool: str | None
    rule: str
    domain: CostDomain
    category: CostCategory
    behaviour: Behaviour
    via: str | None = None
    part: str | None = None


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
    said = sorted({shape.allocated for _, shape in shapes} - {""})
    refuse_unknown(connection, said, known.tenants, rules)
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
        """The decision of the first rule that matches *shape*, or of the run of ours that wrote it."""
        said = read(shape.allocated) if shape.allocated else None
        if isinstance(said, Written):
            return _as_written(said, self._rules)
        if said is not None:
            consumer = self._consumer(shape, said)
            if consumer is None:
                return _unreadable(shape)
            shape = consumer
        seen = self._seen(shape)
        place = (seen.domain, seen.category or CostCategory.SUPPORT)
        if elsewhere := self._elsewhere(seen):
            reason = f"another-portfolio: tagged with portfolio '{elsewhere}'"
            return Decision("unallocated", None, None, reason, *place, Behaviour.FIXED)
        if self._is_unknown(shape.charge_category):
            reason = f"unknown-category: {shape.charge_category}"
            return Decision("unallocated", None, None, reason, *place, Behaviour.FIXED)
        if seen.tenant is not None and not self._is_known(seen.tenant, shape.other_month):
            reason = f"unknown-tenant: the inventory has no tenant '{seen.tenant}'"
            return Decision("unallocated", None, None, reason, *place, Behaviour.FIXED)
        rule = next((rule for rule in self._rules.rules if _matches(rule.when, seen)), None)
        if rule is None:
            return Decision("unallocated", None, None, _unclaimed(seen, self._rules), *place, Behaviour.FIXED)
        return _as_ruled(rule, seen, self._rules)

    def _is_known(self, tenant: str, other_month: str) -> bool:
        return tenant in self._known.tenants or tenant in self._known.earlier.get(other_month, ())

    def _elsewhere(self, seen: _Seen) -> str | None:
        """The portfolio that a charge belongs to when it is not ours: two may share an account."""
        tagged = seen.cost_tags.portfolio if seen.cost_tags else None
        return tagged if tagged and self._known.portfolios and tagged not in self._known.portfolios else None

    def _is_unknown(self, category: str) -> bool:
        """Whether nobody has said what charges of this kind are: neither FOCUS nor a rule that names it."""
        named = {each for rule in self._rules.rules for each in rule.when.charge_categories}
        return category not in CHARGE_CATEGORIES and category not in named

    def is_tagged(self, shape: Shape) -> bool:
        """Whether the charges of *shape* carry cost tags that can be read, or say otherwise who pays."""
        said = read(shape.allocated) if shape.allocated else None
        if isinstance(said, Written):
            return said.tenant is not None or self._tags_of(shape.tags)[1] is not None
        consumer = self._consumer(shape, said) if said else shape
        return consumer is not None and self._tags_of(consumer.tags)[1] is not None

    def _consumer(self, shape: Shape, given: Given) -> Shape | None:
        """An allocated charge as a charge of its consumer; what is left over stays what it is."""
        tags = given.tags_over(shape.tags)
        if tags is None:
            return None
        fact = self._known.resources.get(given.to or "")
        if fact is None:
            fact = "" if given.to in self._known.tenants else shape.fact
        return shape._replace(tags=tags, fact=fact)

    def _tags_of(self, text: str) -> tuple[Mapping[str, str], CostTags | None]:
        if text not in self._read:
            self._read[text] = _read_tags(text)
        return self._read[text]

    def _seen(self, shape: Shape) -> _Seen:
        tags, cost_tags = self._tags_of(shape.tags)
        owner = cost_tags.tenant if cost_tags else self._known.owners.get(shape.fact, self._named(shape))
        domain = cost_tags.domain if cost_tags else self._known.domains.get(shape.fact)
        if domain is None:
            domain = CostDomain.TENANT_RUNTIME if owner else CostDomain.SHARED_PLATFORM
        kind = self._known.kinds.get(shape.fact)
        return _Seen(shape, tags, cost_tags, owner, kind, domain, self._category(shape, tags, domain))

    def _named(self, shape: Shape) -> str | None:
        """The tenant whose id an allocated charge gives as the resource it went to."""
        said = read(shape.allocated) if shape.allocated else None
        return said.to if isinstance(said, Given) and said.to in self._known.tenants else None

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


def _as_written(said: Written, rules: Rulebook) -> Decision:
    place = (CostDomain(said.domain or ""), CostCategory(said.category or ""), said.behaviour_by(rules))
    return Decision(said.disposition, said.tenant, said.pool, said.rule or "", *place, said.via, said.part)


def _unreadable(shape: Shape) -> Decision:
    reason = (
        f"allocated-tags: expected AllocatedTags as a flat JSON object, found other text ({shape.service})"
    )
    place = (CostDomain.SHARED_PLATFORM, CostCategory.SUPPORT, Behaviour.FIXED)
    return Decision("unallocated", None, None, reason, *place)


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
