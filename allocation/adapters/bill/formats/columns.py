"""Column maps of bill formats, as data; those of AWS' own reports are in `cur_columns`.

A bill without an export, such as an invoice for support, is written by hand as `charges.csv`:

```csv
id,start,end,service,cost,currency,tag:cost/tenant
inv-71,2026-11-01,2026-12-01,Support contract,1250.00,USD,
inv-72,2026-11-03,2026-11-04,Restore test,80.50,USD,acme-production
```

`id` names the line, once in all files of a run. `start` belongs to the charge, `end` does not; both are UTC
unless they say otherwise. `cost` is a plain decimal (no thousands separator, no symbol) of `currency`,
negative for a credit. Optional: `resource_id`, `region`, `charge_category` (a FOCUS word; Usage without one),
`tags` (a flat JSON object), and a column `tag:<key>` for each tag, which wins over the same key in `tags`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from allocation.adapters.bill.formats.cur_columns import CUR_2, LEGACY_CUR
from allocation.adapters.bill.formats.layout import Layout

_FOCUS_CATEGORIES: Final[Mapping[str, tuple[str, str | None]]] = {
    word: (word, None) for word in ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
}

# FOCUS 1.0 to 1.4; columns: FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec, specification/columns.
# No version has an id of a line, so equal rows are charges of their own. (The sample data of the FinOps
# Foundation has a column `Id`; it is no column of FOCUS, which wants `x_` before a provider's own, and
# nothing promises that it is unique: it is left alone.)
FOCUS: Final = Layout(
    name="FOCUS",
    required=("BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory"),
    texts={
        "line_id": ("x_LineId",),  # our own files keep the name that the line had on the bill
        "charge_class": ("ChargeClass",),
        "charge_frequency": ("ChargeFrequency",),
        "invoice_id": ("InvoiceId",),
        "description": ("ChargeDescription",),
        "service": ("ServiceName",),
        "service_category": ("ServiceCategory",),
        "region": ("RegionId",),
        "resource_id": ("ResourceId",),
        "resource_name": ("ResourceName",),
        "resource_type": ("ResourceType",),
        "sku_id": ("SkuId",),
        "sku_price_id": ("SkuPriceId",),
        "unit": ("PricingUnit",),
        "billing_account": ("BillingAccountId",),
        "sub_account": ("SubAccountId",),
        "provider": ("ProviderName", "ServiceProviderName"),  # 1.4 has only the second
        "publisher": ("PublisherName",),
        "invoice_issuer": ("InvoiceIssuerName",),
        "commitment_discount_id": ("CommitmentDiscountId",),
        "commitment_discount_status": ("CommitmentDiscountStatus",),
    },
    amounts={
        "billed_amount": ("BilledCost",),
        "effective_amount": ("EffectiveCost",),
        "listed_amount": ("ListCost",),
        "contracted_amount": ("ContractedCost",),
    },
    costs={
        "billed": "billed_amount",
        "effective": "coalesce(effective_amount, billed_amount)",
        "listed": "coalesce(listed_amount, billed_amount)",
        "contracted": "coalesce(contracted_amount, billed_amount)",
    },
    fallbacks={
        "effective": "effective_amount",
        "listed": "listed_amount",
        "contracted": "contracted_amount",
    },
    start="ChargePeriodStart",
    end="ChargePeriodEnd",
    billing_start="BillingPeriodStart",
    billing_end="BillingPeriodEnd",
    currency="BillingCurrency",
    word="ChargeCategory",
    quantity="PricingQuantity",
    categories=_FOCUS_CATEGORIES,
    tags={"Tags": ""},
)

PLAIN: Final = Layout(
    name="charges.csv",
    required=("id", "start", "end", "service", "cost", "currency"),
    texts={
        "line_id": ("id",),
        "service": ("service",),
        "region": ("region",),
        "resource_id": ("resource_id",),
    },
    amounts={"cost_amount": ("cost",)},
    costs=dict.fromkeys(("billed", "effective", "listed", "contracted"), "cost_amount"),
    fallbacks={},
    start="start",
    end="end",
    currency="currency",
    word="charge_category",
    quantity="",
    categories=_FOCUS_CATEGORIES,
    default_word="Usage",
    needed=("line_id", "service"),
    line=("id",),
    tags={"tags": ""},
    tag_prefixes={"tag:": ""},
    drops_empty_tags=True,
)

LAYOUTS: Final = (FOCUS, LEGACY_CUR, CUR_2, PLAIN)


class Foreign(NamedTuple):
    """A file that is no bill in a format of ours, and what to give in its place.

    Attributes:
        what: What it is.
        marks: Sets of columns; a file with all of one is known by them.
        instead: What to switch on, and where that is described.
    """

    what: str
    marks: tuple[tuple[str, ...], ...]
    instead: str


# Azure, Google and Oracle bill by columns of their own with rules of their own (credits beside a row, charges
# of an overage, several currencies); each of them exports FOCUS, too.
FOREIGN: Final = (
    Foreign(
        "cost and usage details in Azure's own columns",
        (("MeterId", "CostInBillingCurrency"), ("MeterId", "PreTaxCost"), ("MeterId", "ChargeType")),
        "create an export of 'Cost and usage details (FOCUS)' in Cost Management and give that "
        "(https://learn.microsoft.com/azure/cost-management-billing/dataset-schema/cost-usage-details-focus)",
    ),
    Foreign(
        "a cost or usage report in Oracle's own columns",
        (("lineItem/intervalUsageStart", "lineItem/referenceNo"),),
        "give the file below 'FOCUS Reports' of the same bucket "
        "(https://docs.oracle.com/en-us/iaas/Content/Billing/Tasks/list-cost-usage-report.htm)",
    ),
    Foreign(
        "a usage cost export in Google Cloud's own columns",
        (("billing_account_id", "usage_start_time", "cost"),),
        "enable the FOCUS usage cost export and give its table "
        "(https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-focus-setup)",
    ),
    Foreign(
        "the Contract Commitment dataset of FOCUS, which has no charges",
        (("ContractCommitmentId", "ContractCommitmentCost"),),
        "leave it out and give the Cost and Usage dataset",
    ),
)
