from __future__ import annotations

from datetime import date
from decimal import Decimal

from allocation.estimate.assumptions import KnownBy
from tests.allocation.estimate.quantities.examples import lines, one, said
from tiers.facts.compute import ClusterControlPlane, NodeGroup, RestoreRoom, ScheduledJob


def test_a_control_plane_is_paid_by_the_hour() -> None:
    found = lines(one(ClusterControlPlane, version="1.35"))
    assert {name: said(line) for name, line in found.items()} == {
        "control-plane": ("control plane, standard support", Decimal(730), KnownBy.DECLARED)
    }


def test_extended_support_is_a_surcharge_from_the_day_after() -> None:
    fact = one(ClusterControlPlane, version="1.34")
    assert set(lines(fact, date(2026, 12, 2))) == {"control-plane"}
    found = lines(fact, date(2026, 12, 3))
    assert set(found) == {"control-plane", "extended-support"}
    item = "extended support surcharge (on top of 0.10)"
    assert said(found["extended-support"]) == (item, Decimal(730), KnownBy.DECLARED)


def test_nodes_are_instances_and_volumes() -> None:
    found = lines(one(NodeGroup, nodes=3, volume_gib=50, instance_type="m7g.xlarge"))
    assert {name: said(line)[:2] for name, line in found.items()} == {
        "instances": ("m7g.xlarge Linux on-demand", Decimal(3 * 730)),
        "volumes": ("EBS gp3 storage", Decimal(150)),
    }


def test_volumes_of_a_restore_test_are_paid_for_while_they_exist() -> None:
    """48 GiB for 260 minutes of a month of 43,800; none on a node's own disk, whose pods take their share."""
    room = RestoreRoom(
        fetched_gib=21,
        restored_gib=27,
        storage_class="gp3",
        volume_minutes_per_month=260,
        deadline_minutes=100,
    )
    found = lines(one(ScheduledJob, restore_test=room))
    assert {name: said(line) for name, line in found.items()} == {
        "volumes": ("EBS gp3 storage", Decimal("0.284932"), KnownBy.ASSUMED)
    }
    assert lines(one(ScheduledJob)) == {}
