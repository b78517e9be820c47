"""Writes the plugin's schema, from which Pulumi generates SDKs. Run `python -m plugin.schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from plugin.provider import CostackProvider

PATH: Final = Path(__file__).parent / "schema.json"


def schema_text() -> str:
    """The schema as it is committed."""
    return json.dumps(json.loads(CostackProvider().schema or "{}"), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    PATH.write_text(schema_text(), encoding="utf-8")
