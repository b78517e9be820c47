"""The whole life of the committed portfolio, in the order in which the tests stand here."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from allocation.charges import ChargePeriod
from allocation.engine.rulebook import rules_on
from allocation.estimate.estimated_statement import estimated_statement
from allocation.prices.price_book import load_price_book
from allocation.report.statement.document import document
from components.tags.cost_tags import TAGGABLE_TYPES
from tests.declarations import Registration, Registrations, differences
from tests.engine.conftest import Deployed
from tests.engine.holdings import holdings, left_behind
from tests.engine.listing import pass_the_window
from tests.engine.project import STACK, Registered
from tests.engine.saved_state import SECRET, unsealed
from tests.portfolios import local_plan
from tests.tagged import expected_keys, label_sets
from tiers.facts.every_fact import CacheSpace, DatabaseInstance
from tiers.facts.names import TENANT_STACK
from tiers.inventory import Inventory
from tiers.plan.plan import facts_of

pytestmark = [pytest.mark.engine]

PASSWORD = "random:index/randomPassword:RandomPassword"


def test_everything_is_created(rendered: Deployed) -> None:
    custom = [each for each in rendered.registered if each.custom]
    manifests = [each for each in custom if each.type.startswith("kubernetes:")]
    assert len(custom) > 130
    assert re.search(r"\n    \+ \d+ created\n", rendered.said.stdout)
    assert len(list((rendered.project.folder / ".local" / "manifests").rglob("*.yaml"))) == len(manifests)
    held = holdings(rendered.project.clients())
    # EventBridge stops servers of sandboxes, and no offer sells one.
    assert [kind for kind, names in held.items() if names <= rendered.before[kind]] == ["schedule"]


def test_everything_taggable_is_tagged(rendered: Deployed) -> None:
    taggable = [each for each in rendered.registered if each.type in TAGGABLE_TYPES]
    assert len(taggable) > 30
    for each in taggable:
        assert expected_keys(each.urn) <= each.inputs["tags"].keys(), each.urn
        assert each.inputs["tags"].items() <= each.outputs["tagsAll"].items(), each.urn


def test_every_object_and_pod_template_is_labelled(rendered: Deployed) -> None:
    objects = [each for each in rendered.registered if each.type.startswith("kubernetes:")]
    assert len(objects) > 60
    assert sum(len(label_sets(each.type, each.inputs)) for each in objects) > len(objects)
    for each in objects:
        for labels in label_sets(each.type, each.inputs):
            assert expected_keys(each.urn) <= labels.keys(), each.urn


def test_tags_say_what_the_plan_says(rendered: Deployed) -> None:
    plan = local_plan()
    by_tenant = {tenant.tenant: tenant.cost_tags().as_tags() for tenant in plan.tenants}
    owners = _owners(rendered.registered)
    assert set(owners.values()) == set(by_tenant)
    for each in rendered.registered:
        owner = owners.get(each.urn)
        expected = dict(by_tenant[owner] if owner else plan.platform_tags().as_tags())
        expected["cost/region"] = each.inputs.get("region", expected["cost/region"])
        for labels in label_sets(each.type, each.inputs) if each.custom else []:
            assert expected.items() - {("cost/domain", expected["cost/domain"])} <= labels.items(), each.urn
            assert (labels["cost/domain"] == "shared-platform") == (owner is None), each.urn


def test_no_password_is_written_in_clear(rendered: Deployed) -> None:
    passwords = {each.outputs["result"] for each in rendered.registered if each.type == PASSWORD}
    spaces = [space for each in local_plan().tenants for space in facts_of(each.facts, CacheSpace)]
    users = sum(space.user is not None for space in spaces)
    followed = [
        server
        for each in local_plan().tenants
        for server in facts_of(each.facts, DatabaseInstance)
        if server.may_have_replica
    ]
    # Three per tenant, one per cache, one per user, one for the master of a server that a standby may follow.
    assert len(passwords) == 7 * 3 + 3 + users + len(followed) > 27
    shown = rendered.project.export("--show-secrets")
    assert all(password in shown for password in passwords)
    saved = rendered.project.saved()
    in_clear = json.loads(shown)["deployment"]["resources"]
    assert without_envelopes(in_clear) == unsealed(saved, saved["resources"])  # what all other tests read
    where = {
        "export": rendered.project.export(),
        "outputs": rendered.project.pulumi("stack", "output", "--json", "--stack", STACK).stdout,
        "what up said, and the engine's log": rendered.said.text,
        "the cloud's log": (rendered.project.local / "server.log").read_text(encoding="utf-8"),
    }
    for name, text in where.items():
        assert text, name
        assert not [password for password in passwords if password in text], name


def without_envelopes(value: Any) -> Any:
    """What Pulumi exported with its secrets shown, without what it puts around each."""
    if isinstance(value, dict):
        if SECRET in value:
            return without_envelopes(json.loads(value["plaintext"]))
        return {key: without_envelopes(item) for key, item in value.items()}
    return [without_envelopes(item) for item in value] if isinstance(value, list) else value


def test_the_inventory_is_the_plan(rendered: Deployed) -> None:
    asked = ("stack", "output", "inventory", "--json", "--stack", STACK)
    assert json.loads(rendered.project.pulumi(*asked).stdout) == rendered.project.inventory()
    inventory = Inventory.model_validate(rendered.project.inventory())
    assert inventory.plan == local_plan()
    stored = json.dumps([each.outputs for each in rendered.registered])
    assert len(inventory.cloud_ids) > 10
    unseen = {fact: arn for fact, arn in inventory.cloud_ids.items() if arn not in stored}
    # Neither is an output `arn`: one is an id, the other is put together from the id that EFS tells.
    assert {fact: re.sub(r"\w{8,}$", "*", arn) for fact, arn in unseen.items()} == {
        "meridian/server-copy": "arn:aws:rds:eu-west-1:123456789012:auto-backup:ab-*",
        "meridian/file-system-copy": "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-*",
    }
    assert set(inventory.cloud_ids) <= {fact.id for fact in inventory.plan.all_facts()}


def test_every_fact_is_what_the_engine_registered_for_it(rendered: Deployed) -> None:
    registered = [
        Registration(each.type, each.name, each.inputs) for each in rendered.registered if each.custom
    ]
    inventory = Inventory.model_validate(rendered.project.inventory())
    assert differences(inventory.plan, Registrations("local", registered)) == []


@pytest.mark.whole("tests/engine/test_priced compares them")
def test_the_statement_of_the_stack_is_the_estimate_of_its_plan(rendered: Deployed) -> None:
    asked = ("allocate", "--stack", STACK, "--period", "2026-11")
    table = rendered.project.costack(*asked)
    assert re.fullmatch(r"(deployed: on \d{4}-\d\d-\d\d: [^\n]+\n)+", table.stderr)  # and nothing is pending
    *_, closing = table.stdout.splitlines()
    assert closing.startswith("charged ")
    assert closing.endswith(", difference 0")
    assert all(tenant.tenant in table.stdout for tenant in local_plan().tenants)
    month = ChargePeriod.month("2026-11")
    expected = estimated_statement(
        Inventory(plan=local_plan(), cloud_ids={}),
        month,
        load_price_book(local_plan().currency),
        rules_on(month.start.date()),
    )
    assert json.loads(rendered.project.costack(*asked, "-o", "json").stdout) == document(expected)


@pytest.mark.whole("a second update of the same components changes nothing in test_plugin")
def test_a_second_up_changes_nothing(rendered: Deployed) -> None:
    said = rendered.project.up("--expect-no-changes")
    assert re.search(r"\n    \d+ unchanged\n", said.stdout)


@pytest.mark.whole("tests/components declares the same with either size")
def test_a_changed_request_changes_that_and_nothing_else(rendered: Deployed) -> None:
    """One tenant takes a larger class, the class of the other asks for more, and their namespace holds it."""
    tenant = "portfolios/local/tenants/acme.yaml"
    with (
        rendered.project.edited(tenant, "users: 8", "users: 8\n  workload_class: s"),
        rendered.project.edited(
            "tiers/catalog/classes.yaml",
            "web: {replicas: 1, workers: 2, cpu_request_millicores: 250",
            "web: {replicas: 1, workers: 2, cpu_request_millicores: 300",
        ),
    ):
        steps = rendered.project.preview()
    web, cron = (_step(steps, f"acme-{name}") for name in ("web", "cron"))
    resources = "spec.template.spec.containers[0].resources"
    assert {f"{resources}.requests.cpu", f"{resources}.limits.memory"} < web["detailedDiff"].keys()
    assert {f"{resources}.requests.cpu", f"{resources}.limits.memory"} < cron["detailedDiff"].keys()
    others = {urn.rsplit("::", 1)[1]: step for urn, step in steps.items() if "::acme-" not in urn}
    shared = ("local-deployed", "odoo-production-defaults", "odoo-production-quota")
    assert {name: step["op"] for name, step in others.items()} == dict.fromkeys(
        ("borealis-web", "borealis-deployed", *shared), "update"
    )
    changed = {f"{resources}.requests.cpu": {"kind": "update", "inputDiff": True}}
    assert others["borealis-web"]["detailedDiff"] == changed


@pytest.mark.whole("tests/lifecycle/drift names each difference without an engine")
def test_drift_is_found_by_refresh_and_mended_by_up(rendered: Deployed) -> None:
    project, clients = rendered.project, rendered.project.clients()
    clients.get("rds").modify_db_instance(
        DBInstanceIdentifier="local-postgresql", DBInstanceClass="db.t4g.large", ApplyImmediately=True
    )
    logs = clients.get("logs")
    logs.put_retention_policy(logGroupName="/odoo/local/acme", retentionInDays=1)
    seen = project.refresh("--preview-only", "--expect-no-changes", code=7)
    assert "~ 2 to update" in seen.stdout
    assert re.search(r" local-postgresql update \[diff: ~instanceClass\]", seen.stdout)
    assert re.search(r" acme-logs update \[diff: ~retentionInDays\]", seen.stdout)
    project.refresh("--yes", "--skip-preview")
    steps = project.update()
    assert {step["urn"].rsplit("::", 1)[1]: list(step["detailedDiff"]) for step in steps} == {
        "local-postgresql": ["instanceClass"],
        "acme-logs": ["retentionInDays"],
    }
    pass_the_window(project)
    described = clients.get("rds").describe_db_instances(DBInstanceIdentifier="local-postgresql")
    (database,) = described["DBInstances"]
    assert database["DBInstanceClass"] == "db.t4g.medium"
    (group,) = logs.describe_log_groups(logGroupNamePrefix="/odoo/local/acme")["logGroups"][:1]
    assert group["retentionInDays"] == 30


@pytest.mark.whole("test_plugin destroys its stack, test_life ends a tenant")
def test_destroy_leaves_nothing(rendered: Deployed) -> None:
    project = rendered.project
    project.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)
    assert project.saved().get("resources", []) == []
    # Keys outlive what they encrypted: the platform's, and one of each tenant with a server of its own.
    assert left_behind(project.clients(), rendered.before) == {"enabled key": 1 + 3}
    assert list((project.folder / ".local" / "manifests").rglob("*.yaml")) == []
    # What was promised to stay: the last state of the data, under a name no other life of the server has.
    snapshots = project.clients().get("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    kept = sorted(re.sub("[0-9a-f]{8}$", "", each["DBSnapshotIdentifier"]) for each in snapshots)
    owners = ("cobalt-", "halcyon-", "meridian-", "")
    assert kept == [f"local-{owner}postgresql-final-" for owner in owners]
    # EFS makes the copy of a file system itself and leaves it when the replication ends.
    copies = project.clients().get("efs", "eu-west-1").describe_file_systems()["FileSystems"]
    assert len(copies) == 1


def _owners(registered: list[Registered]) -> dict[str, str]:
    """The tenant of each resource below a tenant's stack, by following parents."""
    by_urn = {each.urn: each for each in registered}
    owners = {}
    for each in registered:
        above: Registered | None = each
        while above is not None and above.type != TENANT_STACK:
            above = by_urn.get(above.parent)
        if above is not None:
            owners[each.urn] = above.name
    return owners


def _step(steps: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    (found,) = [
        step
        for urn, step in steps.items()
        if urn.endswith(f"::{name}") and "apps/v1:Deployment" in urn and step["op"] == "update"
    ]
    return found
