"""Sorts the lines of a ledger: what goes, what waits, what a guard keeps, and what is gone already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from allocation.money import text_of
from allocation.prices.price_book import PriceBook
from lifecycle.decommission.retained import Kind
from lifecycle.errors import RefusedError
from lifecycle.purge.guards import (
    Situation,
    refusals_of_key,
    refusals_of_line,
    refusals_of_part,
    refusals_of_resource,
    unknown_holds,
)
from lifecycle.purge.ledger import Ledger, LedgerLine
from lifecycle.purge.plan import Deletion, Kept, PurgePlan, most_of
from lifecycle.purge.planned import PlannedAlready
from lifecycle.purge.resource import ORDER, AccountResource, KeyUser, PurgeAccount


@dataclass
class Survey:
    """One look at everything that a ledger names.

    Attributes:
        report: Gets each line before it is looked for.
        planned: What the folder for the plan has already.
    """

    ledger: Ledger
    account: PurgeAccount
    seen: Situation
    prices: PriceBook
    report: Callable[[LedgerLine], None] = lambda _: None
    planned: PlannedAlready = field(default_factory=PlannedAlready)
    _goes: list[Deletion] = field(default_factory=list)
    _waits: list[Kept] = field(default_factory=list)
    _refused: list[Kept] = field(default_factory=list)
    _gone: list[LedgerLine] = field(default_factory=list)

    def plan(self) -> PurgePlan:
        """The plan of what is due.

        Raises:
            RefusedError: When a legal hold names nobody.
            LifecycleError: When AWS does not answer.
        """
        if found := list(unknown_holds(self.seen.holds, self.seen.tenants | self.ledger.tenants)):
            raise RefusedError(*found)
        due = []
        for line in sorted(self.ledger.lines, key=_place):
            if self.ledger.ended[line.ended_by].portfolio != self.seen.portfolio:
                continue  # a plan is of one portfolio
            if self.seen.now < line.until:
                because = f"its day is {line.until:%Y-%m-%d}"
                self._waits.append(Kept(line=line, because=because, per_month=self._cost_then(line)))
            else:
                due.append(line)
        for line in self._whole(due):
            self._look(line)
        every = [self.ledger.ended[each] for each in sorted(self.ledger.ended)]
        ended = [each for each in every if each.portfolio == self.seen.portfolio]
        return PurgePlan(
            portfolio=self.seen.portfolio,
            account=self.seen.account,
            currency=self.prices.currency,
            region=ended[0].region,
            regions=tuple(sorted({region for each in ended for region in each.regions})),
            stacks=tuple(sorted({each.stack for each in ended})),
            made_at=self.seen.now.replace(microsecond=0),
            goes=tuple(self._goes),
            waits=tuple(self._waits),
            refused=tuple(self._refused),
            gone=tuple(self._gone),
        )

    def _whole(self, due: list[LedgerLine]) -> list[LedgerLine]:
        """The lines with what must go before them, each once, in the order of deletion."""
        known = {(each.what, each.region, each.id) for each in self.ledger.lines}  # with a day of their own
        inner = chain.from_iterable(self.account.within(each) for each in due if each.what is Kind.VAULT)
        more = [each for each in inner if (each.what, each.region, each.id) not in known]
        return sorted([*due, *more], key=_place)

    def _look(self, line: LedgerLine) -> None:
        self.report(line)
        ended = self.ledger.ended[line.ended_by]
        if refused := list(refusals_of_line(line, ended, self.seen)):
            self._keep(line, None, refused)
            return
        there = self.account.look(line)
        if there is None or there.ends:
            self._gone.append(line)
            return
        refused = [*refusals_of_resource(line, there, ended), *self._kept_by_others(there)]
        if refused:
            self._keep(line, there, refused)
        elif because := self.planned.why_not_again(line, self.seen.portfolio):
            self._waits.append(Kept(line=line, because=because, per_month=self._cost(there)))
        elif len(self._goes) >= most_of(self.seen.terms):
            because = "one run deletes no more (purge.most_per_run); it is in the next plan"
            self._waits.append(Kept(line=line, because=because, per_month=self._cost(there)))
        else:
            self._goes.append(Deletion(line=line, there=there, per_month=self._cost(there)))

    def _kept_by_others(self, there: AccountResource) -> Iterator[str]:
        """A vault or a key of which something stays, or a part of a backup that does."""
        yield from refusals_of_part(there, {each.there.handle for each in self._goes})
        if there.what is Kind.VAULT:
            inner = [each for each in self._goes if each.there.inside == there.handle]
            if len(inner) < there.contents:
                yield f"it holds {there.contents} recovery points, of which {len(inner)} are purged"
        if there.what is Kind.KEY:
            yield from refusals_of_key(there, self._users_that_stay(there))

    def _users_that_stay(self, key: AccountResource) -> list[KeyUser]:
        going = {_identity(each.there) for each in self._goes}
        return [each for each in self.account.key_users(key) if _identity(each) not in going]

    def _keep(self, line: LedgerLine, there: AccountResource | None, why: Iterable[str]) -> None:
        cost = self._cost_then(line) if there is None else self._cost(there)
        self._refused.append(Kept(line=line, because="; ".join(why), per_month=cost))

    def _cost_then(self, line: LedgerLine) -> str | None:
        """What evidence says that it costs; unknown where that was in another currency."""
        same = self.ledger.ended[line.ended_by].currency == self.prices.currency
        return line.per_month if same else None

    def _cost(self, there: AccountResource) -> str | None:
        units = there.units(self.prices)
        return None if units is None else text_of(units)


def _place(line: LedgerLine) -> tuple[object, ...]:
    rank = ORDER.index(line.what) if line.what in ORDER else len(ORDER)
    return rank, line.until, line.tenant, line.region, line.id


def _identity(one: AccountResource | KeyUser) -> tuple[object, ...]:
    """Buckets have one name in all regions."""
    return one.what, "" if one.what is Kind.BUCKET else one.region, one.id
