"""Serves offer files under the paths that AWS serves them under."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.allocation.adapters.price_list.offer_files import Offer
from tests.allocation.adapters.usage.server import Answer


def index_of(offer: Offer, region: str = "us-east-1") -> str:
    """The region index of *offer*."""
    return json.dumps(
        {
            "offerCode": offer.code,
            "regions": {
                region: {"regionCode": region, "currentVersionUrl": f"{_folder(offer, region)}/index.json"}
            },
        }
    )


def serving(*offers: Offer, region: str = "us-east-1") -> Callable[[str, dict[str, str]], Answer]:
    """What a price list with *offers* of one region answers."""
    answers: dict[str, Answer] = {}
    for offer in offers:
        answers[f"/offers/v1.0/aws/{offer.code}/current/region_index.json"] = (200, index_of(offer, region))
        answers[f"{_folder(offer, region)}/index.csv"] = (200, offer.as_csv())
    return lambda path, _query: answers.get(path, (404, "no such offer"))


def _folder(offer: Offer, region: str) -> str:
    return f"/offers/v1.0/aws/{offer.code}/{offer.version}/{region}"
