"""What an export says of tenants with enhanced controls: of what is deployed, tried, and missing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.report.compliance.export import document, findings, gaps, page
from allocation.report.compliance.finding import Finding, Known, Scan, State, Topic
from allocation.report.compliance.stores import stores
from allocation.report.showback.rendering import as_html
from allocation.review.tried import Kept, Recovery
from cli.actions.costs.tried import rehearsed_before
from lifecycle import evidence
from lifecycle.image_scan.reports import images_of
from tests.allocation.showbacks import filed, statement_of
from tests.lifecycle.rehearsal.results import line
from tests.portfolios import ROOT, catalog, local_plan, local_portfolio
from tiers.facts.data import DatabaseInstance, Key
from tiers.inventory import Inventory, exported, read_inventory
from tiers.plan.plan import TenantPlan, facts_of
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.vocabulary import Controls

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
DAY = date(2026, 11, 20)


@cache
def deployed() -> Inventory:
    plan = local_plan()
    ids = {fact.id: f"arn:aws:{fact.kind}:{fact.id}" for fact in plan.all_facts()}
    return Inventory(plan=plan, cloud_ids=ids, deployed_on={"meridian": DAY}, versions={"meridian": "0.3.0"})


def known(inventory: Inventory | None = None) -> Known:
    inventory = inventory or deployed()
    (tenant,) = (each for each in inventory.plan.tenants if each.tenant == "meridian")
    images = tuple(
        image
        for image, facts in images_of(inventory.plan).items()
        if any(fact.startswith("meridian/") for fact in facts)
    )
    return Known(
        inventory, "inventory.json", tenant, catalog().classes, NOW, local_portfolio(), images=images
    )


def of(topic: Topic, asked: Known | None = None) -> dict[str, Finding]:
    return {each.subject: each for each in findings(asked or known()) if each.topic is topic}


def changed(**fields: object) -> Known:
    """The tenant with another server."""
    before = known()
    facts = tuple(
        fact.model_copy(update=fields) if isinstance(fact, DatabaseInstance) else fact
        for fact in before.tenant.facts
    )
    return replace(before, tenant=before.tenant.model_copy(update={"facts": facts}))


def test_every_store_has_the_tenants_own_key_of_its_region() -> None:
    asked = known()
    found = of(Topic.ENCRYPTION)
    assert set(found) == {store.id for store in stores(asked)}
    assert len(found) >= 10
    keys = {key.region: asked.inventory.cloud_ids[key.id] for key in facts_of(asked.tenant.facts, Key)}
    for store in stores(asked):
        assert found[store.id].state is State.MET
        assert keys[store.region] in found[store.id].evidence
        assert found[store.id].on == DAY


def test_a_store_without_a_key_of_its_region_is_a_gap() -> None:
    asked = known()
    facts = tuple(fact for fact in asked.tenant.facts if fact.id != "meridian/copy-key")
    found = of(Topic.ENCRYPTION, replace(asked, tenant=asked.tenant.model_copy(update={"facts": facts})))
    without = {name for name, each in found.items() if each.state is State.GAP}
    assert without == {store.id for store in stores(asked) if store.region == "eu-west-1"} != set()


def test_a_database_on_a_shared_server_is_a_gap() -> None:
    asked = known()
    facts = tuple(fact for fact in asked.tenant.facts if not isinstance(fact, DatabaseInstance))
    found = of(Topic.ENCRYPTION, replace(asked, tenant=asked.tenant.model_copy(update={"facts": facts})))
    assert found["meridian/database"].state is State.GAP


@pytest.mark.parametrize(
    ("topic", "fields"),
    [
        (Topic.REDUNDANCY, {"multi_az": False}),
        (Topic.LOGGING, {"audited": False}),
        (Topic.RETENTION, {"backup_retention_days": 0}),
        (Topic.PATCHES, {"engine_version": "13.20"}),
        (Topic.REGION, {"region": "ap-south-1"}),
    ],
)
def test_what_the_controls_require_and_the_server_has_not_is_a_gap(
    topic: Topic, fields: dict[str, object]
) -> None:
    subject = "meridian/data" if topic is Topic.REGION else "meridian/server"
    met = State.CONFIGURED if topic is Topic.RETENTION else State.MET
    assert of(topic)[subject].state is met
    assert of(topic, changed(**fields))[subject].state is State.GAP


def test_what_the_inventory_does_not_show_is_unknown() -> None:
    undated = deployed().model_copy(update={"deployed_on": {}})
    assert not [each for each in findings(known(undated)) if each.state is State.MET]
    ids = {name: arn for name, arn in deployed().cloud_ids.items() if name != "meridian/server"}
    found = of(Topic.ENCRYPTION, known(deployed().model_copy(update={"cloud_ids": ids})))
    assert {name for name, each in found.items() if each.state is State.UNKNOWN} == {
        "meridian/server",
        "meridian/server-logs",
    }
    no_file = replace(known(), portfolio=None)
    assert of(Topic.REGION, no_file)["meridian/data"].state is State.UNKNOWN
    assert of(Topic.PATCHES, no_file)["meridian/odoo"].state is State.UNKNOWN


def test_people_are_unknown_whatever_is_given() -> None:
    assert of(Topic.ACCESS)["meridian/people"].state is State.UNKNOWN


@given(days=st.integers(0, 400), succeeded=st.booleans())
def test_a_restore_test_counts_as_long_as_its_class_says(days: int, *, succeeded: bool) -> None:
    tried = Recovery(NOW - timedelta(days=days), succeeded, 3, "2026-11-01T00:00:00Z")
    (found,) = of(Topic.RESTORE_TESTS, replace(known(), restored=tried)).values()
    assert found.is_gap is not (succeeded and days <= 10)
    assert found.on == tried.tried_at.date()
    unnamed = replace(tried, owner_said=False)
    (found,) = of(Topic.RESTORE_TESTS, replace(known(), restored=unnamed)).values()
    assert found.is_gap


@pytest.mark.parametrize(
    ("age", "listed", "said", "state"),
    [
        (0, 3, True, State.MET),
        (-1, 3, True, State.MET),  # the oldest is deleted on its last day
        (-2, 3, True, State.CONFIGURED),
        (0, 93, True, State.CONFIGURED),
        (0, 3, False, State.CONFIGURED),
    ],
)
def test_a_retention_is_met_by_a_backup_that_old_and_by_no_setting(
    age: int, listed: int, *, said: bool, state: State
) -> None:
    asked = known()
    assert of(Topic.RETENTION)["meridian/backups"].state is State.CONFIGURED
    at = NOW - timedelta(days=listed)
    oldest = at - timedelta(days=asked.promise.dump_retention_days + age)
    tried = Recovery(NOW - timedelta(days=3), True, owner_said=said, kept=Kept(oldest, at, 70))
    found = of(Topic.RETENTION, replace(asked, restored=tried))["meridian/backups"]
    assert (found.state, found.on) == (state, at.date() if said else DAY)


def test_without_a_restore_test_or_a_scan_nothing_is_met() -> None:
    assert of(Topic.RESTORE_TESTS)["meridian/backups"].state is State.UNKNOWN
    asked = known()
    scans = {
        asked.images[0]: Scan(NOW - timedelta(days=3), True),
        asked.images[1]: Scan(NOW - timedelta(days=3), False, ("CVE-2026-1 (high)",)),
    }
    found = of(Topic.PATCHES, replace(asked, scans=scans))
    assert [found[image].state for image in asked.images[:2]] == [State.MET, State.GAP]
    assert "CVE-2026-1" in found[asked.images[1]].evidence
    old = {asked.images[0]: Scan(NOW - timedelta(days=300), True)}
    assert of(Topic.PATCHES, replace(asked, scans=old))[asked.images[0]].state is State.GAP


def test_a_recovery_is_met_by_a_rehearsal_that_kept_its_promise(tmp_path: Path) -> None:
    plan = local_plan()
    (never,) = (each for each in rehearsed_before((), plan, NOW) if each.tenant == "meridian")
    assert of(Topic.RECOVERY, replace(known(), rehearsed=never))["meridian/rehearsal"].state is State.UNKNOWN
    told = json.loads(line(tenant="meridian", finished_at="2026-11-24T12:03:20Z", rpo_seconds=100))
    path, whose = tmp_path / "tried.jsonl", {"portfolio": "local", "client": known().tenant.client}
    # A line that names no portfolio may be of another one.
    for more, state in (({}, State.UNKNOWN), (whose, State.MET)):
        evidence.append(path, {"at": "2026-11-24T12:03:20Z", "step": "rehearsal", **told, **more})
        (tried,) = (each for each in rehearsed_before((path,), plan, NOW) if each.tenant == "meridian")
        found = of(Topic.RECOVERY, replace(known(), rehearsed=tried))["meridian/rehearsal"]
        assert (tried.proven, found.state, found.on) == (True, state, date(2026, 11, 24))


def test_a_filed_month_counts_when_it_is_billed_and_has_a_cost_of_security() -> None:
    estimated = filed(statement_of(local_plan()), "2026-10")
    billed = estimated.model_copy(update={"basis": "billed"})
    without = billed.model_copy(update={"tenants": ()})
    states = [of(Topic.OPERATION, replace(known(), months=[month])) for month in (estimated, billed, without)]
    assert [each["meridian in 2026-10"].state for each in states] == [
        State.UNKNOWN,
        State.MET,
        State.GAP,
    ]


def test_a_month_that_nobody_filed_is_a_gap_and_one_before_the_first_is_none() -> None:
    october = filed(statement_of(local_plan()), "2026-10")
    found = of(Topic.OPERATION, replace(known(), months=[october]))
    assert {name: each.state for name, each in found.items() if "2026-10" not in name} == {
        "meridian in 2026-11": State.UNKNOWN
    }


def test_evidence_of_somebody_else_is_named_and_shows_nothing() -> None:
    asked = replace(known(), left_out=("meridian of client other in portfolio elsewhere",))
    said = page(asked, findings(asked)).answer
    assert (
        "Evidence of somebody else is not counted: meridian of client other in portfolio elsewhere." in said
    )
    assert not any("somebody else" in each for each in page(known(), findings(known())).answer)


def test_page_and_document_say_the_same() -> None:
    asked = known()
    found = findings(asked)
    told = document(asked, found, [{"file": "inventory.json", "sha256": "0" * 64}])
    assert (told["met"] + told["gaps"], told["gaps"]) == (len(found), len(gaps(found)))
    assert told["costack_version"] == "0.3.0"
    printed = {table.name: table for table in page(asked, found).tables}
    rows = [[cell.plain for cell in row] for row in printed["controls"].rows]
    assert [[each["control"], each["subject"], each["state"]] for each in told["findings"]] == [
        row[:3] for row in rows
    ]
    assert [row for row in rows if row[2] != "met"] == [
        [cell.plain for cell in row] for row in printed["gaps"].rows
    ]
    assert "meridian/server" in as_html(page(asked, found))


def _enhanced() -> list[tuple[str, TenantPlan, Inventory]]:
    """Of all portfolios that are committed, and of the inventories that older versions exported."""
    found = []
    for path in sorted(ROOT.glob("**/platform.yaml")):
        if not {".venv", ".toolchain", "tests"} & set(path.relative_to(ROOT).parts):
            plan = resolve(*load_catalog_and_portfolio(path.parent))
            told = json.loads(json.dumps(exported(plan, {})))
            found.append((str(path.parent.relative_to(ROOT)), read_inventory(told, "test")))
    for path in sorted((ROOT / "tests" / "data" / "stored").glob("**/inventory.json")):
        found.append((str(path.relative_to(ROOT)), read_inventory(json.loads(path.read_text()), str(path))))
    return [
        (where, tenant, inventory)
        for where, inventory in found
        for tenant in inventory.plan.tenants
        if tenant.controls is Controls.ENHANCED
    ]


def test_every_tenant_with_enhanced_controls_has_an_answer_for_every_control() -> None:
    every = _enhanced()
    assert len(every) >= 3
    for where, tenant, inventory in every:
        found = findings(Known(inventory, where, tenant, catalog().classes, NOW))
        assert {each.topic for each in found} == set(Topic), where
        assert not [each for each in found if each.state is State.MET and each.on is None], where
        assert len({(each.topic, each.subject) for each in found}) == len(found), where
