"""What shared buckets hold of each tenant: it has no tags of its own, its folder has the tenant's name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import boto3

from allocation.prices.price_book import PriceBook
from lifecycle.adapters.purge.objects import Bucket
from lifecycle.decommission.final_backup import KINDS
from lifecycle.decommission.retained import Kind, stored_units
from lifecycle.drift.untracked import Found
from lifecycle.purge.search import Owned
from tiers.vocabulary import TenantId


def stored(
    owned: Iterable[Owned], region: str, prices: PriceBook, only: Collection[TenantId]
) -> Iterator[Owned]:
    """The folders of tenants in those buckets of *owned* that are no tenant's own.

    Args:
        owned: What the account has.
        region: Of the platform, whose price of storage counts.
        prices: The prices.
        only: The tenants whose objects are counted, which may take long; of all others the cost is unknown.

    Raises:
        LifecycleError: When S3 does not answer.
    """
    make: Any = boto3.client
    client = make("s3", region_name=region)
    for each in owned:
        if each.found.kind != Kind.BUCKET or not each.portfolio or each.tenant:
            continue
        bucket = Bucket(client, each.found.names[0].rpartition(":")[2])
        for kind in KINDS:
            for name in bucket.folders(f"{kind}/"):
                if only and name not in only:
                    continue
                prefix = f"{kind}/{name}/"
                size = bucket.looked(prefix).size_bytes if only else None
                units = None if size is None else stored_units(size, region, prices)
                found = Found(kind, (f"s3://{bucket.name}/{prefix}",), region, units=units)
                yield Owned(found, name, each.portfolio, "name")
