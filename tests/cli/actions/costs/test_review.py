"""A signal and a decision, from the report to the register and to the next report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.console.exit_codes import Exit
from tests.allocation.previews import changed
from tests.cli.reporting import costack, said
from tests.portfolios import LOCAL, ROOT
from tiers.inventory import exported
from tiers.portfolio.reviews.loading import load_reviews

IDLE = "platform/idle-capacity-nodes"
OVER = "acme/fair-use-users"
DECIDED = ("--state", "decided", "--what", "less of it", "--owner", "ola", "--due", "2100-01-01")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portfolio, an inventory of it in which a tenant has more users than it pays for, and its report."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(LOCAL, folder / "portfolios" / "local")
    plan = changed("acme", users="14")
    (folder / "inventory.json").write_text(json.dumps(exported(plan, {})), encoding="utf-8")
    report(folder)
    return folder


def report(project: Path) -> dict[str, Any]:
    said(
        "report", "--inventory", project / "inventory.json", "--period", "2026-11", "--previews", 0,
        "--portfolio", project / "portfolios" / "local", "--out", project / "out",
    )  # fmt: skip
    told: dict[str, Any] = json.loads((project / "out" / "review.json").read_text(encoding="utf-8"))
    return {each["id"]: each for each in (*told["signals"], *told["decisions"])}


def signal(project: Path, *words: object) -> Any:
    return costack("review", "signal", *words, "--report", project / "out", "--by", "dana", "-C", project)


def decision(project: Path, *words: object) -> Any:
    return costack("review", "decision", *words, "--by", "dana", "-C", project)


def test_a_report_shows_the_sign_off_that_lies_beside_the_register(project: Path) -> None:
    report(project)
    path = project / "portfolios" / "local" / "reviews" / "2026-11.sign-off.yaml"
    told = yaml.safe_load((project / "out" / "quarterly.sign-off.yaml").read_text(encoding="utf-8"))
    key = next(iter(told["decisions"]))
    told["decisions"][key] = {"decision": "keep it", "by": "cfo", "on": "2026-12-05"}
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(told), encoding="utf-8")
    report(project)
    path.unlink()
    page = json.loads((project / "out" / "quarterly.json").read_text(encoding="utf-8"))
    (rows,) = (table["rows"] for table in page["tables"] if table["name"] == "signed")
    assert [row[2:] for row in rows if row[0] == key] == [["keep it", "cfo 2026-12-05"]]


def test_what_is_said_of_a_signal_is_in_the_register_and_in_the_next_report(project: Path) -> None:
    before = report(project)
    assert before[OVER]["state"] == before[IDLE]["state"] == "open"
    done = signal(project, OVER, "--state", "acknowledged", "--until", "2100-01-01")
    assert done.exit_code == Exit.OK, done.output
    path = project / "portfolios" / "local" / "reviews" / "signals.yaml"
    path.write_text("# of the review\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    done = signal(project, IDLE, "--state", "dismissed", "--reason", 'two: "for #2"')
    assert done.exit_code == Exit.OK, done.output
    assert path.read_text(encoding="utf-8").startswith("# of the review\nsignals:\n  - {signal: acme/")
    entries = load_reviews(project / "portfolios" / "local").signals
    assert [(each.signal, each.state, each.reason) for each in entries] == [
        (OVER, "acknowledged", None),
        (IDLE, "dismissed", 'two: "for #2"'),
    ]
    assert f"{entries[1].size}" == before[IDLE]["size"]
    after = report(project)
    assert (after[OVER]["state"], after[IDLE]["state"]) == ("acknowledged", "dismissed")
    shown = said("review", "show", "--report", project / "out")
    assert "acknowledged until 2100-01-01 by dana" in shown
    page = json.loads((project / "out" / "engineering.json").read_text(encoding="utf-8"))
    tables = {table["name"]: table["rows"] for table in page["tables"]}
    assert [row[0] for row in tables["register"]] == [OVER, IDLE]
    assert not {"fair use", "idle capacity"} & {row[1] for row in tables.get("decisions", [])}


def test_a_decision_goes_into_the_register_and_ends_there(project: Path) -> None:
    words = ("--what", "a smaller class", "--owner", "ola", "--due", "2100-01-01", "--tenant", "acme")
    assert decision(project, "smaller", "--state", "decided", *words).exit_code == Exit.OK
    assert report(project)["smaller"]["state"] == "due"
    assert decision(project, "smaller", "--state", "done", "--on", "2099-01-01").exit_code == Exit.OK
    told = report(project)["smaller"]
    assert (told["state"], told["saving_per_month"]) == ("done", None)
    assert told["why"] == "not measured: no whole month since 2099-01-01 is filed"
    again = json.loads(said("review", "show", "--report", project / "out", "-o", "json"))
    assert [each["id"] for each in again["decisions"]] == ["smaller"]


def test_what_does_not_fit_is_one_sentence_and_nothing_is_written(project: Path, tmp_path: Path) -> None:
    folder = project / "portfolios" / "local"
    before = load_reviews(folder)
    for done, sentence in (
        (signal(project, "acme/nothing", "--state", "solved"), "has no signal 'acme/nothing'; there are "),
        (signal(project, OVER, "--state", "acknowledged"), "until: is missing"),
        (signal(project, OVER, "--state", "acknowledged", "--until", "soon"), "such as 2026-12-31"),
        (decision(project, "unheard-of", "--state", "done"), "no entry before says what it is"),
        (decision(project, "second", "--state", "decided", "--what", "something"), "is missing"),
        (decision(project, "third", *DECIDED, "--tenant", "acne"), "no tenant 'acne'; did you mean acme?"),
        (decision(project, "third", *DECIDED, "--tenant", "nobody"), "no tenant 'nobody'; there are acme, "),
        (decision(project, "third", *DECIDED, "--signal", "acne/fair-use-users"), "did you mean acme?"),
    ):
        assert done.exit_code == Exit.CONFIGURATION, done.output
        assert sentence in done.output
        assert len(done.output.strip().splitlines()) == 1
    assert load_reviews(folder) == before
    done = costack("review", "show", "--report", tmp_path)
    assert done.exit_code == Exit.ERROR
    assert "holds no review.json" in done.output


def test_validate_reads_the_register(tmp_path: Path) -> None:
    folder = tmp_path / "portfolios" / "local"
    shutil.copytree(LOCAL, folder)
    (folder / "reviews").mkdir()
    (folder / "reviews" / "signals.yaml").write_text("signals: [{state: fine}]\n", encoding="utf-8")
    done = costack("validate", "-C", tmp_path)
    assert done.exit_code == Exit.CONFIGURATION
    assert "reviews/signals.yaml:1: signals.0" in done.output


def test_a_signal_is_not_written_to_another_portfolios_register(project: Path) -> None:
    other = ROOT / "examples" / "every-option"
    done = signal(project, OVER, "--state", "solved", "--portfolio", other)
    assert done.exit_code == Exit.CONFIGURATION
    assert "is of portfolio every-option" in done.stderr
    assert "portfolios" not in done.stdout
