"""The cost tags: their keys, their allowed values, and how a bill spells them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final, Self

from pydantic import model_validator

from tiers.errors import CatalogError
from tiers.expectations import expectation
from tiers.vocabulary import (
    CostDomain,
    Environment,
    Frozen,
    LifecycleStage,
    Region,
    ResilienceClass,
    TagValue,
    TenantId,
)

PREFIX: Final = "cost/"

# Field of CostTags -> key. The keys are legal both as AWS tag keys and as Kubernetes label keys.
KEYS: Final[Mapping[str, str]] = {
    "portfolio": "cost/portfolio",
    "client": "cost/client",
    "tenant": "cost/tenant",
    "environment": "cost/environment",
    "region": "cost/region",
    "service_tier": "cost/service-tier",
    "recovery_class": "cost/recovery-class",
    "domain": "cost/domain",
    "service_line": "cost/service-line",
    "lifecycle_stage": "cost/lifecycle-stage",
}

# Mandatory on every resource, and additionally on a tenant's resources.
MANDATORY: Final = frozenset(
    {"cost/portfolio", "cost/region", "cost/domain", "cost/service-line", "cost/lifecycle-stage"}
)
MANDATORY_FOR_TENANTS: Final = frozenset(KEYS.values())

# The spellings of bills on the way: legacy CUR columns, CUR in Athena, CUR 2.0 maps and FOCUS tags of AWS,
# labels of Google's export. Azure takes no "/" in a tag's name and Google only letters, digits, "_" and "-",
# so there `cost/tenant` is cost-tenant or cost_tenant (Azure Resource Manager, "Use tags to organize your
# Azure resources and management hierarchy"; Google Cloud Resource Manager, "Creating and managing labels").
_BILL_PREFIX: Final = re.compile(r"^((resource_?tags?|labels?|tags?)[/_:])?(user[:_])?", re.IGNORECASE)


class CostTags(Frozen):
    """The cost tags of one resource: who pays for it, and why.

    `client`, `tenant`, `environment`, `service_tier` and `recovery_class` are absent exactly when the
    domain is shared-platform: a shared resource has no tenant, no tier and no single environment.
    `portfolio` is absent only where it is read from what Costack 0.2 or older tagged.
    """

    portfolio: TagValue | None = None
    client: TagValue | None = None
    tenant: TenantId | None = None
    environment: Environment | None = None
    region: Region
    service_tier: TagValue | None = None
    recovery_class: ResilienceClass | None = None
    domain: CostDomain
    service_line: TagValue
    lifecycle_stage: LifecycleStage

    @model_validator(mode="after")
    def _names_its_owner(self) -> Self:
        of_tenant = {
            "client": self.client,
            "tenant": self.tenant,
            "environment": self.environment,
            "service_tier": self.service_tier,
            "recovery_class": self.recovery_class,
        }
        shared = self.domain is CostDomain.SHARED_PLATFORM
        wrong = [name for name, value in of_tenant.items() if (value is None) is not shared]
        if wrong:
            fault = "does not belong on" if shared else "is missing on"
            keys = ", ".join(KEYS[name] for name in wrong)
            raise ValueError(f"{keys} {fault} a resource of domain {self.domain}")
        return self

    def as_tags(self) -> dict[str, str]:
        """The tags, ready for an AWS resource or the labels of a Kubernetes object.

        >>> tags = CostTags(region="eu-west-1", domain=CostDomain.SHARED_PLATFORM,
        ...                 service_line="odoo-hosting", lifecycle_stage=LifecycleStage.ACTIVE)
        >>> tags.as_tags()["cost/domain"]
        'shared-platform'
        """
        return {key: str(value) for field, key in KEYS.items() if (value := getattr(self, field)) is not None}

    def in_domain(self, domain: CostDomain) -> CostTags:
        """The tags of the same owner in another cost domain."""
        return self.model_copy(update={"domain": domain})

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> CostTags:
        """Read the cost tags among *tags*, however the bill spells their keys.

        Known spellings are `cost/client` (AWS API, Kubernetes), `user:cost/client` (FOCUS, Cost Explorer),
        `resourceTags/user:cost/client` (legacy CUR) and `user_cost_client` (CUR 2.0, Athena).

        Raises:
            CatalogError: When a mandatory key is missing, a value is not legal, or two spellings of
                one key disagree.
        """
        found: dict[str, str] = {}
        for key, value in tags.items():
            field = field_of(key)
            if field is None or not value:
                continue
            if found.setdefault(field, value) != value:
                raise CatalogError(f"tag {KEYS[field]}: has two values, '{found[field]}' and '{value}'")
        try:
            return cls.model_validate(found)
        except ValueError as error:
            raise CatalogError(f"cost tags cannot be read: {_first_line(error)}") from None


@cache
def field_of(key: str) -> str | None:
    """The field of `CostTags` that *key* means in any spelling of a bill; None if it is no key of ours.

    >>> field_of(" User:Cost/Tenant "), field_of("resourceTags/user:cost/tenant"), field_of("tenant")
    ('tenant', 'tenant', None)
    """
    return _FIELD_BY_SPELLING.get(plain_key(key))


@cache
def plain_key(key: str) -> str:
    """*key* without a bill's prefix, in lower case and with `_` for everything but letters and digits.

    >>> plain_key("resourceTags/user:Cost/Tenant") == plain_key("cost-tenant") == "cost_tenant"
    True
    """
    bare = _BILL_PREFIX.sub("", key.strip())
    return re.sub(r"[^a-z0-9]", "_", bare.strip().lower())


_FIELD_BY_SPELLING: Final = {re.sub(r"[^a-z0-9]", "_", key): field for field, key in KEYS.items()}


def _first_line(error: ValueError) -> str:
    errors = getattr(error, "errors", None)
    if errors is None:
        return str(error)
    detail = errors(include_url=False)[0]
    where = KEYS.get(str(detail["loc"][0]), str(detail["loc"][0])) if detail["loc"] else ""
    message = expectation(detail)
    return f"{where}: {message}" if where else message
