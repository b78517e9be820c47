from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import stamina

from allocation.adapters.usage.endpoint import Endpoint, Token
from allocation.adapters.usage.rows import UsageError
from tests.allocation.adapters.usage.server import answering, in_turn

TOKEN = Token("PROMETHEUS_TOKEN", "s3cr3t-t0k3n")


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4):
        yield


def test_an_answer_is_json_with_exact_numbers() -> None:
    with answering(in_turn((200, '{"a": 0.1, "b": 12345678901234567890, "c": NaN}'))) as server:
        answer = Endpoint(server.url + "/base/").get("api", {"q": "x y"}, "something")
    assert (str(answer["a"]), str(answer["b"]), str(answer["c"])) == ("0.1", "12345678901234567890", "NaN")
    assert server.asked[0][:2] == ("/base/api", {"q": "x y"})


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_server_is_asked_again(status: int) -> None:
    with answering(in_turn((status, "busy"), (200, "{}"))) as server:
        assert Endpoint(server.url).get("api", {}, "something") == {}
    assert len(server.asked) == 2


def test_a_server_that_stays_busy_is_asked_a_few_times() -> None:
    with answering(in_turn((503, "down\nfor   repair"))) as server, pytest.raises(UsageError) as caught:
        Endpoint(server.url).get("api", {}, "driver users on 2026-10-01")
    assert len(server.asked) == 4
    assert str(caught.value) == (
        f"{server.url}: asked for driver users on 2026-10-01, answered status 503: down for repair, "
        "every time it was asked; try later"
    )


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (
            400,
            '{"status": "error", "errorType": "bad_data", "error": "parse error"}',
            "400: bad_data: parse error",
        ),
        (401, "no", "status 401: no; check the token"),
        (404, "", r"status 404: \(nothing\); check URL"),
        (302, "moved", "status 302: moved"),
        (200, "<html>hello</html>", "no JSON: <html>hello</html>"),
        (200, "[" * 100_000, "no JSON: "),
        (200, "[1e" + "9" * 30 + "]", "no JSON: "),
        (204, "", "status 204"),
    ],
)
def test_any_other_answer_is_one_sentence_and_not_asked_again(status: int, body: str, message: str) -> None:
    with answering(in_turn((status, body))) as server, pytest.raises(UsageError, match=message):
        Endpoint(server.url).get("api", {}, "something")
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_is_named() -> None:
    with answering(in_turn((200, "{}"))) as server:
        pass
    with pytest.raises(UsageError, match=f"{server.url}: asked for something, answered ConnectError"):
        Endpoint(server.url).get("api", {}, "something")


def test_secrets_are_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with answering(in_turn((403, "denied for s3cr3t-t0k3n"))) as server:
        endpoint = Endpoint(server.url, TOKEN)
        with pytest.raises(UsageError, match=r"token from PROMETHEUS_TOKEN.*denied for \*\*\*") as caught:
            endpoint.get("api", {}, "something")
    assert server.asked[0][2]["Authorization"] == "Bearer s3cr3t-t0k3n"
    assert "s3cr3t" not in f"{caught.value}{caplog.text}{endpoint!r}{TOKEN!r}"


def test_a_password_in_the_url_is_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with answering(in_turn((500, "no"), (404, "p4ss is wrong"))) as server:
        endpoint = Endpoint(server.url.replace("http://", "http://me:p4ss@") + "?key=1")
        with pytest.raises(UsageError, match=r"answered status 404: \*\*\* is wrong") as caught:
            endpoint.get("api", {}, "something")
    assert server.asked[0][2]["Authorization"] == "Basic bWU6cDRzcw=="
    assert str(caught.value).startswith(f"{server.url}: ")
    assert "p4ss" not in f"{caught.value}{caplog.text}{endpoint!r}"


@pytest.mark.parametrize("url", ["ftp://host", "prometheus:9090", "", "http://", "http://me:p4ss@ho st"])
def test_a_url_that_is_none_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Endpoint(url).get("api", {}, "something")
    assert "p4ss" not in str(caught.value)


def test_a_token_comes_from_the_variable_it_is_said_to() -> None:
    assert Token.from_environment("A", {"A": " x\n"}).value == "x"
    for environment in ({}, {"A": " "}):
        with pytest.raises(UsageError, match="environment variable A: is not set"):
            Token.from_environment("A", environment)
