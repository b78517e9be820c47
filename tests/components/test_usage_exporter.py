"""The usage exporter of a tenant: what is not known is not told, and a failure says why in the log alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.scripts import script, usage_exporter
from components.scripts.usage_exporter import (
    HOLDS_SECONDS,
    RETRY_SECONDS,
    Figure,
    UnmeasuredError,
    exposition,
    figures_of,
    options_of,
    run,
)
from tests.prometheus import promtool

HOUR = 3600.0
PLACES = {
    "CACHE_MIB": "64",
    "DATABASE_PLACE": "shared",
    "FILES_PLACE": "shared",
    "BACKUPS_PLACE": "own",
    "CACHE_PLACE": "shared",
}


def answers(*each: int | Exception) -> Callable[[], int]:
    """Measures one after the other."""
    left: Iterator[int | Exception] = iter(each)

    def measure() -> int:
        found = next(left)
        if isinstance(found, Exception):
            raise found
        return found

    return measure


def told(figures: list[Figure], now: float) -> dict[str, str]:
    """Series -> value."""
    lines = exposition(figures, "acme", now).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_what_was_never_measured_is_not_told_and_is_not_zero(capsys: pytest.CaptureFixture[str]) -> None:
    figure = Figure("tenant_active_users", answers(UnmeasuredError("psql ended with exit code 2: no route")))
    figure.try_now(HOUR, HOUR)
    assert told([figure], HOUR) == {
        'tenant_usage_failures_total{metric="tenant_active_users",tenant="acme"}': "1"
    }
    assert capsys.readouterr().err == (
        "not measured: tenant_active_users: psql ended with exit code 2: no route\n"
    )


@pytest.mark.parametrize("bytes_", [r"FATAL: r\xf4le", r"\xff\xfe"])
def test_a_message_in_another_encoding_ends_no_exporter(
    bytes_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    says = f"import sys; sys.stderr.buffer.write(b'{bytes_}'); sys.exit(2)"
    figure = Figure("tenant_active_users", lambda: int(run([sys.executable, "-c", says], "", {})))
    figure.try_now(HOUR, HOUR)
    assert (figure.value, figure.failures) == (None, 1)
    assert "ended with exit code 2" in capsys.readouterr().err


def test_a_file_that_is_no_text_is_a_failure_of_its_measure_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odoo.conf").write_bytes(b"db_password = \xff\n")
    monkeypatch.setattr(usage_exporter, "CONFIGURATION", str(tmp_path / "odoo.conf"))
    monkeypatch.setenv("USERS_SQL", script("users.sql"))
    figures = figures_of(PLACES)
    for each in figures:
        each.try_now(HOUR, HOUR)
    assert {each.metric for each in figures if each.value is not None} == {
        "tenant_backup_bytes",
        "tenant_cache_reserved_bytes",
    }


def test_a_figure_stands_for_seven_days_and_is_gone_then() -> None:
    figure = Figure("tenant_active_users", answers(12, *[UnmeasuredError("asleep")] * 9999))
    figure.try_now(HOUR, HOUR)
    series = 'tenant_active_users{tenant="acme"}'
    assert told([figure], HOUR + HOLDS_SECONDS)[series] == "12"
    assert series not in told([figure], HOUR + HOLDS_SECONDS + 1)


@given(st.lists(st.sampled_from(["fine", "fails"]), max_size=30), st.integers(600, 86400))
def test_a_failure_is_tried_again_soon_and_a_success_after_its_time(course: list[str], every: int) -> None:
    figure = Figure("tenant_active_users", answers(*(1 if each == "fine" else OSError() for each in course)))
    now = 0.0
    for each in course:
        figure.try_now(now, every)
        figure.try_now(now, every)  # not due
        assert figure.due == now + (every if each == "fine" else RETRY_SECONDS)
        now = figure.due
    assert figure.failures == course.count("fails")


def test_the_text_is_what_prometheus_reads_and_its_own_linter_finds_nothing() -> None:
    figures = figures_of(PLACES)
    for each in figures:
        each.measure = answers(5)
        each.try_now(HOUR, HOUR)
    text = exposition(figures, "acme", HOUR)
    assert 'tenant_backup_bytes{place="own",tenant="acme"} 5\n' in text
    done = subprocess.run(
        [promtool(), "check", "metrics"], input=text, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_the_plan_reserves_of_the_cache_is_told_in_bytes() -> None:
    (cache,) = (each for each in figures_of(PLACES) if each.metric == "tenant_cache_reserved_bytes")
    cache.try_now(HOUR, HOUR)
    assert told([cache], HOUR)['tenant_cache_reserved_bytes{place="shared",tenant="acme"}'] == str(
        64 * 1024**2
    )


def test_a_password_with_an_equals_sign_is_read_whole() -> None:
    assert options_of("[options]\ndb_password = a = b\ndb_name = odoo_acme\n") == {
        "db_password": "a = b",
        "db_name": "odoo_acme",
    }


def test_what_may_not_be_read_is_no_smaller_filestore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odoo_acme" / "ab").mkdir(parents=True)
    (tmp_path / "odoo_acme" / "ab" / "one").write_bytes(b"x" * 7)
    (tmp_path / "odoo.conf").write_text(
        "db_host = a\ndb_user = b\ndb_password = c\ndb_name = odoo_acme\n", encoding="utf-8"
    )
    monkeypatch.setattr(usage_exporter, "FILES", str(tmp_path))
    monkeypatch.setattr(usage_exporter, "CONFIGURATION", str(tmp_path / "odoo.conf"))
    assert usage_exporter.filestore() == 7
    with pytest.raises(UnmeasuredError, match=r"filestore: Permission denied: /files/cd"):
        usage_exporter._refuse(PermissionError(13, "Permission denied", "/files/cd"))
    usage_exporter._refuse(FileNotFoundError(2, "No such file or directory", "/files/gone"))


@pytest.mark.parametrize(
    ("answer", "bytes_"),
    [("None\n", 0), ("3\t4\n5\n", 36), ("None\nNone\n", 0)],
    ids=["no objects", "two pages", "two pages without"],
)
def test_pages_of_a_list_are_added_up(monkeypatch: pytest.MonkeyPatch, answer: str, bytes_: int) -> None:
    monkeypatch.setenv("BUCKET", "backups")
    monkeypatch.setenv("PREFIX", "acme")
    asked: list[str] = []

    def aws(command: list[str], *_: object) -> str:
        asked.append(command[command.index("--prefix") + 1])
        return answer

    monkeypatch.setattr(usage_exporter, "run", aws)
    assert usage_exporter.backups() == bytes_
    # With the slash: acme is not acme-2.
    assert asked == ["dumps/acme/", "filestores/acme/", "manifests/acme/"]


def test_an_answer_that_is_no_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKET", "backups")
    monkeypatch.setattr(usage_exporter, "run", lambda *_: "12\t-3\n")
    with pytest.raises(UnmeasuredError, match="answered '-3' for the size of an object"):
        usage_exporter.backups()
