"""A world in which tenants end: a file, a stack and an account that can be interrupted at any moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lifecycle.decommission.final_backup import FinalBackup
from lifecycle.decommission.plan import DecommissionPlan, facts_sha256
from lifecycle.decommission.retained import Kind, RemainingResource
from lifecycle.decommission.savings import IDLE, Savings
from lifecycle.errors import LifecycleError
from lifecycle.stack_resources import Preview, Target
from tests.portfolios import plan_of, tenant
from tiers.plan.plan import TenantPlan
from tiers.portfolio.gates.reaper import ReaperSpec
from tiers.portfolio.tenant import Tenant

START = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
ACCOUNT = "123456789012"
TYPES = {
    "server": "aws:rds/instance:Instance",
    "key": "aws:kms/key:Key",
    "logs": "aws:cloudwatch/logGroup:LogGroup",
    "web": "kubernetes:apps/v1:Deployment",
}


class KilledError(BaseException):
    """The process is gone; nothing after it happened."""


def urn(name: str, kind: str) -> str:
    return f"urn:pulumi:local::costack::costack:index:TenantStack${kind}::{name}"


@dataclass
class World:
    """One tenant's file, what is deployed of it, and what the account holds.

    `fuse` burns down with every call that touches the world and kills at 0: before the call when
    `before` is set, else after it was done and before its answer came.
    """

    written: Tenant | None
    live: Tenant | None = None
    holds: set[RemainingResource] = field(default_factory=set)
    dumps: list[FinalBackup] = field(default_factory=list)
    exports: list[str] = field(default_factory=list)
    clock: datetime = START
    fuse: int | None = None
    before: bool = True
    calls: list[str] = field(default_factory=list)
    others: frozenset[str] = frozenset()
    dumps_work: bool = True
    restored: datetime | None = START - timedelta(days=3)
    approved: dict[str, Any] = field(default_factory=dict)
    """What a plan says that only a person can say."""
    terms: ReaperSpec | None = None
    """What platform.yaml says of approved plans."""
    made: datetime | None = START - timedelta(days=60)
    """When the stack created the tenant; None when nobody knows."""
    torn: bool = False
    """Whether the dump's bytes are no longer those of its manifest."""
    uploaded: int = 0
    """The bytes of files that an import which was given up has left."""

    def deploy(self) -> World:
        """What `pulumi up` makes of the file, without a word."""
        self._up()
        return self

    # The hands.

    def now(self) -> datetime:
        self.clock += timedelta(seconds=7)
        return self.clock

    def account(self) -> str:
        return ACCOUNT

    def deployed(self) -> TenantPlan | None:
        return resolved(self.live) if self.live else None

    def urns(self) -> frozenset[str]:
        return frozenset(target.urn for target in targets(self.live)) if self.live else frozenset()

    def write(self, name: str, value: str) -> bool:
        return bool(self._touch(f"write {name}", lambda: self._write(name, value)))

    def remove_file(self) -> bool:
        return bool(self._touch("remove file", self._remove))

    def wanted(self) -> TenantPlan | None:
        return resolved(self.written) if self.written else None

    def derived(self) -> DecommissionPlan | None:
        return ending_plan(self.live, **self.approved) if self.live else None

    def released(self) -> bool:
        return self.live is not None and not self.live.protected

    def created_at(self) -> datetime | None:
        return self.made if self.live else None

    def reaper(self) -> ReaperSpec | None:
        return self.terms

    def savings(self) -> Mapping[str, Any]:
        payers = {"borealis": 9_7900000000, IDLE: 20_0000000000}
        return Savings("USD", 94_4400000000, 64_6500000000, payers).document()

    def reread(self, dump: FinalBackup) -> None:
        if self.torn:
            raise LifecycleError(f"{dump.key}: it is not the dump that was made")

    def shared_bucket(self) -> tuple[str, int]:
        return "backups", 97

    def stored(self, bucket: str, prefix: str) -> Mapping[str, int]:
        if self.uploaded and (bucket, prefix) == ("backups", "acme.upload"):
            return {"filestores": self.uploaded}
        return {"dumps": 4096, "filestores": 1 << 30} if (bucket, prefix) == ("backups", "acme") else {}

    def restore_tested_at(self) -> datetime | None:
        return self.restored

    def exported(self, keys: Sequence[str]) -> bool:
        return bool(keys) and set(keys) <= set(self.exports)

    def mark_copies(self) -> Sequence[str]:
        return []

    def preview(self) -> Preview:
        gone = self.urns() if self.written is None else frozenset()
        return Preview(gone | self.others, frozenset())

    def up(self) -> None:
        self._touch("up", self._up)

    def last_backup(self) -> FinalBackup | None:
        return self.dumps[-1] if self.dumps else None

    def export(self, dump: FinalBackup, name: str) -> Sequence[str]:
        def copy() -> list[str]:
            key = f"exports/{name}/{dump.key}"
            if key not in self.exports:
                self.exports.append(key)
            return [key]

        made: list[str] = self._touch("export", copy)
        return made

    def delete_copies(self) -> Sequence[str]:
        def delete() -> list[str]:
            gone = [each for each in self.holds if each.id == "fs-copy"]
            self.holds -= set(gone)
            return [each.id for each in gone]

        deleted: list[str] = self._touch("delete copies", delete)
        return deleted

    def remaining(self) -> tuple[RemainingResource, ...]:
        return tuple(self.holds)

    # What happens behind them.

    def _touch(self, what: str, act: Callable[[], Any]) -> Any:
        self.calls.append(what)
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse == 0 and self.before:
                raise KilledError(what)
        done = act()
        if self.fuse == 0:
            raise KilledError(what)
        return done

    def _write(self, name: str, value: str) -> bool:
        if self.written is None:
            raise AssertionError("a file that is gone cannot be written")
        known = self.written.model_dump(mode="json", exclude_none=True)
        self.written = Tenant.model_validate({**known, name: value})
        return bool(known.get(name) != value)

    def _remove(self) -> bool:
        there, self.written = self.written is not None, None
        return there

    def _up(self) -> None:
        before, self.live = self.live, self.written
        if self.live is None:
            if before is not None and any(t.type == TYPES["server"] for t in targets(before)):
                if before.protected:
                    self.live = before
                    raise AssertionError("a protected server was to be deleted")
                self.holds.add(
                    RemainingResource(Kind.SNAPSHOT, "local-acme-postgresql-final-0", "us-east-1", 100)
                )
            return
        if self.live.lifecycle_stage == "decommissioning" and self.dumps_work and _dumped(self.live):
            key = f"dumps/acme/{self.clock:%Y-%m-%dT%H:%M:%SZ}.dump"
            if not self.dumps:
                where: Any = (
                    {"bucket": "backups", "prefix": "acme", "kept_days": 97} if self.live.final_dump else {}
                )
                self.dumps.append(FinalBackup(self.clock, key, "0" * 64, 4096, **where))

    @property
    def restorable(self) -> bool:
        """Whether the tenant's data could be had back: it runs, or a dump or a snapshot is there."""
        snapshots = any(each.what is Kind.SNAPSHOT for each in self.holds)
        return self.live is not None or bool(self.dumps) or snapshots


