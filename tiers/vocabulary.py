"""The words of the service catalog, one type for each axis."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from enum import StrEnum, unique
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """An immutable record that refuses unknown fields. It is built when it is first used.

    Docstrings below fields describe them, in `tiers.schemas`. With `use_attribute_docstrings`, pydantic 2.14
    reads the source of each model at every start, and asks each module of the process for its file, which
    loads those that wait to be used (`inspect.getmodule`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


@unique
class Environment(StrEnum):
    """The lifecycle stage a tenant serves. Not a Pulumi stack and not a tier."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"
    ANALYTICS = "analytics"
    MIGRATION = "migration"


@unique
class Isolation(StrEnum):
    """Whose Kubernetes namespace a tenant runs in."""

    SHARED = "shared"
    OWN = "own"


@unique
class ResilienceClass(StrEnum):
    """The failures a tenant survives by contract: an RPO and RTO promise, not a tier."""

    STANDARD = "standard"
    BUSINESS_CRITICAL = "business-critical"
    MISSION_CRITICAL = "mission-critical"


@unique
class Controls(StrEnum):
    """The governance measures: baseline for all clients, enhanced for regulated ones."""

    BASELINE = "baseline"
    ENHANCED = "enhanced"


@unique
class CostDomain(StrEnum):
    """Which part of the service a cost belongs to; the first cut of every statement."""

    SHARED_PLATFORM = "shared-platform"
    TENANT_RUNTIME = "tenant-runtime"
    RESILIENCE = "resilience"


@unique
class CostCategory(StrEnum):
    """The kind of cost; the six categories of the service catalog."""

    COMPUTE = "compute"
    STORAGE = "storage"
    NETWORK = "network"
    SUPPORT = "support"
    SECURITY = "security"
    RESILIENCE = "resilience"


@unique
class LifecycleStage(StrEnum):
    """The stage of a tenant between its first request and its last invoice."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DECOMMISSIONING = "decommissioning"


@unique
class MoveStage(StrEnum):
    """The stage of a tenant's move to another tier; every update takes one step."""

    EXPAND = "expand"
    """The new resources exist too; users work with the old ones."""
    MIGRATE = "migrate"
    """Odoo is stopped; the data is copied, and the copy is checked."""
    SWITCH = "switch"
    """Users work with the copy; the move can still be undone."""
    CONTRACT = "contract"
    """The old resources are no longer needed; the next update removes them."""


@unique
class RotationStage(StrEnum):
    """The stage of a rotation of a tenant's secrets; every update takes one step."""

    SECOND_LOGIN = "second-login"
    """Pods log in as a second role, with a new password; the first one's stays as it was."""
    FIRST_LOGIN = "first-login"
    """The first role has its new password, and pods log in as it; the next update removes the second."""
    BACK = "back"
    """Pods log in as the first role with its old password; the next update removes the second."""


# Letters, digits, dot, underscore and dash are legal in an AWS tag value and in a Kubernetes label;
# fifty characters fit an AWS Cost Category value too (AWS cost category quotas).
TAG_VALUE: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,48}[A-Za-z0-9])?")
_DNS_LABEL: Final = re.compile(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?")
_HOSTNAME: Final = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+){1,2}-\d")
_IMAGE_BY_DIGEST: Final = re.compile(r"[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}")
# What all names made of it allow, above all RDS identifiers (RDS API reference, CreateDBInstance) and buckets
# (S3 User Guide, bucket naming rules). How long it may be depends on the tenants.
_PORTFOLIO_NAME: Final = re.compile(r"[a-z]([a-z0-9-]{0,48}[a-z0-9])?")
_NO_BUCKETS: Final = ("sthree-", "amzn-s3-demo-")
# Kubernetes documentation, "Object Names and IDs", RFC 1123 label names.
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
PLATFORM: Final = "platform"
"""The name of what all tenants of a portfolio share; no tenant has it."""
# A tenant's own namespace is `odoo-<tenant>`; these are the platform's.
_SHARED_NAMESPACES: Final = frozenset({"operations", *Environment})

PRIVATE_RANGES: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
"""Addresses that internet access never includes: private networks and the nodes' metadata service."""

