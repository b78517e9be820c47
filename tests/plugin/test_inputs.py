from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest
from pulumi.errors import InputPropertiesError

from plugin.inputs import require_known, tenant_document
from tests.plugin import example


def problems(error: pytest.ExceptionInfo[InputPropertiesError]) -> dict[str, str]:
    return {str(each["property_path"]): str(each["reason"]) for each in error.value.errors or []}


def test_an_output_cannot_decide_what_is_deployed() -> None:
    async def refused() -> dict[str, str]:
        output = pulumi.Output.from_input("large")
        with pytest.raises(InputPropertiesError) as caught:
            require_known({"options": {"size": [output]}, "tier": "gold"}, ["options", "tier", "absent"])
        return problems(caught)

    found = asyncio.run(refused())
    assert found.keys() == {"options"}
    assert "write the value itself" in found["options"]
    require_known({"tier": "gold"}, ["tier"])


def test_a_tenant_document_holds_what_a_tenant_file_would() -> None:
    acme = example.tenants()[0]
    given: Any = {**acme, "platform": {}, "contract": {}, "session_token": ""}
    assert tenant_document(given) == acme
