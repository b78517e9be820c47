from __future__ import annotations

from decimal import Decimal

import pytest

from allocation.money import units_of
from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import Conditions, CostEstimate, cost_estimate
from allocation.preview.one_off_costs import OneOff, left_behind, moves_data, one_off_costs
from allocation.prices.price_book import PriceBook
from tests.allocation.previews import changed, comparison_of, conditions, now
from tests.portfolios import (
    catalog,
    failing_over,
    local_plan,
    plan_of,
    tenant,
    two_regions,
    wide_platform,
)
from tiers.plan.plan import Plan, TenantPlan
from tiers.portfolio.backups.bucket import BackupBucketSpec
from tiers.portfolio.platform import DatabaseSpec
from tiers.portfolio.tenant import Move
from tiers.vocabulary import MoveStage

RATES = catalog().classes.tier_change


def once(tenant: str, tier: str | None = None, **settings: str) -> dict[str, OneOff]:
    return {item.what: item for item in one_off_costs(comparison_of(tenant, tier, **settings), RATES)}


def plan(tenant: str, tier: str | None = None, **settings: str) -> TenantPlan:
    return next(each for each in changed(tenant, tier, **settings).tenants if each.tenant == tenant)


def test_what_is_shared_runs_on_so_leaving_it_doubles_nothing() -> None:
    """5 GiB of database to a server of its own: 2 x 5 GB across zones at 0.01, six hours of labour at 60."""
    items = once("acme", "dedicated-db")
    assert set(items) == {"copy of 5 GiB, across zones", "labour"}
    assert items["copy of 5 GiB, across zones"].units == units_of(Decimal("0.10"))
    assert (items["labour"].quantity, items["labour"].units) == (Decimal(6), units_of(Decimal(360)))


def test_an_own_server_that_is_left_runs_beside_for_three_days() -> None:
    """db.t4g.medium 0.065 x 730 + 50 GiB x 0.115 = 53.20 a month; 72 of 730 hours of it is 5.2470."""
    beside = once("cobalt", "shared-namespace")["old servers in parallel"]
    direct = sum(
        charge.units
        for charge in now().priced.charges
        if charge.id in ("cobalt/server#instance", "cobalt/server#storage")
    )
    assert direct == units_of(Decimal("53.20"))
    assert beside.units is not None
    assert beside.units >= round(direct * 72 / 730)
    assert beside.quantity == 3


def test_data_that_would_be_left_behind_is_reported_before_approval() -> None:
    (reported,) = left_behind(comparison_of("acme", "dedicated-db"))
    assert reported.startswith(
        "acme: its database would have to move; run `costack move acme --stack NAME --to dedicated-db`"
    )
    (files,) = left_behind(comparison_of("halcyon", "cross-region-backup"))
    assert files.startswith("halcyon: its files would have to move")
    assert list(left_behind(comparison_of("cobalt", "ha-postgresql"))) == []


@pytest.mark.sample(2)
@pytest.mark.parametrize("stage", list(MoveStage))
def test_every_step_of_a_move_is_priced_and_reported_without_a_warning(stage: MoveStage) -> None:
    """While both sides are there both are paid for; a step that only stops pods costs nothing more."""

    def at(stage: MoveStage | None) -> Plan:
        one = tenant(
            "acme", tier="dedicated-db", move=stage and Move(from_tier="shared-namespace", stage=stage)
        )
        return plan_of(one)

    before = {MoveStage.EXPAND: plan_of(tenant("acme"))}.get(stage) or at(
        list(MoveStage)[list(MoveStage).index(stage) - 1]
    )
    both = compared(cost_estimate(before, conditions()), cost_estimate(at(stage), conditions()))
    assert list(left_behind(both)) == []
    server = sum(charge.units for charge in both.after.charges_of["acme"] if charge.fact == "acme/server")
    assert server > 0


def test_what_stays_where_it_is_takes_an_hour() -> None:
    items = once("cobalt", "ha-postgresql")
    assert {what: item.quantity for what, item in items.items()} == {"labour": 1}


