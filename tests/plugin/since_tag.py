"""What breaks programs of the plugin since the last version. Run `python -m tests.plugin.since_tag`.

The schema of this clone is compared with that of the newest version that is tagged before it, or with the one
stored for the last version where no tag is known, as in a clone of one commit.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from plugin.compatibility import breaks, may_break
from tests.portfolios import ROOT
from tiers.errors import CatalogError
from tiers.files import parsed_json, read_json

STORED: Final = ROOT / "tests" / "data" / "plugin-schema-0.2.json"
"""The schema of the last version; a release puts its own here."""
_SCHEMA: Final = "plugin/schema.json"
_VERSION: Final = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
Spec = Mapping[str, Any]


def newest_tagged(repository: Path) -> tuple[str, Spec] | None:
    """The newest version that is tagged before this commit, and its schema; None if no tag has one.

    A release is compared with the version before it, so tags of this very commit do not count.

    Raises:
        CatalogError: When a tag's schema is none.
    """
    here = _git(repository, "tag", "--points-at", "HEAD").split()
    tags = [each for each in _git(repository, "tag", "--merged", "HEAD").split() if _VERSION.fullmatch(each)]
    for tag in sorted(set(tags).difference(here), key=_order, reverse=True):
        text = _git(repository, "show", f"{tag}:{_SCHEMA}")
        if text:
            return tag, parsed_json(text, f"{_SCHEMA} of the tag {tag}")
    return None


def _git(repository: Path, *arguments: str) -> str:
    """What git says; nothing where there is no git, no repository or no such thing in it."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return ""
    return "" if done.returncode else done.stdout


def _order(tag: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", tag)))


def main(repository: Path = ROOT, stored: Path = STORED) -> int:
    """Print every break; exit code 1 if there is one that the version does not allow, 2 for bad input."""
    try:
        new = read_json(repository / _SCHEMA)
        name, old = newest_tagged(repository) or (str(stored), read_json(stored))
    except CatalogError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    found = breaks(old, new)
    before, after = str(old["version"]), str(new["version"])
    if not found:
        print(f"nothing breaks programs since {name}")  # noqa: T201
        return 0
    print("\n".join(found))  # noqa: T201
    if may_break(before, after):
        print(f"version {after} may break programs of {name}: tell them in CHANGELOG.md")  # noqa: T201
        return 0
    print(f"breaks programs of {name}: a version after {before} that may do so is needed")  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
