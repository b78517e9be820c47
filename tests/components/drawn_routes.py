"""Routes and ingress controllers that a portfolio may have, as part of the search space of combinations."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.portfolios import local_portfolio
from tiers.facts.ingress import AlbShare, ControllerKind
from tiers.portfolio.platform import Platform
from tiers.portfolio.routes.cdn import CdnSpec
from tiers.portfolio.routes.dns import DnsSpec, ZoneSpec
from tiers.portfolio.routes.ingress import MaintenanceSpec
from tiers.portfolio.routes.section import RoutesSpec

_NETWORKS = ("203.0.113.0/24", "198.51.100.7/32")
_ZONES = (
    ZoneSpec(id="Z0AAAAAAAAAAAA", domain="odoo.example.com"),
    ZoneSpec(id="Z0BBBBBBBBBBBB", domain="example.org"),
)
_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000"
_CNAMES = DnsSpec(zones=_ZONES, target="balancer.example.net", queries_per_month=100_000)
_ALIASES = _CNAMES.model_copy(update={"target_zone_id": "Z26RNL4JYFTOTI"})
_SHARED = AlbShare(group="odoo", scheme="internal", subnet_cidrs=("10.40.160.0/20", "10.40.176.0/20"))


@st.composite
def drawn_routes(draw: st.DrawFn, tenant: str, *, visited: bool = False) -> RoutesSpec:
    """What each ingress controller can do for *tenant*; what only some can is tried with each by itself.

    Who is *visited* may have a CDN, in a zone of the platform or elsewhere.
    """
    count = st.sampled_from([0, 0, 1, 3])
    allowed = draw(st.sampled_from([None, None, _NETWORKS]))
    cdns = [f"static.{tenant}.example.org", f"{tenant}-static.example.net"]
    cdn = draw(st.sampled_from([None, *cdns])) if visited and allowed is None else None
    return RoutesSpec(
        aliases=tuple(f"alias-{each}.{tenant}.example.org" for each in range(draw(count))),
        redirects=tuple(f"old-{each}.{tenant}.example.org" for each in range(draw(count))),
        allow_cidrs=allowed,
        cdn=None
        if cdn is None
        else CdnSpec(hostname=cdn, certificate_arn=_CERTIFICATE, links=draw(st.booleans())),
        dns=draw(st.sampled_from([None, "external-dns", "route-53"])),
        annotations=draw(st.sampled_from([{}, {"example.com/team": "retail"}])),
    )


@st.composite
def with_controller(draw: st.DrawFn, platform: Platform) -> Platform:
    """*platform* with any ingress controller; where Costack runs Traefik it is that."""
    runs = platform.parts is not None and platform.parts.traefik is not None
    kind = ControllerKind.TRAEFIK if runs else draw(st.sampled_from(list(ControllerKind)))
    about = {
        "controller": kind,
        "alb": _SHARED if kind is ControllerKind.AWS else None,
        "dns": draw(st.sampled_from([_ALIASES, _CNAMES])),
        "maintenance_page": draw(st.sampled_from([None, MaintenanceSpec(text="We are <b>back</b> at 9.")])),
    }
    return platform.model_copy(update={"ingress": platform.ingress.model_copy(update=about)})


def with_dns(*domains: str, **more: Any) -> Platform:
    """The local platform with Traefik and hosted zones Z0, Z1 and so on of these domains, if any."""
    usual = local_portfolio().platform
    zones = tuple(ZoneSpec(id=f"Z{index}", domain=domain) for index, domain in enumerate(domains))
    about: dict[str, Any] = {"target": "balancer.example.net", "queries_per_month": 0, "zones": zones, **more}
    dns = DnsSpec.model_validate(about) if domains else None
    ingress = usual.ingress.model_copy(update={"controller": ControllerKind.TRAEFIK, "dns": dns})
    return usual.model_copy(update={"ingress": ingress})
