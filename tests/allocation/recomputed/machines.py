"""How busy servers and caches were, and what follows, worked out again from what CloudWatch answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import NamedTuple

import yaml

from tests.allocation.recomputed.cells import Expected, Facts, Figure, Must
from tests.allocation.recomputed.decisions import days, intervals
from tests.allocation.recomputed.documents import Documents, Record, added, classes, facts, said, tiers
from tests.portfolios import LOCAL

HEADROOM = Fraction(6, 5)
KEPT = Fraction(3, 4)
"""What a cache node has for keys: AWS keeps a quarter."""
MEASURED = 90
TENTH, HUNDREDTH = Fraction(1, 20), Fraction(1, 200)
_MIB = 1024 * 1024
HEADS = (
    "server or cache", "class", "measured", "CPU, 95 % of the time", "CPU on average", "memory at most",
    "connections at most", "evictions", "what follows",
)  # fmt: skip


class Machine(NamedTuple):
    """One of them; `target` is its own class where it fits, '' where none does, None where nobody knows."""

    fact: Record
    setting: str
    size: str
    target: str | None
    cells: tuple[Must, ...]
    because: Facts


def machines(documents: Documents, _: str) -> Expected:
    return Expected(
        HEADS, [[each.fact["id"], each.size, *each.cells, each.because] for each in judged(documents)]
    )


def judged(documents: Documents) -> list[Machine]:
    if not documents.metrics:
        return []
    platform = yaml.safe_load((LOCAL / "platform.yaml").read_text())
    found = [
        _judged(documents, fact, f"{what}.{what}_class", platform[what][f"{what}_class"])
        for fact in documents.plan["platform"]
        for kind, what in (("database-instance", "database"), ("cache-group", "cache"))
        if fact["kind"] == kind
    ]
    files = [yaml.safe_load(path.read_text()) for path in (LOCAL / "tenants").glob("*.yaml")]
    options = {each["tenant"]: each["options"] for each in files}
    for tenant in documents.plan["tenants"]:
        offer = tiers()[tenant["tier"]]["offers"][tenant["environment"]]
        for kind, what in (("database-instance", "database"), ("cache-group", "cache")):
            for fact in facts(tenant["facts"], kind):
                if tenant["tenant"] in options:
                    size = options[tenant["tenant"]].get(f"{what}_class", offer[what][f"{what}_class"])
                    found.append(_judged(documents, fact, f"{what}_class", size))
    return found


def _judged(documents: Documents, fact: Record, setting: str, size: str) -> Machine:
    server = fact["kind"] == "database-instance"
    menu = classes()["database_classes" if server else "cache_classes"]
    now = menu[size]
    nothing: tuple[Must, ...] = (Figure(Fraction(0), "%"), *("",) * 5)
    names = (
        "CPUUtilization",
        *(("DatabaseConnections", "FreeableMemory") if server else ("BytesUsedForCache", "Evictions")),
    )
    by_name = {name: _series(documents, fact["id"], name) for name in names}
    if any(len(series) < (1 if server else int(fact["nodes"])) for series in by_name.values()):
        return Machine(fact, setting, size, None, nothing, Facts())
    cpus, second, third = by_name.values()
    measured = min(
        100 * Fraction(len(each) * seconds) / _month(documents)
        for all_of in by_name.values()
        for seconds, each in all_of
    )
    p95 = max(sorted(each)[ceil(Fraction(95 * len(each), 100)) - 1] for _, each in cpus)
    average = max(sum(each, Fraction(0)) / len(each) for _, each in cpus)
    memory_mib = Fraction(now["memory_mib"])
    if server:
        most, opened, evicted = memory_mib - min(third[0][1]) / _MIB, max(second[0][1]), Fraction(0)
    else:
        most, opened = max(max(each) for _, each in second) / _MIB, Fraction(0)
        evicted = sum((sum(each, Fraction(0)) for _, each in third), Fraction(0))
    cells: tuple[Must, ...] = (
        Figure(measured, "%", TENTH), Figure(p95, "%", TENTH), Figure(average, "%", TENTH),
        Figure(most / 1024, "GiB", HUNDREDTH), *((opened, "") if server else ("", evicted)),
    )  # fmt: skip
    if measured < MEASURED:
        return Machine(fact, setting, size, None, cells, Facts((said(measured), f"{MEASURED}")))
    needs = _needs(documents, fact, now, (p95, average, most, opened))
    good = sorted(
        (Fraction(each["memory_mib"]), name)
        for name, each in menu.items()
        if _has(each, needs) and (not evicted or Fraction(each["memory_mib"]) > memory_mib)
    )
    target = good[0][1] if good else ""
    if server and (smaller := [name for mib, name in good if mib < memory_mib]):
        target = smaller[-1]  # a step at a time
    busy: tuple[str, ...] = ("95", said(p95), now["vcpus"], said(average), said(most / 1024))
    busy += ((f"{opened}",) if server else (said(evicted),) if evicted else ()) + (size,)
    told = (*busy, *_said(now), *(_said(menu[target]) if target not in ("", size) else ()))
    return Machine(fact, setting, size, target, cells, Facts(told))


def _needs(
    documents: Documents, fact: Record, now: Record, load: Sequence[Fraction]
) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """vCPUs, vCPUs on average, MiB and connections."""
    p95, average, most, opened = load
    vcpus, everything = Fraction(now["vcpus"]), documents.everything
    if fact["kind"] == "cache-group":
        spaces = [each for each in facts(everything, "cache-space") if each["group"] == fact["id"]]
        sessions = added(spaces, "memory_mib")
        memory = max(most * HEADROOM / KEPT, min(sessions, Fraction(now["memory_mib"])))
    else:
        memory = most * HEADROOM
    roles = [each for each in facts(everything, "tenant-database") if each["server"] == fact["id"]]
    asked = sum(
        (Fraction(each["connection_limit"]) + each.get("reader_connections", 0) for each in roles),
        Fraction(0),
    )
    asked = asked if fact["tenant"] else asked * 2 / 3
    connections = max(opened * HEADROOM, min(asked, Fraction(now.get("max_connections", 0))))
    return vcpus * p95 / 100 * HEADROOM, vcpus * average / 100 * HEADROOM, memory, connections


def _has(size: Mapping[str, str], needs: Sequence[Fraction]) -> bool:
    vcpus, average, memory, connections = needs
    steady = Fraction(size["vcpus"]) * Fraction(size.get("baseline_cpu_percent", 100)) / 100
    return (
        Fraction(size["vcpus"]) >= vcpus
        and steady >= average
        and Fraction(size["memory_mib"]) >= memory
        and Fraction(size.get("max_connections", 0)) >= (connections if "max_connections" in size else 0)
    )


def _said(size: Mapping[str, str]) -> tuple[str, ...]:
    baseline = [size["baseline_cpu_percent"]] if "baseline_cpu_percent" in size else []
    connections = [f"{int(size['max_connections']):,}"] if "max_connections" in size else []
    return (size["vcpus"], *baseline, said(Fraction(size["memory_mib"]) / 1024), *connections)


def _series(documents: Documents, fact: str, metric: str) -> list[tuple[int, list[Fraction]]]:
    """The seconds of a period and the values, of each node."""
    found = []
    for each in documents.metrics:
        whose, _, name, _, seconds = each["Label"].split(" ")
        if (whose, name) == (fact, metric):
            found.append((int(seconds), [Fraction(str(value)) for value in each["Values"]]))
    return found


def _month(documents: Documents) -> int:
    return int((documents.now.end - documents.now.start).total_seconds())


NODE_HEADS = (
    "nodes of", "class", "nodes", "measured", "cores requested at most", "cores there",
    "memory requested at most", "memory there", "what follows",
)  # fmt: skip


class Nodes(NamedTuple):
    """A node group; `target` is None where nobody knows, `setting` empty where the catalog says it."""

    fact: Record
    target: int | None
    setting: str
    cells: tuple[Must, ...]
    because: Facts


def nodes(documents: Documents, _: str) -> Expected:
    rows = [
        [each.fact["tenant"] or "platform", each.fact["instance_type"], Fraction(each.fact["nodes"]),
         *each.cells, each.because]
        for each in judged_nodes(documents)
    ]  # fmt: skip
    return Expected(NODE_HEADS, rows)


def judged_nodes(documents: Documents) -> list[Nodes]:
    if not any(row["driver"] in ("cpu-requests", "memory-requests") for row in documents.usage):
        return []
    own = {t["tenant"]: facts(t["facts"], "node-group") for t in documents.plan["tenants"]}
    names = {row["tenant"] for row in documents.usage}
    tenants = {name for name, groups in own.items() if not groups}
    everybody = tenants | (names - set(own) - {"(capacity)"})
    found = []
    for group in facts(documents.plan["platform"], "node-group"):
        setting = f"cluster.node_groups.{group['id'].partition('/nodes-')[2]}.nodes"
        found.append(_judged_nodes(documents, group, sorted(tenants), everybody, setting))
    for name, groups in own.items():
        found += [_judged_nodes(documents, group, [name], {name}, "") for group in groups]
    return found


def _judged_nodes(
    documents: Documents, group: Record, tenants: Sequence[str], everybody: set[str], setting: str
) -> Nodes:
    count = int(group["nodes"])
    has = (
        Fraction(group["allocatable_cpu_millicores"], 1000),
        Fraction(group["allocatable_memory_mib"], 1024),
    )
    there = [Figure(count * each, unit, HUNDREDTH) for each, unit in zip(has, ("cores", "GiB"), strict=True)]
    drivers = ("cpu-requests", "memory-requests")
    missing = [name for name in tenants if not all(days(documents, name, driver) for driver in drivers)]
    if missing:
        said_of = Facts((f"{len(missing)}", f"{len(tenants)}"))
        return Nodes(group, None, setting, ("", "", there[0], "", there[1]), said_of)
    asked = [
        sum(
            (
                max((level for _, _, level in intervals(documents, name, driver)), default=Fraction(0))
                for name in everybody
            ),
            Fraction(0),
        )
        for driver in drivers
    ]
    if "platform" not in everybody and not group["tenant"]:
        pods = [
            fact for fact in facts(documents.plan["platform"], "workload") if not fact.get("nodes")
        ]  # fmt: skip
        for number, (field, whole) in enumerate(
            (("cpu_request_millicores", 1000), ("memory_request_mib", 1024))
        ):
            asked[number] += sum(
                Fraction(int(pod["replicas"]) * int(pod["compute"][field]), whole) for pod in pods
            )
    month = _month(documents) // 86400
    fewest = min(len(days(documents, name, driver)) for name in tenants for driver in drivers)
    target = max(
        2,
        *(
            max(ceil(need / each) + 1, ceil(need * HEADROOM / each))
            for need, each in zip(asked, has, strict=True)
        ),
    )
    cells: tuple[Must, ...] = (
        Figure(100 * Fraction(fewest, month), "%", TENTH),
        Figure(asked[0], "cores", HUNDREDTH), there[0], Figure(asked[1], "GiB", HUNDREDTH), there[1],
    )  # fmt: skip
    told = (
        said(asked[0]),
        said(asked[1]),
        f"{count}",
        said(has[0] * count),
        said(has[1] * count),
        f"{target}",
    )
    return Nodes(group, target, setting, cells, Facts(told))
