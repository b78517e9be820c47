from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from components.naming import CACHE_NAME_LIMIT, IAM_NAME_LIMIT, NAME_LIMIT, job_name, physical_name
from tests.components.conftest import declare_plan
from tests.portfolios import measured, plan_of, tenant
from tiers.facts.every_fact import Namespace
from tiers.plan.plan import facts_of
from tiers.portfolio.names import ambiguous_names
from tiers.vocabulary import NEWER_PART_NAMES, PART_NAMES

JOB_HASH = re.compile(r"-[0-9a-f]{8}$")

parts = st.lists(st.from_regex(r"[a-z][a-z0-9]{0,40}", fullmatch=True), min_size=1, max_size=4)


@given(parts, st.sampled_from([CACHE_NAME_LIMIT, NAME_LIMIT, IAM_NAME_LIMIT]))
def test_a_name_fits_and_is_a_dns_label(words: list[str], limit: int) -> None:
    name = physical_name(*words, limit=limit)
    assert len(name) <= limit
    assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name)


@given(parts, parts)
def test_different_things_have_different_names(one: list[str], other: list[str]) -> None:
    if "-".join(one) != "-".join(other):
        assert physical_name(*one, limit=CACHE_NAME_LIMIT) != physical_name(*other, limit=CACHE_NAME_LIMIT)


@pytest.mark.parametrize("spec", [{"a": 1}, ["x"], "text", None])
def test_a_jobs_name_is_that_of_what_it_does(spec: object) -> None:
    assert job_name("acme", "setup", spec) == job_name("acme", "setup", spec)
    assert job_name("acme", "setup", spec) != job_name("acme", "setup", [spec])
    assert re.fullmatch(r"acme-setup-[0-9a-f]{8}", job_name("acme", "setup", spec))


def test_no_tenant_can_take_the_name_of_another_tenants_part() -> None:
    """Every name given to a part of acme, inside Pulumi or outside, ends in a reserved word."""
    declared = declare_plan(plan_of(tenant("acme"), platform=measured()))
    given = {each.name for each in declared if each.labels_or_tags.get("cost/tenant") == "acme"}
    given |= {
        each.props["metadata"]["name"]
        for each in declared
        if each.type.startswith("kubernetes:") and each.labels.get("cost/tenant") == "acme"
    }
    parts = {name.removeprefix("local-").removeprefix("acme-") for name in given - {"acme"}}
    assert len(parts) >= 10
    assert "restore-test" in parts
    named = {part for part in parts if not JOB_HASH.search(part)}
    assert {
        part
        for part in named
        if not f"-{part}".endswith(tuple(f"-{each}" for each in PART_NAMES | NEWER_PART_NAMES))
    } == set()


def test_no_tenant_can_have_a_namespace_of_the_platform() -> None:
    """A tenant's own is called `odoo-` and its name."""
    every = [each.namespace for each in facts_of(plan_of(tenant(), platform=measured()).platform, Namespace)]
    made = [name for name in every if name.startswith("odoo-")]
    assert len(made) >= 4
    for name in made:
        with pytest.raises(ValidationError):
            tenant(name.removeprefix("odoo-"))


def test_a_tenant_called_like_a_part_is_refused() -> None:
    with pytest.raises(ValidationError, match="'acme-backup' would be the name of a part of 'acme'; choose"):
        tenant("acme-backup")
    assert tenant("backup").tenant == "backup"


def test_a_tenant_called_like_a_newer_part_stays_and_nobody_comes_beside_it() -> None:
    """Versions before this one had tenants such as `city-transport`, and an id cannot change."""
    for part in NEWER_PART_NAMES:
        one, other = tenant("city"), tenant(f"city-{part}")
        alone = {"other": other, "more": tenant("acme"), "longer": tenant(f"city-{part}-hall")}
        assert list(ambiguous_names(alone)) == []
        assert list(ambiguous_names({"one": one, "other": other})) == [
            (
                "other",
                (
                    ("tenant",),
                    f"'city-{part}' is the name of a part of 'city'; the newer of them needs another",
                ),
            )
        ]
    assert tenant("acme-test").tenant == "acme-test"
