"""The provider's own part: names, missing inputs, mistakes at their property, the function."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.errors import InputPropertiesError

import plugin
from plugin.provider import ESTIMATE, CostackProvider
from plugin.spelling import camel
from plugin.stacks import estimate_and_note
from tests.components.monitor import Declared, declare
from tests.plugin import example
from tests.plugin.test_inputs import problems
from tests.plugin.test_own_catalog import FIRM, program
from tests.portfolios import ROOT

DAY = date(2026, 11, 30)
SHARED = "costack:index:SharedPlatform"
TENANT = "costack:index:TenantStack"


def provider() -> CostackProvider:
    return CostackProvider(lambda: DAY)


def refused(resource_type: str, inputs: dict[str, Any]) -> dict[str, str]:
    """What is told of *inputs*, by property; nothing is declared."""
    found: dict[str, str] = {}

    def program() -> None:
        with pytest.raises(InputPropertiesError) as caught:
            provider().construct("any", resource_type, inputs)
        found.update(problems(caught))

    assert declare(program) == []
    return found


def deployed(
    collect: Callable[[str, Any], None] = lambda *_: None,
    given: dict[str, Any] | None = None,
    names: tuple[str, ...] = ("acme", "meridian"),
) -> list[Declared]:
    """The example, built by `construct` with the names that programs have; its outputs are collected."""
    given = given or example.inputs()

    def program() -> None:
        ours = provider()
        shared = ours.construct("any", SHARED, given).state
        told = {"platform": given["platform"], "contract": shared["contract"]}
        told["sessionToken"] = shared["sessionToken"]
        stacks = [ours.construct("any", TENANT, {**each, **told}).state for each in given["tenants"]]
        for name, state in (("platform", shared), *zip(names, stacks, strict=True)):
            pulumi.Output.all(**state).apply(partial(collect, name))

    return declare(program)


def test_every_mistake_is_told_at_its_property_by_its_name_there() -> None:
    given = example.inputs()
    acme, meridian = given["tenants"]
    acme["serviceLine"], acme["options"] = "?", {"users": 0}
    meridian["options"]["egressCidrs"] = ["10.0.0.0/8"]
    given["platform"]["images"]["odoo"]["runAsUser"] = -1
    assert refused(SHARED, given).keys() == {
        "platform.images.odoo.runAsUser",
        "tenants[0].serviceLine",
        "tenants[0].options.users",
        "tenants[1].options.egressCidrs[0]",
    }


def test_a_tenant_that_is_not_in_a_list_is_told_by_its_own_properties() -> None:
    given = example.inputs()
    alone = {**given["tenants"][0], "tier": "gold", "platform": given["platform"]}
    found = refused(TENANT, {**alone, "contract": {}, "sessionToken": ""})
    assert found.keys() == {"tier"}
    assert "'gold' is not in the catalog" in found["tier"]


def test_what_is_missing_is_named() -> None:
    assert refused(SHARED, {"platform": {}}) == {"tenants": "is missing"}
    assert refused(TENANT, {}).keys() >= {"contract", "sessionToken", "tenant", "options"}


def test_the_token_is_a_secret_by_its_value() -> None:
    found: dict[str, bool] = {}

    def program() -> None:
        state = provider().construct("any", SHARED, example.inputs()).state
        for name in ("sessionToken", "cluster"):
            asked = asyncio.ensure_future(pulumi.Output.from_input(state[name]).is_secret())
            kept: pulumi.Output[bool] = pulumi.Output.from_input(asked)
            kept.apply(partial(found.__setitem__, name))

    declare(program)
    assert found == {"sessionToken": True, "cluster": False}


def test_a_field_in_both_spellings_is_refused() -> None:
    given = example.inputs()
    given["tenants"][1]["service_line"] = "odoo-hosting"
    assert refused(SHARED, given).keys() == {"tenants[1].serviceLine"}


def test_a_tenant_s_own_fields_may_be_spelled_as_in_files_but_not_in_both_ways() -> None:
    given = example.inputs()
    alone = {**given["tenants"][0], "platform": given["platform"], "contract": {}, "session_token": ""}
    alone |= {"service_line": alone.pop("serviceLine"), "tier": "gold"}
    assert refused(TENANT, alone).keys() == {"tier"}
    reason = "is given as 'serviceLine' and as 'service_line'"
    assert refused(TENANT, {**alone, "serviceLine": "odoo-hosting"}) == {"serviceLine": reason}
    assert refused(TENANT, {**alone, "data_residency": "eu"}).keys() == {"dataResidency"}


def test_a_part_that_is_not_installed_is_told_by_whoever_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(plugin, "builders", raising=False)
    monkeypatch.setitem(sys.modules, "plugin.builders", None)
    for ask in (lambda: provider().construct("any", SHARED, {}), lambda: provider().invoke(ESTIMATE, {})):
        with pytest.raises(pulumi.RunError, match=r"cannot be loaded: .*; install the package anew"):
            ask()


def test_the_plugin_starts_without_it_in_silence_and_collects_garbage() -> None:
    program = (
        "import gc, sys, threading\n"
        "from pulumi import provider\n"
        "sys.modules['plugin.builders'] = None\n"
        "wait = lambda: [each.join() for each in threading.enumerate() if each.daemon]\n"
        "provider.main = lambda *_: (wait(), print(gc.isenabled()))\n"
        "from plugin import __main__"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_the_outputs_are_those_of_the_schema_and_say_where_things_are() -> None:
    found: dict[str, Any] = {}
    declared = deployed(found.__setitem__)
    resources = provider()._package["resources"]
    assert found["platform"].keys() == resources[SHARED]["properties"].keys()
    assert found["acme"].keys() == resources[TENANT]["properties"].keys()
    assert found["acme"]["url"] == "https://acme.odoo.example.com"
    assert found["meridian"]["databaseEndpoint"] != found["acme"]["databaseEndpoint"]
    assert found["acme"]["databaseEndpoint"] == found["platform"]["databaseEndpoint"]
    spaces = {each.props["metadata"]["name"] for each in declared if each.type.endswith(":Namespace")}
    assert found["acme"]["namespace"] in spaces
    assert found["meridian"]["costTags"]["cost/tenant"] == "meridian"
    assert "cost/tenant" not in found["platform"]["costTags"]
    contract = found["platform"]["contract"]
    assert contract["server"]["masterSecretArn"].startswith("arn:")
    assert set(contract["namespaces"]) <= spaces


@pytest.mark.whole("test_estimator estimates the same without a server")
def test_a_tenant_is_told_what_it_is_expected_to_cost_as_its_platform_is() -> None:
    found: dict[str, Any] = {}
    deployed(found.__setitem__)
    estimates = found["platform"]["monthlyEstimates"]
    assert estimates.keys() == {"acme", "meridian", "(idle)", "(unallocated)", "(unpriced)"}
    assert found["acme"]["monthlyEstimate"] == estimates["acme"]
    assert found["meridian"]["monthlyEstimate"] == estimates["meridian"]
    assert Decimal(estimates["acme"].removesuffix(" USD")) > 0
    assert found["acme"]["monthlyEstimateNote"] == ""
    assert estimates["(unpriced)"] == found["meridian"]["monthlyEstimateNote"]
    assert "not counted: AWSBackup 'EFS warm backup' (eu-west-1: " in estimates["(unpriced)"]


@pytest.mark.whole("test_estimator says what has no price")
def test_what_has_no_price_in_its_region_is_said_beside_the_amount() -> None:
    """What is the same everywhere has a price; what lies in a region without a price file has none."""
    given, region = example.inputs(), "sa-east-1"
    given["platform"] |= {"region": region}
    given["platform"]["network"]["zones"] = [f"{region}{zone}" for zone in "abc"]
    for each in given["tenants"]:
        each |= {"region": region, "dataResidency": [region, "us-east-1", "eu-west-1"]}
    found: dict[str, Any] = {}
    deployed(found.__setitem__, given)
    assert found["platform"]["monthlyEstimates"]["(unpriced)"].startswith("has no known price and is not ")
    for tenant in ("acme", "meridian"):
        assert re.fullmatch(r"\d+\.\d\d USD", found[tenant]["monthlyEstimate"])
        assert "and is not counted: " in found[tenant]["monthlyEstimateNote"]
        assert "(sa-east-1: " in found[tenant]["monthlyEstimateNote"]


@pytest.mark.whole("a region without prices is said in the test above")
def test_a_platform_without_prices_says_why_and_gives_no_empty_amount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = Path(shutil.copytree(FIRM, tmp_path / "firm"))
    shutil.rmtree(firm / "catalog" / "pricebook")
    monkeypatch.chdir(firm)
    found: dict[str, Any] = {}
    given = program(catalog="catalog")
    given["tenants"] = [{camel(name): value for name, value in each.items()} for each in given["tenants"]]
    deployed(found.__setitem__, given, ("edelweiss", "gentian"))
    reason = found["platform"]["monthlyEstimates"]["(unknown)"]
    assert "prices are in USD, the portfolio is in EUR" in reason
    for tenant in ("edelweiss", "gentian"):
        assert (found[tenant]["monthlyEstimate"], found[tenant]["monthlyEstimateNote"]) == ("unknown", reason)


@pytest.mark.parametrize(
    ("contract", "note"),
    [
        ({}, "the platform tells no estimates; update its stack, then this one"),
        (
            {"monthly_estimates": {"other": "1.00 USD"}},
            "the platform was not told of tenant 'acme'; list it in the platform's tenants",
        ),
    ],
)
def test_a_platform_that_does_not_know_the_tenant_is_no_free_tenant(contract: Any, note: str) -> None:
    assert estimate_and_note(contract, "acme") == ("unknown", note)


@pytest.mark.whole("test_estimator estimates the same without a server")
def test_the_function_estimates_what_the_platform_does_without_deploying_it() -> None:
    found: dict[str, Any] = {}
    deployed(found.__setitem__)
    answer = provider().invoke(ESTIMATE, example.inputs())
    assert not answer.failures
    assert (answer.outputs["month"], answer.outputs["currency"]) == ("2026-11", "USD")
    assert {f"{amount} USD" for amount in answer.outputs["tenants"].values()} == {
        found["platform"]["monthlyEstimates"][tenant] for tenant in ("acme", "meridian")
    }
    later = provider().invoke(ESTIMATE, {**example.inputs(), "month": "2026-12"})
    assert later.outputs["month"] == "2026-12"
    shape = provider()._package["functions"][ESTIMATE]["outputs"]
    assert answer.outputs.keys() == set(shape["required"])


@pytest.mark.whole("tests/plugin/test_own_catalog tries such catalogs")
def test_a_catalog_of_ones_own_prices_in_its_own_currency(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine starts a plugin in the folder of the program, from which the catalog's folder is named."""
    folder = ROOT / "examples" / "own-catalog" / "portfolios" / "alpine"
    monkeypatch.chdir(folder)
    files = [folder / "platform.yaml", *sorted(folder.glob("tenants/*.yaml"))]
    # As the wire has them: a date is text.
    platform, *tenants = (yaml.load(each.read_text("utf-8"), yaml.BaseLoader) for each in files)  # noqa: S506
    answer = provider().invoke(ESTIMATE, {"platform": platform, "tenants": tenants})
    assert not answer.failures
    assert answer.outputs["currency"] == "EUR"
    assert len(answer.outputs["tenants"]) == len(tenants) > 1
    answer = provider().invoke(ESTIMATE, {"platform": {**platform, "catalog": "none"}, "tenants": tenants})
    assert [each.property for each in answer.failures or []] == ["platform.catalog"]


def test_the_function_tells_mistakes_at_their_argument() -> None:
    given = example.inputs()
    given["tenants"][0]["options"]["users"] = 0
    answer = provider().invoke(ESTIMATE, given)
    assert [each.property for each in answer.failures or []] == ["tenants[0].options.users"]
    answer = provider().invoke(ESTIMATE, {**example.inputs(), "month": "2026-13"})
    (failure,) = answer.failures or []
    assert failure.property == "month"
    assert "2026-11" in failure.reason


def test_a_component_or_function_that_there_is_not_is_refused_in_a_sentence() -> None:
    with pytest.raises(pulumi.RunError, match="no component 'costack:index:Tenant'"):
        provider().construct("any", "costack:index:Tenant", {})
    with pytest.raises(pulumi.RunError, match="no function 'costack:index:price'"):
        provider().invoke("costack:index:price", {})
