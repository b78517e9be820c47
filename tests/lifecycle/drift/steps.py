"""What `pulumi refresh --preview-only --json` prints, made by hand; shapes as seen of Pulumi 3.259."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

OWN = {"cost/portfolio": "local", "cost/tenant": "acme"}


def step(
    kind: str,
    name: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any] | None,
    diff: Sequence[str] = (),
    *,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A step of one resource; `after` None says that it is gone."""
    urn = f"urn:pulumi:local::costack::{kind}::{name}"
    held = {"tags": dict(tags)} if tags else {}

    def state(values: Mapping[str, Any]) -> dict[str, Any]:
        inputs = {**held, **values}
        return {"urn": urn, "custom": True, "type": kind, "id": name, "inputs": inputs, "outputs": inputs}

    changed = after is not None and after != before
    made: dict[str, Any] = {"op": "update" if changed else "refresh", "urn": urn, "oldState": state(before)}
    if after is None:
        return {**made, "op": "delete", "detailedDiff": None}
    return {
        **made,
        "newState": state(after),
        "detailedDiff": {key: {"kind": "update"} for key in diff} or None,
    }


def digest(*steps: dict[str, Any], **more: Any) -> str:
    """The document of a refresh."""
    return json.dumps({"steps": list(steps), "diagnostics": [], **more}, indent=4)


def events(*steps: dict[str, Any], ended: bool = True) -> str:
    """The same as engine events, with what is known before each is read, too."""
    lines = []
    for each in steps:
        old = each["oldState"]
        metadata = {
            "op": each["op"],
            "urn": each["urn"],
            "old": old,
            "detailedDiff": each.get("detailedDiff"),
        }
        before = {**metadata, "op": "refresh", "new": old, "detailedDiff": None}
        lines.append({"sequence": 1, "resourcePreEvent": {"metadata": before}})
        after = {**metadata, "new": each.get("newState")}
        lines.append({"sequence": 2, "resOutputsEvent": {"metadata": after}})
    lines += [{"sequence": 3, "summaryEvent": {"resourceChanges": {}}}] if ended else []
    return "\n".join(map(json.dumps, lines))
