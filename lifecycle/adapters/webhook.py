"""Posts a message to an incoming webhook. Its address is a secret: no error, log or output has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from allocation.adapters.certificates import trusted
from lifecycle.errors import LifecycleError
from tiers.errors import CatalogError

_SECONDS: Final = 30.0
_SCHEMES: Final = frozenset({"http", "https"})


def post(url: str, message: Mapping[str, Any]) -> None:
    """Post *message* as JSON.

    Raises:
        CatalogError: When *url* is no address of the web.
        LifecycleError: When it was not taken, or nobody knows whether it was; it names the host only.
    """
    host = _host(url)
    try:
        with httpx.Client(verify=trusted(trust_env=True), timeout=_SECONDS) as client:
            answer = client.post(url, json=message)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise LifecycleError(f"webhook at {host}: no answer ({type(error).__name__})") from None
    if not answer.is_success:
        raise LifecycleError(f"webhook at {host}: answered {answer.status_code}, expected 200 to 299")


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise CatalogError("--webhook: is no address; expected https://, a host and a path")
    return parts.hostname
