"""What the cluster and its nodes consume in a month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from allocation.estimate.quantities.lines import (
    HOURS_PER_MONTH,
    Category,
    Line,
    assumed,
    hours,
    rounded,
    rule_of,
)
from allocation.estimate.quantities.support import eks_is_extended
from tiers.facts import every_fact as facts

_MINUTES_PER_HOUR: Final = 60


@rule_of.register
def _control_plane(fact: facts.ClusterControlPlane, as_of: date) -> Iterator[Line]:
    if not fact.counted:
        return
    service = "AmazonEKS"
    yield Line("control-plane", service, "control plane, standard support", hours(1), Category.COMPUTE)
    if eks_is_extended(fact.version, as_of):
        item = "extended support surcharge (on top of 0.10)"
        yield Line("extended-support", service, item, hours(1), Category.COMPUTE)


@rule_of.register
def _nodes(fact: facts.NodeGroup, _: date) -> Iterator[Line]:
    service, item = "AmazonEC2", f"{fact.instance_type} Linux on-demand"
    yield Line("instances", service, item, hours(fact.nodes), Category.COMPUTE)
    volumes = Decimal(fact.nodes * fact.volume_gib)
    yield Line("volumes", service, "EBS gp3 storage", volumes, Category.STORAGE)


@rule_of.register
def _scheduled_job(fact: facts.ScheduledJob, _: date) -> Iterator[Line]:
    """Its pods take their share of the nodes; the volumes of a restore test are its own while they exist.

    Its requests to S3 are not counted: a result and some lists a month, thousandths of a cent.
    """
    kept = Decimal(0)
    if (room := fact.restore_test) is not None:
        gib = room.fetched_gib + room.restored_gib
        kept = rounded(Decimal(gib * room.volume_minutes_per_month) / (HOURS_PER_MONTH * _MINUTES_PER_HOUR))
    yield assumed("volumes", "AmazonEC2", "EBS gp3 storage", kept, Category.RESILIENCE)
