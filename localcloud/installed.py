"""Lists what is installed for the interpreter that runs this file, as JSON; standard library only."""

from __future__ import annotations

import json
import platform
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any


def distributions() -> list[dict[str, Any]]:
    """Name, version and Pulumi plugin facts of each installed distribution, and whether another needs it."""
    # A distribution parses its metadata whenever it is asked for any of it, so each is asked once.
    each = ((dist, dist.metadata) for dist in metadata.distributions())
    found = {_normal(said["Name"]): (dist, said) for dist, said in each}
    needed = {_normal(one) for _, said in found.values() for one in said.get_all("Requires-Dist") or ()}
    return [
        {
            "name": said["Name"],
            "version": said["Version"],
            "required": name in needed,
            "plugin": plugin_facts(dist, name),
        }
        for name, (dist, said) in sorted(found.items())
    ]


def plugin_facts(dist: metadata.Distribution, name: str) -> dict[str, Any] | None:
    """The `pulumi-plugin.json` of an SDK package, which names the provider its resources need.

    *name* is the normalised one.
    """
    folder = name.replace("-", "_")
    facts = Path(str(dist.locate_file(folder))) / "pulumi-plugin.json"
    if not facts.is_file():
        return None
    read = json.loads(facts.read_text(encoding="utf-8"))
    return read if isinstance(read, dict) and read.get("resource") else None


def _normal(requirement: str) -> str:
    """The normalised name (PEP 503) at the start of a requirement such as `grpcio>=1.70`."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", name.group() if name else requirement).lower()


if __name__ == "__main__":
    answer = {"python": platform.python_version(), "executable": sys.executable}
    print(json.dumps({**answer, "distributions": distributions()}))
