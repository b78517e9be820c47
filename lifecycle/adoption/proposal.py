"""The tenant's file that an adoption proposes: what the inventory and people's decisions make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from pydantic import ValidationError

from lifecycle.adoption.document import scalar
from lifecycle.adoption.subject import Subject
from tiers.errors import CatalogError
from tiers.portfolio.tenant import Tenant
from tiers.portfolio.versions.chosen import image_of, version_faults, versions_of
from tiers.strict_yaml import mistakes
from tiers.vocabulary import Environment

ASSUMED_HOST: Final = "example.com"


def document_of(subject: Subject, tier: str, workload_class: str) -> dict[str, Any]:
    """The content of the tenant's file; a host name that nobody has given is left out."""
    facts, platform = subject.facts, subject.platform
    offer = subject.catalog.tiers[tier].offers[_environment(subject)]
    document: dict[str, Any] = {
        "tenant": subject.tenant,
        "client": subject.client,
        "environment": str(_environment(subject)),
        "tier": tier,
        "region": platform.region,
        "service_line": platform.service_line,
    }
    if (hostname := subject.adopted.hostname or facts.get("hostname")) is not None:
        document["hostname"] = str(hostname)
    if subject.environment is Environment.MIGRATION:
        document |= _dates(facts)
    named = versions_of(platform).get(subject.odoo_version or "")
    if named is not None:
        document["odoo"] = {"version": named}
    options: dict[str, Any] = {"users": str(facts["users"])}
    for name in ("database_gib", "filestore_gib"):
        options[name] = str(_whole_gib(facts[name]))
    if workload_class != offer.workload_class:
        options["workload_class"] = workload_class
    if offer.region_copies is not None and len(platform.dr_regions) == 1:
        options["dr_region"] = platform.dr_regions[0]
    document["options"] = options
    return document


def _dates(facts: Mapping[str, Any]) -> dict[str, str]:
    """When a migration ends, as far as its rows say it."""
    form = {"cutover": ("cutover", "%Y-%m-%d"), "expires_on": ("expires_at", "%Y-%m-%dT00:00:00Z")}
    return {key: facts[name].strftime(how) for name, (key, how) in form.items() if name in facts}


def tenant_of(subject: Subject, tier: str, workload_class: str) -> Tenant:
    """The tenant as its file would have it; a host name that nobody has given costs nothing and is made up.

    Raises:
        CatalogError: When it can be no tenant.
    """
    document = document_of(subject, tier, workload_class)
    document.setdefault("hostname", f"{subject.tenant}.{ASSUMED_HOST}")
    try:
        return Tenant.model_validate(document)
    except ValidationError as error:
        raise CatalogError(
            *(f"{'.'.join(map(str, where))}: {message}" for where, message in mistakes(error, Tenant))
        ) from None


def missing_for_file(subject: Subject) -> Iterator[str]:
    """A sentence for each thing that the file needs and nobody has said."""
    if subject.adopted.hostname is None and "hostname" not in subject.facts:
        yield f"hostname: no row says it; write it into the CSV, or under tenants.{subject.tenant}"


def file_text(document: Mapping[str, Any], lines: str) -> str:
    """The tenant's file with a comment that says where it comes from; *lines* names the rows of the CSV."""
    text = [f"# Proposed by `costack adopt` from {lines}; review it before `pulumi up`."]
    for key, value in document.items():
        if isinstance(value, Mapping):
            text.append(f"{key}:")
            text += (f"  {name}: {_value(item)}" for name, item in value.items())
        else:
            text.append(f"{key}: {_value(value)}")
    return "\n".join(text) + "\n"


def differences(subject: Subject, tenant: Tenant, tier: str, workload_class: str) -> Iterator[str]:
    """Where the file of the *tenant* says something else than the adoption proposes."""
    wanted = document_of(subject, tier, workload_class)
    there = tenant.model_dump(mode="json", exclude_none=True)
    for name in ("client", "environment", "tier", "hostname"):
        if name in wanted and str(there.get(name)) != wanted[name]:
            yield f"{name}: its file says {there.get(name)}, the adoption {wanted[name]}"
    yield from _other_odoo(subject, tenant)
    for name, value in wanted["options"].items():
        found = there["options"].get(name)
        if str(found) != value:
            there_is = "nothing" if found is None else found
            yield f"options.{name}: its file says {there_is}, the adoption {value}"


def _other_odoo(subject: Subject, tenant: Tenant) -> Iterator[str]:
    """Where its file leads to another version of Odoo than it runs, though the platform has that one."""
    platform, runs = subject.platform, subject.odoo_version
    if runs not in versions_of(platform) or list(version_faults(tenant, platform)):
        return  # told elsewhere
    if (named := image_of(platform, tenant).version) != runs:
        yield f"odoo.version: its file leads to Odoo {named}, and it runs {runs}"


def _environment(subject: Subject) -> Environment:
    if subject.environment is None:
        raise CatalogError(
            f"{subject.tenant}: environment: its rows name {len(subject.environments)}, not one"
        )
    return subject.environment


def _whole_gib(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))


def _value(value: object) -> str:
    text = str(value)
    return text if text.isdecimal() or text[:4].isdecimal() else scalar(text)
