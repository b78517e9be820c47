"""Results of rehearsals, as their pods print them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final

from lifecycle.rehearsal.recovery import Promise
from lifecycle.rehearsal.result import RehearsalResult

PROMISE: Final = Promise(rpo_seconds=300, rto_seconds=3600)


def line(**changes: Any) -> str:
    """What the pod of a rehearsal of `acme` prints."""
    said = {
        "version": 1,
        "tenant": "acme",
        "region": "eu-west-1",
        "way": "copy",
        "backup": "2026-11-24T11:59:00Z",
        "taken_at": "2026-11-24T11:59:00Z",
        "asked_at": "2026-11-24T12:02:00Z",
        "started_at": "2026-11-24T12:02:05Z",
        "finished_at": "2026-11-24T12:03:20Z",
        "rto_seconds": 70,
        "rpo_seconds": 180,
        "standby_lag_seconds": None,
        "phases": {"wait": 5, "fetch": 10, "restore": 30, "files": 5, "start": 20},
        "newest_record_at": "2026-11-24T11:58:00Z",
        "newest_file_at": "",
        "dump_bytes": 1000,
        "database_bytes": 9000,
        "file_bytes": 70,
        "files": 3,
        "checks": [{"name": "login page", "expected": "status 200", "found": "status 200", "ok": True}],
        "result": "ok",
    }
    return json.dumps(said | changes)


def result(at: datetime | None = None, **changes: Any) -> RehearsalResult:
    """A result, of a rehearsal that ended at *at* if that is named."""
    if at is not None:
        ended = {"started_at": at - timedelta(minutes=1), "finished_at": at}
        changes = {name: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in ended.items()} | changes
    return RehearsalResult.model_validate_json(line(**changes))
