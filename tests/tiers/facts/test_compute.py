"""What a pod requests and its limits: Kubernetes refuses one that requests more than it may have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.portfolios import local_portfolio
from tiers.facts.compute import ComputeRequest
from tiers.portfolio.parts.exporters import UsageExporterSpec
from tiers.portfolio.platform import Platform

amounts = st.integers(1, 5)


@given(amounts, amounts, amounts, amounts)
def test_a_request_is_at_most_its_limit(cpu: int, memory: int, most_cpu: int, most_memory: int) -> None:
    def made() -> ComputeRequest:
        return ComputeRequest(
            cpu_request_millicores=cpu,
            memory_request_mib=memory,
            cpu_limit_millicores=most_cpu,
            memory_limit_mib=most_memory,
        )

    if cpu <= most_cpu and memory <= most_memory:
        assert made().cpu_limit_millicores == most_cpu
    else:
        with pytest.raises(ValidationError, match="raise the limit"):
            made()


def test_a_limit_that_was_left_out_counts() -> None:
    said = "memory_request_mib: 512 is more than memory_limit_mib, 256; raise the limit"
    with pytest.raises(ValidationError, match=said):
        UsageExporterSpec(memory_request_mib=512)


def test_a_service_of_a_platform_is_held_to_it_too() -> None:
    document: dict[str, Any] = local_portfolio().platform.model_dump(mode="json")
    document["services"][0] |= {"cpu_request_millicores": 2000, "cpu_limit_millicores": 1000}
    with pytest.raises(ValidationError, match="cpu_request_millicores: 2000 is more than cpu_limit_mill"):
        Platform.model_validate(document)
