"""What the pods of a namespace take at their largest, and the quota that holds them.

Kubernetes has no quota for one tenant of a namespace: a quota counts all pods of it, or those of one
PriorityClass, which is an object of the whole cluster (kubernetes.io, "Resource Quotas"). So a shared
namespace has one quota, and what its tenants may take together is checked before anything is deployed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from tiers.catalog.classes import Classes
from tiers.facts.compute import ComputeRequest, Job, ScheduledJob, Workload
from tiers.facts.copies import fetched_gib, restored_gib
from tiers.facts.data import CLAIM_GIB, FileShare, TenantDatabase
from tiers.facts.every_fact import Fact
from tiers.facts.monitoring import MaintenancePage, UsageExporter
from tiers.portfolio.cluster import ClusterSpec
from tiers.strict_yaml import Fault
from tiers.vocabulary import Environment

# Besides web and scheduled actions: the setup job, a backup, two jobs that stop and start it or that
# remove what a move has left behind, a scheduled restore test where there is one, and one pod for debugging.
# Copies, and restore tests that a person starts, take the room of those that do not run beside them.
_JOBS_AT_ONCE: Final = 4
_SPARE_PODS: Final = 1
_SURGE: Final = 1
# While its files move, a tenant has its old claim and its new one.
_CLAIMS_AT_ONCE: Final = 2
_WHOLE: Final = 100


class Room(NamedTuple):
    """What pods take together; the fields of a quota, with their units."""

    cpu_request_millicores: int = 0
    memory_request_mib: int = 0
    memory_limit_mib: int = 0
    pods: int = 0
    storage_gib: int = 0

    def plus(self, other: Room) -> Room:
        """Both together."""
        return Room(*(one + more for one, more in zip(self, other, strict=True)))

    def minus(self, other: Room) -> Room:
        """What is left of each without *other*, or nothing."""
        return Room(*(max(one - less, 0) for one, less in zip(self, other, strict=True)))

    def with_headroom(self, percent: int) -> Room:
        """*percent* more of everything, rounded up."""
        return Room(*(-(-each * (_WHOLE + percent) // _WHOLE) for each in self))

    def at_least(self, other: Room) -> Room:
        """The larger of each."""
        return Room(*(max(one, more) for one, more in zip(self, other, strict=True)))


Counted = Sequence[tuple[int, ComputeRequest]]
"""How many pods there may be at once, and what each of them requests."""


def most_web_pods(replicas: int, max_replicas: int) -> int:
    """How many web pods load may start."""
    return max(replicas, max_replicas)


def web_pods(replicas: int, max_replicas: int) -> int:
    """How many web pods there are in a rollout at most: as many as load may start, and one more."""
    most = most_web_pods(replicas, max_replicas)
    return most + _SURGE if most else 0


def job_pods(job: ComputeRequest, *, tested: bool) -> tuple[int, ComputeRequest]:
    """The jobs of one tenant that may run at once, and a pod to look around in.

    *tested* says that its backups are restored on a schedule.
    """
    return _JOBS_AT_ONCE + tested + _SPARE_PODS, job


def room_of(counted: Counted, database_gib: int, filestore_gib: int) -> Room:
    """What *counted* pods of one tenant take, with its claims and the volumes of a restore test."""
    restored = fetched_gib(database_gib, filestore_gib) + restored_gib(database_gib)
    return _room(counted)._replace(storage_gib=_CLAIMS_AT_ONCE * CLAIM_GIB + restored)


def resized(classes: Classes, pods: int, web: ComputeRequest) -> Room:
    """What the web pods of a former class take more than *pods* of the size *web*: at most any class.

    The quota is smaller at once. The former autoscaler stays until the update is through, because Pulumi
    deletes last, and keeps as many pods as load has started. They end one by one, each when a new one runs
    beside the others: without this room the first new pod would wait for an old one to end, and that one
    for it. Where no pod is to serve, none waits.
    """
    more = Room()
    for size in classes.workload_classes.values() if pods else ():
        before = max(pods, most_web_pods(size.web.replicas, size.web.max_replicas))
        more = more.at_least(_room([(before, size.web)]).minus(_room([(pods, web)])))
    return more


def _room(counted: Counted) -> Room:
    return Room(
        cpu_request_millicores=sum(count * pod.cpu_request_millicores for count, pod in counted),
        memory_request_mib=sum(count * pod.memory_request_mib for count, pod in counted),
        memory_limit_mib=sum(count * pod.memory_limit_mib for count, pod in counted),
        pods=sum(count for count, _ in counted),
    )


def largest(pods: Iterable[ComputeRequest]) -> ComputeRequest:
    """The largest of each number among *pods*."""
    known = list(pods)
    return ComputeRequest(
        **{name: max(getattr(pod, name) for pod in known) for name in ComputeRequest.model_fields}
    )


class Tenancy(NamedTuple):
    """What the tenants of one namespace take at their largest.

    `tenants` is how many have pods in it, `rolled` the web pods of each that load may start.
    """

    tenants: int
    room: Room
    largest_pod: ComputeRequest
    rolled: Counted

    def quota(self, classes: Classes, headroom_percent: int) -> Room:
        """What a quota has that nobody wrote: headroom, and room for one tenant that becomes smaller."""
        more = Room()
        for pods, web in dict.fromkeys(self.rolled):  # of many tenants most are alike
            more = more.at_least(resized(classes, pods, web))
        return self.room.with_headroom(headroom_percent).at_least(self.room.plus(more))


def tenancy(namespace: str, tenants: Sequence[Sequence[Fact]]) -> Tenancy | None:
    """What *tenants* take of *namespace* at their largest; None when none of them is there."""
    room, pods, rolled, count = Room(), list[ComputeRequest](), list[tuple[int, ComputeRequest]](), 0
    for facts in tenants:
        counted = _counted(namespace, facts)
        if not counted:
            continue
        databases = [fact.storage_gib for fact in facts if isinstance(fact, TenantDatabase)]
        files = [fact.storage_gib for fact in facts if isinstance(fact, FileShare)]
        room = room.plus(room_of(counted, max(databases, default=0), max(files, default=0)))
        pods += [pod for _, pod in counted]
        count += 1
        rolled += [
            (most_web_pods(fact.replicas, fact.max_replicas), fact.compute)
            for fact in facts
            if isinstance(fact, Workload) and _rolls(fact)
        ]
    return Tenancy(count, room, largest(pods), rolled) if count else None


def _counted(namespace: str, facts: Sequence[Fact]) -> Counted:
    """The pods of one tenant in *namespace* in the worst moment; none when it is not there."""
    counted = [
        (_at_once(fact), fact.compute)
        for fact in facts
        if isinstance(fact, Workload | UsageExporter | MaintenancePage) and fact.namespace == namespace
    ]
    jobs = [fact for fact in facts if isinstance(fact, Job | ScheduledJob) and fact.namespace == namespace]
    if not jobs:
        return counted
    tested = any(isinstance(job, ScheduledJob) and job.restore_test for job in jobs)
    return [*counted, job_pods(largest(job.compute for job in jobs), tested=tested)]


def _at_once(fact: Workload | UsageExporter | MaintenancePage) -> int:
    if isinstance(fact, Workload) and _rolls(fact):
        return web_pods(fact.replicas, fact.max_replicas)
    waits = isinstance(fact, MaintenancePage)  # one that waits for an update has none yet
    return fact.replicas or int(waits)


def _rolls(fact: Workload) -> bool:
    """Whether new pods start before old ones end, as those of scheduled actions do not."""
    return fact.odoo is None or not fact.odoo.cron_threads


def quota_faults(
    cluster: ClusterSpec, environment: Environment, namespace: str, tenants: Sequence[Sequence[Fact]]
) -> Iterator[Fault]:
    """Why the quota that is written for a shared *namespace* does not hold its tenants."""
    written, taken = cluster.quotas.get(environment), tenancy(namespace, tenants)
    if written is None or taken is None:
        return
    needed = taken.room._asdict()
    measured = any(isinstance(fact, UsageExporter) for facts in tenants for fact in facts)
    tested = any(isinstance(fact, ScheduledJob) and fact.restore_test for facts in tenants for fact in facts)
    for field, given in written.written().items():
        if given < needed[field]:
            who = f"the {taken.tenants} tenants" if taken.tenants > 1 else "the one tenant"
            fault = (
                f"{given} is less than the {needed[field]} that {who} of {namespace} may take at once (every "
                "web pod that load may start and one more each in a rollout, scheduled actions, "
                f"{'usage exporters, ' * measured}{'restore tests, ' * tested}{_JOBS_AT_ONCE} jobs each); "
                "write more than that, or leave the line out"
            )
            yield ("cluster", "quotas", str(environment), field), fault
