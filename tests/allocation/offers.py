"""Offers of commitments as the AWS CLI writes them, for tests; their prices are invented."""

from __future__ import annotations

from typing import Any

YEAR = 365 * 24 * 3600


def reserved_server(instance_class: str = "db.t4g.medium", **more: Any) -> dict[str, Any]:
    """An offer for a PostgreSQL server."""
    return {
        "ReservedDBInstancesOfferingId": "0d4c1f2e",
        "DBInstanceClass": instance_class,
        "Duration": YEAR,
        "FixedPrice": 0.0,
        "UsagePrice": 0.0,
        "CurrencyCode": "USD",
        "ProductDescription": "postgresql",
        "OfferingType": "No Upfront",
        "MultiAZ": True,
        "RecurringCharges": [{"RecurringChargeAmount": 0.09, "RecurringChargeFrequency": "Hourly"}],
        **more,
    }


def reserved_node(node_type: str = "cache.t4g.micro", **more: Any) -> dict[str, Any]:
    """An offer for a node of a cache, paid at once."""
    return {
        "ReservedCacheNodesOfferingId": "1f2e0d4c",
        "CacheNodeType": node_type,
        "Duration": 3 * YEAR,
        "FixedPrice": 200.5,
        "UsagePrice": 0.0,
        "ProductDescription": "valkey",
        "OfferingType": "All Upfront",
        "RecurringCharges": [],
        **more,
    }


def savings_plan(
    instance_type: str = "m7g.xlarge", payment: str = "Partial Upfront", **more: Any
) -> dict[str, Any]:
    """A rate of a Compute Savings Plan."""
    return {
        "savingsPlanOffering": {
            "offeringId": "4c0d1f2e",
            "paymentOption": payment,
            "planType": "Compute",
            "durationSeconds": YEAR,
            "currency": "USD",
            "planDescription": "1 year Compute Savings Plan",
        },
        "rate": "0.1187",
        "unit": "Hrs",
        "productType": "EC2",
        "serviceCode": "AmazonEC2",
        "usageType": f"BoxUsage:{instance_type}",
        "operation": "RunInstances",
        "properties": [
            {"name": "region", "value": "us-east-1"},
            {"name": "instanceType", "value": instance_type},
            {"name": "instanceFamily", "value": instance_type.partition(".")[0]},
            {"name": "productDescription", "value": "Linux/UNIX"},
            {"name": "tenancy", "value": "shared"},
        ],
        **more,
    }


SERVERS = "ReservedDBInstancesOfferings"
CACHES = "ReservedCacheNodesOfferings"
PLANS = "searchResults"
