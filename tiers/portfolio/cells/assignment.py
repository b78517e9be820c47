"""The file `cells.yaml` beside `platform.yaml`: the stack of each tenant, which people review."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml
from pydantic import Field

from tiers.portfolio.cells.section import TenantsStack
from tiers.strict_yaml import load_model
from tiers.vocabulary import Frozen, TenantId

CELLS_FILE: Final = "cells.yaml"
_HEAD: Final = """\
# Which stack deploys each tenant. `costack stacks assign` adds new tenants and moves nobody;
# `costack stacks split` prints how a tenant comes from one stack into another.
"""


class Assignment(Frozen):
    """Which stack deploys each tenant, by the names that stacks have within their portfolio."""

    tenants: Mapping[TenantId, TenantsStack] = Field(default_factory=dict)
    """The stack of each tenant, such as `cell-3` or `tenant-acme`."""

    def of(self, stack: str) -> tuple[TenantId, ...]:
        """The tenants of a stack, by id."""
        return tuple(sorted(tenant for tenant, its in self.tenants.items() if its == stack))


def load_assignment(portfolio: Path) -> Assignment | None:
    """The assignment in the folder of a portfolio; None where there is none.

    Raises:
        CatalogError: With every mistake in it.
    """
    path = portfolio / CELLS_FILE
    if not path.is_file():
        return None
    return load_model(Assignment, path, within=portfolio)


def assignment_text(assignment: Assignment) -> str:
    """The file: a line for each tenant, by id, so that two people who add one seldom conflict."""
    tenants = dict(sorted(assignment.tenants.items()))
    return _HEAD + yaml.safe_dump({"tenants": tenants}, sort_keys=False)
