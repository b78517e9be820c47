"""What Infracost's JSON of version 0.2 may and must hold, as its own schema says, in few words.

Written after `schema/infracost.schema.json` of Infracost's repository at commit cffbc23. Fields that nobody
here writes are left out, and no others are allowed, there as here.
"""

from __future__ import annotations

from typing import Any, Final

_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": ["string", "null"], "pattern": r"^-?\d+(\.\d+)?$"}
_FLAG: Final = {"type": "boolean"}
_MOMENT: Final = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_COUNTS: Final = {"type": "object", "additionalProperties": _COUNT}


def _record(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": [*required],
        "additionalProperties": False,
    }


def _list(of: str) -> dict[str, Any]:
    return {"type": "array", "items": _ref(of)}


def _ref(to: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{to}"}


_COMMIT: Final = (
    "vcsBranch",
    "vcsCommitSha",
    "vcsCommitAuthorName",
    "vcsCommitAuthorEmail",
    "vcsCommitMessage",
)
_COMPONENT_NUMBERS: Final = ("hourlyQuantity", "monthlyQuantity", "price", "hourlyCost", "monthlyCost")
_SUMMARY: Final = ("Detected", "Supported", "Unsupported", "UsageBased", "NoPrice")

SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_ref("root"),
    "$defs": {
        "root": _record(
            {
                "version": {"const": "0.2"},
                "metadata": _record(
                    {
                        "infracostCommand": _TEXT,
                        **dict.fromkeys(_COMMIT, _TEXT),
                        "vcsCommitTimestamp": _MOMENT,
                    }
                ),
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "projects": _list("project"),
                **{
                    f"{side}Monthly{what}" if side != "total" else f"totalMonthly{what}": _NUMBER
                    for side in ("total", "pastTotal", "diffTotal")
                    for what in ("Cost", "UsageCost")
                },
                **{f"{side}HourlyCost": _NUMBER for side in ("total", "pastTotal", "diffTotal")},
                "timeGenerated": _MOMENT,
                "summary": _ref("summary"),
            }
        ),
        "project": _record(
            {
                "name": _TEXT,
                "displayName": _TEXT,
                "metadata": _record({"path": _TEXT, "type": _TEXT}),
                "pastBreakdown": _ref("breakdown"),
                "breakdown": _ref("breakdown"),
                "diff": _ref("breakdown"),
                "summary": _ref("summary"),
            }
        ),
        "breakdown": _record(
            {
                "resources": _list("resource"),
                "totalHourlyCost": _NUMBER,
                "totalMonthlyCost": _NUMBER,
                "totalMonthlyUsageCost": _NUMBER,
            },
            freeResources=_list("resource"),
        ),
        "resource": _record(
            {"name": _TEXT, "metadata": {"type": "object"}},
            resourceType=_TEXT,
            tags={"type": "object", "additionalProperties": _TEXT},
            hourlyCost=_NUMBER,
            monthlyCost=_NUMBER,
            monthlyUsageCost=_NUMBER,
            costComponents=_list("component"),
        ),
        "component": _record(
            {
                "name": _TEXT,
                "unit": _TEXT,
                **dict.fromkeys(_COMPONENT_NUMBERS, _NUMBER),
                "priceNotFound": _FLAG,
            },
            usageBased=_FLAG,
        ),
        "summary": _record(
            {},
            **{f"total{what}Resources": _COUNT for what in _SUMMARY},
            supportedResourceCounts=_COUNTS,
            unsupportedResourceCounts=_COUNTS,
            noPriceResourceCounts=_COUNTS,
        ),
    },
}
