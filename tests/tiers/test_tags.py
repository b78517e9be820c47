from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.sampling import examples
from tiers.errors import CatalogError
from tiers.tags import KEYS, MANDATORY, CostTags
from tiers.vocabulary import TAG_VALUE, CostDomain, Environment, LifecycleStage, ResilienceClass

SHARED: dict[str, Any] = {
    "portfolio": "local",
    "region": "eu-west-1",
    "domain": "shared-platform",
    "service_line": "odoo-hosting",
    "lifecycle_stage": "active",
}
OWNED: dict[str, Any] = SHARED | {
    "domain": "tenant-runtime",
    "client": "acme-ltd",
    "tenant": "acme",
    "environment": "production",
    "service_tier": "shared-namespace",
    "recovery_class": "standard",
}

values = st.from_regex(TAG_VALUE, fullmatch=True)
cost_tags = st.one_of(
    st.builds(
        CostTags,
        portfolio=st.none() | values,
        region=st.sampled_from(["eu-west-1", "us-gov-west-1", "ap-southeast-2"]),
        domain=st.just(CostDomain.SHARED_PLATFORM),
        service_line=values,
        lifecycle_stage=st.sampled_from(LifecycleStage),
    ),
    st.builds(
        CostTags,
        portfolio=st.none() | values,
        client=values,
        tenant=st.from_regex(r"[a-z][a-z0-9]{0,29}", fullmatch=True).filter(lambda name: name != "platform"),
        environment=st.sampled_from(Environment),
        region=st.just("eu-west-1"),
        service_tier=values,
        recovery_class=st.sampled_from(ResilienceClass),
        domain=st.sampled_from([CostDomain.TENANT_RUNTIME, CostDomain.RESILIENCE]),
        service_line=values,
        lifecycle_stage=st.sampled_from(LifecycleStage),
    ),
)


@given(cost_tags)
def test_tags_come_back_as_they_went_out(tags: CostTags) -> None:
    assert CostTags.from_tags(tags.as_tags()) == tags


@given(cost_tags, st.sampled_from(["user:{}", "resourceTags/user:{}", "user_{}", "resource_tags_user_{}"]))
def test_a_bill_may_spell_the_keys_its_own_way(tags: CostTags, spelling: str) -> None:
    spelled = {}
    for key, value in tags.as_tags().items():
        bare = key if ":" in spelling else key.replace("/", "_").replace("-", "_")
        spelled[spelling.format(bare)] = value
    assert CostTags.from_tags(spelled | {"Name": "other", "aws:createdBy": "somebody"}) == tags


@examples(30, of=100)
@given(cost_tags)
def test_keys_and_values_are_legal_in_both_worlds(tags: CostTags) -> None:
    for key, value in tags.as_tags().items():
        prefix, _, name = key.partition("/")
        assert len(name) <= 63
        assert prefix == "cost"
        assert len(value) <= 50
        assert TAG_VALUE.fullmatch(value)


def test_the_mandatory_keys_are_on_what_is_shared_too() -> None:
    assert set(CostTags.model_validate(SHARED).as_tags()) == MANDATORY


@pytest.mark.parametrize("field", ["client", "tenant", "environment", "service_tier", "recovery_class"])
def test_only_what_is_shared_has_no_owner(field: str) -> None:
    with pytest.raises(ValidationError, match=f"{KEYS[field]} is missing on a resource of domain tenant-ru"):
        CostTags.model_validate({key: value for key, value in OWNED.items() if key != field})
    with pytest.raises(
        ValidationError, match=f"{KEYS[field]} does not belong on a resource of domain shared"
    ):
        CostTags.model_validate(SHARED | {field: OWNED[field]})


@pytest.mark.parametrize("value", ["", " ", "a b", "-a", "a-", "ä", "a" * 51, "a/b", "a:b", "a\n"])
def test_an_illegal_value_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="letters, digits"):
        CostTags.model_validate(OWNED | {"client": value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost/domain": ""}, "cost/domain: is missing"),
        ({"cost/domain": "somewhere"}, "cost/domain: expected 'shared-platform'"),
        ({"user:cost/client": "other-ltd"}, "tag cost/client: has two values, 'acme-ltd' and 'other-ltd'"),
        ({"cost/tenant": ""}, "cost/tenant is missing on a resource of domain tenant-runtime"),
    ],
)
def test_tags_that_cannot_be_read_say_why(change: dict[str, str], message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        CostTags.from_tags(CostTags.model_validate(OWNED).as_tags() | change)


def test_the_same_owner_in_another_domain() -> None:
    tags = CostTags.model_validate(OWNED).in_domain(CostDomain.RESILIENCE)
    assert tags.as_tags()["cost/domain"] == "resilience"
    assert tags.tenant == "acme"


def test_tags_of_before_portfolios_were_tagged_can_be_read() -> None:
    older = CostTags.model_validate(OWNED).as_tags()
    assert older.pop("cost/portfolio") == "local"
    read = CostTags.from_tags(older)
    assert (read.portfolio, read.as_tags()) == (None, older)
