"""The section `ingress` of platform.yaml: load balancer, outbound gateways, and the ingress controller."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from tiers.facts.compute import ComputeRequest
from tiers.facts.ingress import OBJECT_NAME, AlbShare, ControllerKind
from tiers.portfolio.routes.dns import DnsSpec
from tiers.vocabulary import Count, Frozen, Positive


class MaintenanceSpec(ComputeRequest):
    """What people see of a tenant whose web pods are stopped: a page with status 503."""

    title: Annotated[str, Field(min_length=1, max_length=200)] = "Maintenance"
    """Its heading; text, not HTML."""
    text: Annotated[str, Field(min_length=1, max_length=2000)]
    """What it says; text, not HTML."""
    retry_after_seconds: Annotated[int, Field(ge=10, le=86400)] = 300
    """After how long programs should ask again (`Retry-After`)."""
    cpu_request_millicores: Positive = 10
    """Reserved CPU of its pod."""
    memory_request_mib: Positive = 32
    """Reserved memory of its pod."""
    cpu_limit_millicores: Positive = 100
    """CPU limit of its pod."""
    memory_limit_mib: Positive = 64
    """Memory limit of its pod."""


class ControllerSpec(Frozen):
    """Which ingress controller reads a cluster's Ingresses."""

    controller: ControllerKind | None = None
    """Which ingress controller it is; tenants' `routes` need it. With `traefik` the API server must know
    Traefik's kinds ([how](routes.md#traefik))."""
    class_name: Annotated[str, Field(pattern=OBJECT_NAME, max_length=253)] | None = None
    """The IngressClass that tenants' Ingresses name; left out, the cluster's default."""
    alb: AlbShare | None = None
    """The load balancer that tenants share; required with `aws-load-balancer-controller`."""

    @model_validator(mode="after")
    def _knows_its_load_balancer(self) -> Self:
        on_aws = self.controller is ControllerKind.AWS
        if on_aws and self.alb is None:
            raise ValueError(
                f"alb is missing: with controller {self.controller} each tenant would get a load balancer of "
                "its own; name the one they share"
            )
        if self.alb is not None and not on_aws:
            raise ValueError(f"alb is for controller {ControllerKind.AWS.value} only")
        return self


class IngressSpec(ControllerSpec):
    """The load balancer and the outbound gateways of the cluster."""

    public_addresses: Positive
    """Public IPv4 addresses of the load balancer."""
    capacity_units: Count
    """Expected load balancer capacity units (LCU)."""
    nat_gateways: Positive
    """NAT gateways."""
    nat_data_gib_per_month: Count
    """Expected traffic through them."""
    replicas: Positive | None = None
    """How many pods the ingress controller has; left out, nobody knows whether it outlives one of them."""
    zones: Positive | None = None
    """In how many availability zones these pods run."""
    dns: DnsSpec | None = None
    """Hosted zones for tenants with `dns: route-53`; left out, no tenant can have it."""
    maintenance_page: MaintenanceSpec | None = None
    """Shown while a stage leaves a tenant without web pods; left out, the ingress controller's error is."""

    @model_validator(mode="after")
    def _has_a_pod_for_each_zone(self) -> Self:
        if self.zones is not None and self.zones > (self.replicas or 0):
            many = "unknown" if self.replicas is None else self.replicas
            raise ValueError(f"zones: {self.zones} zones take as many pods, and replicas is {many}")
        return self
