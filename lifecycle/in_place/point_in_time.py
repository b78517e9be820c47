"""To which moments a tenant's own server can be restored, and what that needs besides."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from lifecycle.errors import RefusedError
from tiers.facts.every_fact import DatabaseInstance
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.restore.stage import named_moment

_ONE_MORE: Final = 1


class Window(NamedTuple):
    """To which moments a server can be restored, and what the account may have besides.

    Attributes:
        server: Its name in RDS.
        earliest: The first moment, UTC.
        latest: The last one, some minutes ago: until then RDS has the log.
        servers_left: How many servers may be made; None where the account has no such quota.
        gib_left: How much storage may be allocated, the same way.
        storage_gib: What the server has now, and the second one too.
    """

    server: str
    earliest: datetime
    latest: datetime
    servers_left: int | None
    gib_left: int | None
    storage_gib: int


def server_with_log(deployed: TenantPlan) -> DatabaseInstance | None:
    """The server of its own that can be restored to any moment; None where it has none."""
    servers = facts_of(deployed.facts, DatabaseInstance)
    return next((each for each in servers if each.backup_retention_days), None)


def check_window(at: datetime, window: Window) -> None:
    """Check that *at* can be restored, and that the account may have a second server meanwhile.

    Raises:
        RefusedError: When it cannot, with what can.
    """
    span = f"from {named_moment(window.earliest)} to {named_moment(window.latest)}"
    if not window.earliest <= at <= window.latest:
        raise RefusedError(
            f"server '{window.server}' can be restored to any second {span}, and not to {named_moment(at)}: "
            "name one of these, wait some minutes where it is a later one, or restore the newest backup of "
            "then or before with --backup"
        )
    lacks = [
        f"{left} {what}"
        for left, needs, what in (
            (window.servers_left, _ONE_MORE, "servers"),
            (window.gib_left, window.storage_gib, "GiB of storage"),
        )
        if left is not None and left < needs
    ]
    if lacks:
        raise RefusedError(
            f"the account's quotas of RDS leave {' and '.join(lacks)}, and a second server with "
            f"{window.storage_gib} GiB is needed for a while: ask AWS for more (Service Quotas), or restore "
            "the newest backup of then or before with --backup"
        )
