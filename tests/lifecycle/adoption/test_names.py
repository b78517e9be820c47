from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from lifecycle.adoption.names import proposed_id
from tiers.vocabulary import Environment, TenantId

IDS: TypeAdapter[str] = TypeAdapter(TenantId)


@pytest.mark.parametrize(
    ("spelling", "tenant"),
    [
        ("Acme GmbH", "acme"),
        ("acme-gmbh", "acme"),
        ("ACME", "acme"),
        ("Müller & Söhne GmbH & Co. KG", "mueller-soehne"),
        ("Dupont S.A.R.L.", "dupont"),
        ("O'Neill Ltd.", "oneill"),
        ("SA", "sa"),
        ("Acme Data", "acmedata"),
        ("Fjord AS", "fjord"),
    ],
)
def test_spellings_propose_ids(spelling: str, tenant: str) -> None:
    assert proposed_id(spelling) == tenant


@pytest.mark.parametrize("spelling", ["日本", "platform", "production", "123", "", "--"])
def test_a_name_that_cannot_be_one_gets_an_id_of_its_own(spelling: str) -> None:
    assert proposed_id(spelling).startswith("tenant-")


def test_other_environments_end_with_their_name() -> None:
    assert proposed_id("Acme GmbH", Environment.STAGING) == "acme-staging"
    assert proposed_id("a" * 60, Environment.MIGRATION) == f"{'a' * 20}-migration"


@given(st.text(max_size=60), st.sampled_from([None, *Environment]))
def test_every_proposal_is_a_tenant_id(spelling: str, environment: Environment | None) -> None:
    assert IDS.validate_python(proposed_id(spelling, environment))
    assert proposed_id(spelling, environment) == proposed_id(spelling, environment)
