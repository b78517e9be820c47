from __future__ import annotations

import gzip
import json
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stamina

from allocation.adapters.answers import TooMuchError, decoded, in_time, until
from allocation.adapters.price_list.fetching import PriceList
from allocation.adapters.price_list.offers import PriceListError
from allocation.adapters.usage.endpoint import Endpoint
from allocation.adapters.usage.rows import UsageError
from tests.allocation.adapters.raw_server import HEAD, once, sending

GZIP = b"Content-Encoding: gzip\r\n"
Send = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


def asked(send: Send, seconds: int = 20) -> str:
    """The sentence that a server of metrics gets for its answer, without its URL."""
    with sending(send) as url, pytest.raises(UsageError) as caught:
        Endpoint(url, timeout_seconds=seconds).get("api", {}, "driver users")
    assert str(caught.value).startswith(f"{url}: asked for driver users, answered ")
    return str(caught.value).partition(", answered ")[2]


def in_turn(answers: list[bytes]) -> Send:
    return lambda connection: connection.sendall(HEAD + GZIP + b"\r\n" + answers.pop(0))


def drip(head: bytes, drop: bytes) -> Send:
    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(200):
            time.sleep(0.1)
            connection.sendall(drop)

    return send


def test_an_answer_may_be_compressed() -> None:
    body = gzip.compress(b'{"a": [1]}', mtime=0)
    with sending(once(HEAD + GZIP + b"\r\n" + body)) as url:
        assert Endpoint(url).get("api", {}, "x") == {"a": [1]}


def test_decoded_bytes_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allocation.adapters.usage.endpoint._MOST_BYTES", 100_000)
    answer = gzip.compress(b" " * 200_000, mtime=0)
    assert len(answer) < 1000
    assert asked(once(HEAD + GZIP + b"\r\n" + answer)).startswith("more than 100,000 bytes; check the URL")
    assert asked(once(HEAD + b"\r\n" + b" " * 100_001)).startswith("more than 100,000 bytes; check the URL")


def test_a_small_answer_never_takes_much_memory() -> None:
    raw = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TooMuchError):
            for _ in decoded(iter([raw]), "gzip", 40_000_000):
                pass
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_values_are_counted_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allocation.adapters.usage.endpoint._MOST_VALUES", 10)
    body = json.dumps(list(range(12))).encode()
    assert asked(once(HEAD + b"\r\n" + body)).startswith("more than 10 values; check the URL")


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "send",
    [
        drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        drip(HEAD + b"\r\n", b" "),
        lambda _: time.sleep(3),
    ],
    ids=["head", "body", "nothing"],
)
def test_the_whole_of_a_request_has_a_time(send: Send) -> None:
    began = time.monotonic()
    said = asked(send, seconds=1)
    # Which of both clocks ends it, the answer's or the connection's, is chance on a busy machine.
    ends = ("no end within 1 seconds; check the URL", "no end in time; check the URL", "ReadTimeout")
    assert any(end in said for end in ends)
    assert time.monotonic() - began < 10


def test_a_head_without_end_is_one_sentence() -> None:
    said = asked(once(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 1_000_000))
    assert len(said) < 300
    assert "check the URL" in said


@pytest.mark.parametrize(
    ("encoding", "body", "said"),
    [
        ("br", b"x", "the encoding 'br', which was not asked for"),
        ("gzip", b"xxxx", "bytes that are no gzip"),
        ("gzip", gzip.compress(b"[]", mtime=0)[:-9], "gzip that ends early"),
        ("\x1b[2J", b"x", r"the encoding '\u001b[2j'"),
    ],
)
def test_what_cannot_be_decoded_is_said(encoding: str, body: bytes, said: str) -> None:
    head = HEAD + f"Content-Encoding: {encoding}\r\n\r\n".encode()
    if encoding.isprintable():
        assert asked(once(head + body)).startswith(said)
    else:
        assert "\x1b" not in asked(once(head + body))


def test_a_price_list_is_counted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allocation.adapters.price_list.fetching._LARGEST_OFFER", 1000)
    monkeypatch.setattr("allocation.adapters.price_list.fetching._LARGEST_INDEX", 500)
    version = {"regions": {"us-east-1": {"currentVersionUrl": "/v1/us-east-1/index.json"}}}
    index = json.dumps(version).encode()
    for answers, said in (
        ([gzip.compress(bytes(600))], "answered more than 500 bytes; check --url, or fetch it elsewhere"),
        (
            [gzip.compress(index, mtime=0), gzip.compress(bytes(2000))],
            "answered more than 1,000 bytes; check --url, or fetch it elsewhere",
        ),
    ):
        with sending(in_turn(answers)) as url, pytest.raises(PriceListError, match=said):
            PriceList(url).fetch("AmazonRDS", "us-east-1", tmp_path, lambda *_: None)


def test_a_price_list_has_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allocation.adapters.price_list.fetching._SECONDS_IN_ALL", 1.0)
    with (
        sending(drip(HEAD, b"X-A: b\r\n")) as url,
        pytest.raises(PriceListError, match="answered no end within 1 seconds; check --url"),
    ):
        PriceList(url).fetch("AmazonRDS", "us-east-1", tmp_path, lambda *_: None)


@pytest.mark.parametrize("length", ["x", "-1", "9" * 5000])
def test_a_length_that_is_no_number_is_no_traceback(tmp_path: Path, length: str) -> None:
    head = HEAD + f"Content-Length: {length}\r\n\r\n".encode()
    with sending(once(head + b"{}")) as url, pytest.raises(PriceListError):
        PriceList(url, first_wait_seconds=0.01).fetch("AmazonRDS", "us-east-1", tmp_path, lambda *_: None)


def test_what_was_left_behind_ends() -> None:
    moment = time.monotonic() - 1
    with pytest.raises(TooMuchError):
        next(until(iter([b"x"]), moment))


def test_what_the_work_raises_is_raised() -> None:
    def fails(_: float) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        in_time(5, fails)
    assert in_time(5, lambda end: end > 0)


def test_deflate_is_read() -> None:
    assert b"".join(decoded(iter([zlib.compress(b"[1]")]), "deflate", 10)) == b"[1]"
