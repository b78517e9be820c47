"""When people of a tenant that is restored in place began to wait, and when Odoo answered them again.

A resource that an update makes has in Pulumi's state the moment at which it was made. These have nothing else
to say, and last until the restore is confirmed or taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
import pulumi_random as random

from components.naming import physical_name
from tiers.facts.names import RESTORE_ANSWERED, RESTORE_BEGAN
from tiers.plan.plan import TenantPlan
from tiers.portfolio.restore.stage import RESTORED, Restore, RestoreStage

_BYTES: Final = 1


def leave_marks(
    tenant: TenantPlan, restore: Restore, ready: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions
) -> None:
    """Leave the marks of its stage.

    A pod is ready once Odoo has answered a request; *ready* has waited for that where pods start again.
    """
    if restore.origin or tenant.failover is not None:
        return
    name = str(tenant.tenant)
    if restore.stage is RestoreStage.SWITCH or restore.stage in RESTORED:
        random.RandomId(physical_name(name, RESTORE_BEGAN), byte_length=_BYTES, opts=opts)
    if restore.stage in RESTORED:
        waits = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(ready)))
        random.RandomId(physical_name(name, RESTORE_ANSWERED), byte_length=_BYTES, opts=waits)
