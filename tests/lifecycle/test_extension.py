"""`costack extend`: one line more in a tenant's file, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.adapters.tenant_file import append_item
from lifecycle.extension import line_of
from tests.portfolios import LOCAL
from tests.sampling import examples
from tiers.errors import CatalogError
from tiers.portfolio.tenant import Extension, Tenant
from tiers.strict_yaml import load_model

SANDBOX = (LOCAL / "tenants" / "borealis-migration.yaml").read_text(encoding="utf-8")
WHY = "the auditor asked for one more trial load"


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    folder = tmp_path / "portfolios" / "local"
    (folder / "tenants").mkdir(parents=True)
    (folder / "platform.yaml").write_bytes((LOCAL / "platform.yaml").read_bytes())
    (folder / "tenants" / "borealis-migration.yaml").write_text(SANDBOX, encoding="utf-8")
    acme = (LOCAL / "tenants" / "acme.yaml").read_text(encoding="utf-8")
    (folder / "tenants" / "acme.yaml").write_text(acme, encoding="utf-8")
    return folder


def run(folder: Path, *arguments: str, tenant: str = "borealis-migration") -> Any:
    given_words = ["extend", tenant, "--cwd", str(folder.parent.parent), "--by", "dana", *arguments]
    return CliRunner().invoke(app, given_words)


def file(folder: Path) -> Path:
    return folder / "tenants" / "borealis-migration.yaml"


def test_one_command_extends_it_and_keeps_everything_else(portfolio: Path) -> None:
    done = run(portfolio, "--until", "2027-03-31", "--reason", WHY)
    assert done.exit_code == Exit.OK, done.output
    assert "borealis-migration ends on 2027-03-31 00:00 UTC" in done.stdout
    added = f'extended:\n  - {{until: 2027-03-31T00:00:00Z, reason: "{WHY}", by: "dana"}}\n'
    end = "expires_at: 2027-01-31T00:00:00Z\n"
    assert file(portfolio).read_text(encoding="utf-8") == SANDBOX.replace(end, end + added)
    again = run(portfolio, "--until", "2027-04-30", "--reason", WHY)
    assert again.exit_code == Exit.OK, again.output
    known = load_model(Tenant, file(portfolio))
    assert [f"{each.until:%m-%d}" for each in known.extended] == ["03-31", "04-30"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--until", "2027-06-30", "--reason", WHY), Exit.POLICY, "more than 90 days after expires_at"),
        (("--until", "2027-01-31", "--reason", WHY), Exit.POLICY, "is not after expires_at"),
        (("--until", "2027-03-31", "--reason", "later"), Exit.CONFIGURATION, "--reason: "),
        (("--until", "soon", "--reason", WHY), Exit.CONFIGURATION, "--until"),
    ],
)
def test_what_is_not_allowed_changes_nothing(
    arguments: tuple[str, ...], code: Exit, said: str, portfolio: Path
) -> None:
    done = run(portfolio, *arguments)
    assert done.exit_code == code, done.output
    assert said in done.output
    assert file(portfolio).read_text(encoding="utf-8") == SANDBOX


def test_who_has_no_end_has_none_to_extend(portfolio: Path) -> None:
    done = run(portfolio, "--until", "2027-03-31", "--reason", WHY, tenant="acme")
    assert done.exit_code == Exit.POLICY
    assert "acme is production and has no end date to extend" in done.output
    unknown = run(portfolio, "--until", "2027-03-31", "--reason", WHY, tenant="nobody")
    assert unknown.exit_code == Exit.CONFIGURATION
    assert "tenant 'nobody' has no file; there are acme, borealis-migration" in unknown.output


LINE = '{until: 2027-04-30T00:00:00Z, reason: "one more trial load", by: "erin"}'
FIRST = "{until: 2027-03-31T00:00:00Z, reason: one more trial load, by: dana}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("extended: []\n", f"extended:\n  - {LINE}\n"),
        (f"extended:\n  - {FIRST}\n", f"extended:\n  - {FIRST}\n  - {LINE}\n"),
        (
            f"extended: # why\n- {FIRST} # x\n\n# cut\n",
            f"extended: # why\n- {FIRST} # x\n- {LINE}\n\n# cut\n",
        ),
        (
            (
                "extended:\n    - until: 2027-03-31T00:00:00Z\n      reason: one more trial load\n"
                "      by: dana\n"
            ),
            (
                "extended:\n    - until: 2027-03-31T00:00:00Z\n      reason: one more trial load\n"
                f"      by: dana\n    - {LINE}\n"
            ),
        ),
    ],
    ids=["empty", "indented", "at the margin", "block"],
)
def test_the_list_keeps_its_shape(before: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    for end in ("\n", "\r\n"):
        head, tail = SANDBOX.split("cutover:")
        path.write_bytes((head + before + "cutover:" + tail).replace("\n", end).encode())
        append_item(path, "extended", LINE, "expires_at")
        assert path.read_bytes().decode() == (head + after + "cutover:" + tail).replace("\n", end)


@pytest.mark.parametrize("before", [f"extended: [{FIRST}]\n", f"extended:\n  [{FIRST}]\n"])
def test_a_list_in_an_unusual_shape_is_left_to_a_person(before: str, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(SANDBOX + before, encoding="utf-8")
    with pytest.raises(CatalogError, match="found no place for `extended`"):
        append_item(path, "extended", LINE, "expires_at")
    assert path.read_text(encoding="utf-8") == SANDBOX + before


@given(reason=st.text(min_size=10, max_size=80), days=st.integers(1, 90))
@examples(100, of=10_000)
def test_any_reason_is_read_back_as_it_was_given(
    reason: str, days: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("t") / "t.yaml"
    path.write_text(SANDBOX, encoding="utf-8")
    made = Extension(until=datetime(2027, 1, 31, tzinfo=UTC) + timedelta(days=days), reason=reason, by="dana")
    try:
        append_item(path, "extended", line_of(made), "expires_at")
    except (CatalogError, UnicodeEncodeError):
        assert path.read_text(encoding="utf-8") == SANDBOX
        return
    assert load_model(Tenant, path).extended == (made,)
