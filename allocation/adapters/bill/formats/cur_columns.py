"""Column maps of AWS' Cost and Usage Reports: the legacy report and CUR 2.0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from allocation.adapters.bill.formats.layout import Layout

# lineItem/LineItemType. FOCUS puts refunds under what is refunded ("Usage: positive or negative charges ...
# including refunds", chargecategory.md at 07eb2f3) and calls them corrections ("Correction to a previously
# invoiced billing period (e.g., refunds ...)", chargeclass.md at 055c76b); what a refund was for, CUR does
# not say, so it is Usage. A negation takes the unblended cost of usage back that a savings plan covers, so it
# stands beside that usage. Discounts are what does "not fall into other category values": Adjustment.
_CUR_CATEGORIES: Final[Mapping[str, tuple[str, str | None]]] = {
    "Usage": ("Usage", None),
    "DiscountedUsage": ("Usage", None),
    "SavingsPlanCoveredUsage": ("Usage", None),
    "SavingsPlanNegation": ("Usage", None),
    "Refund": ("Usage", "Correction"),
    "Fee": ("Purchase", None),
    "RIFee": ("Purchase", None),
    "SavingsPlanRecurringFee": ("Purchase", None),
    "SavingsPlanUpfrontFee": ("Purchase", None),
    "Tax": ("Tax", None),
    "Credit": ("Credit", None),
    "BundledDiscount": ("Adjustment", None),
    "Discount": ("Adjustment", None),
    "DistributorDiscount": ("Adjustment", None),
    "EdpDiscount": ("Adjustment", None),
    "PrivateRateDiscount": ("Adjustment", None),
    "RiVolumeDiscount": ("Adjustment", None),
    "SppDiscount": ("Adjustment", None),
}

# Exports of 2025 on have one column `tags` for the tags of resources and of accounts and for cost categories;
# then `resource_tags` need not be selected, "because resource tags are also included under the Tags column"
# (table-dictionary-cur2-resource-tags.html). Its keys say whose they are: `resourceTags/...`,
# `accountTag/...` (under that key a tag of an account is activated: aws_ce_cost_allocation_tag),
# `costCategory/...`. Only the first kind is a tag of what the row is about; the others keep their keys, which
# no cost tag has, and stay for rules to ask for. A cost category in a column of its own gets the same key, so
# that a rule need not know how the bill was exported.
_COST_CATEGORY: Final = "costCategory/"

_RECURRING: Final = ("RIFee", "SavingsPlanRecurringFee")
"""Line items that come again every month."""

# Amortised as AWS' own queries do it (Well-Architected Labs, "CUR Queries"): usage costs its part of the
# commitment, the fee keeps the unused part, and an advance payment costs nothing when it is paid.
_CUR_COSTS: Final[Mapping[str, str]] = {
    "billed": "unblended",
    "effective": """
        CASE word
            WHEN 'DiscountedUsage' THEN coalesce(reserved, unblended)
            WHEN 'SavingsPlanCoveredUsage' THEN coalesce(planned, unblended)
            WHEN 'RIFee' THEN CASE
                WHEN unused_upfront IS NULL AND unused_recurring IS NULL THEN unblended
                ELSE coalesce(unused_upfront, 0) + coalesce(unused_recurring, 0) END
            WHEN 'SavingsPlanRecurringFee' THEN coalesce(committed - used, unblended)
            WHEN 'SavingsPlanNegation' THEN unblended * 0
            WHEN 'SavingsPlanUpfrontFee' THEN unblended * 0
            WHEN 'Fee' THEN CASE WHEN reservation IS NULL THEN unblended ELSE unblended * 0 END
            ELSE unblended
        END""",
    "listed": "coalesce(on_demand, unblended)",
    "contracted": """
        CASE word
            WHEN 'DiscountedUsage' THEN coalesce(reserved, unblended)
            WHEN 'SavingsPlanCoveredUsage' THEN coalesce(planned, unblended)
            WHEN 'SavingsPlanNegation' THEN unblended * 0
            ELSE unblended
        END""",
}

# What is left on a fee is the unused part; a fee without these details costs all that is billed.
_CUR_STATUS: Final = """
    CASE
        WHEN word IN ('DiscountedUsage', 'SavingsPlanCoveredUsage') THEN 'Used'
        WHEN word = 'RIFee' AND (unused_upfront IS NOT NULL OR unused_recurring IS NOT NULL) THEN 'Unused'
        WHEN word = 'SavingsPlanRecurringFee' AND committed IS NOT NULL AND used IS NOT NULL THEN 'Unused'
    END"""

_DISCOUNTS: Final = "Discount"
"""How the types of line items end that are discounts. They are there in legacy reports, and in exports with
"manual discount compatibility": then "discounts are populated as separate line items and not in this column"
(table-dictionary-cur2-discount.html)."""

_CUR_COUNTS_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    "reserved": ("DiscountedUsage",),
    "unused_upfront": ("RIFee",),
    "unused_recurring": ("RIFee",),
    "planned": ("SavingsPlanCoveredUsage",),
    "committed": ("SavingsPlanRecurringFee",),
    "used": ("SavingsPlanRecurringFee",),
}

# https://docs.aws.amazon.com/cur/latest/userguide/data-dictionary.html. LineItemId is "unique in a given
# partition" and not across a delivery (identity-columns.html), so a line is its id and its interval.
LEGACY_CUR: Final = Layout(
    name="CUR",
    required=(
        "lineItem/UnblendedCost",
        "lineItem/CurrencyCode",
        "lineItem/UsageStartDate",
        "lineItem/UsageEndDate",
        "lineItem/LineItemType",
    ),
    texts={
        "line_id": ("identity/LineItemId",),
        "reservation": ("reservation/ReservationARN",),
        "commitment_discount_id": ("reservation/ReservationARN", "savingsPlan/SavingsPlanARN"),
        "description": ("lineItem/LineItemDescription",),
        "service": ("product/ProductName", "product/servicename", "lineItem/ProductCode"),
        "region": ("product/regionCode", "product/region"),
        "resource_id": ("lineItem/ResourceId",),
        "resource_type": ("product/productFamily",),
        "sku_id": ("product/sku",),
        "sku_price_id": ("pricing/RateCode",),
        "unit": ("pricing/unit",),
        "billing_account": ("bill/PayerAccountId",),
        "sub_account": ("lineItem/UsageAccountId",),
        "publisher": ("lineItem/LegalEntity",),
        "invoice_issuer": ("bill/InvoicingEntity",),
        "invoice_id": ("bill/InvoiceId",),
    },
    amounts={
        "unblended": ("lineItem/UnblendedCost",),
        "on_demand": ("pricing/publicOnDemandCost",),
        "reserved": ("reservation/EffectiveCost",),
        "unused_upfront": ("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",),
        "unused_recurring": ("reservation/UnusedRecurringFee",),
        "planned": ("savingsPlan/SavingsPlanEffectiveCost",),
        "committed": ("savingsPlan/TotalCommitmentToDate",),
        "used": ("savingsPlan/UsedCommitment",),
    },
    costs=_CUR_COSTS,
    fallbacks={"listed": "on_demand"},
    start="lineItem/UsageStartDate",
    end="lineItem/UsageEndDate",
    billing_start="bill/BillingPeriodStartDate",
    billing_end="bill/BillingPeriodEndDate",
    currency="lineItem/CurrencyCode",
    word="lineItem/LineItemType",
    quantity="lineItem/UsageAmount",
    categories=_CUR_CATEGORIES,
    recurring=_RECURRING,
    status=_CUR_STATUS,
    net={
        "unblended": ("lineItem/NetUnblendedCost",),
        "reserved": ("reservation/NetEffectiveCost",),
        "unused_upfront": ("reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod",),
        "unused_recurring": ("reservation/NetUnusedRecurringFee",),
        "planned": ("savingsPlan/NetSavingsPlanEffectiveCost",),
    },
    discount_rows=_DISCOUNTS,
    discount=("discount/TotalDiscount",),
    counts_for=_CUR_COUNTS_FOR,
    line=("identity/LineItemId", "identity/TimeInterval"),
    tag_prefixes={"resourceTags/": "resourceTags/", _COST_CATEGORY: _COST_CATEGORY},
    drops_empty_tags=True,
    constants={"provider": "AWS"},
)

# https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html; also the legacy report as
# Parquet, which spells its columns alike and has one column for each tag.
CUR_2: Final = Layout(
    name="CUR 2.0",
    required=(
        "line_item_unblended_cost",
        "line_item_currency_code",
        "line_item_usage_start_date",
        "line_item_usage_end_date",
        "line_item_line_item_type",
    ),
    texts={
        "line_id": ("identity_line_item_id",),
        "reservation": ("reservation_reservation_a_r_n",),
        "commitment_discount_id": ("reservation_reservation_a_r_n", "savings_plan_savings_plan_a_r_n"),
        "description": ("line_item_line_item_description",),
        "service": ("product_product_name", "product.product_name", "line_item_product_code"),
        "region": ("product_region_code", "product_region"),
        "resource_id": ("line_item_resource_id",),
        "resource_type": ("product_product_family",),
        "sku_id": ("product_sku",),
        "sku_price_id": ("pricing_rate_code",),
        "unit": ("pricing_unit",),
        "billing_account": ("bill_payer_account_id",),
        "sub_account": ("line_item_usage_account_id",),
        "publisher": ("line_item_legal_entity",),
        "invoice_issuer": ("bill_invoicing_entity",),
        "invoice_id": ("bill_invoice_id",),
    },
    amounts={
        "unblended": ("line_item_unblended_cost",),
        "on_demand": ("pricing_public_on_demand_cost",),
        "reserved": ("reservation_effective_cost",),
        "unused_upfront": ("reservation_unused_amortized_upfront_fee_for_billing_period",),
        "unused_recurring": ("reservation_unused_recurring_fee",),
        "planned": ("savings_plan_savings_plan_effective_cost",),
        "committed": ("savings_plan_total_commitment_to_date",),
        "used": ("savings_plan_used_commitment",),
    },
    costs=_CUR_COSTS,
    fallbacks={"listed": "on_demand"},
    start="line_item_usage_start_date",
    end="line_item_usage_end_date",
    billing_start="bill_billing_period_start_date",
    billing_end="bill_billing_period_end_date",
    currency="line_item_currency_code",
    word="line_item_line_item_type",
    quantity="line_item_usage_amount",
    categories=_CUR_CATEGORIES,
    recurring=_RECURRING,
    status=_CUR_STATUS,
    net={
        "unblended": ("line_item_net_unblended_cost",),
        "reserved": ("reservation_net_effective_cost",),
        "unused_upfront": ("reservation_net_unused_amortized_upfront_fee_for_billing_period",),
        "unused_recurring": ("reservation_net_unused_recurring_fee",),
        "planned": ("savings_plan_net_savings_plan_effective_cost",),
    },
    discount_rows=_DISCOUNTS,
    discount=("discount_total_discount", "discount.total_discount"),
    counts_for=_CUR_COUNTS_FOR,
    line=("identity_line_item_id", "identity_time_interval"),
    tags={"tags": "", "resource_tags": "", "cost_category": _COST_CATEGORY},
    tag_prefixes={"resource_tags_": "resource_tags_", "cost_category_": _COST_CATEGORY},
    drops_empty_tags=True,
    constants={"provider": "AWS"},
)
