"""The fact of a tenant's CDN: static assets of its website, from Amazon CloudFront."""

from __future__ import annotations

from typing import Final, Literal

from tiers.facts.dns import ZoneId
from tiers.facts.ingress import CertificateArn
from tiers.facts.record import FactRecord
from tiers.vocabulary import Count, Hostname

PriceClass = Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]
"""From which edge locations CloudFront serves, in AWS's words: those of North America and Europe, all but
those of South America, Australia and New Zealand, or all (CloudFront pricing, "Price Classes")."""

CERTIFICATE_REGION: Final = "us-east-1"
"""Where CloudFront takes certificates from (ViewerCertificate, ACMCertificateArn)."""
PATHS: Final = ("/web/assets/*", "/*/static/*")
"""All that is passed on: bundles of scripts and styles, and files of modules. Odoo serves both to everybody
(addons/web/controllers/binary.py, `content_assets`, auth public; odoo/http.py, `_serve_static`)."""
LINKED: Final = (r"^/web/assets/.+\.js", r"^/[^/]+/static/")
"""What Odoo's website writes with the CDN's name (`website.cdn_filters`). Styles are not among it: what they
name, as fonts and pictures of a theme at `/web/content` and `/web/image`, is looked for where they came from,
and the CDN does not pass it on."""


class Cdn(FactRecord):
    """A distribution at `hostname`, which gets from `origin_domain` what `PATHS` say, and refuses the rest.

    `links` says whether Odoo's website names it. Its record is made in the hosted zone `zone_id`; None where
    people make it. What it sends in a month is expected: `gib_per_month` in `requests_per_month`.
    """

    kind: Literal["cdn"] = "cdn"
    hostname: Hostname
    origin_domain: Hostname
    certificate_arn: CertificateArn
    price_class: PriceClass
    links: bool
    zone_id: ZoneId | None = None
    gib_per_month: Count
    requests_per_month: Count
