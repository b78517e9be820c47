"""Reads JSON from a server: retries if it is busy, follows no redirects, and shows no secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from ssl import SSLContext
from typing import Any, Final, NamedTuple, Self

import httpx
import stamina

from allocation.adapters.answers import ACCEPTED, TooMuchError, decoded, in_time, until
from allocation.adapters.certificates import trusted
from allocation.adapters.usage.rows import UsageError

_ATTEMPTS: Final = 4
_SECONDS_IN_ALL: Final = 30.0
_FIRST_WAIT_SECONDS: Final = 0.2
_LONGEST_WAIT_SECONDS: Final = 4.0
_SHOWN: Final = 200
_MOST_BYTES: Final = 64_000_000
"""The largest answer: a day of ten thousand tenants has a tenth of it."""
_MOST_VALUES: Final = 1_000_000
_SMALLER: Final = "check the URL, and what it is that answers there"
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500
_OK: Final = 200


class _BusyError(Exception):
    """A server may answer a retry."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and its environment variable; only the variable's name is ever shown."""

    variable: str
    value: str = field(repr=False)

    @classmethod
    def from_environment(cls, variable: str, environment: Mapping[str, str]) -> Self:
        """The token in *variable* of *environment*.

        Raises:
            UsageError: When it has none.
        """
        value = environment.get(variable, "").strip()
        if not value:
            raise UsageError(f"environment variable {variable}: is not set; it must hold the bearer token")
        return cls(variable, value)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server of metrics.

    Attributes:
        url: Of the server, http or https; a user and a password in it are sent and never shown.
        token: Sent as a bearer token.
        timeout_seconds: How long one answer may take, from the first byte of the request to the last one.
        verify: Whether TLS certificates are verified, or the certificates to trust.
    """

    url: str = field(repr=False)
    token: Token | None = None
    timeout_seconds: int = 60
    verify: SSLContext | bool = True

    @property
    def shown(self) -> str:
        """The URL without user, password, query and fragment."""
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL:
            return "(a URL that cannot be read)"
        return str(url.copy_with(username=None, password=None, query=None, fragment=None))

    def get(self, path: str, parameters: Mapping[str, str], wanted: str) -> Any:
        """The JSON answer to GET *path*, with numbers as Decimal.

        Status 429, 5xx and broken connections are retried, at most 4 times in 30 seconds. An answer may have
        64 MB after it was decompressed.

        Args:
            path: Below the URL.
            parameters: Of the query.
            wanted: The purpose, for error messages: "driver users on 2026-10-01".

        Raises:
            UsageError: When there is no answer, another one than JSON, or one that is too large or too slow.
        """
        try:
            with self._client() as client:
                for attempt in stamina.retry_context(
                    on=(_BusyError, httpx.TransportError),
                    attempts=_ATTEMPTS,
                    timeout=_SECONDS_IN_ALL,
                    wait_initial=_FIRST_WAIT_SECONDS,
                    wait_max=_LONGEST_WAIT_SECONDS,
                ):
                    with attempt:
                        answer = in_time(self.timeout_seconds, partial(_asked, client, path, parameters))
        except TooMuchError as error:
            raise self._error(wanted, str(error), _SMALLER) from None
        except _BusyError as error:
            raise self._error(wanted, f"{error}, every time it was asked", "try later") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = f"{type(error).__name__}: {error}".replace(self.url, self.shown)
            raise self._error(wanted, said, "check the URL and whether the server runs") from None
        return self._parsed(answer, wanted)

    def _client(self) -> httpx.Client:
        url = httpx.URL(self.url)
        if url.scheme not in ("http", "https") or not url.host:
            raise UsageError(f"{self.shown}: expected a URL that begins with http:// or https://")
        # A user in the URL would be logged with it.
        auth = httpx.BasicAuth(url.username, url.password) if url.userinfo else None
        headers = {"Authorization": f"Bearer {self.token.value}"} if self.token else {}
        headers |= ACCEPTED
        return httpx.Client(
            base_url=self.shown,
            auth=auth,
            headers=headers,
            timeout=self.timeout_seconds,
            verify=trusted(trust_env=False) if self.verify is True else self.verify,
            follow_redirects=False,
            trust_env=False,
        )

    def _parsed(self, told: _Answer, wanted: str) -> Any:
        if sum(map(told.content.count, (b",", b"[", b"{"))) > _MOST_VALUES:
            raise self._error(wanted, f"more than {_MOST_VALUES:,} values", _SMALLER)
        try:
            answer = json.loads(told.content, parse_float=Decimal, parse_int=Decimal, parse_constant=Decimal)
        except (ValueError, ArithmeticError, RecursionError):  # a number beyond what Decimal takes
            answer = None
        if told.status != _OK:
            said = _reason(answer) or told.shown
            remedy = "check the token" if told.status in (401, 403) else "check URL and query"
            raise self._error(wanted, f"status {told.status}: {said}", remedy)
        if answer is None:
            raise self._error(wanted, f"no JSON: {told.shown}", "check the URL")
        return answer

    def _error(self, wanted: str, said: str, remedy: str) -> UsageError:
        through = f" (token from {self.token.variable})" if self.token else ""
        return UsageError(
            f"{self.shown}{through}: asked for {wanted}, answered {self._hidden(said)}; {remedy}"
        )

    def _hidden(self, text: str) -> str:
        """*text* without secrets that a server or a library may repeat."""
        secrets = [self.token.value] if self.token else []
        password = httpx.URL(self.url).password
        for secret in (*secrets, *([password] if password else [])):
            text = text.replace(secret, "***")
        return text


class _Answer(NamedTuple):
    status: int
    content: bytes

    @property
    def shown(self) -> str:
        """The beginning of the content as text."""
        return _cut(self.content[: 10 * _SHOWN].decode(errors="replace"))


def _asked(client: httpx.Client, path: str, parameters: Mapping[str, str], end: float) -> _Answer:
    with client.stream("GET", path, params=dict(parameters)) as response:
        pieces = decoded(response.iter_raw(), response.headers.get("Content-Encoding", ""), _MOST_BYTES)
        answer = _Answer(response.status_code, b"".join(until(pieces, end)))
    if answer.status == _TOO_MANY_REQUESTS or answer.status >= _SERVER_ERROR:
        raise _BusyError(f"status {answer.status}: {answer.shown}")
    return answer


def _reason(answer: Any) -> str:
    """The error message in an answer of Prometheus."""
    if not isinstance(answer, dict) or not answer.get("error"):
        return ""
    return _cut(f"{answer.get('errorType', 'error')}: {answer['error']}")


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:_SHOWN]}..." if len(line) > _SHOWN else line or "(nothing)"
