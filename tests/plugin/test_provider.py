from __future__ import annotations

from typing import Any

import pytest
from pulumi.errors import InputPropertiesError

from plugin.provider import CostackProvider
from tests.components.monitor import declare
from tests.plugin import example


def test_a_mistake_reaches_the_engine_as_it_is() -> None:
    provider = CostackProvider()
    wrong: dict[str, Any] = {"platform": {**example.platform(), "currency": "dollars"}, "tenants": []}

    def program() -> None:
        with pytest.raises(InputPropertiesError) as caught:
            provider.construct("any", "costack:index:SharedPlatform", wrong)
        (problems,) = caught.value.errors or []
        assert problems["property_path"] == "platform.currency"

    assert declare(program) == []
