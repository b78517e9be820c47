"""The cluster in a second region in which tenants start when their own region fails."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from tiers.catalog.classes import ClassId
from tiers.facts.dns import ZoneId
from tiers.facts.ingress import OBJECT_NAME
from tiers.facts.network import CLUSTER_DNS, DnsPeer
from tiers.portfolio.routes.ingress import ControllerSpec
from tiers.vocabulary import Cidr, Frozen, Hostname, NamespaceName, TagValue

_CONTEXT_LIMIT: Final = 253


class SecondIngress(ControllerSpec):
    """The ingress controller of a second cluster, and where records lead while tenants run there."""

    namespace: NamespaceName
    """Namespace of the ingress controller; tenants accept traffic from it alone."""
    target: Hostname
    """The name of the load balancer in front of it."""
    target_zone_id: ZoneId | None = None
    """The hosted zone of that name, as in `ingress.dns` of the platform."""


class SecondCluster(Frozen):
    """An existing EKS cluster in a second region; Costack declares there what tenants need to start."""

    name: TagValue
    """Name of the EKS cluster."""
    context: Annotated[str, Field(min_length=1, max_length=_CONTEXT_LIMIT)]
    """The name of its context in the kubeconfig that reaches the first cluster, too."""
    version: Annotated[str, Field(pattern=r"^1\.\d\d$")]
    """Version of Kubernetes, in quotes."""
    ingress: SecondIngress
    """Its ingress controller."""
    subnet_cidrs: Annotated[tuple[Cidr, ...], Field(min_length=1)]
    """The address ranges of `subnet_ids`: pods reach databases, caches and files there."""
    node_class: ClassId
    """EC2 instance type of the nodes for tenants that run there: a row of `node_classes` of the catalog."""
    dns_peers: Annotated[tuple[DnsPeer, ...], Field(min_length=1)] = (CLUSTER_DNS,)
    """Where its pods may ask for names, as in `cluster` of the platform."""
    secret_store: Annotated[str, Field(pattern=OBJECT_NAME, max_length=253)] | None = None
    """The ClusterSecretStore of External Secrets there; needed where the first cluster has one."""
    counted: bool = True
    """Whether this portfolio counts its control plane; `false` where another one does."""
