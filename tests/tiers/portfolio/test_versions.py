"""Versions of Odoo by name: what a file may say, what production may take, and when support ends."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lifecycle.image_scan.reports import images_of
from tests.portfolios import LOCAL, catalog, local_portfolio, named_versions, plan_of, tenant, wide_platform
from tiers.errors import CatalogError
from tiers.facts.compute import Job, Workload
from tiers.facts.names import ODOO_SETUP
from tiers.plan.from_program import DocumentError, plan_of_documents
from tiers.plan.plan import fact_named, facts_of
from tiers.plan.warnings import advice
from tiers.portfolio.loading import load_portfolio
from tiers.portfolio.platform import Images
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.portfolio.versions.chosen import SOON, rollout_faults, support_advice, version_advice
from tiers.portfolio.versions.image import SUPPORTED_UNTIL, NamedImage, OdooImage
from tiers.vocabulary import Environment

NAMES: Final = (None, *named_versions())
BLOCK: Final = """  odoo_versions:
    19.0:
      image: registry.example.com/odoo@sha256:{digest}
      version: "{version}"
      run_as_user: {user}
      run_as_group: 101
"""


def running(name: str, version: str | None, **changes: Any) -> Tenant:
    """A tenant that names a version."""
    return tenant(name, **({"odoo": {"version": version}} if version else {}), **changes)


def written(tmp_path: Path, *, odoo: str = "", version: str = "19.0", user: int = 100) -> list[str]:
    """What is wrong with the local portfolio and a version called 19.0, where acme's file has *odoo*."""
    folder = Path(shutil.copytree(LOCAL, tmp_path / "portfolio"))
    platform, acme = folder / "platform.yaml", folder / "tenants" / "acme.yaml"
    block = BLOCK.format(digest="d" * 64, version=version, user=user)
    text = platform.read_text(encoding="utf-8")
    platform.write_text(text.replace("  operations:", f"{block}  operations:", 1), encoding="utf-8")
    acme.write_text(f"{acme.read_text(encoding='utf-8')}{odoo}", encoding="utf-8")
    try:
        load_portfolio(folder, catalog())
    except CatalogError as error:
        return [problem.removeprefix(f"{folder}/").partition(": ")[2] for problem in error.problems]
    return []


def test_every_pod_of_a_tenant_runs_the_version_that_it_names() -> None:
    plan = plan_of(running("acme", "19.0"), running("borealis", None), platform=wide_platform())
    there, usual = named_versions()["19.0"], local_portfolio().platform.images.odoo
    for each, image in zip(plan.tenants, (there, usual), strict=True):
        pods = [pod.odoo for pod in facts_of(each.facts, Workload)]
        job = fact_named(each.facts, Job, ODOO_SETUP)
        assert {(pod.image, pod.version) for pod in pods if pod} == {(image.image, image.version)}
        assert job.image == image.image
    assert [pod.addons_path for pod in pods if pod] == [usual.addons_path] * len(pods)
    assert {there.image, usual.image} <= images_of(plan).keys()


def test_a_name_needs_no_quotes_and_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    assert written(tmp_path, odoo="odoo: {version: 19.0}\n") == []


@pytest.mark.parametrize(
    ("odoo", "said"),
    [
        (
            "odoo: {version: 20.0}\n",
            "odoo.version: '20.0' is not in images.odoo_versions of platform.yaml; there are 19.0",
        ),
        (
            'odoo: {version: 19.0, upgraded_to: "18.0"}\n',
            "odoo.upgraded_to: is '18.0', and its version runs Odoo 19.0",
        ),
        (
            "odoo: {update: {number: 1, modules: [all, sale]}}\n",
            "odoo.update: modules: 'all' stands alone; list modules, or write [all]",
        ),
        (
            "odoo: {update: {number: 1, modules: [sale, crm, sale]}}\n",
            "odoo.update: modules: 'sale' appears twice",
        ),
        (
            "odoo: {version: Nineteen}\n",
            (
                "odoo.version: Value should be a name of a version, of lower-case letters, digits, dots and "
                "dashes, such as 18.0-lts (got 'Nineteen')"
            ),
        ),
    ],
)
def test_a_version_that_is_none_is_refused_by_name(tmp_path: Path, odoo: str, said: str) -> None:
    assert written(tmp_path, odoo=odoo) == [said]


def test_a_version_that_nobody_tried_is_refused_by_name(tmp_path: Path) -> None:
    assert written(tmp_path, version="20.0") == [
        (
            "images.odoo_versions.19.0.version: Costack does not know Odoo 20.0 yet; expected 16.0 to 19.0 "
            "(got '20.0')"
        )
    ]


def test_an_image_that_could_not_read_the_files_is_refused(tmp_path: Path) -> None:
    (said,) = written(tmp_path, user=101)
    assert "odoo_versions.19.0: run_as_user and run_as_group are 101 and 101, and tenants' files" in said
    usual = local_portfolio().platform.images.model_dump()
    named = usual["odoo"] | {"run_as_group": 7}
    with pytest.raises(ValidationError, match="build all images with the same ids"):
        Images.model_validate(usual | {"odoo_versions": {"18.0-lts": named}})


@st.composite
def clients(draw: st.DrawFn) -> list[Tenant]:
    """Environments of two clients with versions of their own."""
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["north", "south"]),
                st.sampled_from(["production", "staging"]),
                st.sampled_from(NAMES),
                st.sampled_from(["active", "decommissioning"]),
            ),
            max_size=6,
        )
    )
    return [
        running(f"t{index}", version, client=client, environment=environment, lifecycle_stage=stage)
        for index, (client, environment, version, stage) in enumerate(rows)
    ]


