from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from localcloud.aws import faults
from localcloud.aws.clients import Clients
from localcloud.aws.faults import COUNTER, RETRIES, VARIABLE, Faults, Wanted, changes, wanted
from localcloud.provider import ProviderError


class Request:
    """What boto hands over; `sent` counts what really reached AWS."""

    def __init__(self, kind: str = "application/x-amz-json-1.1") -> None:
        self.url = "http://127.0.0.1/"
        self.headers = {"Content-Type": kind}


@pytest.fixture
def events(tmp_path: Path) -> tuple[list[str], Callable[..., Faults]]:
    happened: list[str] = []

    def make(asked: str) -> Faults:
        send: Any = lambda _: happened.append("sent")  # noqa: E731
        return Faults(wanted(asked), tmp_path / COUNTER, send, lambda _: happened.append("died"))

    return happened, make


def ask(made: Faults, operation: str, request: Request | None = None) -> Any:
    given: Any = request or Request()
    return made.before_send(given, f"before-send.rds.{operation}")


def test_without_the_variable_no_client_has_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "Faults", None)
    plain = Clients("http://127.0.0.1:1", environ={}).get("rds")
    assert plain.meta.config.retries["total_max_attempts"] < RETRIES.retries["total_max_attempts"]  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Clients("http://127.0.0.1:1", environ={VARIABLE: "kill=1"}).get("rds")


def test_only_a_provider_reads_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "kill=1")
    monkeypatch.setattr(faults, "Faults", None)
    assert Clients("http://127.0.0.1:1").get("rds")


@pytest.mark.parametrize("text", ["kill", "kill=x", "die=3", "throttle=-1", "kill=3,before"])
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ProviderError, match=VARIABLE):
        wanted(text)


def test_the_whole_grammar() -> None:
    everything = "kill=7,after,with=costack,throttle=50,error=20,lost=10,seed=1"
    assert wanted(everything) == Wanted(7, True, "costack", 50, 20, 10, 1)


@pytest.mark.parametrize("operation", ["DescribeDBInstances", "ListRoles", "GetKeyPolicy", "HeadBucket"])
def test_reading_is_no_change(operation: str) -> None:
    assert not changes(operation)


def test_it_dies_at_the_chosen_change_before_it_is_made(events: Any) -> None:
    happened, make = events
    made = make("kill=2")
    ask(made, "CreateDBInstance")
    ask(made, "DescribeDBInstances")
    assert happened == []
    ask(made, "DeleteDBInstance")
    assert happened == ["died"]


def test_it_dies_at_the_first_call_of_an_operation(events: Any) -> None:
    happened, make = events
    made = make("kill=DeleteDBInstance,after")
    ask(made, "CreateDBInstance")
    assert happened == []
    ask(made, "DeleteDBInstance")
    assert happened == ["sent", "died"]


def test_or_after_it_was_made(events: Any) -> None:
    happened, make = events
    ask(make("kill=1,after"), "CreateDBInstance")
    assert happened == ["sent", "died"]


def test_the_count_goes_on_in_the_next_process_and_kills_once(events: Any) -> None:
    happened, make = events
    ask(make("kill=2"), "CreateRole")
    ask(make("kill=2"), "CreateRole")
    ask(make("kill=2"), "CreateRole")
    assert happened == ["died"]


def test_a_lost_answer_is_that_of_a_call_that_was_made(events: Any) -> None:
    happened, make = events
    with pytest.raises(ReadTimeoutError):
        ask(make("lost=100"), "CreateDBInstance")
    assert happened == ["sent"]


@pytest.mark.parametrize(
    ("region", "service", "answers"),
    [("us-east-1", "rds", False), ("eu-west-1", "rds", True), ("us-east-1", "iam", True), ("", "", True)],
)
def test_a_region_that_is_gone_answers_nobody(
    events: Any,
    region: str,
    service: str,
    answers: bool,  # noqa: FBT001 - a case
) -> None:
    _, make = events
    request = Request()
    if region:
        scope = f"Credential=localcloud/20261130/{region}/{service}/aws4_request, SignedHeaders=host"
        request.headers["Authorization"] = f"AWS4-HMAC-SHA256 {scope}"
    if answers:
        assert ask(make("gone=us-east-1"), "DescribeDBInstances", request) is None
    else:
        with pytest.raises(EndpointConnectionError):
            ask(make("gone=us-east-1"), "DescribeDBInstances", request)


def test_percents_are_kept(events: Any) -> None:
    _, make = events
    made = make("throttle=50,seed=3")
    turned_away = sum(ask(made, "DescribeDBInstances") is not None for _ in range(1000))
    assert 450 < turned_away < 550


@pytest.mark.parametrize(("fault", "code"), [("throttle", "ThrottlingException"), ("error", "InternalError")])
@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("rds", "describe_db_instances"),
        ("ec2", "describe_vpcs"),
        ("efs", "describe_file_systems"),
        ("logs", "describe_log_groups"),
        ("s3", "list_buckets"),
    ],
)
def test_every_language_of_aws_is_understood_and_retried(
    service: str, operation: str, fault: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.retries.standard.RetryHandler.needs_retry", lambda *_, **__: None)
    client = Clients("http://127.0.0.1:1", environ={VARIABLE: f"{fault}=100"}).get(service)
    with pytest.raises(ClientError) as error:
        getattr(client, operation)()
    found = error.value.response
    status = found["ResponseMetadata"]["HTTPStatusCode"]
    assert status == 503 or (fault == "throttle" and found["Error"]["Code"] == code)


@pytest.mark.sample(1)
@pytest.mark.parametrize(("also", "codes"), [("", ["-9"]), ("other", ["-9"]), ("above", [])])
def test_the_death_takes_the_engine_and_who_started_it_only_when_named(
    tmp_path: Path, also: str, codes: list[str]
) -> None:
    engine, above = tmp_path / "pulumi", tmp_path / "above"
    for program in (engine, above):
        program.symlink_to(Path(sys.executable).resolve())
    child = f"from localcloud.aws.faults import kill_the_command as k; k({also!r})"
    inner = f"import subprocess, sys; subprocess.run([{sys.executable!r}, '-c', {child!r}]); print('lives')"
    outer = (
        f"import subprocess; print(subprocess.run([{str(engine)!r}, '-c', {inner!r}], "
        "env=__import__('os').environ).returncode)"
    )
    said = subprocess.run(
        [str(above), "-c", outer], env=os.environ, capture_output=True, text=True, check=False
    )
    assert said.stdout.split() == codes
    assert said.returncode == (0 if codes else -signal.SIGKILL)
