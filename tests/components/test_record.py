"""The record of a tenant comes after everything else of it, and holds all of it while it is protected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from unittest import mock

import grpc
import pulumi
import pytest
import stamina
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2_grpc

from components import record
from components.record import tenant_as_far
from plugin.stacks import SharedPlatform, TenantStack
from tests.components.conftest import declare_plan
from tests.components.monitor import CloudAnswers, Declared, declare
from tests.plugin import example
from tests.portfolios import every_offer, local_portfolio, plan_of, tenant
from tests.tiers.change import test_upgrades as upgrades
from tiers.deployed import RECORD_TYPE
from tiers.facts.data import DatabaseInstance
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.plan.plan import TenantPlan, facts_of
from tiers.vocabulary import LifecycleStage


def below(root: Declared, declared: Iterable[Declared]) -> set[str]:
    """The URNs of all resources of a component that the cloud or the cluster has."""
    parents = {each.urn: each.parent for each in declared}

    def ancestors(urn: str) -> Iterable[str]:
        while urn := parents.get(urn, ""):
            yield urn

    return {each.urn for each in declared if each.custom and root.urn in ancestors(each.urn)}


def reached(urns: Iterable[str], declared: Iterable[Declared]) -> set[str]:
    """The URNs that can only be removed after those of *urns*."""
    waits = {each.urn: each.dependencies for each in declared}
    found, left = set[str](), list(urns)
    while left:
        urn = left.pop()
        if urn not in found:
            found.add(urn)
            left += waits.get(urn, ())
    return found


def test_a_record_comes_after_everything_of_its_owner() -> None:
    declared = declare_plan(plan_of(*every_offer()))
    owners = [each for each in declared if each.type in (SHARED_PLATFORM, TENANT_STACK)]
    assert len(owners) > len(every_offer())
    for owner in owners:
        mine = below(owner, declared)
        of_owner = [each for each in declared if each.parent == owner.urn]
        records = [each.urn for each in of_owner if each.type == RECORD_TYPE]
        assert len(records) == 1
        assert len(mine) > 20
        assert mine - reached(records, declared) == set(), owner.urn


@pytest.mark.sample(1)
@pytest.mark.parametrize("environment", ["production", "migration"])
def test_only_a_released_tenant_is_not_protected(environment: str) -> None:
    platform = local_portfolio().platform.model_copy(update={"deletion_protection": True})
    (offered,) = [
        each
        for each in every_offer()
        if each.tier == "shared-namespace" and each.environment.value == environment
    ]
    ending = {"lifecycle_stage": LifecycleStage.DECOMMISSIONING}
    for changes, protected in (({}, True), (ending, True), ({**ending, "protected": False}, False)):
        changed = offered.model_copy(update=changes)
        declared = declare_plan(plan_of(changed, platform=platform))
        urn = f"{TENANT_STACK}${RECORD_TYPE}::{offered.tenant}-deployed"
        (record,) = [each for each in declared if each.urn.endswith(urn)]
        assert record.protect is protected
        assert record.props["input"]["plan"]["protected"] is changed.protected


def test_a_portfolio_that_may_end_protects_nothing() -> None:
    declared = declare_plan(plan_of(tenant("acme")))
    assert not any(each.protect for each in declared)


def told_in(there: Mapping[str, Any], planned: TenantPlan, portfolio: str = "local") -> list[str]:
    """What a tenant's own program warns of over a stack that has *there*."""

    class Answers(CloudAnswers):
        def call(self, args: mocks.MockCallArgs) -> Any:
            assert args.token == "pulumi:pulumi:readStackResourceOutputs"
            return {"name": args.args["stackName"], "outputs": dict(there)}

    with mock.patch.object(pulumi, "warn") as warned:
        declare(lambda: tenant_as_far(portfolio, planned), answers=Answers())
    return [str(call.args[0]) for call in warned.call_args_list]


def only_its_own(there: Mapping[str, Any]) -> dict[str, Any]:
    """The same without the platform."""
    return {urn: each for urn, each in there.items() if "costack:index:SharedPlatform" not in urn}


def test_a_tenant_in_a_stack_of_its_own_leaves_no_standby_behind() -> None:
    found = only_its_own(upgrades.there(upgrades.plan("17"), own=("17", "17.6"), standby=("17", "17.6")))
    (planned,) = upgrades.plan("18").tenants
    with pytest.raises(pulumi.RunError, match=r"acme/standby: RDS takes no standby .*; nothing was changed"):
        told_in(found, planned)


