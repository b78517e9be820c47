"""Which spellings of an estate are one tenant: proposed by their letters, decided by people.

`Acme GmbH`, `acme-gmbh` and `ACME` may be one client, or three. A tenant's id never changes once it is
deployed, so a spelling that is not the id itself waits for a person's line in the file.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError

from tiers.vocabulary import Environment, TenantId

LONGEST: Final = 30
"""The longest tenant id."""
# fmt: off
LEGAL_FORMS: Final = frozenset((
    "ab", "ag", "aps", "as", "bv", "bvba", "co", "corp", "corporation", "doo", "eurl", "gmbh", "gbr",
    "inc", "incorporated", "kft", "kg", "kgaa", "limited", "llc", "llp", "ltd", "nv", "ohg", "oy",
    "plc", "pte", "pty", "sa", "sarl", "sas", "se", "sl", "slu", "spa", "sprl", "srl", "sro", "ug",
))
# fmt: on
"""What ends a firm's name in registers and not in speech."""
_LETTERS: Final = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "æ": "ae",
        "ø": "oe",
        "å": "aa",
        "ł": "l",
        "đ": "d",
        "œ": "oe",
    }
)
_INITIALS: Final = re.compile(r"\b(\w)\.(?=\w\b|\W|$)")
_IDS: Final = TypeAdapter(TenantId)

Pair = tuple[str, Environment | None]
"""A spelling of the CSV, and the environment that its rows have; None where they say none."""


def proposed_id(spelling: str, environment: Environment | None = None) -> TenantId:
    """The tenant id that *spelling* proposes; other environments than production end with their name.

    >>> proposed_id("Acme GmbH"), proposed_id("ACME", Environment.STAGING), proposed_id("Müller & Söhne KG")
    ('acme', 'acme-staging', 'mueller-soehne')
    """
    ending = "" if environment in {None, Environment.PRODUCTION} else f"-{environment}"
    words = _words(spelling)
    while len(words) > 1 and words[-1] in LEGAL_FORMS:
        words.pop()
    for stem in ("-".join(words), "".join(words)):
        fitting = stem[: LONGEST - len(ending)].strip("-")
        if _is_id(f"{fitting}{ending}"):
            return f"{fitting}{ending}"
    # No letters that an id may have, or a name of the platform's: a stable one that is nobody's.
    return f"tenant-{hashlib.sha256(spelling.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}{ending}"


def assigned(pairs: Iterable[Pair], decided: Mapping[Pair, TenantId]) -> Mapping[Pair, TenantId]:
    """The tenant of each spelling: where the file has it, else where its letters propose it."""
    return {pair: decided[pair] if pair in decided else proposed_id(*pair) for pair in pairs}


def is_the_id(spelling: str, tenant: TenantId) -> bool:
    """Whether the CSV says the id itself, so that nothing is renamed."""
    return spelling == tenant


def _words(spelling: str) -> list[str]:
    plain = _INITIALS.sub(r"\1", spelling.strip().lower()).translate(_LETTERS)
    bare = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z0-9]+", bare.replace("'", ""))


def _is_id(text: str) -> bool:
    try:
        _IDS.validate_python(text)
    except ValidationError:
        return False
    return True
