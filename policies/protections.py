"""The types of AWS, and which of their inputs protect data, as the SDK has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

FILE: Final = Path(__file__).with_name("aws_types.txt")


class Protections(NamedTuple):
    """The inputs of a type, by what they do; in Pulumi's spelling."""

    switches: tuple[str, ...] = ()
    """Booleans: each must be true."""
    keys: tuple[str, ...] = ()
    """Keys and records about encryption: without a switch, one of them must be set."""
    public: tuple[str, ...] = ()
    """What puts an endpoint on the internet: each must be set to false."""


def _read(line: str) -> tuple[str, Protections]:
    token, *marks = line.split()
    named = [mark.split("=") for mark in marks]
    kinds = [tuple(name for name, kind in named if kind == wanted) for wanted in ("switch", "key", "public")]
    return token, Protections(*kinds)


PROTECTIONS: Final[Mapping[str, Protections]] = dict(
    _read(line) for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
)