# The names of a tenant's parts: `acme-backup` is a part of tenant acme, so it cannot be a tenant
# beside it. A component test checks this list against every name that is really used.
PART_NAMES: Final = frozenset(
    {
        "backup",
        "cron",
        "data",
        "database",
        "filestore",
        "ingress",
        "internet",
        "log",
        "logs",
        "networks",
        "nodes",
        "odoo",
        "own",
        "password",
        "admin",
        "postgresql",
        "quota",
        "sessions",
        "standby",
        "policy",
        "pods",
        "setup",
        "sleep",
        "storage",
        "support",
        "tls",
        "usage",
        "wake",
        "web",
    }
)
_PART_NAME: Final = re.compile(rf"-({'|'.join(sorted(PART_NAMES))})\Z")
NEWER_PART_NAMES: Final = frozenset(
    {
        "allowed",
        "dns",
        "limits",
        "maintenance",
        "redirects",
        "refresh",
        "restore-test",
        "solver",
        "transport",
    }
)
"""Parts that came when tenants could be called so: `city-transport` is refused beside `city` only."""


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _tag_value(value: str) -> str:
    if not TAG_VALUE.fullmatch(value):
        raise ValueError(
            "Value should be 1 to 50 letters, digits, '.', '_' or '-', "
            "starting and ending with a letter or digit"
        )
    return value


def _tenant_id(value: str) -> str:
    if value == PLATFORM:
        raise ValueError("'platform' is the name of the shared platform; choose another")
    if value in _SHARED_NAMESPACES:
        raise ValueError(f"'odoo-{value}' is a shared namespace; choose another name")
    if not _DNS_LABEL.fullmatch(value) or "--" in value:
        raise ValueError(
            "Value should be 1 to 30 lower-case letters, digits and single dashes, starting with a letter"
        )
    if found := _PART_NAME.search(value):
        raise ValueError(
            f"'{value}' would be the name of a part of '{value[: found.start()]}'; choose another"
        )
    return value


def _portfolio_name(value: str) -> str:
    if not _PORTFOLIO_NAME.fullmatch(value) or "--" in value:
        raise ValueError(
            "Value should be lower-case letters, digits and single dashes, starting with a letter and not "
            "ending with a dash"
        )
    if value.startswith(_NO_BUCKETS):
        raise ValueError(f"'{value}' begins with what S3 keeps for itself ({', '.join(_NO_BUCKETS)})")
    return value


def _namespace(value: str) -> str:
    if not _NAMESPACE.fullmatch(value):
        raise ValueError(
            "Value should be a Kubernetes namespace: 1 to 63 lower-case letters, digits and dashes, starting "
            "and ending with a letter or digit"
        )
    return value


def _hostname(value: str) -> str:
    if not _HOSTNAME.fullmatch(value):
        raise ValueError("Value should be a full host name in lower case, such as acme.odoo.example.com")
    return value


def _region(value: str) -> str:
    if not _REGION.fullmatch(value):
        raise ValueError("Value should be an AWS region, such as eu-west-1")
    return value


def _network(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"Value should be an IPv4 network such as 10.40.0.0/16: {error}") from None
    return str(network)


def _image(value: str) -> str:
    if not _IMAGE_BY_DIGEST.fullmatch(value):
        raise ValueError("Value should name an image by digest: registry/name@sha256:<64 hex digits>")
    return value


TagValue = Annotated[str, AfterValidator(_tag_value)]
PortfolioName = Annotated[str, AfterValidator(_portfolio_name)]
NamespaceName = Annotated[str, AfterValidator(_namespace)]
TenantId = Annotated[str, AfterValidator(_tenant_id)]
Hostname = Annotated[str, AfterValidator(_hostname)]
Region = Annotated[str, AfterValidator(_region)]
ImageByDigest = Annotated[str, AfterValidator(_image)]
Cidr = Annotated[str, AfterValidator(_network)]
UtcDatetime = Annotated[AwareDatetime, AfterValidator(_utc)]
LARGEST: Final = 10**12
"""The largest number in a file: no estate has a tenth of it, and figures made of it stay exact."""
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Positive = Annotated[int, Field(gt=0, le=LARGEST)]


def version_numbers(version: str) -> tuple[int, ...]:
    """The numbers of an engine's version, to compare them.

    >>> version_numbers("17.10") > version_numbers("17.9"), version_numbers("6.x")
    (True, (6,))
    """
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def is_older_version(wanted: str, there: str) -> bool:
    """Whether *wanted* is no version that *there* leads to; a major version alone is every minor one of it.

    >>> is_older_version("17.9", "17.10"), is_older_version("17", "17.10")
    (True, False)
    """
    new, old = version_numbers(wanted), version_numbers(there)
    known = min(len(old), len(new))
    return new[:known] < old[:known]
