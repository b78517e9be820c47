"""What was tried and what is run: restores, recoveries, redundancy, access, versions, and months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from allocation.money import text_of
from allocation.report.compliance.finding import EVIDENCE, Finding, Known, State, Topic
from allocation.report.figures import duration
from allocation.report.showback.rehearsals import UNSAID
from tiers.facts.data import DatabaseInstance, LogicalBackup
from tiers.facts.every_fact import Egress, Namespace, NodeGroup, Workload
from tiers.facts.postgresql_support import standard_support_ends
from tiers.plan.plan import facts_of
from tiers.portfolio.versions.chosen import image_of
from tiers.portfolio.versions.image import support_ends

SCAN_DAYS: Final = 30
"""How old the newest scan of an image may be where platform.yaml has no rule."""
_NAME_IT: Final = "`costack {} --all-due --check --evidence FILE` adds it with the name"


def findings(known: Known) -> Iterator[Finding]:
    """Everything that is no store."""
    yield _restore_test(known)
    yield _recovery(known)
    yield from _redundancy(known)
    yield from _access(known)
    yield from _audit(known)
    yield from _versions(known)
    yield from _scans(known)
    yield from _months(known)


def _restore_test(known: Known) -> Finding:
    dumps = facts_of(known.tenant.facts, LogicalBackup)
    most = (dumps[0].restore_test_age_days if dumps else None) or known.promise.restore_test_age_days or 0
    subject, tried = f"{known.tenant.tenant}/backups", known.restored
    if tried is None:
        told = "no restore test is on file: `costack restore-test --all-due --evidence FILE` adds those made"
        return Finding(Topic.RESTORE_TESTS, subject, State.UNKNOWN, told)
    days = (known.now - tried.tried_at) // timedelta(days=1)
    took = f" in {tried.minutes} minutes" if tried.minutes is not None else ""
    told = f"the backup of {tried.backup_taken or 'an unknown moment'} was restored and checked{took}"
    if not tried.succeeded:
        told = f"the backup of {tried.backup_taken or 'an unknown moment'} could not be restored"
    told += f", {days} days before this export; at most {most} are promised"
    good = tried.succeeded and days <= most
    state = State.MET if good else State.GAP
    if good and not tried.owner_said:
        state, told = State.UNKNOWN, f"{told}; {UNSAID}: {_NAME_IT.format('restore-test')}"
    return Finding(Topic.RESTORE_TESTS, subject, state, told, EVIDENCE, tried.tried_at.date())


def _recovery(known: Known) -> Finding:
    subject, each = f"{known.tenant.tenant}/rehearsal", known.rehearsed
    if each is None:
        if not known.promise.second_region:
            told = "no recovery in another region is promised"
            return known.deployed(Topic.RECOVERY, subject, told, good=True)
        told = "promised, and the inventory has no rehearsal of it: run `pulumi up` with this version"
        return Finding(Topic.RECOVERY, subject, State.UNKNOWN, told, known.source)
    promised = (
        f"promised: back within {duration(each.promised_rto_seconds)}, at most "
        f"{duration(each.promised_rpo_seconds)} of work lost"
    )
    if each.rehearsed_at is None or each.rto_seconds is None or each.rpo_seconds is None:
        told = f"{each.state}: {each.why or 'nothing was measured'}; {promised}"
        return Finding(Topic.RECOVERY, subject, State.UNKNOWN, told)
    told = (
        f"in {each.region}: back within {duration(each.rto_seconds)}, {duration(each.rpo_seconds)} of work "
        f"lost; {promised}"
    )
    state = State.MET if each.proven else State.GAP
    told += "" if each.proven else f"; {each.state}: {each.why}"
    if each.proven and not each.owner_said:
        state, told = State.UNKNOWN, f"{told}; {UNSAID}: {_NAME_IT.format('failover --rehearse')}"
    return Finding(Topic.RECOVERY, subject, state, told, EVIDENCE, each.rehearsed_at.date())


def _redundancy(known: Known) -> Iterator[Finding]:
    promise = known.promise
    for server in facts_of(known.tenant.facts, DatabaseInstance):
        told = "a standby in a second zone" if server.multi_az else "one zone"
        yield known.deployed(
            Topic.REDUNDANCY,
            server.id,
            told,
            good=server.multi_az or not promise.multi_az,
            shown_by=server.id,
        )
    for pods in facts_of(known.tenant.facts, Workload):
        if pods.odoo is None or not pods.odoo.web_workers:
            continue
        told = f"{pods.replicas} pods, {promise.web_replicas} are promised"
        if pods.spread is None:
            told += "; the inventory does not say in how many zones"
            yield Finding(Topic.REDUNDANCY, pods.id, State.UNKNOWN, told, known.source, known.deployed_on)
            continue
        told += f"; in {pods.spread.zones} zones"
        good = pods.replicas >= promise.web_replicas and (pods.spread.zones > 1 or not promise.multi_az)
        yield known.deployed(Topic.REDUNDANCY, pods.id, told, good=good)


def _access(known: Known) -> Iterator[Finding]:
    facts, name = known.tenant.facts, known.tenant.tenant
    for space in facts_of(facts, Namespace):
        told = f"namespace of its own, Pod Security Standard {space.pod_security}"
        yield known.deployed(Topic.ACCESS, space.id, told, good=space.pod_security == "restricted")
    if not facts_of(facts, Namespace):
        yield _gap(known, f"{name}/namespace", "it shares a namespace with other tenants")
    for way in facts_of(facts, Egress):
        told = f"pods reach {', '.join(way.cidrs) or 'no network'} and no other network outside"
        told = "pods reach the whole internet" if way.internet else told
        good = not way.internet or known.measures.open_internet
        yield known.deployed(Topic.ACCESS, way.id, told, good=good)
    nodes = facts_of(facts, NodeGroup)
    for group in nodes:
        told = f"{group.nodes} nodes of its own, {group.instance_type}, with encrypted disks"
        yield known.deployed(Topic.ACCESS, group.id, told, good=True)
    if known.measures.dedicated_nodes and not nodes:
        yield _gap(known, f"{name}/nodes", "it has no nodes of its own, and the controls require them")
    told = (
        "who may use the AWS account, the cluster and Odoo itself is not in the inventory: attach the access "
        "review of your identity provider"
    )
    yield Finding(Topic.ACCESS, f"{name}/people", State.UNKNOWN, told)


def _gap(known: Known, subject: str, told: str) -> Finding:
    return Finding(Topic.ACCESS, subject, State.GAP, told, known.source, known.deployed_on)


def _audit(known: Known) -> Iterator[Finding]:
    for server in facts_of(known.tenant.facts, DatabaseInstance):
        told = "grants and changes of the schema are logged" if server.audited else "nothing is audited"
        yield known.deployed(
            Topic.LOGGING,
            server.id,
            told,
            good=server.audited or not known.measures.audited,
            shown_by=server.id,
        )


def _versions(known: Known) -> Iterator[Finding]:
    today = known.now.date()
    for server in facts_of(known.tenant.facts, DatabaseInstance):
        what = f"PostgreSQL {server.engine_version}"
        last = standard_support_ends(server.engine_version)
        yield _supported(known, server.id, what, last, today, shown_by=server.id)
    if known.portfolio is None or known.file is None:
        told = "no file of the tenant is at hand, so its version of Odoo has no known end of support"
        yield Finding(Topic.PATCHES, f"{known.tenant.tenant}/odoo", State.UNKNOWN, told)
        return
    image = image_of(known.portfolio.platform, known.file)
    last = support_ends(image)
    yield _supported(known, f"{known.tenant.tenant}/odoo", f"Odoo {image.version}", last, today)


def _supported(
    known: Known, subject: str, what: str, last: date | None, today: date, *, shown_by: str | None = None
) -> Finding:
    if last is None:
        told = f"{what}: nobody says until when it is supported"
        return Finding(Topic.PATCHES, subject, State.UNKNOWN, told, known.source, known.deployed_on)
    told = f"{what}: supported until {last}"
    return known.deployed(Topic.PATCHES, subject, told, good=today <= last, shown_by=shown_by)


def _scans(known: Known) -> Iterator[Finding]:
    scans = known.scans or {}
    rules = known.portfolio.platform.images.scan if known.portfolio else None
    most = rules.max_report_days if rules else SCAN_DAYS
    for image in known.images:
        scan = scans.get(image)
        if scan is None:
            told = "no scan of it is on file: `costack images check --evidence FILE` records one"
            yield Finding(Topic.PATCHES, image, State.UNKNOWN, told)
            continue
        days = (known.now - scan.at) // timedelta(days=1)
        told = f"scanned {days} days before this export, at most {most} are allowed"
        good = scan.passed and days <= most
        told += "" if scan.passed else f"; it may not run: {'; '.join(scan.faults)}"
        state = State.MET if good else State.GAP
        yield Finding(Topic.PATCHES, image, state, told, EVIDENCE, scan.at.date())


def _months(known: Known) -> Iterator[Finding]:
    """What its controls and its promise cost in each filed month: what is paid for was there."""
    name = known.tenant.tenant
    if not known.months:
        yield Finding(Topic.OPERATION, name, State.UNKNOWN, "no filed month was given (--history)")
    yield from _not_filed(known)
    for month in known.months:
        line, subject = month.by_tenant.get(name), f"{name} in {month.month}"
        source = f"statement of {month.month}, {month.basis}"
        day = month.charge_period.end.date()
        if line is None:
            yield Finding(Topic.OPERATION, subject, State.GAP, "it is not in the statement", source, day)
            continue
        security, resilience = (line.by_category.get(each, 0) for each in ("security", "resilience"))
        told = (
            f"security {text_of(security)} and resilience {text_of(resilience)} {month.currency}, "
            f"tier {line.tier}"
        )
        state = State.MET if security > 0 and month.basis == "billed" else State.UNKNOWN
        told += "" if state is State.MET else "; only a bill with a cost of security shows that it was there"
        yield Finding(Topic.OPERATION, subject, state, told, source, day)


def _not_filed(known: Known) -> Iterator[Finding]:
    """The whole months since the first one that is filed of which nothing is: nobody shows what was there."""
    filed, today = {month.month for month in known.months}, known.now.date()
    day = min((month.charge_period.start.date() for month in known.months), default=today).replace(day=1)
    while (after := (day + timedelta(days=31)).replace(day=1)) <= today:
        if (name := f"{day:%Y-%m}") not in filed:
            subject = f"{known.tenant.tenant} in {name}"
            yield Finding(Topic.OPERATION, subject, State.UNKNOWN, "no statement of this month is filed")
        day = after
