"""What is sold: services, and what each stands for: components, people's work, controls, and its price."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Final, Self, get_args

from pydantic import Field, model_validator

from tiers.catalog.classes import ClassId
from tiers.catalog.fees import Currency, Fee
from tiers.facts.every_fact import FACT_TYPES
from tiers.strict_yaml import Fault, not_among
from tiers.vocabulary import Controls, Count, Frozen, TagValue

SERVICES: Final = "services.yaml"
"""Its file in a catalog; one without it sells no service beside its tiers."""
_KINDS: Final = frozenset(get_args(kind.model_fields["kind"].annotation)[0] for kind in FACT_TYPES)


class Activity(Frozen):
    """Work that a service takes each month.

    Without `hours_per_month` the tier or its controls say how many hours. The price book has the rate of an
    hour of `activity`; `by` is who works.
    """

    activity: TagValue
    by: str
    hours_per_month: Count = 0


class Service(Frozen):
    """A service: included in `tiers`, or bought for `fee_per_month`, or what enhanced controls are.

    `components` are kinds of facts. The logs are what it adds to those of the offer.
    """

    title: str
    tiers: tuple[TagValue, ...] = ()
    components: Annotated[tuple[str, ...], Field(min_length=1)]
    activities: tuple[Activity, ...] = ()
    controls: Controls
    needs_own_database: bool = False
    log_gib_per_month: Count = 0
    log_retention_days: Count = 0
    fee_per_month: Fee | None = None

    @model_validator(mode="after")
    def _stands_for_what_there_is(self) -> Self:
        if unknown := sorted(set(self.components) - _KINDS):
            raise ValueError(f"components: no kind of fact is called '{unknown[0]}'")
        if self.fee_per_month is None and any(each.hours_per_month for each in self.activities):
            raise ValueError("hours_per_month needs fee_per_month: only what is bought has hours of its own")
        return self


class Services(Frozen):
    """All services of a catalog, by id; fees are in `currency`."""

    currency: Currency
    services: Mapping[ClassId, Service]


def bought(services: Services | None) -> dict[str, Service]:
    """The services that a tenant can buy, by id."""
    known = services.services if services else {}
    return {name: service for name, service in known.items() if service.fee_per_month is not None}


def service_faults(
    services: Services, tiers: Collection[str], currencies: Collection[str]
) -> Iterator[Fault]:
    """Where services name a tier that is not sold, or have fees in a currency that no tier is sold in."""
    for name, service in services.services.items():
        for tier in service.tiers:
            if tier not in tiers:
                yield ("services", name, "tiers"), not_among(tiers, tier, "the catalog")
    if currencies and services.currency not in currencies:
        sold = ", ".join(sorted(currencies))
        yield ("currency",), f"is {services.currency}, and the tiers are sold in {sold}"
