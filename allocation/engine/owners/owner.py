"""Whose a charge is: by its own tags, the inventory, its account, and the rulebook's virtual tags.

What names a tenant, well or badly, is never paid by another. So a charge has one of three states. It has none
of our tags: then its resource, its account and its service decide. Its tags name one known tenant: then it is
direct, and tags that are missing are the inventory's. Or they name none that is known, or contradict
themselves or the inventory: then it is unallocated, and the reason says what was found.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from allocation.engine.owners.known import UNLISTED, Known, Ownership, account_of
from allocation.engine.owners.own_tags import OwnTags, own_tags
from allocation.engine.owners.virtual_tags import Look, VirtualTag, first_that_applies
from allocation.engine.rulebook import Rulebook
from tiers.tags import KEYS
from tiers.vocabulary import CostDomain

APART = "another-portfolio"
"""The reason of charges that are another portfolio's; they are no fault of this one's."""


class Shape(NamedTuple):
    """The values that rules look at; '' where the bill has none, and where no rule looks.

    `since` is the first day on which the same virtual tags are in force as on the charge's day.
    """

    tags: str
    fact: str
    service: str
    service_category: str
    charge_category: str
    sub_account: str
    region: str = ""
    matched: str = ""
    since: date = date.min
    other_month: str = ""
    allocated: str = ""
    commitment_discount_status: str = ""


class Owner(NamedTuple):
    """Whose a charge is.

    Attributes:
        tenant: The tenant, if it is one's own.
        portfolio: The portfolio, if anything says so.
        apart: Why it is nobody's here; '' if it is somebody's.
        tagged: Whether its own tags say whose it is.
        virtual: The virtual tag that decided, if one did.
    """

    tenant: str | None = None
    portfolio: str | None = None
    apart: str = ""
    tagged: bool = False
    virtual: VirtualTag | None = None


class Owners:
    """Finds the owner of shapes; each different set of tags is read once.

    An account in which *shapes* show a row of another portfolio counts as shared, unless the rulebook says
    whose it is.
    """

    def __init__(self, known: Known, rules: Rulebook, shapes: Iterable[Shape] = ()) -> None:
        self._known = known
        self._rules = rules
        self._read: dict[str, OwnTags] = {}
        self._portfolios = {name.casefold(): name for name in known.portfolios}
        self._clients = frozenset(name for names in known.clients.values() for name in names)
        self._visited = frozenset(
            account_of(shape.sub_account) for shape in shapes if self._elsewhere(self.tags_of(shape.tags))
        )

    def tags_of(self, text: str) -> OwnTags:
        """The cost tags in *text*."""
        if text not in self._read:
            self._read[text] = own_tags(text)
        return self._read[text]

    def of(self, shape: Shape, consumer: str | None = None) -> Owner:
        """The owner of a charge of *shape*, which an earlier allocation gave to *consumer*."""
        tags = self.tags_of(shape.tags)
        portfolio = self._portfolio(shape, tags)
        if reason := self._foreign(shape, tags):
            return Owner(apart=reason, tagged=tags.whole)
        tenant, reason = (
            self._named(tags, shape) if "tenant" in tags.found else self._nameless(tags, shape.fact)
        )
        if tenant is not None and not self._is_known(tenant, shape):
            reason = f"unknown-tenant: the inventory has no tenant '{tenant}'"
        if not reason and consumer in self._known.tenants:
            tenant, reason = consumer, _disagreement(tenant, consumer)
        if reason:
            return self._mended(shape, tags) or Owner(portfolio=portfolio, apart=reason)
        if tenant is not None:
            home = self._known.homes.get(tenant, portfolio)
            return Owner(tenant, home, tagged="tenant" in tags.found)
        tagged = tags.domain is CostDomain.SHARED_PLATFORM
        if shape.fact or "portfolio" in tags.found:
            return Owner(portfolio=portfolio, tagged=tagged)
        if virtual := self._virtual(shape, tags, mending=False):
            return self._by(virtual, portfolio)
        return Owner(portfolio=portfolio, apart=self._unclaimed(shape, tagged=tagged), tagged=tagged)

    def _foreign(self, shape: Shape, tags: OwnTags) -> str:
        """Why a charge contradicts itself, or is another portfolio's."""
        if tags.fault:
            return f"contradicting-tags: {tags.fault}"
        if elsewhere := self._elsewhere(tags):
            return f"{APART}: tagged with portfolio '{elsewhere}'"
        if self.ownership(shape.sub_account) is not Ownership.FOREIGN:
            return ""
        account = f"the rulebook calls account {account_of(shape.sub_account)} foreign"
        if "portfolio" in tags.found:
            return f"contradicting-tags: {KEYS['portfolio']} is '{tags.found['portfolio']}', and {account}"
        if shape.fact:
            return f"contradicting-tags: the inventory knows the resource, and {account}"
        return f"{APART}: {account}"

    def _elsewhere(self, tags: OwnTags) -> str:
        """The portfolio that a charge is tagged with when it is none of ours: two may share an account."""
        tagged, ours = tags.folded("portfolio"), self._portfolios
        return tags.found["portfolio"] if tagged and ours and tagged not in ours else ""

    def _tagged(self, tags: OwnTags) -> str | None:
        """The portfolio of this run that a charge is tagged with."""
        return self._portfolios.get(tags.folded("portfolio"))

    def _is_known(self, tenant: str, shape: Shape) -> bool:
        """Whether the inventory has *tenant*, or the filed month that a charge corrects had."""
        known = self._known
        return tenant in known.tenants or tenant in known.earlier.get(shape.other_month, ())

    def _named(self, tags: OwnTags, shape: Shape) -> tuple[str | None, str]:
        """The tenant that the tags name, or why it is not taken."""
        fact = shape.fact
        tenant, named = tags.folded("tenant"), f"{KEYS['tenant']} is '{tags.found['tenant']}'"
        if not self._is_known(tenant, shape):
            return None, f"unknown-tenant: the inventory has no tenant '{tags.found['tenant']}'"
        if fact and self._known.owners.get(fact) != tenant:
            return None, f"contradicting-tags: {named}, and by the inventory {self._whose(fact)}"
        if self._is_of_another_client(tags, tenant):
            return None, f"contradicting-tags: {named}, and {KEYS['client']} is '{tags.found['client']}'"
        home, tagged = self._known.homes.get(tenant), self._tagged(tags)
        if home and tagged and tagged != home:
            return None, f"contradicting-tags: {named}, and {KEYS['portfolio']} is '{tagged}'"
        return tenant, ""

    def _nameless(self, tags: OwnTags, fact: str) -> tuple[str | None, str]:
        """The tenant of the resource, if it is one's; or why tags without a tenant leave it open."""
        tenant = self._known.owners.get(fact)
        if not fact:
            left = (
                f"unknown-tenant: {tags.nameless}, and there is no {KEYS['tenant']}" if tags.nameless else ""
            )
            return None, left
        said = tags.folded("domain") if tags.domain else ""
        shared = said == CostDomain.SHARED_PLATFORM
        if said and shared is (tenant is not None):
            return (
                None,
                f"contradicting-tags: {KEYS['domain']} is {said}, and by the inventory {self._whose(fact)}",
            )
        if "client" in tags.found and (tenant is None or self._is_of_another_client(tags, tenant)):
            client = f"{KEYS['client']} is '{tags.found['client']}'"
            return None, f"contradicting-tags: {client}, and by the inventory {self._whose(fact)}"
        home, tagged = self._known.fact_portfolios.get(fact), self._tagged(tags)
        if home and tagged and tagged != home:
            portfolio = f"{KEYS['portfolio']} is '{tagged}'"
            return None, f"contradicting-tags: {portfolio}, but the inventory of {home} has the resource"
        return tenant, ""

    def _is_of_another_client(self, tags: OwnTags, tenant: str) -> bool:
        """Whether the tags name the client of other tenants; a name that is no client's is an old one."""
        client, own = tags.folded("client"), self._known.clients.get(tenant)
        return own is not None and client in self._clients and client not in own

    def _whose(self, fact: str) -> str:
        return f"the resource is {self._known.owners.get(fact) or 'the platform'}'s"

    def _mended(self, shape: Shape, tags: OwnTags) -> Owner | None:
        """What a virtual tag says of a tenant's tag that cannot be read; nothing mends a contradiction."""
        if "tenant" not in tags.found or tags.folded("tenant") in self._known.tenants:
            return None
        virtual = self._virtual(shape, tags, mending=True)
        return self._by(virtual, None) if virtual else None

    def _virtual(self, shape: Shape, tags: OwnTags, *, mending: bool) -> VirtualTag | None:
        account = account_of(shape.sub_account)
        look = Look(account, shape.service, shape.charge_category, shape.region, shape.matched, shape.since)
        return first_that_applies(self._rules.virtual_tags, look, tags, mending=mending)

    def _by(self, virtual: VirtualTag, portfolio: str | None) -> Owner:
        """The owner that a virtual tag names."""
        if virtual.unallocated_because is not None:
            reason = f"{virtual.tag}: {virtual.unallocated_because}"
            return Owner(portfolio=portfolio, apart=reason, virtual=virtual)
        if virtual.tenant is None:
            return Owner(portfolio=portfolio, virtual=virtual)
        if virtual.tenant not in self._known.tenants:
            named = f"tenant '{virtual.tenant}', whom virtual tag '{virtual.tag}' names"
            return Owner(apart=f"unknown-tenant: the inventory has no {named}", virtual=virtual)
        return Owner(virtual.tenant, self._known.homes.get(virtual.tenant, portfolio), virtual=virtual)

    def _unclaimed(self, shape: Shape, *, tagged: bool) -> str:
        """Why a charge that nothing claims is set apart; '' if it may be shared by its service."""
        account = account_of(shape.sub_account)
        named = f"account {account}" if account else "the bill names no account, and"
        ownership = self.ownership(shape.sub_account)
        if ownership is Ownership.UNKNOWN:
            return f"unknown-account: {named} is neither in the inventory nor in the rulebook"
        if ownership is Ownership.SHARED:
            what = shape.service or "a charge without a service"
            where = (
                f"{named} is another portfolio's too"
                if account
                else f"{named} another portfolio is on it too"
            )
            return f"unknown-resource: {where}; neither a tag nor the inventory says whose it is: {what}"
        unlisted = shape.matched.partition(UNLISTED)[2].strip()
        if unlisted and not tagged and account_of(shape.sub_account) not in self._rules.accounts.ours:
            return f"unknown-resource: the inventory lists what there is of this kind, and not {unlisted}"
        return ""

    def _portfolio(self, shape: Shape, tags: OwnTags) -> str | None:
        known = self._known
        if known.only_portfolio:
            return known.only_portfolio
        if tagged := self._tagged(tags):
            return tagged
        if home := known.fact_portfolios.get(shape.fact):
            return home
        there = known.accounts.get(account_of(shape.sub_account), frozenset())
        return next(iter(there)) if len(there) == 1 else None

    def ownership(self, sub_account: str) -> Ownership:
        """Whose the account is: as the rulebook says, as the bill shows, or as the inventories know."""
        account = account_of(sub_account)
        declared = self._rules.accounts
        for ownership in (Ownership.FOREIGN, Ownership.SHARED, Ownership.OURS):
            if account and account in getattr(declared, ownership):
                return ownership
        if account in self._visited:
            return Ownership.SHARED
        if not account or account in self._known.accounts:
            return Ownership.OURS if account else Ownership.UNSAID
        return Ownership.UNKNOWN if self._known.accounts or declared.named else Ownership.UNSAID


def _disagreement(tenant: str | None, consumer: str | None) -> str:
    """Why a charge that names *tenant* was not allocated to *consumer*; '' if it may have been."""
    if tenant in {None, consumer}:
        return ""
    return f"contradicting-tags: {KEYS['tenant']} is '{tenant}', and it was allocated to '{consumer}'"
