"""An update may begin only where everything deployed is described, or was released."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.components.drawn_routes import with_dns
from tests.portfolios import (
    catalog,
    failing_over,
    local_portfolio,
    plan_of,
    tenant,
    two_regions,
    wide_platform,
)
from tiers.change.platform import platform_faults
from tiers.deployed import JOB_TYPE, RECORD_TYPE, REPLICATION_TYPE, deployed_of, is_released, refusals
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.inventory import exported
from tiers.plan.plan import Plan
from tiers.portfolio.platform import Platform
from tiers.portfolio.rotation import Rotation
from tiers.portfolio.tenant import Move
from tiers.vocabulary import LifecycleStage, MoveStage, RotationStage

PREFIX = "urn:pulumi:local::costack::"
ENDING = {"lifecycle_stage": "decommissioning"}


def state(plan: Plan, **outputs: dict[str, Any]) -> dict[str, Any]:
    """The engine's answer for a stack of *plan*, with the *outputs* of some tenants' components."""
    found: dict[str, Any] = {
        f"{PREFIX}pulumi:pulumi:Stack::costack-local": {"type": "pulumi:pulumi:Stack", "outputs": {}},
        f"{PREFIX}{SHARED_PLATFORM}::{plan.portfolio}": {"type": SHARED_PLATFORM, "outputs": {}},
    }
    for each in plan.tenants:
        urn = f"{PREFIX}{TENANT_STACK}::{each.tenant}"
        found[urn] = {"type": TENANT_STACK, "outputs": outputs.get(each.tenant, {})}
        record = f"{PREFIX}{TENANT_STACK}${RECORD_TYPE}::{each.tenant}-deployed"
        applied = {"portfolio": plan.portfolio, "plan": each.model_dump(mode="json")}
        found[record] = {"type": RECORD_TYPE, "outputs": {"input": applied, "output": applied}}
    return found


def refused(there: dict[str, Any], plan: Plan) -> list[str]:
    """Why *plan* may not follow."""
    return list(refusals(deployed_of(there), plan, "local", catalog()))


def test_a_new_stack_takes_any_plan() -> None:
    assert refused({}, plan_of(tenant("acme"))) == []


def test_what_is_described_may_be_updated_and_more_may_come() -> None:
    there = state(plan_of(tenant("acme")))
    assert refused(there, plan_of(tenant("acme"), tenant("borealis"))) == []


def test_what_is_in_no_file_stops_the_update() -> None:
    there = state(plan_of(tenant("acme"), tenant("borealis")))
    (sentence,) = refused(there, plan_of(tenant("borealis")))
    assert sentence == (
        "tenant 'acme' is deployed and has no file in portfolios/local/tenants: nothing was changed. Bring "
        "acme.yaml back (`git log -- portfolios/local/tenants/acme.yaml` shows where it went); to end the "
        "tenant, run `costack decommission acme --stack local`"
    )


@pytest.mark.parametrize(
    ("said", "stops"),
    [({}, True), ({"released": False}, True), ({"released": "true"}, True), ({"released": True}, False)],
)
def test_only_what_was_released_may_go(said: dict[str, Any], *, stops: bool) -> None:
    there = state(plan_of(tenant("acme"), tenant("borealis")), acme=said)
    assert bool(refused(there, plan_of(tenant("borealis")))) is stops


@pytest.mark.parametrize("changes", [{}, {"lifecycle_stage": "suspended"}, {"protected": False}])
def test_a_tenant_is_released_by_two_lines_of_its_file(changes: dict[str, Any]) -> None:
    (plan,) = plan_of(tenant("acme")).tenants
    ending = {"lifecycle_stage": LifecycleStage.DECOMMISSIONING, "protected": False}
    applied = plan.model_copy(update=ending).model_dump(mode="json")
    assert is_released(applied)
    assert not is_released({**plan.model_dump(mode="json"), **changes})


def test_another_portfolio_stops_the_update_with_one_sentence() -> None:
    there = state(plan_of(tenant("acme"), tenant("borealis")))
    other = plan_of(tenant("zenith")).model_copy(update={"portfolio": "mine"})
    (sentence,) = refused(there, other)
    assert sentence.startswith(
        "stack 'local' deploys portfolio 'local', and this is 'mine': nothing was changed"
    )


@pytest.mark.parametrize(
    ("before", "after", "data"),
    [
        ("shared-namespace", "dedicated-db", "database"),
        ("dedicated-db", "shared-namespace", "database"),
        ("shared-namespace", "cross-region-backup", "database and files"),
        ("dedicated-db", "ha-postgresql", ""),
    ],
)
def test_another_tier_needs_a_move_where_its_data_is_elsewhere(before: str, after: str, data: str) -> None:
    there = state(plan_of(tenant("acme", tier=before)))
    region = {"dr_region": "us-west-2"} if after == "cross-region-backup" else {}
    changed = tenant("acme", tier=after, options={"users": 12, **region})
    found = refused(there, plan_of(changed))
    wanted = (
        f"acme: changing tier {before} to {after} alone leaves its {data} behind; put the tier back and run "
        f"`costack move acme --to {after} --stack local`, which takes the data along; nothing was changed"
    )
    assert found == ([wanted] if data else [])
    for stage in MoveStage:
        moving = changed.model_copy(update={"move": Move(from_tier=before, stage=stage)})
        skips = bool(data) and stage in (MoveStage.SWITCH, MoveStage.CONTRACT)
        assert bool(refused(there, plan_of(moving))) is skips, stage


def test_a_renamed_file_is_a_lost_one() -> None:
    there = state(plan_of(tenant("acme")))
    (sentence,) = refused(
        there, plan_of(tenant("kontor", client="acme-ltd", hostname="acme.odoo.example.com"))
    )
    assert sentence.endswith(
        "; 'kontor' has its client and host name, and would begin empty: if it is the same tenant, run "
        "`costack rename acme kontor --stack local`, which keeps its data"
    )


STACK = f"{PREFIX}pulumi:pulumi:Stack::costack-local"


def older(plan: Plan) -> dict[str, Any]:
    """The same of a version that kept no records: it has the exported inventory."""
    kept = {urn: known for urn, known in state(plan).items() if known["type"] != RECORD_TYPE}
    told = json.loads(json.dumps(exported(plan, {})))
    for each in told["plan"]["tenants"]:
        del each["portfolio"], each["protected"]
    return {**kept, STACK: {"type": "pulumi:pulumi:Stack", "outputs": {"inventory": told}}}


def test_a_stack_of_an_older_version_is_known_by_what_it_exported() -> None:
    there = older(plan_of(tenant("acme")))
    assert refused(there, plan_of(tenant("acme", options={"users": 40}))) == []
    (sentence,) = refused(there, plan_of(tenant("acme", tier="dedicated-db")))
    assert "leaves its database behind" in sentence
    (sentence,) = refused(there, plan_of(tenant("borealis")))
    assert "costack decommission acme" in sentence


def test_what_was_never_deployed_completely_has_a_way_out() -> None:
    there = {
        urn: known for urn, known in state(plan_of(tenant("acme"))).items() if known["type"] != RECORD_TYPE
    }
    assert refused(there, plan_of(tenant("acme", tier="dedicated-db"))) == []
    (sentence,) = refused(there, plan_of(tenant("borealis")))
    assert (
        f"`pulumi destroy --stack local --target '{PREFIX}{TENANT_STACK}::acme' --target-dependents`"
        in sentence
    )
    assert "decommission" not in sentence


def test_a_record_that_cannot_be_read_is_not_nothing() -> None:
    there = state(plan_of(tenant("acme")))
    for known in there.values():
        if known["type"] == RECORD_TYPE:
            known["outputs"]["input"]["plan"]["facts"][0]["kind"] = "hovercraft"
    (sentence,) = refused(there, plan_of(tenant("acme")))
    assert sentence.startswith("acme: what is deployed of it cannot be read (")


OTHERS: Final = ("text", ["a", "list"], 3, None, {"plan": "text"}, {"plan": {"tenant": "x"}})


@pytest.mark.parametrize("held", OTHERS)
def test_what_a_program_stashes_itself_is_not_read(held: object) -> None:
    plan = plan_of(tenant("acme"))
    there = state(plan)
    for parents in ("", "their:index:Component$"):
        urn = f"{PREFIX}{parents}{RECORD_TYPE}::acme-deployed"
        there[urn] = {"type": RECORD_TYPE, "outputs": {"input": held, "output": held}}
    there[STACK] = {"type": "pulumi:pulumi:Stack", "outputs": {"inventory": held}}
    assert deployed_of(there) == deployed_of(state(plan))
    assert refused(there, plan_of(tenant("acme"))) == []


@pytest.mark.parametrize("held", ["text", ["a"], {"plan": "text"}])
def test_a_record_of_ours_with_something_else_in_it_is_not_nothing(held: object) -> None:
    there = state(plan_of(tenant("acme")))
    for known in there.values():
        if known["type"] == RECORD_TYPE:
            known["outputs"]["input"] = held
    (sentence,) = refused(there, plan_of(tenant("acme")))
    assert sentence.startswith("acme: what is deployed of it cannot be read (")


def recording(plan: Plan) -> dict[str, Any]:
    """The engine's answer for a stack that has a record of its platform, too."""
    applied = {"plan": plan.model_dump(mode="json", exclude={"tenants"})}
    urn = f"{PREFIX}{SHARED_PLATFORM}${RECORD_TYPE}::local-deployed"
    return state(plan) | {urn: {"type": RECORD_TYPE, "outputs": {"input": applied, "output": applied}}}