@given(tenants=clients())
def test_production_takes_a_version_for_staging_first_once_another_environment_has_it(
    tenants: list[Tenant],
) -> None:
    """Said again from the definition; a client without another environment is told, and not refused."""
    refused = {key for key, _ in rollout_faults(dict(enumerate(tenants)), wide_platform())}
    told = [*version_advice(Portfolio(platform=wide_platform(), tenants=tuple(tenants)))]
    alone = 0
    for index, each in enumerate(tenants):
        tried = [
            other.odoo.version if other.odoo else None
            for other in tenants
            if other.client == each.client
            and other.environment == "staging"
            and other.lifecycle_stage == "active"
        ]
        asks = each.environment == "production" and each.odoo is not None and each.odoo.version == "19.0"
        assert (index in refused) == (asks and bool(tried) and "19.0" not in tried)
        alone += asks and not tried
    assert len(told) == alone


def test_a_rollout_is_checked_in_files_and_in_programs() -> None:
    production = running("acme", "19.0")
    staging = running("acme-staging", None, client="acme-ltd", environment="staging")
    documents = [each.model_dump(mode="json") for each in (production, staging)]
    platform = wide_platform().model_dump(mode="json")
    with pytest.raises(DocumentError) as caught:
        plan_of_documents(platform, documents, catalog())
    assert caught.value.faults == [
        (
            ("tenants", 0, "odoo", "version"),
            (
                "'19.0' is for staging first, and no other environment of client acme-ltd has it "
                "(acme-staging has images.odoo): write it there, deploy it and try it, then here"
            ),
        )
    ]
    documents[1]["odoo"] = {"version": "19.0"}
    assert [each.staging_first for each in plan_of_documents(platform, documents, catalog()).tenants] == [
        True,
        False,
    ]


def test_who_has_nowhere_to_try_a_version_is_told() -> None:
    portfolio = Portfolio(platform=wide_platform(), tenants=(running("acme", "19.0"),))
    plan = plan_of(*portfolio.tenants, platform=portfolio.platform)
    assert advice(catalog(), portfolio, plan)[-1] == (
        "acme: odoo.version 19.0 is for staging first, and client acme-ltd has no other environment here "
        "that could try it"
    )


def told_on(day: date, *tenants: Tenant, **named: NamedImage) -> list[str]:
    """The warnings of *tenants* as of *day*."""
    usual = wide_platform()
    versions = {**usual.images.odoo_versions, **named}
    images = usual.images.model_copy(update={"odoo_versions": versions})
    platform = usual.model_copy(update={"images": images})
    return list(support_advice(Portfolio(platform=platform, tenants=tenants), day))


def test_the_end_of_support_is_told_by_tenant() -> None:
    both = (running("acme", None), running("borealis", "17.0"))
    assert told_on(date(2026, 4, 2), *both) == []
    assert told_on(date(2026, 4, 3), *both) == [
        "borealis: support of Odoo 17.0 (17.0) ends on 2026-09-30, in 180 days; plan its upgrade"
    ]
    assert told_on(date(2027, 9, 30), *both) == [
        "acme: support of Odoo 18.0 ends on 2027-09-30, in 0 days; plan its upgrade",
        "borealis: support of Odoo 17.0 (17.0) ended on 2026-09-30; plan its upgrade",
    ]


def test_the_portfolios_own_day_counts_before_odoos() -> None:
    own = named_versions()["18.0-lts"].model_copy(update={"supported_until": date(2030, 1, 31)})
    assert told_on(date(2029, 6, 1), running("acme", "18.0-lts"), **{"18.0-lts": own}) == []
    assert told_on(date(2030, 2, 1), running("acme", "18.0-lts"), **{"18.0-lts": own}) == [
        "acme: support of Odoo 18.0 (18.0-lts) ended on 2030-01-31; plan its upgrade"
    ]


@given(
    version=st.sampled_from(sorted(SUPPORTED_UNTIL)),
    days=st.integers(-400, 400),
    own=st.none() | st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    stage=st.sampled_from(["active", "decommissioning"]),
)
def test_a_warning_begins_half_a_year_before_the_end_and_stays(
    version: str, days: int, own: date | None, stage: str
) -> None:
    last = own or SUPPORTED_UNTIL[version]
    image = named_versions()["17.0"].model_copy(update={"version": version, "supported_until": own})
    said = told_on(last + timedelta(days), running("acme", "17.0", lifecycle_stage=stage), **{"17.0": image})
    assert bool(said) == (days >= -SOON.days and stage == "active")
    if said:
        assert ("ended on" in said[0]) == (days > 0)


def test_every_version_that_may_be_named_has_an_end() -> None:
    """Odoo gives months: each ends in September, three years after its release."""
    for version, last in SUPPORTED_UNTIL.items():
        image = local_portfolio().platform.images.odoo.model_dump() | {"version": version}
        assert OdooImage.model_validate(image).version == version
        assert last == date(2009 + int(version.partition(".")[0]), 9, 30)


def test_sandboxes_are_never_held_back() -> None:
    staging = running("acme-staging", "19.0", client="acme-ltd", environment=Environment.STAGING)
    production = running("acme", None)
    assert not list(rollout_faults({"a": staging, "b": production}, wide_platform()))


def test_a_tenant_that_ends_updates_nothing() -> None:
    odoo = {"update": {"number": 3, "modules": ["all"]}}
    stays, ends = plan_of(
        tenant("acme", odoo=odoo), tenant("b", odoo=odoo, lifecycle_stage="decommissioning")
    ).tenants
    updating = [[job.name for job in facts_of(each.facts, Job) if job.update] for each in (stays, ends)]
    assert updating == [["odoo-update", "odoo-start"], []]
    assert [pod.odoo.update_number for pod in facts_of(stays.facts, Workload) if pod.odoo] == [3, 3]
