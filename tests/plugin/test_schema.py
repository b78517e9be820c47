from __future__ import annotations

import json

from plugin.schema import PATH, schema_text
from tiers.portfolio.tenant import Tenant


def test_the_committed_schema_is_the_components() -> None:
    assert PATH.read_text(encoding="utf-8") == schema_text(), "run `make schemas`"


def test_a_tenant_stack_takes_every_field_of_a_tenant_file() -> None:
    stack = json.loads(schema_text())["resources"]["costack:index:TenantStack"]
    of_the_platform = {"platform", "contract", "sessionToken"}

    def camel(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(map(str.title, rest))

    fields = {camel(name): field.is_required() for name, field in Tenant.model_fields.items()}
    assert set(stack["inputProperties"]) == fields.keys() | of_the_platform
    required = {name for name, needed in fields.items() if needed}
    assert set(stack["requiredInputs"]) == required | of_the_platform