def test_a_second_region_is_filled_once() -> None:
    items = once("halcyon", "cross-region-backup")
    (seeded,) = [item for what, item in items.items() if what.startswith("first copy")]
    # 50 GiB of database, 100 of files and 100 of their backup, at 0.02 to another region.
    assert (seeded.quantity, seeded.units) == (Decimal(250), units_of(Decimal("5.00")))
    # Its files go to a file system of their own: 100 GiB, both ways at 0.01.
    assert items["copy of 100 GiB, across zones"].units == units_of(Decimal("2.00"))


def test_no_neighbour_pays_for_a_move() -> None:
    assert {item.tenant for item in one_off_costs(comparison_of("acme", "dedicated-db"), RATES)} == {"acme"}


def test_a_change_within_a_tier_takes_nothing() -> None:
    assert once("acme", users="9") == {}


@pytest.mark.parametrize(
    ("tier", "database", "files"),
    [
        ("shared-namespace", False, False),
        ("dedicated-db", True, False),
        ("ha-postgresql", True, False),
        ("cross-region-backup", True, True),
    ],
)
def test_which_data_moves(tier: str, database: bool, files: bool) -> None:  # noqa: FBT001
    assert moves_data(plan("acme"), plan("acme", tier)) == (database, files)
    assert moves_data(plan("acme", tier), plan("acme")) == (database, files)


def test_an_unknown_price_is_not_zero() -> None:
    usual = conditions()
    without = Conditions(usual.period, PriceBook([], "USD"), usual.rules, usual.assumptions)
    after = cost_estimate(changed("acme", "dedicated-db"), without)
    items = one_off_costs(compared(cost_estimate(local_plan(), without), after), RATES)
    assert {item.units for item in items} == {None}


def test_an_upgrade_of_a_server_is_three_hours_of_labour_at_its_first_step_only() -> None:
    def at(shared: str | None, own: str | None, version: str = "17") -> Plan:
        upgrades = [{"to": "18", "stage": stage} if stage else None for stage in (shared, own)]
        spec = wide_platform().database.model_dump() | {"engine_version": version, "upgrade": upgrades[0]}
        platform = wide_platform().model_copy(update={"database": DatabaseSpec.model_validate(spec)})
        return plan_of(tenant("acme", tier="dedicated-db", database_upgrade=upgrades[1]), platform=platform)

    def costs(before: Plan, after: Plan) -> list[tuple[str, int | None]]:
        one, other = (cost_estimate(each, conditions()) for each in (before, after))
        found = one_off_costs(compared(one, other), RATES)
        assert all(each.what == "labour of an upgrade of PostgreSQL" for each in found)
        return [(each.tenant, each.units) for each in found]

    price = units_of(Decimal(180))
    assert costs(at(None, None), at("check", None)) == [("platform", price)]
    assert costs(at("check", None), at("upgrade", "check")) == [("acme", price)]
    assert costs(at("upgrade", "upgrade"), at("statistics", "statistics")) == []
    assert costs(at(None, None), at(None, None, "18")) == [("platform", price), ("acme", price)]


def test_a_restore_is_two_hours_of_labour_at_its_first_step_only() -> None:
    def at(stage: str | None) -> Plan:
        restore = {"at": "2026-11-29T01:15:00Z", "stage": stage} if stage else None
        return plan_of(tenant("acme", restore=restore))

    def costs(before: str | None, after: str) -> tuple[OneOff, ...]:
        one, other = (cost_estimate(at(stage), conditions()) for stage in (before, after))
        return one_off_costs(compared(one, other), RATES)

    (labour,) = costs(None, "prepare")
    assert (labour.what, labour.quantity) == ("labour of a restore", Decimal(2))
    assert labour.units == units_of(Decimal(120))
    assert costs("prepare", "switch") == ()


