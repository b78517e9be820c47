"""A tenant of an adoption with everything that is known of it: its rows, its decisions, its platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lifecycle.adoption.inventory import SAID_ONCE, Row, said
from lifecycle.adoption.names import is_the_id, proposed_id
from lifecycle.adoption.state import AdoptedTenant, Spelling
from tiers.catalog.classes import ClassId
from tiers.catalog.tier import Catalog, Offer, Tier
from tiers.portfolio.platform import Platform
from tiers.vocabulary import Environment, TagValue, TenantId


@dataclass(frozen=True)
class Subject:
    """A tenant that is adopted.

    Attributes:
        tenant: Its id.
        adopted: What the file says of it.
        rows: The rows of the CSV that its spellings have, confirmed or not.
        platform: That of the portfolio it goes to.
        catalog: That of the portfolio.
        headroom_percent: How much more than what was measured its size must hold.
    """

    tenant: TenantId
    adopted: AdoptedTenant
    rows: tuple[Row, ...]
    platform: Platform
    catalog: Catalog
    headroom_percent: int

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """What its rows agree on, by column; what they do not say is not in it."""
        found = {name: said(self.rows, name)[0] for name in SAID_ONCE}
        return {name: value for name, value in found.items() if value is not None}

    @cached_property
    def disagreements(self) -> tuple[str, ...]:
        """A sentence for each column in which its rows disagree."""
        return tuple(why for name in SAID_ONCE if (why := said(self.rows, name)[1]))

    @cached_property
    def environments(self) -> tuple[Environment, ...]:
        """The environments that its rows name."""
        found = {row.facts.environment for row in self.rows}
        return tuple(sorted(each for each in found if each is not None))

    @property
    def odoo_version(self) -> str | None:
        """The version of Odoo that it runs, with its minor one; None while its rows do not agree on one."""
        said = self.facts.get("odoo_version")
        return None if said is None else f"{said}.0" if str(said).isdecimal() else str(said)

    @property
    def environment(self) -> Environment | None:
        """Its environment; None while its rows name none or several."""
        return self.environments[0] if len(self.environments) == 1 else None

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """A sentence for each fact without which nothing can be said of it."""
        missing = [*self.disagreements]
        if not self.rows:
            return ("no row of the CSV has one of its spellings",)
        if not self.environments:
            missing.append(f"environment: no row says it; expected one of {', '.join(Environment)}")
        elif len(self.environments) > 1:
            named = " and ".join(self.environments)
            missing.append(f"environment: its spellings are {named}; move a line to another tenant")
        wanted = ["users", "odoo_version"]
        wanted += ["cutover", "expires_on"] if self.environment is Environment.MIGRATION else []
        disagreed = {each.partition(":")[0] for each in self.disagreements}
        missing += [
            f"{name}: no row says it" for name in wanted if name not in self.facts and name not in disagreed
        ]
        return tuple(missing)

    @property
    def unconfirmed(self) -> tuple[Spelling, ...]:
        """The spellings that are not the id itself and that no person has confirmed."""
        return tuple(
            each
            for each in self.adopted.spellings
            if not each.confirmed and not is_the_id(each.spelling, self.tenant)
        )

    @property
    def client(self) -> TagValue:
        """Who pays: as the file says, else the CSV, else as its first spelling proposes."""
        named = self.adopted.client or self.facts.get("client")
        if named is not None:
            return str(named)
        first = self.adopted.spellings[0].spelling if self.adopted.spellings else self.tenant
        return proposed_id(first)

    @property
    def tier(self) -> Tier | None:
        """The tier that a person chose, else the proposed one; None while there is none."""
        name = self.adopted.tier or (self.adopted.proposed.tier if self.adopted.proposed else None)
        return None if name is None else self.catalog.tiers.get(name)

    @property
    def offer(self) -> Offer | None:
        """What that tier gives in its environment."""
        if self.tier is None or self.environment is None:
            return None
        return self.tier.offers.get(self.environment)

    @property
    def workload_class(self) -> ClassId | None:
        """The class that a person chose, else the proposed one, else the offer's; None without an offer."""
        if self.offer is None:
            return None
        proposed = self.adopted.proposed
        fits = proposed is not None and self.tier is not None and proposed.tier == self.tier.tier
        return self.adopted.workload_class or (
            proposed.workload_class if proposed is not None and fits else self.offer.workload_class
        )

    def lines(self, rows: Sequence[Row] | None = None) -> str:
        """The lines of *rows*, or of all of its own, in words."""
        numbers = [str(row.line) for row in (self.rows if rows is None else rows)]
        return f"line{'' if len(numbers) == 1 else 's'} {', '.join(numbers)}"
