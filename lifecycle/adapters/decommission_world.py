"""The hands that end a tenant: its file, Pulumi, AWS and the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from allocation.adapters.pulumi.stack_outputs import inventory_of_stack
from lifecycle.adapters import tenant_file
from lifecycle.adapters.aws_account import Account
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.decommission.final_dump import Dump, Dumps
from lifecycle.decommission.plan import EndingPlan
from lifecycle.decommission.retained import Holding
from lifecycle.stack_resources import NoSuchTenantError, Preview, mark_of, targets_of
from tiers.errors import CatalogError
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan


@dataclass
class RealHands:
    """What a plan is carried out with.

    Attributes:
        portfolio: The folder with the tenant's file.
        dumps: Where its dumps are, found while it is still deployed; None when it has none.
    """

    plan: EndingPlan
    stack: Stack
    portfolio: Path
    clock: Callable[[], datetime]
    dumps: Dumps | None = None

    @cached_property
    def _account(self) -> Account:
        return Account(self.plan.region)

    def now(self) -> datetime:
        """The time, in UTC."""
        return self.clock()

    def account(self) -> str:
        """Of the credentials in use."""
        return self._account.id

    def deployed(self) -> TenantPlan | None:
        """The tenant as the stack's inventory has it; None when it is gone."""
        inventory = inventory_of_stack(self.stack.name, self.stack.project)
        self.dumps = self.dumps or dumps_of(inventory, self.plan)
        return next((each for each in inventory.plan.tenants if each.tenant == self.plan.tenant), None)

    def urns(self) -> frozenset[str]:
        """The tenant's resources in the state."""
        try:
            found = targets_of(self.stack.state(), self.plan.tenant, f"stack '{self.stack.name}'")
        except NoSuchTenantError:
            return frozenset()
        return frozenset(target.urn for target in found)

    def write(self, name: str, value: str) -> bool:
        """Put a field into the tenant's file; whether that changed it."""
        return tenant_file.set_field(tenant_file.file_of(self.portfolio, self.plan.tenant), name, value)

    def remove_file(self) -> bool:
        """Take the tenant's file out of the portfolio; whether it was there."""
        try:
            path = tenant_file.file_of(self.portfolio, self.plan.tenant)
        except CatalogError:
            return False
        return tenant_file.remove(path)

    def preview(self) -> Preview:
        """What an update would take away."""
        return self.stack.preview()

    def up(self) -> None:
        """Deploy what the working tree says."""
        self.stack.up()

    def last_dump(self) -> Dump | None:
        """The dump that was made when nothing wrote any longer; None while there is none."""
        if self.dumps is None:
            return None
        mark = mark_of(self.stack.state(), self.plan.tenant)
        return self.dumps.last(mark) if mark else None

    def export(self, dump: Dump, name: str) -> Sequence[str]:
        """Put a dump where the client may fetch it; the keys."""
        return self.dumps.export(dump, name) if self.dumps else ()

    def delete_copies(self) -> Sequence[str]:
        """Delete the copies of its files that replication left; their ids."""
        return self._account.delete_copies(self.plan)

    def holdings(self) -> tuple[Holding, ...]:
        """What the account holds of the tenant."""
        return self._account.holdings(self.plan)


def dumps_of(inventory: Inventory, plan: EndingPlan) -> Dumps | None:
    """Where the dumps of the plan's tenant are; None when it has none."""
    make: Any = boto3.client
    return Dumps.of(inventory, plan.tenant, make("s3", region_name=plan.region))
