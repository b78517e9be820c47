"""The file in which decisions of a review are signed: written with all open ones, read once filled in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from tiers.loader import load_model
from tiers.vocabulary import Frozen

Words = Annotated[str, Field(max_length=400)]


class Signature(Frozen):
    """What was decided, by whom and when; empty while it is open."""

    decision: Words = ""
    by: Words = ""
    on: date | None = None


class SignOff(Frozen):
    """The signatures of a month."""

    period: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]
    decisions: Mapping[Words, Signature]


def read_sign_off(path: Path) -> dict[str, dict[str, str]]:
    """What was decided, by key; what is not signed is left out.

    Raises:
        CatalogError: With file and line of what is no sign-off.
    """
    return {
        key: {"decision": each.decision, "by": each.by, "on": f"{each.on}"}
        for key, each in load_model(SignOff, path).decisions.items()
        if each.decision and each.by and each.on
    }


def sign_off_text(month: str, keys: Iterable[str], signed: Mapping[str, Mapping[str, str]]) -> str:
    """The file to sign: what is signed already stays."""
    lines = [
        "# Decide, sign, and hand it in: costack report --sign-off THIS-FILE",
        f'period: "{month}"',
        "decisions:",
    ]
    for key in dict.fromkeys(keys):
        said = signed.get(key, {})
        values = {"decision": said.get("decision", ""), "by": said.get("by", ""), "on": said.get("on")}
        # JSON is YAML: no name can break out of its line.
        lines.append(f"  {json.dumps(key)}: {json.dumps(values)}")
    if lines[-1] == "decisions:":
        lines[-1] = "decisions: {}"
    return "\n".join(lines) + "\n"
