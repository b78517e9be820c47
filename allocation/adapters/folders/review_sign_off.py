"""The sign-off file of a review: written with all decisions, read after they are signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import Field

from tiers.errors import CatalogError
from tiers.portfolio.reviews.loading import REVIEWS
from tiers.strict_yaml import load_model
from tiers.vocabulary import Frozen

_KEPT: Final = "{}.sign-off.yaml"
Words = Annotated[str, Field(max_length=400)]


class Signature(Frozen):
    """A decision, who signed it and when; empty while it is open."""

    decision: Words = ""
    by: Words = ""
    on: Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")] = ""


class SignOff(Frozen):
    """The signatures of a month."""

    period: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]
    decisions: Mapping[Words, Signature]


def kept_sign_off(portfolio: Path, month: str) -> Path | None:
    """The file of *month* beside the register of a portfolio; None where nobody put one there."""
    path = portfolio / REVIEWS / _KEPT.format(month)
    return path if path.is_file() else None


def check_sign_offs(portfolio: Path) -> None:
    """Read every sign-off beside the register of a portfolio.

    Raises:
        CatalogError: As `read_sign_off`, of the first that is wrong.
    """
    for path in sorted((portfolio / REVIEWS).glob(_KEPT.format("*"))):
        read_sign_off(path, path.stem.removesuffix(".sign-off"), within=portfolio)


def read_sign_off(path: Path, month: str, within: Path | None = None) -> dict[str, dict[str, str]]:
    """The signed decisions of *month* by key.

    Raises:
        CatalogError: With file and line of a mistake, or when the file is of another month.
    """
    found = load_model(SignOff, path, within=within)
    if found.period != month:
        raise CatalogError(f"{path}: was signed for {found.period}, the report is of {month}")
    return {
        key: {"decision": each.decision, "by": each.by, "on": each.on}
        for key, each in found.decisions.items()
        if each.decision and each.by and each.on
    }


def sign_off_text(month: str, keys: Iterable[str], signed: Mapping[str, Mapping[str, str]]) -> str:
    """The text of the file to sign; signed decisions stay."""
    decisions = {
        key: {name: signed.get(key, {}).get(name, "") for name in Signature.model_fields}
        for key in dict.fromkeys(keys)
    }
    head = "# Decide, sign, and hand it in: costack report --sign-off THIS-FILE\n"
    return head + yaml.safe_dump({"period": month, "decisions": decisions}, sort_keys=False)
