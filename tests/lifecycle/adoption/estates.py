"""Estates for tests: CSV files, and what an adoption makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from lifecycle.adoption.checklist import Progress, progress, recorded, subjects, with_spellings
from lifecycle.adoption.checks import Evidence
from lifecycle.adoption.inventory import Row, RowFacts
from lifecycle.adoption.state import AdoptedTenant, Adoption, InventoryFile, ProposedSize, Spelling
from lifecycle.import_estate import ExistingResource
from tests.portfolios import catalog, local_portfolio
from tiers.vocabulary import Environment

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
EVIDENCE = Evidence(today=NOW.date(), catalog="of-the-test")
KNOWN: Mapping[str, Any] = {
    "environment": Environment.PRODUCTION,
    "client": "acme-ltd",
    "hostname": "erp.acme.example.com",
    "users": 8,
    "odoo_version": "18.0",
    "database_gib": "4",
    "filestore_gib": "9",
    "peak_vcpu": "0.6",
    "peak_memory_gib": "1.4",
    "backup": "daily",
    "backup_retention_days": 30,
    "restore_tested_on": date(2026, 11, 10),
    "monitoring": "zabbix",
    "cost_per_month": "96.10",
}
"""Everything that an adoption asks for, of a tenant that a small tier holds."""


def row(spelling: str = "acme", line: int = 2, tags: Mapping[str, str] | None = None, **facts: Any) -> Row:
    """A row of an inventory, a machine elsewhere unless `type` says otherwise; None removes a known fact."""
    kind, name = facts.pop("type", "machine"), facts.pop("id", f"vm-{line}")
    known = {name: value for name, value in {**KNOWN, **facts}.items() if value is not None}
    return Row(ExistingResource(line, spelling, kind, name, tags or {}), RowFacts.model_validate(known))


def adoption(rows: tuple[Row, ...], **tenants: AdoptedTenant) -> Adoption:
    """An adoption of *rows*; every spelling that no tenant has is proposed."""
    made = Adoption(
        inventory=InventoryFile(file="estate.csv", sha256="0" * 64),
        portfolio="../portfolios/local",
        tenants={name.replace("_", "-"): each for name, each in tenants.items()},
    )
    return with_spellings(made, rows)


def judged(
    made: Adoption, rows: tuple[Row, ...], evidence: Evidence = EVIDENCE, now: datetime = NOW
) -> tuple[Progress, ...]:
    """How far each tenant is, in the committed portfolio."""
    found = subjects(made, rows, local_portfolio().platform, catalog())
    return tuple(progress(each, evidence, now) for each in found)


def after(made: Adoption, found: tuple[Progress, ...]) -> Adoption:
    """The adoption with what was found written into it."""
    tenants = {each.subject.tenant: recorded(each.subject.adopted, each.steps) for each in found}
    return made.model_copy(update={"tenants": tenants})


def confirmed(spelling: str, environment: Environment | None = Environment.PRODUCTION) -> Spelling:
    """A spelling that a person has confirmed."""
    return Spelling(spelling=spelling, environment=environment, by="dana", when=date(2026, 11, 29))


def size(facts: str) -> ProposedSize:
    """A size as it was proposed from *facts*."""
    return ProposedSize(
        tier="shared-namespace",
        workload_class="xs",
        cost_per_month=Decimal(164),
        fee_per_month=Decimal(249),
        margin_per_month=Decimal(85),
        facts=facts,
    )


def csv_file(folder: Path, *lines: str) -> Path:
    """A CSV of these lines."""
    path = folder / "estate.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
