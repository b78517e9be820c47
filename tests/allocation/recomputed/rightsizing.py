"""Sizes that would do, worked out again from the catalog's file, the tenants' files and measured use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil

import yaml

from tests.allocation.recomputed.cells import Expected, Facts, Must
from tests.allocation.recomputed.decisions import days, intervals, most_of_the_time
from tests.allocation.recomputed.documents import Documents, Record, classes, said, tiers
from tests.allocation.recomputed.machines import judged, judged_nodes
from tests.portfolios import LOCAL

ROOM = Fraction(6, 5)
HEADS = ("tenant", "setting", "now", "target", "because", "tenant saves", "bill falls by", "command to run")


def rightsizing(documents: Documents, _: str) -> Expected:
    fees = {tenant["tenant"]: Fraction(tenant["fee_per_month"]) for tenant in documents.plan["tenants"]}
    files = [yaml.safe_load(path.read_text()) for path in (LOCAL / "tenants").glob("*.yaml")]
    options = {each["tenant"]: each["options"] for each in files}
    rows = [
        row
        for tenant in documents.plan["tenants"]
        if tenant["tenant"] in options
        for row in _of_tenant(documents, tenant, options[tenant["tenant"]])
    ]
    for each in judged(documents):
        if each.target not in (None, each.size):
            whose = each.fact["tenant"] or "platform"
            rows.append(_row(documents, whose, each.setting, each.size, each.target or "none", each.because))
    for group in judged_nodes(documents):
        if group.setting and group.target not in (None, group.fact["nodes"]):
            count, target = f"{group.fact['nodes']}", f"{group.target}"
            rows.append(_row(documents, "platform", group.setting, count, target, group.because))
    shared = len(fees) and max(fees.values()) + 1  # what tenants share comes first
    fees["platform"] = Fraction(shared)
    return Expected(HEADS, sorted(rows, key=lambda row: (-fees[str(row[0])], str(row[0]), _path(row))))


def _path(row: Sequence[Must]) -> str:
    """The setting as its command has it; where nothing would do, as the page has it."""
    return str(row[-1]).rpartition(" ")[2] or str(row[1])


def _of_tenant(documents: Documents, tenant: Record, options: Record) -> Iterator[list[Must]]:
    name = tenant["tenant"]
    if days(documents, name, "cpu-used") and days(documents, name, "memory-used"):
        yield from _of_pods(documents, tenant, options)
    for setting, driver in (("database_gib", "database-gib"), ("filestore_gib", "filestore-gib")):
        used = max(days(documents, name, driver).values(), default=Fraction())
        now = Fraction(options.get(setting, 0))
        target = ceil(used * ROOM)
        own = any(fact["kind"] == "database-instance" for fact in tenant["facts"])  # it never shrinks
        shrinks = used <= now / 2 and target < now and not (own and setting == "database_gib")
        if used and now and (used > now or shrinks):
            yield _row(documents, name, setting, f"{now}", f"{target}", Facts((said(used), f"{now}")))


def _of_pods(documents: Documents, tenant: Record, options: Record) -> Iterator[list[Must]]:
    name, sizes = tenant["tenant"], classes()["workload_classes"]
    offer = tiers()[tenant["tier"]]["offers"][tenant["environment"]]
    now = options.get("workload_class", offer["workload_class"])
    cpu, memory = (most_of_the_time(documents, name, driver) for driver in ("cpu-used", "memory-used"))
    most = max(level for _, _, level in intervals(documents, name, "memory-used"))
    production = tenant["environment"] == "production"
    promise = classes()["resilience_classes"][tenant["resilience_class"]]["web_replicas"] if production else 1
    workers = min(_workers(sizes[now]), ceil(Fraction(tenant["users"]) / 6))
    good = [
        (_sum(size, "memory_request_mib"), _sum(size, "cpu_request_millicores"), each)
        for each, size in sizes.items()
        if _sum(size, "cpu_request_millicores") >= cpu * ROOM * 1000
        and _sum(size, "memory_request_mib") >= memory * ROOM * 1024
        and _sum(size, "memory_limit_mib") >= most * ROOM * 1024
        and _workers(size) >= workers
        and int(size["web"]["replicas"]) >= int(promise)
    ]
    target = min(good)[2] if good else "none"
    if target != now:
        figures = [said(cpu), said(memory), said(most), now, *_asks(sizes[now])]
        figures += [target, *_asks(sizes[target])] if good else []
        yield _row(documents, name, "workload_class", now, target, Facts(("95", *figures)))


def _workers(size: Record) -> int:
    return int(size["web"]["replicas"]) * int(size["web"]["workers"])


def _sum(size: Record, field: str) -> int:
    return sum(int(size[pods]["replicas"]) * int(size[pods][field]) for pods in ("web", "cron"))


def _asks(size: Record) -> tuple[str, str]:
    cores, memory = _sum(size, "cpu_request_millicores"), _sum(size, "memory_request_mib")
    return said(Fraction(cores, 1000)), said(Fraction(memory, 1024))


def _row(documents: Documents, name: str, *cells: Must) -> list[Must]:
    """Setting, now, target and why, without a preview: reports of these tests make none."""
    setting, _, target, _ = cells
    whose = "" if name == "platform" else f" --tenant {name}"
    command = f"costack preview --portfolio portfolios/{documents.now.statement['portfolio']}{whose}"
    shown = str(setting).split(".")[-1]
    return [
        name,
        shown,
        *cells[1:],
        "",
        "",
        "" if target == "none" else f"{command} --set {setting}={target}",
    ]
