"""What of a tenant's file about anonymised copies cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.portfolios import catalog, local_portfolio, tenant
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.restore.anonymised import AnonymisedSection, digest, wanted

EMAIL = {"column": "res_partner.email", "by": "hash"}


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({}, "expected contacts, attachments or columns"),
        ({"columns": [EMAIL, EMAIL]}, "res_partner.email more than once"),
        ({"columns": [{"column": "email", "by": "hash"}]}, "match pattern"),
        ({"columns": [{"column": "a.b; DROP TABLE c", "by": "hash"}]}, "match pattern"),
        ({"columns": [{**EMAIL, "value": "x"}]}, "expected with `by: fixed`, and with that alone"),
        ({"columns": [{**EMAIL, "by": "fixed"}]}, "expected with `by: fixed`, and with that alone"),
        ({"columns": [{**EMAIL, "by": "scramble"}]}, "'erase', 'hash' or 'fixed'"),
    ],
)
def test_what_cannot_be_is_refused(section: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError) as told:
        AnonymisedSection.model_validate(section)
    assert why in str(told.value)


def test_production_is_never_anonymised() -> None:
    def faults(environment: str) -> list[str]:
        one = tenant("acme", environment=environment, anonymised={"contacts": True})
        return [message for _, message in faults_of_tenant(one, local_portfolio().platform, catalog())]

    assert any("production is never anonymised" in each for each in faults("production"))
    assert faults("staging") == []


def test_a_column_of_ones_own_counts_more_than_the_usual_one() -> None:
    section = AnonymisedSection.model_validate(
        {"contacts": True, "columns": [{"column": "res_partner.email", "by": "erase"}]}
    )
    (email,) = (
        each for each in wanted(section) if (each["table"], each["column"]) == ("res_partner", "email")
    )
    assert (email["method"], email["optional"]) == ("erase", False)
    others = AnonymisedSection(contacts=True), AnonymisedSection(attachments=True), section
    assert len({digest(each) for each in others}) == 3
