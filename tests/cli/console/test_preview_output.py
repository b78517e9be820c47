from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from allocation.report.preview.comment import as_github_comment, as_markdown
from allocation.report.preview.document import document
from allocation.report.preview.infracost import as_infracost
from allocation.report.preview.page import as_html
from cli.commands.provision.preview import PreviewOutput
from cli.console.preview_output import put
from tests.allocation.previews import comparison_of, preview_of
from tests.portfolios import ROOT
from tiers.errors import CatalogError

PREVIEW = preview_of(comparison_of("cobalt", "ha-postgresql"))
WRITTEN = {
    "markdown": as_markdown(PREVIEW),
    "github-comment": as_github_comment(PREVIEW),
    "html": as_html(PREVIEW),
}


@pytest.mark.parametrize("output", [str(each) for each in PreviewOutput])
def test_every_output_can_be_written_and_printed(
    output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out"
    put(PREVIEW, output, file)
    assert capsys.readouterr().out == ""
    text = file.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert text.rstrip("\n") == WRITTEN.get(output, text).rstrip("\n")
    put(PREVIEW, output, None)
    if output != "table":  # which is as wide as the screen
        assert capsys.readouterr().out == text
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_documented_sample_is_what_is_told() -> None:
    text = (ROOT / "docs" / "preview.md").read_text(encoding="utf-8")
    sample = [line.removeprefix("> ").strip() for line in text.splitlines() if line.startswith("> ")]
    told = [
        line.replace("|  |  |", "| | |").replace(" |  |", " | |") for line in WRITTEN["markdown"].splitlines()
    ]
    assert len(sample) == 8
    assert [line for line in sample if line not in told] == []


def test_json_is_the_document(tmp_path: Path) -> None:
    for output, expected in (("json", document(PREVIEW)), ("infracost-json", as_infracost(PREVIEW))):
        put(PREVIEW, output, tmp_path / output)
        assert json.loads((tmp_path / output).read_text(encoding="utf-8")) == expected


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "out.md"
    file.write_text("before", encoding="utf-8")
    put(PREVIEW, "markdown", file)
    assert file.read_text(encoding="utf-8") == WRITTEN["markdown"]
    (tmp_path / "folder").mkdir()
    with pytest.raises(CatalogError, match="folder: cannot be written: Is a directory"):
        put(PREVIEW, "markdown", tmp_path / "folder")
    with pytest.raises(CatalogError, match=r"none/out\.md: cannot be written: No such file"):
        put(PREVIEW, "html", tmp_path / "none" / "out.md")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "out.md"]


@pytest.mark.whole("a module that is imported too early costs a tenth of a second")
def test_a_table_waits_for_no_template_engine() -> None:
    probe = (
        "import sys\nfrom cli.main import app\n"
        "try:\n    app(['preview', '--portfolio', 'portfolios/local', '--tenant', 'cobalt', '--tier',"
        " 'ha-postgresql'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('jinja2', 'allocation.report.preview.page') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
