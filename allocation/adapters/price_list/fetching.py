"""Fetches offer files from AWS's Price List, which needs no credentials."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import stamina

from allocation.adapters.answers import ACCEPTED, TooMuchError, decoded, in_time, until
from allocation.adapters.certificates import trusted
from allocation.adapters.price_list.offers import PriceListError

AWS: Final = "https://pricing.us-east-1.amazonaws.com"
_ATTEMPTS: Final = 4
_SECONDS_IN_ALL: Final = 1800.0
_SECONDS_WITHOUT_A_BYTE: Final = 60.0
_LARGEST_INDEX: Final = 5_000_000
_LARGEST_OFFER: Final = 20_000_000_000
"""The largest offer file, decompressed."""
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500
_OK: Final = 200
_DIGITS: Final = 16
"""More digits than the length of any file has."""

# Retries are not logged: the final error is one sentence.
logging.getLogger("stamina").addHandler(logging.NullHandler())

Progress = Callable[[str, int, int], None]
"""Called with an offer, the bytes received, and the total, 0 if unknown."""


_Result = TypeVar("_Result")


class _BusyError(Exception):
    """A server may answer a retry."""


@dataclass(frozen=True)
class PriceList:
    """A server of offer files.

    Attributes:
        url: Of the server, http or https.
        first_wait_seconds: How long to wait before a server that was busy is asked again.
    """

    url: str = AWS
    first_wait_seconds: float = 0.5

    def fetch(self, code: str, region: str, folder: Path, progress: Progress) -> Path:
        """Fetch the current CSV of offer *code* in *region* into *folder*.

        Raises:
            PriceListError: When the server does not answer, or has no such offer or region.
        """
        index = self._index(code)
        regions = index.get("regions")
        version = regions.get(region) if isinstance(regions, dict) else None
        path = version.get("currentVersionUrl") if isinstance(version, dict) else None
        if not isinstance(path, str) or not path.startswith("/") or not path.endswith("/index.json"):
            raise PriceListError(f"{self.url}: offer {code} has no prices of region {region}")
        target = folder / f"{code}.csv"
        self._answered(
            path.removesuffix(".json") + ".csv",
            lambda response, end: _save(response, end, target, code, progress),
        )
        return target

    def _index(self, code: str) -> dict[str, Any]:
        path = f"/offers/v1.0/aws/{code}/current/region_index.json"
        data = self._answered(path, _read_index)
        try:
            index = json.loads(data)
        except ValueError:
            index = None
        if not isinstance(index, dict):
            raise PriceListError(f"{self.url}{path}: answered no JSON object; check --url")
        return index

    def _answered(self, path: str, take: Callable[[httpx.Response, float], _Result]) -> _Result:
        """The result of *take* for the answer to GET *path*, retried from the beginning if it breaks off."""
        try:
            for attempt in stamina.retry_context(
                on=(_BusyError, httpx.TransportError),
                attempts=_ATTEMPTS,
                timeout=_SECONDS_IN_ALL,
                wait_initial=self.first_wait_seconds,
            ):
                with attempt:
                    return in_time(_SECONDS_IN_ALL, partial(self._asked, path, take))
        except TooMuchError as error:
            raise PriceListError(
                f"{self.url}{path}: answered {error}; check --url, or fetch it elsewhere "
                "and give it with --file"
            ) from None
        except _BusyError as error:
            raise PriceListError(f"{self.url}{path}: answered {error}, every time; try later") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PriceListError(
                f"{self.url}: could not be reached ({type(error).__name__}); where it can, fetch "
                "/offers/v1.0/aws/OFFER/current/REGION/index.csv there and give it with --file"
            ) from None
        raise AssertionError  # retry_context ends by returning or raising

    def _asked(self, path: str, take: Callable[[httpx.Response, float], _Result], end: float) -> _Result:
        with self._client() as client, client.stream("GET", path) as response:
            self._refuse_errors(path, response)
            return take(response, end)

    def _client(self) -> httpx.Client:
        url = httpx.URL(self.url)
        if url.scheme not in ("http", "https") or not url.host:
            raise PriceListError(f"--url '{self.url}': expected a URL that begins with http:// or https://")
        return httpx.Client(
            base_url=self.url,
            headers=dict(ACCEPTED),
            timeout=_SECONDS_WITHOUT_A_BYTE,
            verify=trusted(trust_env=True),
            follow_redirects=False,
        )

    def _refuse_errors(self, path: str, response: httpx.Response) -> None:
        status = response.status_code
        if status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR:
            raise _BusyError(f"status {status}")
        if status != _OK:
            raise PriceListError(
                f"{self.url}{path}: answered status {status}; check --service, --region and --url"
            )


def _content(response: httpx.Response, end: float, most: int) -> Iterator[bytes]:
    return until(decoded(response.iter_raw(), response.headers.get("Content-Encoding", ""), most), end)


def _read_index(response: httpx.Response, end: float) -> bytes:
    return b"".join(_content(response, end, _LARGEST_INDEX))


def _save(response: httpx.Response, end: float, target: Path, code: str, progress: Progress) -> None:
    told = response.headers.get("Content-Length", "")
    expected = int(told) if told.isascii() and told.isdigit() and len(told) < _DIGITS else 0
    try:
        with target.open("wb") as stream:
            for piece in _content(response, end, _LARGEST_OFFER):
                stream.write(piece)
                progress(code, response.num_bytes_downloaded, expected)
    except OSError as error:
        raise PriceListError(f"{target}: cannot be written: {error.strerror}") from None
