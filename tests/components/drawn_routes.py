"""Routes and ingress controllers that a portfolio may have, as part of the search space of combinations."""

from __future__ import annotations

from hypothesis import strategies as st

from tiers.facts.ingress import AlbShare, ControllerKind
from tiers.portfolio.platform import Platform
from tiers.portfolio.routes.ingress import MaintenanceSpec
from tiers.portfolio.routes.section import RoutesSpec

_NETWORKS = ("203.0.113.0/24", "198.51.100.7/32")
_SHARED = AlbShare(group="odoo", scheme="internal", subnet_cidrs=("10.40.160.0/20", "10.40.176.0/20"))


@st.composite
def drawn_routes(draw: st.DrawFn, tenant: str) -> RoutesSpec:
    """What each ingress controller can do for *tenant*; what only some can is tried with each by itself."""
    count = st.sampled_from([0, 0, 1, 3])
    return RoutesSpec(
        aliases=tuple(f"alias-{each}.{tenant}.example" for each in range(draw(count))),
        redirects=tuple(f"old-{each}.{tenant}.example" for each in range(draw(count))),
        allow_cidrs=draw(st.sampled_from([(), (), _NETWORKS])),
        dns=draw(st.sampled_from([None, "external-dns"])),
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
        "maintenance_page": draw(st.sampled_from([None, MaintenanceSpec(text="We are <b>back</b> at 9.")])),
    }
    return platform.model_copy(update={"ingress": platform.ingress.model_copy(update=about)})
