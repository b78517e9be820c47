"""Writes the plugin's schema, from which Pulumi generates SDKs. Run `python -m plugin.schema`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Final

from plugin.package import package_spec

PATH: Final = Path(__file__).parent / "schema.json"
_PROJECT: Final = Path(__file__).parent.parent / "pyproject.toml"


def schema_text() -> str:
    """The schema as it is committed; its version is that of the project."""
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    return json.dumps(package_spec(project["version"], project), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    PATH.write_text(schema_text(), encoding="utf-8")
