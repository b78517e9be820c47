"""The section `routes.cdn` of a tenant's file: static assets of its website from a CDN."""

from __future__ import annotations

from tiers.facts.cdn import PriceClass
from tiers.facts.ingress import CertificateArn
from tiers.vocabulary import Frozen, Hostname


class CdnSpec(Frozen):
    """A distribution of Amazon CloudFront for scripts and other static files of the tenant's website."""

    hostname: Hostname
    """A further host name, at which the CDN answers and Odoo does not."""
    certificate_arn: CertificateArn
    """ARN of a certificate with this name in AWS Certificate Manager, in us-east-1."""
    price_class: PriceClass | None = None
    """From where CloudFront serves; left out, the cheapest that has edge locations near the tenant's
    region."""
    links: bool = True
    """Whether pages name it; `false` until its record leads to it, where Costack does not make the record."""
