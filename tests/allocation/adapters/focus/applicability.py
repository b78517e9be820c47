"""Which rules of FOCUS apply to our files, and why the others do not; data for `run_validators`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

APPLICABLE: Final[Mapping[str, str]] = {
    "ACCOUNT_NAMING_SUPPORTED": "the run names the account that pays",
    "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED": "direct charges name their resource",
    "REGION_SUPPORTED": "charges name their region",
    "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED": "direct charges say what kind of resource it is",
    "SUB_ACCOUNT_SUPPORTED": "charges name the account that used the service",
    "TAGGING_SUPPORTED": "tags are what charges are distinguished by",
}
"""Criteria of FOCUS 1.2 that are passed to the validator."""

NOT_APPLICABLE: Final[Mapping[str, str]] = {
    "AVAILABILITY_ZONE_SUPPORTED": "an allocation is made by region; the tables have no zone",
    "CAPACITY_RESERVATION_SUPPORTED": "the tables have no reservations",
    "COMMITMENT_DISCOUNT_SUPPORTED": "a commitment is in EffectiveCost; the tables do not name it",
    "MULTIPLE_BILLING_ACCOUNT_TYPES_SUPPORTED": "one kind of account pays",
    "MULTIPLE_PRICING_CATEGORIES_SUPPORTED": "the tables do not say how a price was made",
    "MULTIPLE_SUB_ACCOUNT_TYPES_SUPPORTED": "one kind of account uses",
    "NEGOTIATED_PRICING_SUPPORTED": "no unit prices are written, see allocation.adapters.focus.columns",
    "PRICING_BILLING_CURRENCY_DIFFERENCES_SUPPORTED": "a run has one currency",
    "PUBLIC_PRICE_LIST_SUPPORTED": "no unit prices are written",
    "UNIT_PRICING_SUPPORTED": "no unit prices are written; names of SKUs are x_ columns",
    "USAGE_MEASUREMENT_SUPPORTED": "the tables have priced quantities, not consumed ones",
    "VIRTUAL_CURRENCY_SUPPORTED": "nobody pays in credits or tokens",
}

MISREAD: Final[Mapping[str, str]] = {
    "BilledCost-C-005-C": "about payments to third parties, which model 1.2.0.1 takes to be every line whose "
    "ProviderName and InvoiceIssuerName differ; AWS bills through its own companies",
    "InvoiceId-C-004-C": "about charges without an invoice, which the model takes to be every line",
    "InvoiceId-C-005-C": "about charges of an invoice, which the model takes to be every line, too",
    "InvoiceId-C-003-C": "asks that all lines have an invoice or none; ours are billed and estimated",
    "InvoiceId-C-000-O": "fails for no other reason than InvoiceId-C-003-C",
    "BilledCost-C-000-M": "fails for no other reason than BilledCost-C-005-C",
}
"""Rules of the model that ask something else than the specification does."""

ABSENT_IN_1_4: Final = frozenset({"ProviderName", "PublisherName"})
"""FOCUS 1.3 has them still; the toolkit judges by the model of 1.4 and knows them no more."""


def set_aside(rule: str) -> bool:
    """Whether the failure of *rule* of FOCUS 1.2 is expected, for a reason given above.

    >>> set_aside("BilledCost-C-005-C"), set_aside("ListCost-C-003-M")
    (True, False)
    """
    return rule in MISREAD
