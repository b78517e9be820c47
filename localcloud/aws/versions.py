"""Knows versions of engines: which is newer, what a major version means, and what the provider makes of them.

Sources: RDS API Reference, ModifyDBInstance, `EngineVersion` ("if you specify only a major version, Amazon
RDS updates the DB instance to the default minor version if the current minor version is lower");
terraform-provider-aws, internal/service/rds/engine_version.go (`compareActualEngineVersion`) and
internal/service/elasticache/engine_version.go (`engineVersionForceNewOnDowngrade`,
`customizeDiffEngineForceNewOnDowngrade`), read in 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_MINORS: Final[Mapping[str, str]] = {
    "13": "13.22",
    "14": "14.19",
    "15": "15.14",
    "16": "16.10",
    "17": "17.6",
    "18": "18.1",
}
"""What the loopback takes for the default minor version until one is released: what RDS had in 2025."""


_MINOR_AHEAD: Final[Mapping[str, int]] = {"13": 16, "14": 13, "15": 8, "16": 4, "17": 0, "18": -6}
"""By how much minor versions of PostgreSQL that were released together are ahead of those of 17: the releases
of August 2025 were 13.22, 14.19, 15.14, 16.10 and 17.6 (https://www.postgresql.org/docs/release/)."""


def is_known(engine: str, version: str) -> bool:
    """Whether RDS has a version of PostgreSQL, as far as its major one says; of other engines, any.

    >>> is_known("postgres", "18.1"), is_known("postgres", "19.1")
    (True, False)
    """
    return engine != "postgres" or major(version) in _DEFAULT_MINORS


def is_released_before(version: str, other: str) -> bool:
    """Whether a version of another major version of PostgreSQL is the older release; False where unknown.

    >>> is_released_before("17.6", "16.13"), is_released_before("17.9", "16.13")
    (True, False)
    """
    if major(version) == major(other) or not all(
        "." in each and major(each) in _MINOR_AHEAD for each in (version, other)
    ):
        return False
    wanted, there = (numbers(each)[1] - _MINOR_AHEAD[major(each)] for each in (version, other))
    return wanted < there


def numbers(version: str) -> tuple[int, ...]:
    """The parts of a version that are numbers.

    >>> numbers("17.10") > numbers("17.9"), numbers("6.x")
    (True, (6,))
    """
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def major(version: str) -> str:
    """The major version."""
    return version.partition(".")[0]


def whole(version: str, default: str | None) -> str:
    """The version that a server of PostgreSQL gets: a major version alone means its default minor one."""
    return version if "." in version else default or _DEFAULT_MINORS.get(version, f"{version}.0")


def told(asked: str, actual: str, pending: str) -> str:
    """What the official provider keeps as the version that was asked for.

    >>> told("17", "17.7", ""), told("17.6", "17.7", ""), told("18.1", "17.7", "18.1")
    ('17', '17.7', '18.1')
    """
    waits = bool(asked) and asked == pending
    return asked if waits or (asked and actual.startswith(f"{asked}.")) else actual


def replaces_cache(olds: Mapping[str, Any], news: Mapping[str, Any]) -> set[str]:
    """What makes the official provider replace a cache: a lower version, and any engine but Valkey for Redis.

    A global replication group decides both for its members.
    """
    if news.get("globalReplicationGroupId"):
        return set()
    found = set()
    old, new = (str(each.get("engine") or "redis").lower() for each in (olds, news))
    if old != new and (old, new) != ("redis", "valkey"):
        found.add("engine")
    had, wanted = (str(each.get("engineVersion") or "") for each in (olds, news))
    if had and wanted and numbers(wanted) < numbers(had):
        found.add("engineVersion")
    return found
