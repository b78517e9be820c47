"""Decides about every charge: direct to a tenant, into a pool, or unallocated with the reason.

Bills have millions of lines of few kinds. So the rulebook decides once for every *shape*, a set of values
that rules look at, and the decision is joined to the lines; a large bill costs no more than one scan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import duckdb

from allocation.engine.earlier.allocated import AllocatedTo, Written, read, refuse_unknown
from allocation.engine.kinds import lines_of
from allocation.engine.owners.known import Known, account_of
from allocation.engine.owners.own_tags import OwnTags
from allocation.engine.owners.owner import APART, Owner, Owners, Shape
from allocation.engine.portfolios import pool_for
from allocation.engine.rulebook import Behaviour, Rule, Rulebook, When
from allocation.engine.shapes import make_charged, shapes_of
from allocation.engine.tables import CHARGE_CATEGORIES, create, insert
from tiers.vocabulary import CostCategory, CostDomain

__all__ = (
    "CATEGORY_TAG",
    "Attributed",
    "Caught",
    "Decider",
    "Decision",
    "Known",
    "Shape",
    "attribute",
    "attributed",
)

CATEGORY_TAG: Final = "cost/category"
"""The tag with the cost category; estimates carry it, a bill may."""

_NOBODY: Final = Rule(rule="nobody", unallocated_because="nothing says whose it is")
_DECISION: Final = """
    shape        BIGINT NOT NULL,
    disposition  VARCHAR NOT NULL,
    tenant       VARCHAR,
    pool         VARCHAR,
    rule         VARCHAR NOT NULL,
    domain       VARCHAR NOT NULL,
    category     VARCHAR NOT NULL,
    behaviour    VARCHAR NOT NULL,
    tagged       BOOLEAN NOT NULL,
    completed    BOOLEAN NOT NULL,
    portfolio    VARCHAR,
    virtual_tag  VARCHAR,
    via          VARCHAR,
    part         VARCHAR
"""


class Decision(NamedTuple):
    """Where the charges of a shape go.

    Attributes:
        tagged: Whether the charges' own cost tags say whose they are.
        completed: Whether some of these tags were missing or amended, and the inventory's were taken.
        via, part: Of a share that comes as it is; see `tables.SHARE`.
    """

    disposition: str
    tenant: str | None
    pool: str | None
    rule: str
    domain: CostDomain
    category: CostCategory
    behaviour: Behaviour
    tagged: bool = False
    completed: bool = False
    portfolio: str | None = None
    virtual_tag: str | None = None
    via: str | None = None
    part: str | None = None


class _Seen(NamedTuple):
    """A shape with its tags read and its owner found; `waits`: it is the platform's in a second region."""

    shape: Shape
    tags: OwnTags
    owner: Owner
    kind: str | None
    domain: CostDomain
    category: CostCategory | None
    waits: bool

    def category_by(self, rule: Rule) -> CostCategory:
        """Its category, or else the one that *rule* gives."""
        return self.category or rule.category or CostCategory.SUPPORT

    def decided(self, disposition: str, rule: Rule, name: str) -> Decision:
        """Its decision by *rule*, which is called *name*, before anybody has it."""
        owner, domain = self.owner, self.domain
        return Decision(
            disposition,
            None,
            None,
            name,
            domain,
            self.category_by(rule),
            rule.behaviour,
            tagged=owner.tagged,
            completed=owner.tagged and not self.tags.whole,
            portfolio=owner.portfolio,
            virtual_tag=owner.virtual.tag if owner.virtual else None,
        )

    def unallocated(self, reason: str, rule: Rule = _NOBODY) -> Decision:
        """The decision that it is nobody's."""
        return self.decided("unallocated", rule, reason)


def attribute(connection: duckdb.DuckDBPyConnection, known: Known, rules: Rulebook) -> None:
    """Make the view `charged`: every row of `charge`, which is read once, with its decision."""
    shapes = shapes_of(connection, known, rules)
    said = sorted({shape.allocated for shape in shapes.values()} - {""})
    refuse_unknown(connection, said, known.tenants, rules)
    decider = Decider(known, rules, shapes.values())
    decisions = ((number, *decider.decide(shape)) for number, shape in shapes.items())
    create(connection, "decision", _DECISION)
    insert(connection, "decision", _DECISION, decisions)
    make_charged(connection)


