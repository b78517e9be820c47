"""The previews that every form is tried with."""

from __future__ import annotations

import pytest

from allocation.preview.preview import Preview
from tests.allocation.report.preview.shown import nothing, previews, whole


@pytest.fixture
def preview(request: pytest.FixtureRequest) -> Preview:
    """The one of that number: made when a test asks for it, not when tests are collected."""
    kinds = (*previews(), whole(), nothing())
    return kinds[int(request.param)]
