"""The steps of a decommissioning: their stored names, and what each one did, as a sentence of evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

GUARD: Final = "guard"
STOP: Final = "stand-still"
BACK_UP: Final = "save"
EXPORT: Final = "hand-over"
UNPROTECT: Final = "unprotect"
REMOVE: Final = "take-away"
DELETE_COPIES: Final = "delete-copies"
VERIFY: Final = "remains"
SHOWN: Final[Mapping[str, str]] = {
    GUARD: "check",
    STOP: "stop",
    BACK_UP: "final backup",
    EXPORT: "deliver the export",
    UNPROTECT: "unprotect",
    REMOVE: "remove",
    DELETE_COPIES: "delete copies",
    VERIFY: "verify",
}
"""What people read for each step; evidence keeps the stored names."""
STEPS: Final = (GUARD, STOP, BACK_UP, EXPORT, UNPROTECT, REMOVE, DELETE_COPIES, VERIFY)

NO_DUMPS: Final = "this offer has none"
EMPTY: Final = "its database has no table, and it has no file"
"""Why there is no dump."""


def outcome(step: str, inputs: Mapping[str, Any]) -> str:
    """What *step* did, from what it wrote down; never what the step is for.

    >>> outcome(BACK_UP, {"dump": None, "because": NO_DUMPS})
    'no dump: this offer has none'
    """
    return _OUTCOMES[step](inputs)


def _checked(inputs: Mapping[str, Any]) -> str:
    approved = inputs.get("approved_by")
    by = f"approved by {approved} at {inputs['approved_at']}" if approved else "confirmed by its phrase"
    where = f"account {inputs['account']}, stack {inputs['stack']}"
    return f"{inputs['resources']} resources in {where} are as the plan says; {by}"


def _stopped(inputs: Mapping[str, Any]) -> str:
    written = "written into its file" if inputs["file_changed"] else "in its file already"
    return f"lifecycle_stage: decommissioning was {written}, and is deployed"


def _backed_up(inputs: Mapping[str, Any]) -> str:
    if inputs["dump"] is None:
        return f"no dump: {inputs['because']}"
    looked = "its sha256 was computed anew" if inputs.get("read") else "its length is that of its manifest"
    return f"{inputs['dump']} has {inputs['bytes']:,} bytes, and {looked}"


def _exported(inputs: Mapping[str, Any]) -> str:
    if not inputs["exports"]:
        return f"nothing was exported: {inputs.get('because', 'there is no dump')}"
    return f"copied to {', '.join(inputs['exports'])}"


def _unprotected(inputs: Mapping[str, Any]) -> str:
    written = "written into its file" if inputs["file_changed"] else "in its file already"
    copies = f"; marked as its own: {', '.join(inputs['copies'])}" if inputs.get("copies") else ""
    return f"protected: false was {written}, and is deployed{copies}"


def _removed(inputs: Mapping[str, Any]) -> str:
    said = f"its file and all {inputs['resources']} resources of the plan are gone"
    more = inputs.get("made_to_end_it")
    return f"{said}, and {more} that were made to end it" if more else said


def _without_copies(inputs: Mapping[str, Any]) -> str:
    deleted = inputs["file_systems"]
    return f"deleted {', '.join(deleted)}" if deleted else "replication left no file system"


def _verified(inputs: Mapping[str, Any]) -> str:
    if "leaked" in inputs:
        return f"in excess: {inputs['leaked']}"
    kept = len(inputs["kept"])
    return f"searched by tag and by name: {f'{kept} retained' if kept else 'nothing is left'}"


_OUTCOMES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    GUARD: _checked,
    STOP: _stopped,
    BACK_UP: _backed_up,
    EXPORT: _exported,
    UNPROTECT: _unprotected,
    REMOVE: _removed,
    DELETE_COPIES: _without_copies,
    VERIFY: _verified,
}
