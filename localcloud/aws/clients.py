"""Knows how to reach the loopback AWS, and nothing but loopback: a client per service and region."""

from __future__ import annotations

import functools
import ipaddress
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore import loaders
from botocore.config import Config
from botocore.session import Session

from localcloud.aws.faults import attach
from localcloud.environment import COMMAND
from localcloud.provider import ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_REGION = "us-east-1"
ACCOUNT = "123456789012"
"""The account of every caller of moto."""

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 4},
    connect_timeout=5,
    read_timeout=120,
    max_pool_connections=32,
    s3={"addressing_style": "path"},  # a bucket's own host name would not resolve on every machine
    proxies={},
)


@dataclass(slots=True)
class Clients:
    """AWS clients of one endpoint, made on first use and shared by all threads."""

    endpoint: str
    region: str = DEFAULT_REGION
    _made: dict[tuple[str, str], Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    environ: Mapping[str, str] = field(default_factory=dict)
    """Where faults may be requested; only the provider has it."""
    _session: Any = None
    _config: Any = _CONFIG

    def get(self, service: str, region: str | None = None) -> Any:
        """The client of a service; `region` defaults to the provider's."""
        key = (service, region or self.region)
        if key not in self._made:
            with self._lock:  # making a client is not thread-safe, using it is
                if key not in self._made:
                    self._made[key] = self._make(*key)
        return self._made[key]

    def _make(self, service: str, region: str) -> Any:
        if self._session is None:
            # Not boto3, which adds a third of a second of imports to the start of the provider.
            self._session = Session()
            self._session.register_component("data_loader", _loader())
            self._config = _CONFIG.merge(attach(self._session, self.environ))
        return self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            # Dummies, whatever the caller's environment holds: a loopback endpoint checks none of them.
            aws_access_key_id="localcloud",
            aws_secret_access_key="localcloud",  # noqa: S106 - a dummy on purpose
            config=self._config,
        )


@functools.cache
def _loader() -> loaders.Loader:
    """The descriptions of the services, which every session would look for and parse anew."""
    return loaders.create_loader()


def endpoint_of(settings: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """The endpoint of the provider's settings, else of `AWS_ENDPOINT_URL`; refuses all but loopback."""
    named = {
        str(url) for entry in settings.get("endpoints") or [] for url in dict(entry).values() if url
    } or {url for url in [environ.get("AWS_ENDPOINT_URL")] if url}
    if not named:
        raise ProviderError(
            "This aws provider serves the local cloud only and was given no endpoint: run the command "
            f"through `{COMMAND} exec -- ...`, or use the official provider for a real account."
        )
    foreign = sorted(url for url in named if not _is_loopback(url))
    if foreign or len(named) > 1:
        found = ", ".join(foreign or sorted(named))
        raise ProviderError(
            f"This aws provider serves the local cloud only: expected one loopback endpoint, found {found}; "
            "use the official provider for a real account."
        )
    return named.pop()


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