def test_the_prefix_of_namespaces_stays() -> None:
    plan = plan_of(tenant("acme"))
    there = recording(plan)
    assert refused(there, plan) == []
    platform = local_portfolio().platform
    cluster = platform.cluster.model_copy(update={"namespace_prefix": "local"})
    changed = plan_of(tenant("acme"), platform=platform.model_copy(update={"cluster": cluster}))
    (sentence,) = refused(there, changed)
    assert sentence.startswith("cluster.namespace_prefix cannot change while the portfolio is deployed")
    assert platform_faults(plan, changed) == (sentence.removesuffix("; nothing was changed"),)


CREATED: Final = {
    "admin_cidrs": ["198.51.100.0/24"],
    "log_retention_days": 90,
    "addons": dict.fromkeys(("vpc-cni", "eks-pod-identity-agent", "aws-efs-csi-driver"), "v1"),
}


@pytest.mark.parametrize("recorded", [True, False])
def test_a_portfolio_keeps_the_kind_of_cluster_it_began_with(*, recorded: bool) -> None:
    adopting = local_portfolio().platform
    values = adopting.model_dump(mode="json")
    values["cluster"] |= {"created": CREATED, "node_role_arn": None, "node_subnet_ids": ()}
    adopted, created = (
        plan_of(tenant("acme"), platform=each) for each in (adopting, Platform.model_validate(values))
    )
    for before, after, words in (
        (adopted, created, "cannot be added while the portfolio is deployed: a new, empty cluster 'odoo'"),
        (created, adopted, "cannot be taken out while the portfolio is deployed: cluster 'odoo'"),
    ):
        there = recording(before) if recorded else older(before)
        (sentence,) = refused(there, after)
        assert sentence.startswith(f"cluster.created {words}")
        assert sentence.endswith("; nothing was changed")
        assert platform_faults(before, after) == (sentence.removesuffix("; nothing was changed"),)
        assert refused(there, before) == []


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, {"environment": "staging"}, "environment production cannot become staging"),
        ({"environment": "staging"}, {}, ""),
        ({}, {"client": "acme-gmbh"}, "add first_client: acme-ltd to the file"),
        ({}, {"client": "acme-gmbh", "first_client": "acme-ltd"}, ""),
        ({}, {"lifecycle_stage": "decommissioning"}, ""),
        (
            {},
            {"lifecycle_stage": "decommissioning", "protected": False},
            "protected: false may not come together",
        ),
        (
            {"lifecycle_stage": "decommissioning"},
            {"lifecycle_stage": "decommissioning", "protected": False},
            "",
        ),
    ],
)
def test_what_cannot_be_taken_back_is_refused(
    before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    found = refused(state(plan_of(tenant("acme", **before))), plan_of(tenant("acme", **after)))
    assert (words in found[0]) if words else (found == [])


@pytest.mark.parametrize(
    ("there", "here", "passes"),
    [
        ("0", "0", True),
        ("0", "1 second-login", True),
        ("0", "1 back", True),  # the first update of it failed
        ("1 second-login", "1 first-login", True),
        ("1 second-login", "1 back", True),
        ("1 first-login", "1", True),
        ("1 back", "0", True),
        ("1 second-login", "0", False),  # a commit that was reverted
        ("1 second-login", "1", False),
        ("0", "1 first-login", False),
        ("1 first-login", "0", False),
        ("1", "3 second-login", False),
    ],
)
def test_a_rotation_takes_one_step(there: str, here: str, *, passes: bool) -> None:
    def rotated(words: str) -> Plan:
        number, _, stage = words.partition(" ")
        rotation = Rotation(number=int(number), stage=RotationStage(stage) if stage else None)
        return plan_of(tenant("acme").model_copy(update={"rotation": rotation}))

    found = refused(state(rotated(there)), rotated(here))
    assert (found == []) is passes
    assert passes or "which is not the next step" in found[0]


def test_a_record_goes_to_another_tenant_in_two_updates() -> None:
    """Pulumi makes before it deletes, and Route 53 has one record of a name."""
    on = with_dns("odoo.example.com", "acme.example")
    recorded = {"dns": "route-53"}
    shop = tenant("acme", routes={**recorded, "aliases": ["shop.acme.example"]})
    other = tenant("borealis", routes=recorded)
    there = state(plan_of(shop, other, platform=on))
    without = tenant("acme", routes=recorded)
    given = tenant("borealis", routes={**recorded, "redirects": ["shop.acme.example"]})
    (told,) = refused(there, plan_of(without, given, platform=on))
    assert told == (
        "borealis: the record of 'shop.acme.example' is acme's in the stack, and Route 53 takes no second "
        "one; take the name from acme in an update of its own first; nothing was changed"
    )
    assert refused(there, plan_of(without, other, platform=on)) == []
    assert refused(state(plan_of(without, other, platform=on)), plan_of(without, given, platform=on)) == []
    swapped = tenant(
        "acme", hostname="shop.acme.example", routes={**recorded, "aliases": ["acme.odoo.example.com"]}
    )
    assert refused(there, plan_of(swapped, other, platform=on)) == []


_AT = "2026-11-29T01:15:00Z"


@pytest.mark.parametrize(
    ("section", "first", "switching", "back"),
    [
        ("restore", {"at": _AT, "stage": "prepare"}, "switch", "restore"),
        ("upgrade", {"to": "19.0", "stage": "rehearse"}, "upgrade", "upgrade"),
    ],
)
@pytest.mark.parametrize("begun", ["final-backup", "switch-side-database"])
def test_a_switch_that_did_not_end_is_not_undone_by_the_file_alone(
    section: str, first: dict[str, str], switching: str, back: str, begun: str
) -> None:
    def at(stage: str) -> Plan:
        one = tenant("acme", tier="dedicated-db", **{section: first | {"stage": stage}})
        return plan_of(one, platform=wide_platform())

    before = at(first["stage"])
    there = state(before)
    assert refused(there, before) == []
    there[f"{PREFIX}{TENANT_STACK}${JOB_TYPE}::acme-{begun}"] = {"type": JOB_TYPE, "outputs": {}}
    (sentence,) = refused(there, at(first["stage"]))
    assert sentence.startswith(f"acme: an update to stage {switching} began and did not end")
    # Its job says nothing of the stage: `discard` has it, too, and `switch` after that only stops Odoo.
    leads = f"`costack {back} acme --stack local --back` and `pulumi up` lead back"
    assert sentence.index("or one that takes it back") < sentence.index(leads) < sentence.index("to go on")
    for stage in (switching, "back", "discard"):
        assert refused(there, at(stage)) == []
    # Once a stage was deployed that starts pods by itself, the job is one of the past.
    assert refused(there | state(at("start")), at("start")) == []


def test_a_way_home_that_is_given_up_is_given_up_by_the_next_update_too() -> None:
    """Nobody works until it is: the job that takes back is there already when an update to `stay` fails."""

    def at(stage: str) -> Plan:
        return plan_of(failing_over(stage), platform=two_regions())

    there = state(at("return"))
    there[f"{PREFIX}{TENANT_STACK}${JOB_TYPE}::acme-switch-side-database"] = {"type": JOB_TYPE, "outputs": {}}
    assert refused(there, at("stay")) == []
    (sentence,) = refused(there, at("return"))
    assert "`costack failback acme --stack local --back` and `pulumi up` lead back" in sentence


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("failovers", [0, 1])
def test_a_lost_region_is_left_as_the_state_has_it(failovers: int, *, ended: bool) -> None:
    """The record says `promote` before Pulumi ends the replication, and in a lost region it never does."""

    def at(**region: str) -> Plan:
        one = failing_over("promote", **region).model_copy(update={"failovers": failovers})
        return plan_of(one, platform=two_regions())

    there = state(at())
    replication = "local-acme-filestores-copy" + ("-2" if failovers else "")
    if not ended:
        there[f"{PREFIX}{REPLICATION_TYPE}::{replication}"] = {"type": REPLICATION_TYPE, "outputs": {}}
    fenced, promoted = "lost-after-fence", "lost-after-promotion"
    assert bool(refused(there, at(first_region=fenced))) is ended
    assert bool(refused(there, at(first_region=promoted))) is not ended
    assert refused(there, at()) == []


def test_a_tenant_of_another_stack_is_not_called_gone() -> None:
    there = deployed_of(state(plan_of(tenant("acme"), tenant("borealis"))))
    plan = plan_of(tenant("borealis"))
    (told,) = refusals(there, plan, "live-cell-1", catalog(), {"acme": "cell-2"})
    assert told.startswith("tenant 'acme' is deployed here, and cells.yaml has it in cell-2: nothing was")
