"""A tenant's CDN: a distribution of Amazon CloudFront for static assets of its website."""

from __future__ import annotations

from typing import Any, Final

import pulumi
from pulumi_aws import cloudfront, route53

from components.naming import component_type, physical_name
from tiers.facts.cdn import PATHS
from tiers.facts.every_fact import Cdn

_ORIGIN: Final = "odoo"
_ZONE: Final = "Z2FDTNDATAQYW2"
"""The hosted zone of all names of CloudFront (AWS General Reference, CloudFront endpoints)."""
_YEAR: Final = 31_536_000
CORS_POLICY: Final = "60669652-455b-4ae9-85a4-c4c02393f86c"
"""Managed-SimpleCORS: pages of another name may use what comes ("Use managed response headers policies")."""


class StaticCdn(pulumi.ComponentResource):
    """The distribution of a fact, and the record of its name where Costack makes records.

    What no path of the fact names is refused at the edge: only signed requests would be passed on, and nobody
    signs any. So a page, an attachment, or an answer to one person is neither asked for nor kept.

    Args:
        tenant: The tenant.
        fact: What it serves, and from where.
        opts: Options of the component.
    """

    def __init__(self, tenant: str, fact: Cdn, opts: pulumi.ResourceOptions | None = None) -> None:
        name = physical_name(tenant, "cdn")
        super().__init__(component_type("StaticCdn"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        self.distribution = cloudfront.Distribution(
            name,
            comment=name,
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            aliases=[fact.hostname],
            price_class=fact.price_class,
            origins=[_origin(fact)],
            default_cache_behavior={**_behaviour(), "trusted_signers": ["self"]},
            ordered_cache_behaviors=[{**_behaviour(), "path_pattern": path} for path in PATHS],
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={
                "acm_certificate_arn": fact.certificate_arn,
                "minimum_protocol_version": "TLSv1.2_2021",
                "ssl_support_method": "sni-only",
            },
            opts=child,
        )
        self.records = self._records(name, fact, child)
        self.register_outputs({"domain_name": self.distribution.domain_name})

    def _records(self, name: str, fact: Cdn, child: pulumi.ResourceOptions) -> list[route53.Record]:
        target = self.distribution.domain_name
        alias = {"name": target, "zone_id": _ZONE, "evaluate_target_health": False}
        return [
            route53.Record(
                f"{name}-{kind.lower()}",
                zone_id=fact.zone_id,
                name=fact.hostname,
                type=kind,
                aliases=[alias],
                opts=child,
            )
            for kind in (("A", "AAAA") if fact.zone_id else ())
        ]


def _origin(fact: Cdn) -> dict[str, Any]:
    return {
        "origin_id": _ORIGIN,
        "domain_name": fact.origin_domain,
        "custom_origin_config": {
            "http_port": 80,
            "https_port": 443,
            "origin_protocol_policy": "https-only",
            "origin_ssl_protocols": ["TLSv1.2"],
        },
    }


def _behaviour() -> dict[str, Any]:
    return {
        "target_origin_id": _ORIGIN,
        "viewer_protocol_policy": "https-only",
        "allowed_methods": ["GET", "HEAD"],
        "cached_methods": ["GET", "HEAD"],
        "compress": True,
        "response_headers_policy_id": CORS_POLICY,
        # Odoo gives a session to whoever asks for a bundle without one. Of all settings this one alone is
        # documented to take `Set-Cookie` out of answers (Developer Guide, "Cache content based on cookies");
        # of a cache policy without cookies nothing says so, and a kept session would be everybody's.
        "forwarded_values": {"query_string": False, "cookies": {"forward": "none"}},
        "min_ttl": 0,
        "default_ttl": 0,
        "max_ttl": _YEAR,
    }
