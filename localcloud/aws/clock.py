"""Knows the clock of the loopback AWS: it stands still until it is moved, and windows open as it passes them.

It is kept in the simulation's memory, so that it dies with the server, and no test waits for a Sunday.
`python -m localcloud clock` moves it. What AWS has released for automatic upgrades is kept beside it: AWS
alone decides that (RDS User Guide, "Automatic minor version upgrades").
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from localcloud.aws.clients import ACCOUNT, DEFAULT_REGION
from localcloud.provider import ProviderError

if TYPE_CHECKING:
    from localcloud.aws.clients import Clients

START: Final = datetime(2026, 11, 30, tzinfo=UTC)
"""What the clock of a new cloud says: a Monday, midnight."""
_CLOCK: Final = "/localcloud/clock"
_RELEASED: Final = "/localcloud/released"


def now(clients: Clients) -> datetime:
    """What the clock says."""
    return _instant(_told(clients, _CLOCK))


def move(clients: Clients, to: datetime) -> None:
    """Moves the clock; every window that opens meanwhile does its work.

    Args:
        clients: Of the loopback AWS.
        to: An instant in UTC, or without a zone.

    Raises:
        ProviderError: When it would go back.
    """
    wanted, there = to.replace(tzinfo=UTC) if to.tzinfo is None else to.astimezone(UTC), now(clients)
    if wanted < there:
        raise ProviderError(
            f"the clock says {there:%Y-%m-%d %H:%M}; expected a later time, got {wanted:%Y-%m-%d %H:%M}"
        )
    _put(clients, _CLOCK, wanted.isoformat())


def release(clients: Clients, engine: str, version: str) -> None:
    """From now on AWS upgrades to *version* whatever of its major version lets itself be upgraded.

    Args:
        clients: Of the loopback AWS.
        engine: As RDS and ElastiCache call it: `postgres`, `valkey`, `redis`.
        version: With its minor version, such as `17.7`.
    """
    known = json.loads(_told(clients, _RELEASED) or "{}")
    major = version.partition(".")[0]
    known[f"{engine} {major}"] = [version, now(clients).isoformat()]
    _put(clients, _RELEASED, json.dumps(known))


def inside() -> datetime:
    """What the clock says, for who runs in the server of moto."""
    return _instant(_held(_CLOCK))


def released(engine: str, major: str) -> tuple[str, datetime] | None:
    """The version that AWS upgrades to and since when, for who runs in the server of moto."""
    found = json.loads(_held(_RELEASED) or "{}").get(f"{engine} {major}")
    return (str(found[0]), datetime.fromisoformat(found[1])) if found else None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text) if text else START


def _told(clients: Clients, name: str) -> str:
    client = clients.get("ssm", DEFAULT_REGION)
    try:
        return str(client.get_parameter(Name=name)["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        return ""


def _put(clients: Clients, name: str, value: str) -> None:
    clients.get("ssm", DEFAULT_REGION).put_parameter(Name=name, Value=value, Type="String", Overwrite=True)


def _held(name: str) -> str:
    # Not at the top: a provider that asks the server for the time needs no moto.
    from moto.ssm.models import ssm_backends  # noqa: PLC0415

    found: Any = ssm_backends[ACCOUNT][DEFAULT_REGION].get_parameter(name)
    return str(found.value) if found else ""