def resolved(one: Tenant) -> TenantPlan:
    return plan_of(one).tenants[0]


def targets(one: Tenant) -> tuple[Target, ...]:
    names = ["logs", "web"] if one.tier == "shared-namespace" else list(TYPES)
    return tuple(
        Target(urn=urn(f"acme-{name}", TYPES[name]), type=TYPES[name], id=f"local-acme-{name}")
        for name in names
    )


def sandbox(**changes: Any) -> Tenant:
    ends: dict[str, Any] = {"expires_at": "2026-11-20T00:00:00Z", "cutover": "2026-11-15"}
    return tenant("acme", environment="migration", **{**ends, **changes})


def production(**changes: Any) -> Tenant:
    return tenant("acme", tier="ha-postgresql", **{"lifecycle_stage": "decommissioning", **changes})


def ending_plan(one: Tenant, **changes: Any) -> DecommissionPlan:
    there = resolved(one)
    own = one.environment == "production"
    plan = DecommissionPlan(
        stack="local",
        portfolio="local",
        account=ACCOUNT,
        currency="USD",
        region="us-east-1",
        regions=("us-east-1",),
        tenant=there.tenant,
        client=there.client,
        environment=there.environment,
        tier=there.tier,
        resilience_class=there.resilience_class,
        made_at=START,
        facts_sha256=facts_sha256(there),
        targets=targets(one),
        keep_days=90 if own else 0,
        needs_restore_test=own,
        final_dump=_dumped(one),
    )
    if changes.get("requested_dump"):
        changes = {"final_dump": True, **changes}
    return plan.model_copy(update=changes)


def world_of(one: Tenant) -> World:
    return World(written=one).deploy()


def _dumped(one: Tenant) -> bool:
    return any(fact.kind == "logical-backup" for fact in resolved(one).facts)
