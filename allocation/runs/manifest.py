"""The manifest of a run: what was read, by digest, what became of it, and the gates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from allocation.adapters.bill import Intake
from allocation.adapters.folders.run import sha256_of
from allocation.adapters.pulumi.stack_outputs import inventory_files
from allocation.adapters.usage.intake import UsageIntake
from allocation.billed.readiness import Gate
from allocation.engine.attribution import Attributed
from allocation.engine.rulebook import DIRECTORY, Rulebook
from allocation.runs.attribution import attribution_document, portfolios_document
from allocation.runs.request import Request
from allocation.statement.other_months import sentence_of
from allocation.statement.statement import Statement


def manifest_of(  # noqa: PLR0917 - all that a run is made of
    request: Request,
    rules: Rulebook,
    intake: Intake,
    used: UsageIntake,
    statement: Statement,
    found: Sequence[Gate],
    made: Attributed,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """The manifest as plain JSON data, with the id of the run: equal runs have equal ids."""
    files = sorted((request.rulebook or DIRECTORY).glob("*.yaml"))
    manifest = {
        "schema_version": 1,
        "period": f"{request.period.start:%Y-%m}",
        "bill": intake.document(),
        "usage": {
            "files": {path.name: sha256_of(path) for path in request.usage},
            "rows": used.rows,
            "taken": used.taken,
            "refused": dict(used.refused),
        },
        "inventories": [each for text in request.inventories for each in _hashed(text)],
        **_ended(request),
        **_other_months(statement),
        **more,
        "rulebooks": {path.name: sha256_of(path) for path in files},
        "unallocated": {item.reason: item.charges for item in statement.unallocated},
        "strangers": list(statement.unknown_consumers),
        "versions": dict(statement.versions),
        "cost": rules.cost,
        "chargeback": list(rules.chargeback),
        "attribution": attribution_document(made),
        **portfolios_document(statement),
        "readiness": [gate._asdict() for gate in found],
    }
    text = json.dumps(manifest, sort_keys=True)
    return manifest | {"run_id": hashlib.sha256(text.encode()).hexdigest()[:16]}


def _ended(request: Request) -> dict[str, Any]:
    """The plans of ended tenants that are still on the bill, if there are any."""
    files = {path.name: sha256_of(path) for path in request.ended}
    return {"ended": files} if files else {}


def _other_months(statement: Statement) -> dict[str, Any]:
    """How the charges of other months were divided, if there are any."""
    month = f"{statement.period.start:%Y-%m}"
    told = {other.month: sentence_of(other, month) for other in statement.other_months}
    return {"other_months": told} if told else {}


def _hashed(text: str) -> Iterator[dict[str, str]]:
    """The file of an inventory, or those of a folder with one of each stack."""
    day, equals, path = text.partition("=")
    for file in inventory_files(Path(path if equals else text)):
        yield {"file": file.name, "since": day if equals else "", "sha256": sha256_of(file)}
