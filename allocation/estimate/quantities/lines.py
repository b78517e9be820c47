"""Lines to price, with quantities of a fact or from a usage file.

A month is 730 hours, as AWS, Infracost and FinFocus count it. Quantities are declared by facts or, for usage,
expected by the catalog; the modules beside this one have a rule for each kind of fact that costs something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from functools import singledispatch
from typing import Final, NamedTuple

from allocation.estimate.assumptions import Assumptions, KnownBy
from tiers.facts import every_fact as facts
from tiers.schedule import MINUTES_PER_WEEK
from tiers.vocabulary import CostCategory, Region

HOURS_PER_MONTH: Final = 730

Category = CostCategory


class Line(NamedTuple):
    """A quantity of one item of a provider's price list.

    `region` is where it is charged, if not in the region of the fact; `known_by` is the source of the
    quantity. `single` is the item without a second zone: what the line's item costs more is resilience.
    """

    name: str
    service: str
    item: str
    quantity: Decimal
    category: CostCategory
    known_by: KnownBy = KnownBy.DECLARED
    region: Region | None = None
    single: str | None = None


FREE: Final[Mapping[type[facts.FactRecord], str]] = {
    facts.Network: "VPCs, subnets and security groups have no charge of their own",
    facts.Namespace: "a namespace is a name in the cluster",
    facts.NamespaceQuota: "a quota bounds what pods take of the nodes",
    facts.PriorityClass: "a class says which pods go first, and runs none",
    facts.Route: "a Service and an Ingress are served by the load balancer the platform pays for",
    facts.Egress: "a network policy has no charge; what it lets through is traffic",
    facts.PodGroup: "security groups and the branch interfaces of pods have no charge of their own",
    facts.Dashboards: "a ConfigMap; the Grafana that shows it is paid for already",
    facts.Alerts: "rules for a Prometheus that is there and paid for already",
    facts.SleepSchedule: "jobs are its tenant's already; EventBridge charges beyond 14 million calls a month",
}
"""Facts that cost nothing, and why.

Left out of an estimate, because no fact says how many there are: requests to KMS and to Secrets Manager
(cents a month), objects that go to an archive (5 cents a thousand at most), hosted zones, which this program
does not make, and questions for names whose records others make.
"""

CARRIED_BY_POOLS: Final[Mapping[type[facts.FactRecord], str]] = {
    facts.Workload: "pods take their share of the nodes",
    facts.StateExporter: "pods take their share of the nodes",
    facts.IngressController: "pods take their share of the nodes",
    facts.PostgresExporter: "pods take their share of the nodes",
    facts.RedisExporter: "pods take their share of the nodes",
    facts.LogShipper: "pods take their share of the nodes; lines are paid for by each tenant's log group",
    facts.UsageExporter: "pods take their share of the nodes",
    facts.MaintenancePage: "pods take their share of the nodes",
    facts.Job: "runs for minutes when a tenant changes",
    facts.TenantDatabase: "a database takes its share of its server",
    # Its user is free: AWS sells nodes, backups and traffic (aws.amazon.com/elasticache/pricing).
    facts.CacheSpace: "sessions take their share of the cache",
    facts.FileShare: "files take their share of the file system",
    facts.LogicalBackup: "dumps take their share of the bucket",
}
"""Facts that are paid for through a shared resource, and which one."""


def lines_of(fact: facts.FactRecord, assumptions: Assumptions) -> Iterator[Line]:
    """The lines of *fact*, with given quantities in place of its own, without lines of 0.

    Raises:
        TypeError: For a kind of fact without a pricing rule; a kind that is free or carried by a pool has no
            lines.
    """
    said = (_as_said(fact, line, assumptions) for line in rule_of(fact, assumptions.as_of))
    return (line for line in said if line.quantity)


def names_of(fact: facts.FactRecord, as_of: date) -> frozenset[str]:
    """The names of all lines of *fact*, including those with quantity 0."""
    return frozenset(line.name for line in rule_of(fact, as_of))


def _as_said(fact: facts.FactRecord, line: Line, assumptions: Assumptions) -> Line:
    given = assumptions.usage.get((fact.id, line.name))
    return line if given is None else line._replace(quantity=given.quantity, known_by=given.known_by)


@singledispatch
def rule_of(fact: facts.FactRecord, _: date) -> Iterator[Line]:
    """The lines of *fact* on a day, by its plan; a quantity may be 0."""
    if type(fact) not in FREE and type(fact) not in CARRIED_BY_POOLS:
        raise TypeError(f"no rule prices a {type(fact).__name__}")
    return iter(())


def priced_kinds() -> frozenset[type]:
    """The kinds of fact that have lines."""
    registry: Mapping[type, Callable[..., Iterator[Line]]] = rule_of.registry
    return frozenset(registry) - {object, facts.FactRecord}


def assumed(
    name: str, service: str, item: str, quantity: Decimal | int, category: CostCategory, **more: Region | None
) -> Line:
    """A line whose quantity is what the catalog expects."""
    return Line(name, service, item, Decimal(quantity), category, KnownBy.ASSUMED, **more)


def second(name: str) -> str:
    """The name of the line with what availability adds to the line *name*: the second zone's part."""
    return f"second-{name}"


def hours(count: int) -> Decimal:
    """The hours of *count* things that run all month."""
    return Decimal(count * HOURS_PER_MONTH)


def awake_hours(count: int, minutes_per_week: int) -> Decimal:
    """The hours of *count* things that run so many minutes of every week, and cost nothing else."""
    whole = hours(count)
    return (
        whole
        if minutes_per_week == MINUTES_PER_WEEK
        else rounded(whole * minutes_per_week / MINUTES_PER_WEEK)
    )


def rounded(quantity: Decimal) -> Decimal:
    """*quantity* to six places, halves to even."""
    return quantity.quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN)
