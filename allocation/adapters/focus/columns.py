"""The columns of a FOCUS file: their names in each version and the source of their values.

Unit prices, SKU columns, ConsumedQuantity and the columns of commitments and capacity reservations are
conditional (FOCUS 1.2, presence rules CostAndUsage-D-003 to D-067) and left out. The tables of an allocation
hold no unit prices, and one that is computed from a cost and a quantity is not the provider's: it seldom
multiplies back to the cost exactly, which the rules demand. Without unit prices nothing has to be restated,
and a direct charge keeps the quantity of its bill. The names of SKUs are kept beside as `x_` columns, because
FOCUS 1.4 wants unit prices wherever `SkuPriceId` stands.

ChargeFrequency and InvoiceId are recommended and left out, too: the tables do not know them, and a null
InvoiceId would say that there is no invoice.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from allocation.adapters.focus.run import FocusVersion
from allocation.engine.tables import CHARGE_CATEGORIES

_V = FocusVersion
_ALL: Final = frozenset(FocusVersion)
_UNTIL_1_3: Final = frozenset({_V.V1_2, _V.V1_3})
_SINCE_1_3: Final = frozenset({_V.V1_3, _V.V1_4})


class Column(NamedTuple):
    """One column: its name, the expression over `line` and `run` that fills it, and its versions."""

    name: str
    value: str
    versions: frozenset[FocusVersion] = _ALL
    is_moment: bool = False


# What a bill calls by another word "does not fall into other category values" (chargecategory.md).
_CATEGORY: Final = (
    f"CASE WHEN line.charge_category IN {CHARGE_CATEGORIES} THEN line.charge_category ELSE 'Adjustment' END"
)

_FOCUS: Final = (
    Column("BilledCost", "line.billed"),
    Column("BillingAccountId", "line.billing_account"),
    Column("BillingAccountName", "line.billing_account_name"),
    Column("BillingCurrency", "run.currency"),
    Column("BillingPeriodEnd", "COALESCE(line.billing_end, run.period_end)", is_moment=True),
    Column("BillingPeriodStart", "COALESCE(line.billing_start, run.period_start)", is_moment=True),
    Column("ChargeCategory", _CATEGORY),
    Column("ChargeClass", "line.charge_class"),
    Column("ChargeDescription", "line.description"),
    Column("ChargeFrequency", "line.charge_frequency"),
    Column("ChargePeriodEnd", "line.period_end", is_moment=True),
    Column("ChargePeriodStart", "line.period_start", is_moment=True),
    Column("ContractedCost", "line.contracted"),
    Column("EffectiveCost", "line.effective"),
    # Who runs the infrastructure is the provider itself wherever it says nothing else (FOCUS 1.3).
    Column("HostProviderName", "line.provider", _SINCE_1_3),
    Column("InvoiceId", "line.invoice_id"),
    Column("InvoiceIssuerName", "line.invoice_issuer"),
    Column("ListCost", "line.listed"),
    Column("PricingQuantity", "line.quantity"),
    Column("PricingUnit", "line.unit"),
    Column("ProviderName", "line.provider", _UNTIL_1_3),
    Column("PublisherName", "line.publisher", _UNTIL_1_3),
    Column("RegionId", "line.region"),
    # The tables hold ids of regions and of accounts; their names must not be null beside them.
    Column("RegionName", "line.region"),
    Column("ResourceId", "line.resource_id"),
    Column("ResourceName", "CASE WHEN line.resource_id IS NOT NULL THEN line.resource_name END"),
    Column("ResourceType", "CASE WHEN line.resource_id IS NOT NULL THEN line.resource_type END"),
    Column("ServiceCategory", "line.service_category"),
    Column("ServiceName", "line.service"),
    Column("ServiceProviderName", "line.provider", _SINCE_1_3),
    Column("ServiceSubcategory", "line.service_subcategory"),
    Column("SubAccountId", "line.sub_account"),
    Column("SubAccountName", "line.sub_account"),
    Column("Tags", "line.tags"),
)

# FOCUS 1.2 knows no allocated charges: there these are columns of our own.
_ALLOCATED: Final = (
    Column("AllocatedMethodDetails", "line.method_details"),
    Column("AllocatedMethodId", "line.method_id"),
    Column("AllocatedResourceId", "line.allocated_to"),
    Column("AllocatedResourceName", "line.allocated_to_name"),
    Column("AllocatedTags", "line.allocated_tags"),
)

_OURS: Final = (
    Column("x_Behaviour", "line.behaviour"),
    Column("x_BilledQuantity", "line.billed_quantity"),
    Column("x_BilledUnit", "line.billed_unit"),
    Column("x_CostCategory", "line.category"),
    Column("x_CostDomain", "line.domain"),
    Column("x_Driver", "line.driver"),
    Column("x_DriverValue", "line.driver_value"),
    Column("x_LineId", "line.line_id"),
    Column("x_Part", "line.part"),
    Column("x_Pool", "line.pool"),
    Column("x_Rule", "line.rule"),
    Column("x_RunId", "run.run_id"),
    Column("x_SkuId", "line.sku_id"),
    Column("x_SkuPriceId", "line.sku_price_id"),
    Column("x_SplitOriginCharges", "line.origin_charges"),
    Column("x_SplitOriginCost", "line.origin_cost"),
    Column("x_SplitOriginId", "line.origin"),
    Column("x_Tenant", "line.tenant"),
    Column("x_Tier", "line.tier"),
    Column("x_UnallocatedReason", "line.unallocated_reason"),
    Column("x_Via", "line.via"),
)

# Not FOCUS' own columns of a pricing currency: there the provider says in what it priced, and it billed in
# BillingCurrency. Here the provider billed in the original currency, and we converted.
_CONVERTED: Final = (
    Column("x_ExchangeRate", "line.rate"),
    Column("x_OriginalBilledCost", "line.original_billed"),
    Column("x_OriginalBillingCurrency", "line.original_currency"),
)


def columns_of(version: FocusVersion, *, converts: bool = False) -> tuple[Column, ...]:
    """The columns of a file of *version*: those of FOCUS by name, then our own by name.

    Where the run *converts* currencies, three more say what a whole charge was billed in.

    >>> [column.name for column in columns_of(FocusVersion.V1_2) if "MethodId" in column.name]
    ['x_AllocatedMethodId']
    """
    allocated: tuple[Column, ...] = _ALLOCATED
    if version is FocusVersion.V1_2:
        allocated = tuple(column._replace(name=f"x_{column.name}") for column in _ALLOCATED)
    ours = (*_OURS, *(_CONVERTED if converts else ()))
    chosen = [column for column in (*_FOCUS, *allocated, *ours) if version in column.versions]
    return tuple(sorted(chosen, key=lambda column: (column.name.startswith("x_"), column.name)))
