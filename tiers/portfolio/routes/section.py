"""What a tenant may want of the way to it beside its host name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tiers.facts.controllers import ALLOW_CIDRS, BODY_SIZE, CERTIFICATE_ARN, ISSUER, REDIRECTS, TIMEOUT
from tiers.facts.ingress import Certificate
from tiers.portfolio.routes.cdn import CdnSpec
from tiers.vocabulary import Cidr, Frozen, Hostname

_MOST_NAMES: Final = 10
_MOST_NETWORKS: Final = 100
# Kubernetes documentation, "Annotations": a prefix in small letters, and a name of 63 characters.
_KEY: Final = (
    r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*/)?"
    r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
)


def _not_everybody(value: str) -> str:
    if value.endswith("/0"):
        raise ValueError(f"{value} is everybody; leave allow_cidrs out")
    return value


def _somebody(networks: tuple[str, ...]) -> tuple[str, ...]:
    # Whoever means nobody would get everybody.
    if not networks:
        raise ValueError("no network is in it: leave allow_cidrs out to let everybody in")
    return networks


_Networks = Annotated[
    tuple[Annotated[Cidr, AfterValidator(_not_everybody)], ...],
    Field(max_length=_MOST_NETWORKS),
    AfterValidator(_somebody),
]
_Names = Annotated[tuple[Hostname, ...], Field(max_length=_MOST_NAMES)]
_Key = Annotated[str, Field(pattern=_KEY, max_length=253)]
_Value = Annotated[str, Field(pattern=r"^[ -~]*$", max_length=1024)]


class RoutesSpec(Frozen):
    """Further host names, who may come, and how the ingress controller treats requests."""

    aliases: _Names = ()
    """Further host names at which people work with Odoo."""
    redirects: _Names = ()
    """Host names that lead to `hostname` by a permanent redirect."""
    allow_cidrs: _Networks | None = None
    """The only networks that may reach it; left out, everybody may."""
    body_size_mib: Annotated[int, Field(ge=1, le=2048)] | None = None
    """The largest upload in MiB; left out, as the ingress controller is set."""
    timeout_seconds: Annotated[int, Field(ge=60, le=3600)] | None = None
    """How long Odoo may take to answer; left out, as the ingress controller is set."""
    certificate: Certificate | None = None
    """Where its certificate comes from; left out, from Secrets that somebody makes
    ([names](routes.md#certificates))."""
    dns: Literal["external-dns", "route-53"] | None = None
    """Who makes the records of its host names: external-dns, or Costack in Route 53; left out, people do."""
    cdn: CdnSpec | None = None
    """A CDN for static files of its website, for a fee ([CDN](routes.md#cdn))."""
    annotations: Mapping[_Key, _Value] = Field(default_factory=dict)
    """Further annotations of its Ingress; [some are closed](routes.md#annotations)."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = (*self.aliases, *self.redirects)
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"'{twice[0]}' appears twice among aliases and redirects")
        return self

    def __hash__(self) -> int:
        """Of its names: a mapping, as the annotations are, has none."""
        return hash((self.aliases, self.redirects))

    def wanted(self) -> Mapping[str, Any]:
        """What an ingress controller must be able to do, by its place: options that are written."""
        certificate = self.certificate
        options = {
            REDIRECTS: self.redirects,
            ALLOW_CIDRS: self.allow_cidrs,
            BODY_SIZE: self.body_size_mib,
            TIMEOUT: self.timeout_seconds,
            CERTIFICATE_ARN: certificate and certificate.arn,
            ISSUER: certificate and certificate.issuer,
        }
        return {name: value for name, value in options.items() if value}