class Caught(NamedTuple):
    """What a virtual tag caught: rows of the bill, and their cost in units."""

    rows: int
    units: int


class Attributed(NamedTuple):
    """How charges were attributed.

    Attributes:
        tagged: The cost of charges whose own tags say whose they are; each counts by its absolute amount.
        whole: The cost of all charges but another portfolio's, counted likewise.
        undecided: What of it nobody is charged for, because no rule says whose it is.
        untaggable: What of it has no tags because the provider's charges for that service bear none.
        completed: How many rows had cost tags that were missing or amended, and took the inventory's.
        caught: What each virtual tag of the rulebook caught; nothing where it caught none.
    """

    tagged: int
    whole: int
    undecided: int
    untaggable: int
    completed: int
    caught: Mapping[str, Caught]


def attributed(connection: duckdb.DuckDBPyConnection, rules: Rulebook) -> Attributed:
    """Sums over the view `charged`, in one pass."""
    rows = connection.execute(
        f"""SELECT virtual_tag, COALESCE(SUM(ABS({rules.cost})) FILTER (tagged AND NOT apart), 0),
            COALESCE(SUM(ABS({rules.cost})) FILTER (NOT apart), 0),
            COALESCE(SUM(ABS({rules.cost})) FILTER ('unallocated' IN (disposition, part) AND NOT apart), 0),
            COALESCE(SUM(ABS({rules.cost})) FILTER (NOT (tagged OR apart) AND list_contains(?, service)), 0),
            {lines_of(connection, "completed")}, {lines_of(connection)}, SUM({rules.cost})
        FROM (SELECT *, STARTS_WITH(rule, '{APART}:') AS apart FROM charged) GROUP BY ALL""",  # noqa: S608 - names of ours
        [list(rules.untaggable_services)],
    ).fetchall()
    caught = {name: Caught(count, int(units)) for name, *_, count, units in rows if name is not None}
    return Attributed(
        tagged=sum(int(row[1]) for row in rows),
        whole=sum(int(row[2]) for row in rows),
        undecided=sum(int(row[3]) for row in rows),
        untaggable=sum(int(row[4]) for row in rows),
        completed=sum(row[5] for row in rows),
        caught={one.tag: caught.get(one.tag, Caught(0, 0)) for one in rules.virtual_tags},
    )


