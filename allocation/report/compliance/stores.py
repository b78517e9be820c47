"""Encryption, keys, regions and retention of everything that holds a tenant's data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from allocation.report.compliance.finding import EVIDENCE, Finding, Known, State, Topic
from tiers.facts.data import DatabaseInstance, Key, LogicalBackup, TenantDatabase
from tiers.facts.every_fact import FactRecord, LogGroup
from tiers.plan.plan import facts_of

STORES: Final[Mapping[str, str]] = {
    "database-instance": "PostgreSQL server",
    "database-standby": "standby server in another region",
    "cache-group": "session cache",
    "file-system": "file system",
    "file-system-backup": "backup vault of the file system",
    "bucket": "bucket of backups",
    "log-group": "logs",
    "database-backup-copy": "copy of the server's automated backups",
    "file-system-replica": "replica of the file system",
    "vault-copy": "copy of the backup vault",
}
"""What holds data, by kind of fact; Costack's templates encrypt each with the key of its region."""
MOST_DAYS: Final = 92
"""A listing of backups that is older than a quarter shows nothing of today."""
_LIST_THEM: Final = "`costack restore-test --all-due --check --evidence FILE` lists what the bucket has"
_IN_TRANSIT: Final = frozenset({"database-instance", "cache-group"})


def stores(known: Known) -> tuple[FactRecord, ...]:
    """The tenant's own stores, in the order of the plan."""
    return tuple(fact for fact in known.tenant.all_facts() if fact.kind in STORES)


def findings(known: Known) -> Iterator[Finding]:
    """Everything about its stores."""
    yield from _shared(known)
    for store in stores(known):
        yield from _encryption(known, store)
    yield from _keys(known)
    yield _regions(known)
    yield from _retention(known)


def _shared(known: Known) -> Iterator[Finding]:
    """Data in a store of somebody else's has somebody else's key."""
    own = {store.id for store in stores(known)}
    used = [(fact.id, fact.server) for fact in facts_of(known.tenant.facts, TenantDatabase)]
    for database, server in used:
        if server not in own:
            yield Finding(
                Topic.ENCRYPTION,
                database,
                State.GAP,
                f"lies on {server}, which is not the tenant's own and has the key of who owns it",
                known.source,
                known.deployed_on,
            )


def _encryption(known: Known, store: FactRecord) -> Iterator[Finding]:
    what, key = STORES[store.kind], _key_of(known, store)
    if key is None:
        evidence = f"{what} in {store.region}: no key of the tenant's own there"
        yield known.deployed(Topic.ENCRYPTION, store.id, evidence, good=False)
        return
    arn = known.inventory.cloud_ids.get(key.id)
    if arn is None:
        evidence = f"{what}: its key {key.id} has no id in the inventory"
        yield known.deployed(Topic.ENCRYPTION, store.id, evidence, good=True)._replace(state=State.UNKNOWN)
        return
    wire = ", and takes connections by TLS only" if store.kind in _IN_TRANSIT else ""
    evidence = f"{what}: encrypted at rest with the tenant's own key {arn}{wire}"
    yield known.deployed(Topic.ENCRYPTION, store.id, evidence, good=True, shown_by=_shown_by(known, store))


def _shown_by(known: Known, store: FactRecord) -> str:
    """The fact whose id shows it: logs of a server have none, and are made with the server."""
    servers = facts_of(known.tenant.facts, DatabaseInstance)
    return next((each.id for each in servers if store.id == f"{each.id}-logs"), store.id)


def _key_of(known: Known, store: FactRecord) -> Key | None:
    return next((key for key in facts_of(known.tenant.all_facts(), Key) if key.region == store.region), None)