def test_what_an_update_leaves_for_the_next_one_is_said_once() -> None:
    """The platform's program says it of every tenant that is in its stack."""
    found = upgrades.there(upgrades.plan("17.6"), own=("17.6", "17.6"), standby=("17.6", "17.6"))
    (planned,) = upgrades.plan("17.7").tenants
    (sentence,) = told_in(only_its_own(found), planned)
    assert "acme/server: stays with PostgreSQL 17.6 in this update" in sentence
    assert told_in(found, planned) == []


class Counted(CloudAnswers):
    """An engine that counts how often its state is asked for."""

    def __init__(self, there: Mapping[str, Any]) -> None:
        super().__init__()
        self.there, self.read = there, 0

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.read += 1
        return {"name": args.args["stackName"], "outputs": dict(self.there)}


@pytest.mark.whole("what it finds costs time and no correct answer")
def test_the_state_is_read_once_an_update_however_many_tenants_have_a_server() -> None:
    platform, tenants = example.platform(), example.tenants()
    (like,) = (each for each in tenants if each["tenant"] == "meridian")  # with a server of its own
    many = [{**like, "tenant": f"m{n}", "hostname": f"m{n}.example.com"} for n in range(5)]
    found = upgrades.there(upgrades.plan("17.6"), own=("17.6", "17.6"), standby=("17.6", "17.6"))

    def program() -> None:
        shared = SharedPlatform("any", {"platform": platform, "tenants": many}, day=date(2026, 11, 30))
        given = {name: shared.outputs[name] for name in ("contract", "session_token")}
        told: list[Any] = [{**each, "platform": platform, **given} for each in many]
        made = [TenantStack("any", each) for each in told]
        assert all(facts_of(each.tenant.facts, DatabaseInstance) for each in made)

    for answers in (Counted({}), Counted({})):  # a second update of the same process reads what it finds
        declare(program, answers=answers)
        assert answers.read == 1
    # What another update has changed meanwhile is seen.
    (planned,) = upgrades.plan("17.7").tenants
    (sentence,) = told_in(only_its_own(found), planned)
    assert "acme/server: stays with PostgreSQL 17.6 in this update" in sentence


def test_an_update_is_known_by_the_address_of_its_engine() -> None:
    def known_by(port: int) -> Any:
        stub = resource_pb2_grpc.ResourceMonitorStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
        with mock.patch.object(record, "get_monitor", return_value=stub):
            return record._monitor()

    assert known_by(4711) == known_by(4711)
    assert known_by(4711) != known_by(4712)


class EngineError(grpc.RpcError):
    """How the engine says that it cannot read a state."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        asked = "invocation of pulumi:pulumi:readStackResourceOutputs"
        return f"{asked} returned an error: failed to load checkpoint: EOF"


class HalfWritten(CloudAnswers):
    """The engine, while it writes the state that is asked for: the first answers fail."""

    def __init__(self, there: Mapping[str, Any], failures: int) -> None:
        super().__init__()
        self.there, self.failures = there, failures

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.failures -= 1
        if self.failures >= 0:
            raise EngineError
        return {"name": args.args["stackName"], "outputs": dict(self.there)}


@pytest.mark.parametrize("failures", [0, 2, 99])
def test_a_state_that_is_being_written_is_read_again(failures: int) -> None:
    """A first update failed with a traceback: in a folder the engine does not replace all files at once."""
    found = only_its_own(
        upgrades.there(upgrades.plan("17.6"), own=("17.6", "17.6"), standby=("17.6", "17.6"))
    )
    (planned,) = upgrades.plan("17.7").tenants
    made: list[TenantPlan] = []
    with stamina.set_testing(True, attempts=4), mock.patch.object(pulumi, "warn") as warned:
        if failures == 99:
            said = r"^the state of stack '\w+' cannot be read \(EOF\); run `costack recover --stack \w+`$"
            with pytest.raises(pulumi.RunError, match=said):
                declare(lambda: tenant_as_far("local", planned), answers=HalfWritten(found, failures))
        else:
            declare(
                lambda: made.append(tenant_as_far("local", planned)), answers=HalfWritten(found, failures)
            )
            assert len(made) == warned.call_count == 1