class Decider:
    """Decides about shapes by a rulebook; *shapes* are all of the bill."""

    def __init__(self, known: Known, rules: Rulebook, shapes: Iterable[Shape] = ()) -> None:
        self._known = known
        self._rules = rules
        self._owners = Owners(known, rules, shapes)

    def decide(self, shape: Shape) -> Decision:
        """The decision of the first rule that matches *shape*, or of the run of ours that wrote it."""
        said = read(shape.allocated) if shape.allocated else None
        if isinstance(said, Written):
            return self._as_written(said, shape)
        if said is None:
            return self._ruled(self._seen(shape))
        consumer = self._consumer(shape, said)
        return _unreadable(shape) if consumer is None else self._ruled(self._seen(consumer, said.to))

    def _ruled(self, seen: _Seen) -> Decision:
        owner, category = seen.owner, seen.shape.charge_category
        if owner.apart or self._is_unknown(category):
            return seen.unallocated(owner.apart or f"unknown-category: {category}")
        if owner.virtual is not None and owner.virtual.pool is not None:
            return self._pooled(Rule(rule=owner.virtual.tag, pool=owner.virtual.pool), seen)
        rule = next((rule for rule in self._rules.rules if _matches(rule.when, seen)), None)
        if rule is None:
            return seen.unallocated(_unclaimed(seen, self._rules))
        if rule.unallocated_because is not None:
            return seen.unallocated(f"{rule.rule}: {rule.unallocated_because}", rule)
        if rule.pool is not None:
            return self._pooled(rule, seen)
        return seen.decided("direct", rule, rule.rule)._replace(tenant=owner.tenant)

    def _is_unknown(self, category: str) -> bool:
        """Whether nobody has said what charges of this kind are: neither FOCUS nor a rule that names it."""
        named = {each for rule in self._rules.rules for each in rule.when.charge_categories}
        named |= {each for virtual in self._rules.virtual_tags for each in virtual.when.charge_categories}
        return category not in CHARGE_CATEGORIES and category not in named

    def _as_written(self, said: Written, shape: Shape) -> Decision:
        place = (
            CostDomain(said.domain or ""),
            CostCategory(said.category or ""),
            said.behaviour_by(self._rules),
        )
        tagged = said.tenant is not None or self._owners.tags_of(shape.tags).whole
        decision = Decision(said.disposition, said.tenant, said.pool, said.rule or "", *place)
        # What is nobody's keeps the portfolio that its own tags, resource or account say, as in that run.
        elsewhere = None if said.part is not None else self._owners.of(shape).portfolio
        home = self._known.homes.get(said.tenant or "", self._known.only_portfolio or elsewhere)
        return decision._replace(tagged=tagged, portfolio=home, via=said.via, part=said.part)

    def _consumer(self, shape: Shape, consumer: AllocatedTo) -> Shape | None:
        """An allocated charge as a charge of its consumer; what is left over stays what it is."""
        tags = consumer.tags_over(shape.tags)
        if tags is None:
            return None
        fact = self._known.resources.get(consumer.to or "")
        if fact is None:  # tags of a consumer are no contradiction to whose the node is
            fact = "" if consumer.tags is not None or consumer.to in self._known.tenants else shape.fact
        return shape._replace(tags=tags, fact=fact)

    def _pooled(self, rule: Rule, seen: _Seen) -> Decision:
        """Into the pool of *rule* that serves the charge's portfolio."""
        named, portfolio = str(rule.pool), seen.owner.portfolio
        pool = pool_for(self._rules, named, portfolio)
        if pool is None:
            whose = f"it is portfolio {portfolio}'s" if portfolio else "nothing says whose it is"
            return seen.unallocated(f"no-portfolio: {whose}, and pool {named} is not shared with it", rule)
        domain = self._rules.pool_named(pool).domain
        return seen.decided("pooled", rule, rule.rule)._replace(pool=pool, domain=domain)

    def _seen(self, shape: Shape, consumer: str | None = None) -> _Seen:
        tags, owner = self._owners.tags_of(shape.tags), self._owners.of(shape, consumer)
        domain = tags.domain or self._known.domains.get(shape.fact)
        if domain is None:
            domain = CostDomain.TENANT_RUNTIME if owner.tenant else CostDomain.SHARED_PLATFORM
        kind = self._known.kinds.get(shape.fact)
        waits = shape.fact in self._known.second_regions
        return _Seen(shape, tags, owner, kind, domain, self._category(shape, tags, domain), waits)

    def _category(self, shape: Shape, tags: OwnTags, domain: CostDomain) -> CostCategory | None:
        named = (tags.value(CATEGORY_TAG) or "").strip().casefold()
        if named in set(CostCategory):
            return CostCategory(named)
        if domain is CostDomain.RESILIENCE:
            return CostCategory.RESILIENCE
        known = self._rules.categories_by_service.get(shape.service)
        return known or self._rules.service_categories.get(shape.service_category)


def _matches(when: When, seen: _Seen) -> bool:
    shape = seen.shape
    return (
        (when.owner is None or (when.owner == "tenant") is (seen.owner.tenant is not None))
        and (not when.facts or seen.kind in when.facts)
        and (when.second_region is None or when.second_region is seen.waits)
        and (not when.services or shape.service in when.services)
        and (not when.charge_categories or shape.charge_category in when.charge_categories)
        and (not when.domains or seen.domain in when.domains)
        and (not when.categories or seen.category in when.categories)
        and (not when.sub_accounts or account_of(shape.sub_account) in when.sub_accounts)
        and (not when.commitment_statuses or shape.commitment_discount_status in when.commitment_statuses)
        and all(seen.tags.value(key) == value for key, value in when.tags.items())
    )


def _unreadable(shape: Shape) -> Decision:
    reason = (
        f"allocated-tags: expected AllocatedTags as a flat JSON object, found other text ({shape.service})"
    )
    place = (CostDomain.SHARED_PLATFORM, CostCategory.SUPPORT, Behaviour.FIXED)
    return Decision("unallocated", None, None, reason, *place)


def _unclaimed(seen: _Seen, rules: Rulebook) -> str:
    what = seen.kind or seen.shape.service or "a charge without a service"
    return f"no-rule: no rule of rulebook {rules.version} claims {what}"
