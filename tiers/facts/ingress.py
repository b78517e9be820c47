"""Facts about the way in: the kind of ingress controller, certificates, and a shared load balancer."""

from __future__ import annotations

import ipaddress
from enum import StrEnum, unique
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tiers.vocabulary import Cidr, Frozen

OBJECT_NAME: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
"""What Kubernetes takes for the name of most objects (Object Names and IDs, DNS subdomain names)."""
_GROUP: Final = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$"
CertificateArn = Annotated[
    str, Field(pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]{8,64}$")
]
"""The ARN of a certificate in AWS Certificate Manager."""


_LARGEST, _SMALLEST = 16, 28


def _subnet(value: str) -> str:
    """As large as a subnet may be (VPC User Guide, subnet sizing): whoever is in it reaches every tenant."""
    size = ipaddress.IPv4Network(value).prefixlen
    if not _LARGEST <= size <= _SMALLEST:
        raise ValueError(f"{value} is no subnet of a VPC, which are /{_LARGEST} to /{_SMALLEST}")
    return value


@unique
class ControllerKind(StrEnum):
    """The ingress controllers whose words Costack knows."""

    TRAEFIK = "traefik"
    INGRESS_NGINX = "ingress-nginx"
    AWS = "aws-load-balancer-controller"


class Issuer(Frozen):
    """An issuer of cert-manager, which gets a certificate for each host name and renews it."""

    kind: Literal["Issuer", "ClusterIssuer"]
    """`Issuer` of the tenant's namespace, or `ClusterIssuer`."""
    name: Annotated[str, Field(pattern=OBJECT_NAME, max_length=253)]
    """Its name."""


class Certificate(Frozen):
    """Where the certificate of a tenant's host names comes from: AWS Certificate Manager or cert-manager."""

    arn: CertificateArn | None = None
    """ARN of a certificate in AWS Certificate Manager that has all host names; give this or `issuer`."""
    issuer: Issuer | None = None
    """Issuer of cert-manager."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.arn is None) is (self.issuer is None):
            raise ValueError("give arn, of a certificate in AWS Certificate Manager, or issuer")
        return self

    @property
    def region(self) -> str | None:
        """The region of a certificate in AWS Certificate Manager."""
        return self.arn.split(":")[3] if self.arn else None


class AlbShare(Frozen):
    """The Application Load Balancer that all tenants of a platform share.

    It sends requests to the addresses of pods, from addresses of its own subnets.
    """

    group: Annotated[str, Field(pattern=_GROUP)]
    """Name of the IngressGroup: Ingresses of one group have one load balancer."""
    scheme: Literal["internal", "internet-facing"]
    """Whether the internet reaches it."""
    subnet_cidrs: Annotated[tuple[Annotated[Cidr, AfterValidator(_subnet)], ...], Field(min_length=1)]
    """Address ranges of its subnets: pods accept traffic from these alone."""
