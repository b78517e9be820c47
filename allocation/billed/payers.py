"""Who pays an amount, as SQL: a tenant, or what stands for cost that no tenant pays."""

from __future__ import annotations

from typing import Final

from allocation.engine.drivers import IDLE, UNALLOCATED
from allocation.engine.earlier.allocated import SHARED

IS_WHOLE: Final = f"disposition NOT IN ('pooled', '{SHARED}')"
"""Whether a row of `charged` is paid as it is; of all others `share` says who pays."""

OF_CHARGE: Final = f"CASE disposition WHEN 'direct' THEN tenant ELSE '{UNALLOCATED}' END"
"""The payer of a row of `charged` that is paid as it is."""

OF_SHARE: Final = f"CASE part WHEN 'unallocated' THEN '{UNALLOCATED}' ELSE COALESCE(tenant, '{IDLE}') END"
"""The payer of a row of `share`."""

TENANTS_FIRST: Final = "payer[1] = '(', payer"
"""The order of payers: tenants by name, then what no tenant pays."""