def test_a_failover_is_four_hours_of_labour_and_nodes_while_it_runs_there() -> None:
    def at(stage: str | None) -> CostEstimate:
        return cost_estimate(plan_of(failing_over(stage), platform=two_regions()), conditions())

    def nodes(estimate: CostEstimate) -> int:
        charges = estimate.charges_of["acme"]
        return sum(each.units for each in charges if each.fact == "acme/eu-west-1/failover-nodes")

    resting, fenced, started = at(None), at("fence"), at("start")
    (labour,) = one_off_costs(compared(resting, fenced), RATES)
    assert (labour.what, labour.quantity) == ("labour of a failover", Decimal(4))
    assert one_off_costs(compared(fenced, at("promote")), RATES) == ()
    assert nodes(resting) == nodes(fenced) == 0
    assert nodes(started) > 0
    sends = {each.fact for each in started.charges_of["acme"] if str(each.fact).endswith("/traffic")}
    assert sends == {"acme/eu-west-1/traffic"}


def test_an_upgrade_is_two_days_of_labour_at_its_rehearsal_only() -> None:
    def at(stage: str | None) -> Plan:
        upgrade = {"to": "19.0", "stage": stage} if stage else None
        return plan_of(tenant("acme", upgrade=upgrade), platform=wide_platform())

    def costs(before: str | None, after: str) -> tuple[OneOff, ...]:
        one, other = (cost_estimate(at(stage), conditions()) for stage in (before, after))
        return one_off_costs(compared(one, other), RATES)

    (labour,) = costs(None, "rehearse")
    assert (labour.what, labour.quantity) == ("labour of an upgrade of Odoo", Decimal(16))
    assert costs("rehearse", "upgrade") == ()


def test_the_way_home_from_a_second_region_is_paid_for_and_so_are_the_copies_made_anew() -> None:
    """50 GiB of database and 100 of files leave the second region, and fill its new copies, at 0.02 each."""

    def at(stage: str | None, number: int = 0) -> CostEstimate:
        one = failing_over(stage).model_copy(update={"failovers": number})
        return cost_estimate(plan_of(one, platform=two_regions()), conditions())

    def costs(before: CostEstimate, after: CostEstimate) -> dict[str, OneOff]:
        return {item.what: item for item in one_off_costs(compared(before, after), RATES)}

    assert set(costs(at("settled"), at("save"))) == set()
    home = costs(at("save"), at("return"))
    assert {(item.quantity, item.units) for item in home.values()} == {
        (Decimal(150), units_of(Decimal("3.00")))
    }
    assert set(home) == {"way home of 150 GiB from the second region"}
    assert costs(at("return"), at("switch")) == costs(at("home"), at("confirm")) == {}
    anew = costs(at("confirm"), at(None, 1))
    assert set(anew) == {"first copy of 150 GiB to the second region"}
    assert next(iter(anew.values())).units == units_of(Decimal("3.00"))


@pytest.mark.parametrize(
    ("storage_class", "at", "read"),
    [
        ("GLACIER_IR", "2026-11-10T01:15:00Z", Decimal("0.15")),
        ("DEEP_ARCHIVE", "2026-11-10T01:15:00Z", Decimal("0.10")),
        ("GLACIER", "2026-11-10T01:15:00Z", None),
        ("GLACIER_IR", "2026-11-25T01:15:00Z", Decimal(0)),
    ],
)
def test_reading_an_old_dump_is_paid_by_its_place(storage_class: str, at: str, read: Decimal | None) -> None:
    """5 GiB at 0.03 and 0.02; a price that is not known is said, and a newer dump is read for nothing."""
    usual = wide_platform()
    archive = {"storage_class": storage_class, "after_days": 10}
    told = BackupBucketSpec.model_validate(usual.backup_bucket.model_dump() | {"archive": archive})
    platform = usual.model_copy(update={"backup_bucket": told})

    def of(restore: dict[str, str] | None) -> CostEstimate:
        return cost_estimate(plan_of(tenant("acme", restore=restore), platform=platform), conditions())

    both = compared(of(None), of({"at": at, "stage": "prepare"}))
    items = {each.what: each.units for each in one_off_costs(both, RATES)}
    items.pop("labour of a restore")
    wanted = {} if read == 0 else {f"reading of 5 GiB from {storage_class}": read and units_of(read)}
    assert items == wanted
