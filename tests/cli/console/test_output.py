from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest
from rich.table import Table
from typer.testing import CliRunner

from cli.console.exit_codes import Exit, guarded
from cli.console.output import echo
from cli.console.table import print_csv, print_table
from cli.main import app
from lifecycle.errors import LifecycleError
from tests.portfolios import LOCAL

HOSTILE = "a\r\n::error::b\x1b[2J\u202ec [red]d[/] :boom: ##[group]"
SHOWN = r"a\r\n::error::b\u001b[2J\u202ec [red]d[/] :boom: \u0023#[group]"


def test_a_message_is_escaped_where_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    echo("::set-output name=a::b\nsecond\x1b[31m")
    assert capsys.readouterr().out == "\\u003a:set-output name=a::b\nsecond\\u001b[31m\n"


def test_a_json_document_keeps_its_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    echo(json.dumps({"name": HOSTILE}, ensure_ascii=False))
    assert json.loads(capsys.readouterr().out) == {"name": HOSTILE}


@pytest.mark.parametrize("narrow", [False, True])
def test_a_cell_is_shown_as_it_is_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, narrow: bool
) -> None:
    if narrow:
        monkeypatch.setenv("COLUMNS", "30")
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    table = Table("name", "of", title=HOSTILE)
    table.add_row(HOSTILE, HOSTILE)
    print_table(table, [HOSTILE])
    shown = capsys.readouterr().out
    assert shown.count(SHOWN) == 4
    assert "\u202e" not in shown


def test_a_cell_of_csv_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv([{"name": HOSTILE}], ["name"])
    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if line.startswith("::") or "\x1b" in line]


def test_an_error_that_repeats_a_name_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise LifecycleError(f"stack '{HOSTILE}': is gone")

    with pytest.raises(BaseException, match=str(int(Exit.ERROR))):
        guarded(fails)
    assert capsys.readouterr().err == f"stack '{SHOWN}': is gone\n"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tenants: (tenants / "acme.yaml").rename(tenants / "a\n::error::b.yaml"),
        lambda tenants: (tenants / "a\n::error::b.yaml").write_text('x: "\\u202e\\e[2J\\n::error::"'),
        lambda tenants: (tenants / os.fsdecode(b"\xff\n::error::.yaml")).write_text("tenant: ]"),
    ],
)
def test_names_of_files_command_nobody(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    folder = Path(copytree(LOCAL, tmp_path / "local"))
    spoil(folder / "tenants")
    (folder / "tenants" / "bolt.yaml").write_text("tenant: 'bolt\n\n  ::error::\u202e'", encoding="utf-8")
    done = CliRunner().invoke(app, ["validate", str(folder)])
    assert done.exit_code == Exit.CONFIGURATION
    assert r"\n::error::" in done.stderr
    assert r"\u202e" in done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("::")]
    assert not {"\x1b", "\u202e"} & set(done.output)