def _keys(known: Known) -> Iterator[Finding]:
    """Keys of KMS that rotate by themselves, and the secrets that people rotate."""
    for key in facts_of(known.tenant.all_facts(), Key):
        evidence = (
            f"customer managed key in {key.region}, AWS rotates it every year; deleted "
            f"{key.deletion_window_days} days after somebody asks for it, and never with its stack"
        )
        yield known.deployed(Topic.KEYS, key.id, evidence, good=True, shown_by=key.id)
    times = known.tenant.rotation.used if known.tenant.rotation else 0
    done = f"rotated {times} times" if times else "never rotated"
    yield Finding(
        Topic.KEYS,
        f"{known.tenant.tenant}/passwords",
        State.UNKNOWN if times else State.GAP,
        f"passwords and tokens of the tenant: {done}, and no day is on file; `costack rotate` renews them",
        known.source,
    )


def _regions(known: Known) -> Finding:
    found = sorted({fact.region for fact in stores(known)})
    subject, listed = f"{known.tenant.tenant}/data", ", ".join(found)
    if known.file is None or known.file.data_residency is None:
        return Finding(
            Topic.REGION,
            subject,
            State.UNKNOWN,
            f"its data lies in {listed}; no file of the tenant says where it may lie (data_residency)",
            known.source,
            known.deployed_on,
        )
    allowed = known.file.data_residency
    outside = [region for region in found if region not in allowed]
    told = f"its data lies in {listed}; allowed: {', '.join(allowed)}"
    return known.deployed(Topic.REGION, subject, told, good=not outside and known.tenant.region in allowed)


def _retention(known: Known) -> Iterator[Finding]:
    facts = known.tenant.all_facts()
    dumps, least = facts_of(facts, LogicalBackup), known.promise.dump_retention_days
    if not dumps:
        yield Finding(
            Topic.RETENTION, f"{known.tenant.tenant}/backups", State.GAP, "no dumps are made", known.source
        )
    for dump in dumps:
        evidence = f"dumps are kept for {dump.retention_days} days, at least {least} are promised"
        found = known.deployed(Topic.RETENTION, dump.id, evidence, good=dump.retention_days >= least)
        yield _aged(known, found, least)
    for server in facts_of(facts, DatabaseInstance):
        days = server.backup_retention_days
        evidence = f"automated backups with their log are kept for {days} days"
        found = known.deployed(Topic.RETENTION, server.id, evidence, good=days > 0, shown_by=server.id)
        yield _configured(found, "attach what `aws rds describe-db-instance-automated-backups` prints")
    for logs in facts_of(facts, LogGroup):
        days, needed = logs.retention_days, known.measures.least_log_retention_days
        evidence = f"logs are kept for {days} days, the controls require {needed}"
        shown_by = _shown_by(known, logs)
        found = known.deployed(Topic.LOGGING, logs.id, evidence, good=days >= needed, shown_by=shown_by)
        yield _configured(found, "attach what `aws logs describe-log-streams` prints")


def _aged(known: Known, found: Finding, least: int) -> Finding:
    """A retention of dumps is met once the bucket was seen with one that old."""
    tried = known.restored
    kept = tried.kept if tried and tried.owner_said else None
    if kept is None:
        return _configured(found, _LIST_THEM)
    age, listed = (kept.listed_at - kept.oldest) // timedelta(days=1), (known.now - kept.listed_at).days
    told = f"on {kept.listed_at:%Y-%m-%d} the oldest of {kept.count} in the bucket was {age} days old"
    seen = found._replace(evidence=f"{found.evidence}; {told}", source=EVIDENCE, on=kept.listed_at.date())
    # The next one is deleted within a day of the last day that it is kept.
    if found.state is State.MET and age + 1 >= least and listed <= MOST_DAYS:
        return seen
    old = "the listing is too old" if listed > MOST_DAYS else f"none is known to be {least} days old"
    return _configured(seen, old)


def _configured(found: Finding, remedy: str) -> Finding:
    """What is configured as it should be, and nothing shows that it is so; other findings as they are."""
    if found.state is not State.MET:
        return found
    return found._replace(state=State.CONFIGURED, evidence=f"{found.evidence}; {remedy}")
