"""What a decommissioning sees and does outside: files of the portfolio, Pulumi, AWS, the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from lifecycle.decommission.final_backup import FinalBackup
from lifecycle.decommission.plan import DecommissionPlan
from lifecycle.decommission.retained import RemainingResource
from lifecycle.stack_resources import Preview
from tiers.plan.plan import TenantPlan
from tiers.portfolio.gates.reaper import ReaperSpec


class World(Protocol):
    """The outside world: files of the portfolio, Pulumi, AWS, the clock."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def account(self) -> str:
        """The AWS account of the credentials in use."""

    def deployed(self) -> TenantPlan | None:
        """The tenant as the stack's inventory has it; None when it is removed."""

    def urns(self) -> frozenset[str]:
        """The tenant's resources in the state."""

    def write(self, name: str, value: str) -> bool:
        """Set a field in the tenant's file; whether that changed the file."""

    def remove_file(self) -> bool:
        """Remove the tenant's file from the portfolio; whether it existed."""

    def preview(self) -> Preview:
        """What an update would delete, replace, create and change."""

    def up(self) -> None:
        """Deploy the working tree."""

    def wanted(self) -> TenantPlan | None:
        """The tenant as its file asks for it; None when it has no file."""

    def derived(self) -> DecommissionPlan | None:
        """The plan that stack and catalog give now; None when the tenant is removed."""

    def released(self) -> bool:
        """Whether the stack has deployed that the tenant may be removed."""

    def created_at(self) -> datetime | None:
        """When the stack created the tenant, in UTC; None when it is not there, or nobody knows."""

    def reaper(self) -> ReaperSpec | None:
        """What platform.yaml says now of plans that are carried out without a phrase; None when nothing."""

    def savings(self) -> Mapping[str, Any]:
        """What its end saves: the document of `Savings`, or why it is `unknown`."""

    def restore_tested_at(self) -> datetime | None:
        """When a restore test of its backups last succeeded; None when never."""

    def last_backup(self) -> FinalBackup | None:
        """The backup made after the tenant was stopped; None while there is none."""

    def reread(self, backup: FinalBackup) -> None:
        """Read a backup once more.

        Raises:
            LifecycleError: When it is not what its manifest says.
        """

    def shared_bucket(self) -> tuple[str, int]:
        """The platform's bucket of backups and uploads, and for how many days it keeps a dump."""

    def stored(self, bucket: str, prefix: str) -> Mapping[str, int]:
        """The bytes that a tenant's prefix of a bucket holds, by kind, as `KINDS` names them."""

    def export(self, backup: FinalBackup, name: str) -> Sequence[str]:
        """Deliver a backup to where the client can fetch it; the keys."""

    def exported(self, keys: Sequence[str]) -> bool:
        """Whether a backup was delivered under *keys*."""

    def mark_copies(self) -> Sequence[str]:
        """Write the tenant's tags on the file systems that replication fills; their ids."""

    def delete_copies(self) -> Sequence[str]:
        """Delete the file system copies that replication left; their ids."""

    def remaining(self) -> tuple[RemainingResource, ...]:
        """The resources of the tenant that remain in the account."""
