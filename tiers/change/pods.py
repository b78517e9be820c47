"""What a change does to the pods of a tenant, and to those who work with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar

from tiers.change.effect import EffectKind
from tiers.change.routes import route_changes
from tiers.change.servers import Change
from tiers.change.upgraded import while_upgraded
from tiers.change.versions.odoo import major_of
from tiers.facts.compute import Job, ModuleUpdate, SleepSchedule, Workload
from tiers.facts.data import CacheSpace, LogicalBackup, TenantDatabase
from tiers.facts.every_fact import FactRecord
from tiers.facts.monitoring import MaintenancePage
from tiers.facts.names import ODOO_UPDATE
from tiers.facts.network import Egress, PodGroup, Route
from tiers.plan.plan import TenantPlan, facts_of, process_of, uses_own_services
from tiers.portfolio.restore.stage import RestoreStage
from tiers.portfolio.rotation import NEVER
from tiers.vocabulary import LifecycleStage, MoveStage

Kind = TypeVar("Kind", bound=FactRecord)

_WEB: Final = "web"
# Of the process as it is declared: what changes any of these words changes the template of the pods.
_PROCESS: Final = {
    "image": "image",
    "version": "version",
    "run_as_user": "user",
    "run_as_group": "group",
    "web_workers": "workers",
    "cron_threads": "threads",
    "neutralised": "gate of a copy",
    "addons_path": "addons",
}
_WHILE_RESTORED: Final = {
    RestoreStage.SWITCH: "while it is backed up, a restored database takes the place of the one in use and "
    "files come back (restore, stage switch); the backup takes longest",
    RestoreStage.BACK: "while the database before takes its place again (restore, stage back): minutes",
}
_CONNECTIONS: Final = ("database", "role", "server", "connections_per_process", "connections_evented")


def pod_changes(before: TenantPlan, after: TenantPlan) -> Iterator[Change]:
    """What happens to the pods of a tenant that was there before."""
    yield from _versions(before, after)
    yield from _running(before, after)
    yield from _updated(before, after) or _restarts(before, after)
    yield from _reached(before, after)


def _versions(before: TenantPlan, after: TenantPlan) -> Iterator[Change]:
    old, new = (process_of(each) for each in (before, after))
    if old is None or new is None or major_of(old.version) == major_of(new.version):
        return
    if after.upgrade is not None:
        what = f"Odoo {old.version} → {new.version}, another major version, on the database that goes with it"
        yield Change(EffectKind.MAJOR, what)
        return
    what = (
        f"Odoo {old.version} → {new.version}, another major version: its database needs Odoo's upgrade "
        "first, and only a restore leads back"
    )
    yield Change(EffectKind.MAJOR, what)


def _updated(before: TenantPlan, after: TenantPlan) -> list[Change]:
    """An update of modules: it stops all pods, whatever else would start them anew one by one."""
    old, new = (_update(each) for each in (before, after))
    if new is None or (old is not None and old.number == new.number):
        return []
    shown = " behind a maintenance page" if facts_of(after.facts, MaintenancePage) else ""
    copied = "after a backup, " if facts_of(after.facts, LogicalBackup) else "without a backup, "
    what = (
        f"modules are updated ({', '.join(new.modules)}; update {new.number}): Odoo is stopped{shown}, "
        f"{copied}for {new.minutes} minutes at most"
    )
    return [Change(EffectKind.DOWNTIME, what)]


def _update(tenant: TenantPlan) -> ModuleUpdate | None:
    return next((job.update for job in facts_of(tenant.facts, Job) if job.name == ODOO_UPDATE), None)


def _running(before: TenantPlan, after: TenantPlan) -> Iterator[Change]:
    ran, runs = (any(pod.replicas for pod in facts_of(each.facts, Workload)) for each in (before, after))
    if ran and not runs:
        shown = ", behind a maintenance page" if facts_of(after.facts, MaintenancePage) else ""
        yield Change(EffectKind.DOWNTIME, f"Odoo is stopped {_why_stopped(after)}{shown}")
    if runs and not ran:
        yield Change(EffectKind.NOTICE, "Odoo starts again")
    had, has = (facts_of(each.facts, SleepSchedule)[:1] for each in (before, after))
    if has and (not had or (had[0].awake, had[0].timezone) != (has[0].awake, has[0].timezone)):
        yield Change(EffectKind.DOWNTIME, f"is stopped outside {has[0].awake} {has[0].timezone}")


def _why_stopped(after: TenantPlan) -> str:
    if after.move is not None and after.move.stage is MoveStage.MIGRATE:
        return "while its data is copied and checked (move, stage migrate); how long depends on its size"
    if after.restore is not None:
        return _WHILE_RESTORED.get(after.restore.stage, "")
    if after.upgrade is not None:
        return while_upgraded(after)
    if after.lifecycle_stage is LifecycleStage.DECOMMISSIONING:
        return "for good (decommissioning)"
    return "until it has pods again"


def _restarts(before: TenantPlan, after: TenantPlan) -> Iterator[Change]:
    """Why its pods start anew: web pods one by one, those of scheduled actions after a pause."""
    known = {pod.id: pod for pod in facts_of(before.facts, Workload)}
    shared = [*_configured(before, after)]
    for pod in facts_of(after.facts, Workload):
        old = known.get(pod.id)
        if old is None or not (old.replicas and pod.replicas):
            continue
        if old.namespace != pod.namespace:
            what = f"{pod.name}: pods in namespace {pod.namespace} replace those in {old.namespace}"
            yield Change(EffectKind.RESTART, what)
        elif why := [*_template(old, pod), *shared]:
            how = "one by one, requests go on" if pod.name == _WEB else "scheduled actions pause"
            yield Change(EffectKind.RESTART, f"{pod.name} pods start anew ({', '.join(why)}): {how}")


def _template(old: Workload, new: Workload) -> Iterator[str]:
    for name, word in _PROCESS.items():
        if getattr(old.odoo, name, None) != getattr(new.odoo, name, None):
            yield word
    if old.compute != new.compute:
        yield "CPU and memory"
    if old.nodes != new.nodes:
        yield "nodes"
    if (old.needs_zones, _by_rollout(old)) != (new.needs_zones, _by_rollout(new)):
        yield "spread over zones"
    if old.priority_class != new.priority_class:
        yield "priority"


def _by_rollout(pods: Workload) -> bool:
    return pods.spread is not None and pods.spread.by_rollout


def _configured(before: TenantPlan, after: TenantPlan) -> Iterator[str]:
    """What all its pods read when they start."""
    old, new = (_first(each, TenantDatabase) for each in (before, after))
    if old and new and any(getattr(old, name) != getattr(new, name) for name in _CONNECTIONS):
        yield "database connection"
    if _grouped(before) != _grouped(after):
        yield "security group of its pods"
    if _secrets(before) != _secrets(after):
        yield "rotation of secrets"
    spaces = [_first(each, CacheSpace) for each in (before, after)]
    if spaces[0] and spaces[1] and spaces[0].group != spaces[1].group:
        yield "session cache: everybody has to log in again"
    elif spaces[0] and spaces[1] and spaces[0].user != spaces[1].user:
        yield "user of the session cache"


def _grouped(tenant: TenantPlan) -> bool:
    """Whether its pods have a security group, which its own server and cache let in."""
    return bool(facts_of(tenant.facts, PodGroup)) and uses_own_services(tenant)


def _secrets(tenant: TenantPlan) -> tuple[int, bool, int]:
    """Which passwords its pods read."""
    now = tenant.rotation or NEVER
    return now.used, now.second_login, now.number if now.second_login else now.first_login


def _reached(before: TenantPlan, after: TenantPlan) -> Iterator[Change]:
    old, new = (_first(each, Route) for each in (before, after))
    if old and new:
        yield from route_changes(old, new)
    yield from _read(before, after)
    could, can = (_first(each, Egress) for each in (before, after))
    if could and can:
        lost = [str(port) for port in could.mail_ports if port not in can.mail_ports]
        if could.internet and not can.internet:
            yield Change(EffectKind.NOTICE, "pods no longer reach the internet, only the networks it lists")
        closed = [each for each in could.cidrs if each not in can.cidrs]
        if closed and not can.internet:
            yield Change(EffectKind.NOTICE, f"pods no longer reach {', '.join(closed)}")
        if lost:
            yield Change(EffectKind.NOTICE, f"pods no longer reach mail servers by port {', '.join(lost)}")


def _read(before: TenantPlan, after: TenantPlan) -> Iterator[Change]:
    """Reports of others, which read the database itself."""
    old, new = (_first(each, TenantDatabase) for each in (before, after))
    could, can = (each.reader_connections if each else 0 for each in (old, new))
    if could and not can:
        yield Change(EffectKind.DOWNTIME, "its login for reports may not log in any longer")
    elif can != could:
        yield Change(EffectKind.NOTICE, f"its login for reports may open {can} connections, {could} before")


def _first(tenant: TenantPlan, kind: type[Kind]) -> Kind | None:
    """The first fact of *kind*, which is the one in use."""
    return next(iter(facts_of(tenant.facts, kind)), None)
