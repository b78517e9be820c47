"""A world in which leftovers are purged: evidence, a portfolio and an account that can die at any moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from allocation.prices.price_book import PriceBook, load_price_book
from lifecycle.decommission.plan import DecommissionPlan
from lifecycle.decommission.retained import Kind
from lifecycle.errors import LifecycleError
from lifecycle.purge.approval import PurgeApproval
from lifecycle.purge.guards import Situation
from lifecycle.purge.ledger import Ledger, LedgerLine
from lifecycle.purge.plan import PurgePlan
from lifecycle.purge.resource import AccountResource, KeyUser
from lifecycle.purge.steps import Purge
from lifecycle.purge.survey import Survey
from lifecycle.stack_resources import Target
from tests.lifecycle.world import ACCOUNT, KilledError, ending_plan, production
from tiers.portfolio.gates.purge import PurgeSpec
from tiers.tags import KEYS

ENDED_AT = datetime(2026, 11, 25, 8, tzinfo=UTC)
DUE = ENDED_AT + timedelta(days=90)
NOW = DUE + timedelta(hours=6)
TERMS = PurgeSpec(enabled=True, allowed_signers="approvers")
KEY = "arn:aws:kms:us-east-1:123456789012:key/0a"
TAGS = {KEYS["portfolio"]: "local", KEYS["tenant"]: "acme"}
REGION = "us-east-1"
IDS = {
    Kind.DUMPS: "s3://backups/dumps/acme/",
    Kind.SNAPSHOT: "local-acme-server-final-0",
    Kind.RECOVERY_POINT: "11aa",
    Kind.VAULT: "local-acme-vault",
    Kind.BUCKET: "local-acme-bucket",
    Kind.KEY: "0a",
}


def resource(what: Kind, **more: Any) -> AccountResource:
    said: dict[str, Any] = {
        "what": what,
        "id": IDS[what],
        "region": REGION,
        "handle": {Kind.KEY: KEY}.get(what, IDS[what]),
        "created_at": None if what is Kind.DUMPS else ENDED_AT - timedelta(days=9),
        "tags": TAGS,
        "key": "" if what in {Kind.KEY, Kind.DUMPS} else KEY,
    }
    if what in {Kind.DUMPS, Kind.BUCKET}:
        said |= {"contents": 4, "size_bytes": 1 << 30, "newest": ENDED_AT - timedelta(hours=1)}
    if what is Kind.SNAPSHOT:
        said["gib"] = 20
    if what is Kind.VAULT:
        said["contents"] = 1
    if what is Kind.RECOVERY_POINT:
        said |= {"inside": IDS[Kind.VAULT], "gib": 5}
    return AccountResource.model_validate({**said, **more})


@dataclass
class Account:
    """An account in memory: `fuse` burns down with every call that changes it, and kills at 0."""

    held: dict[Kind, AccountResource] = field(default_factory=lambda: {each: resource(each) for each in IDS})
    deleted: list[Kind] = field(default_factory=list)
    others: set[KeyUser] = field(default_factory=set)
    fuse: int | None = None
    before: bool = True

    id: str = ACCOUNT

    def look(self, line: LedgerLine) -> AccountResource | None:
        there = self.held.get(line.what)
        if there is None or there.id != line.id:
            return None
        if there.what is Kind.VAULT:
            return there.model_copy(update={"contents": int(Kind.RECOVERY_POINT in self.held)})
        return there

    def again(self, line: LedgerLine, _: AccountResource) -> AccountResource | None:
        return self.look(line)

    def within(self, line: LedgerLine) -> Iterator[LedgerLine]:
        if line.what is Kind.VAULT and (point := self.held.get(Kind.RECOVERY_POINT)):
            yield line.point(point.id, point.gib)

    def key_users(self, key: AccountResource) -> Collection[KeyUser]:
        mine = {
            KeyUser(what=each.what, id=each.id, region=each.region)
            for each in self.held.values()
            if each.key == key.handle
        }
        return mine | self.others

    def delete(self, there: AccountResource, *, days: int) -> str:
        assert 7 <= days <= 30
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse == 0 and self.before:
                raise KilledError(there.what)
        if there.what is Kind.VAULT and Kind.RECOVERY_POINT in self.held:
            raise LifecycleError("backup: the vault is not empty")
        self.deleted.append(there.what)
        if there.what is Kind.KEY:
            self.held[there.what] = there.model_copy(update={"ends": True})
        else:
            del self.held[there.what]
        if self.fuse == 0:
            raise KilledError(there.what)
        return "deleted"

    @property
    def bills(self) -> set[Kind]:
        """What still bills."""
        return {what for what, each in self.held.items() if not each.ends}


def ended_plan(**changes: Any) -> DecommissionPlan:
    targets = tuple(
        Target(urn=f"urn::{name}", type="x:y:Z", id=f"local-acme-{name}")
        for name in ("server", "vault", "bucket")
    )
    return ending_plan(production(), targets=targets, **changes)


def lines(ended: DecommissionPlan) -> tuple[LedgerLine, ...]:
    """The ledger, without the recovery point that is in the vault."""
    return tuple(
        LedgerLine(
            tenant=ended.tenant,
            ended_by=ended.sha256,
            recorded_at=ENDED_AT,
            what=what,
            id=name,
            region=REGION,
            gib=20,
            because="kept",
            until=DUE,
            per_month="1.00",
        )
        for what, name in IDS.items()
        if what is not Kind.RECOVERY_POINT
    )


@dataclass
class World:
    """Evidence, situation, account, and a plan that was made of them and approved."""

    record: Path
    account: Account = field(default_factory=Account)
    ended: DecommissionPlan = field(default_factory=ended_plan)
    clock: datetime = NOW
    phrase: str | None = None
    approval: PurgeApproval | None = None
    situation: Situation = field(
        default_factory=lambda: Situation(NOW, ACCOUNT, "local", frozenset({"borealis"}), (), TERMS)
    )
    read: Ledger | None = None
    plan: PurgePlan | None = None
    purged: tuple[Mapping[str, Any], ...] = ()

    def now(self) -> datetime:
        return self.clock

    def ledger(self) -> Ledger:
        return self.read or Ledger(lines(self.ended), {self.ended.sha256: self.ended})

    def purges(self) -> Iterable[Mapping[str, Any]]:
        return self.purged

    def seen(self) -> Situation:
        return replace(self.situation, now=self.clock)

    def planned(self, prices: PriceBook) -> World:
        """The world with a plan and its approval."""
        self.plan = Survey(self.ledger(), self.account, self.seen(), prices).plan()
        self.approval = PurgeApproval.of(self.plan, "dana@example.com", self.clock)
        return self

    def run(self) -> None:
        assert self.plan is not None
        Purge(self.plan, self, self.account, self.record, self.phrase, self.approval).run()


def prices() -> PriceBook:
    return load_price_book("USD", regions=[REGION])
