from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest
from pulumi.errors import InputPropertiesError

from plugin.inputs import require_known, tenant_document, told_by_property
from tests.plugin import example
from tests.portfolios import catalog
from tiers.plan.from_program import plan_of_documents, tenant_plan_of_documents


def told(error: pytest.ExceptionInfo[InputPropertiesError]) -> dict[str, str]:
    return {str(each["property_path"]): str(each["reason"]) for each in error.value.errors or []}


def test_a_mistake_is_told_at_the_property_that_has_it() -> None:
    acme: dict[str, Any] = {**example.tenants()[0], "service_line": "?", "options": {"users": 0}}
    with pytest.raises(InputPropertiesError) as caught:
        told_by_property(lambda: tenant_plan_of_documents(example.platform(), acme, catalog()))
    assert told(caught).keys() == {"serviceLine", "options.users"}
    with pytest.raises(InputPropertiesError) as caught:
        told_by_property(lambda: plan_of_documents(example.platform(), [acme], catalog()))
    assert told(caught).keys() == {"tenants[0].service_line", "tenants[0].options.users"}


def test_what_is_right_is_handed_on() -> None:
    assert told_by_property(lambda: 3) == 3


def test_an_output_cannot_decide_what_is_deployed() -> None:
    async def refused() -> dict[str, str]:
        output = pulumi.Output.from_input("large")
        with pytest.raises(InputPropertiesError) as caught:
            require_known({"options": {"size": [output]}, "tier": "gold"}, ["options", "tier", "absent"])
        return told(caught)

    found = asyncio.run(refused())
    assert found.keys() == {"options"}
    assert "write the value itself" in found["options"]
    require_known({"tier": "gold"}, ["tier"])


def test_a_tenant_document_holds_what_a_tenant_file_would() -> None:
    acme = example.tenants()[0]
    given: Any = {**acme, "platform": {}, "contract": {}, "session_token": ""}
    assert tenant_document(given) == acme
