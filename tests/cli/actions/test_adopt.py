from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cli.actions.provision.adopt
from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.adapters.adoption_place import NOTHING, evidence_of, read_place
from lifecycle.adapters.aws_tags import TaggedAccount
from lifecycle.adoption.checks import load_facts
from lifecycle.adoption.phase import Phase, Status, digest_of
from lifecycle.adoption.sizing import proposed_size
from lifecycle.adoption.state import (
    FILE,
    AdoptedTenant,
    DumpFile,
    LegacyDump,
    PhaseRecord,
    ProposedSize,
)
from lifecycle.adoption.subject import Subject
from lifecycle.adoption.tags import TagCall
from lifecycle.errors import LifecycleError, UnansweredError
from tests.components.conftest import declare_plan
from tests.lifecycle.adoption.estates import NOW
from tests.portfolios import LOCAL, ROOT
from tiers.inventory import exported
from tiers.plan.resolve import plan_of_folder

EXAMPLE = ROOT / "examples" / "adopt" / "estate.csv"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the committed portfolio and the estate of the example."""
    shutil.copytree(LOCAL, tmp_path / "portfolios" / "local")
    shutil.copy(EXAMPLE, tmp_path / "estate.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def costack(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["adopt", *map(str, arguments)])


def started(project: Path) -> Path:
    said = costack("start", "--inventory", "estate.csv", "--out", "adopt")
    assert said.exit_code == Exit.OK, said.output
    return project / "adopt" / FILE


def confirm(file: Path) -> None:
    """Write a person's line beside each spelling, and give acme another id: the portfolio has one already."""
    text = file.read_text(encoding="utf-8")
    text = re.sub(r"(- \{spelling: .*)\}", r"\1, by: dana, when: 2026-11-30} # asked", text)
    file.write_text(
        text.replace("  acme:\n", "  acme-gmbh:\n").replace("acme-staging:", "acme-gmbh-staging:")
    )


def steps(tenant: str) -> Mapping[str, Mapping[str, Any]]:
    said = costack("status", tenant, "-o", "json")
    [found] = json.loads(said.stdout)
    return {each["phase"]: each for each in found["phases"]}


def set_cell(project: Path, where: str, **cells: str) -> None:
    """Change cells of the row whose id is *where*, as a person with a newer export would."""
    with (project / "estate.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["id"] == where:
            row.update(cells)
    with (project / "estate.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_a_checklist_has_every_row_and_says_what_is_missing(project: Path) -> None:
    file = started(project)
    said = costack("status", "-o", "json")
    assert said.exit_code == Exit.POLICY
    assert "tenants are blocked: " in said.stderr
    found = json.loads(said.stdout)
    assert sorted(line for each in found for line in each["lines"]) == list(range(2, 15))
    phases = {each["tenant"]: {step["phase"]: step for step in each["phases"]} for each in found}
    assert "Costack does not know Odoo 14.0" in phases["cobalt-sons"]["inventory"]["why"]
    assert "it runs Odoo 17.0, and the platform 18.0" in phases["fjord"]["inventory"]["why"]
    assert "backup: production has none" in phases["delmar"]["backup"]["why"]
    assert "its client is acme-consulting, not acme-gmbh" in phases["acme"]["names"]["why"]
    before = file.read_bytes()
    assert costack("start", "--inventory", "estate.csv", "--out", "adopt").exit_code == Exit.OK
    assert file.read_bytes() == before


@pytest.mark.whole("a tenant goes through every phase below")
def test_a_person_confirms_and_files_are_proposed(project: Path) -> None:
    file = started(project)
    confirm(file)
    for tenant in ("acme-gmbh", "hollis", "larkspur", "cobalt-sons"):
        said = costack("next", tenant)
        assert said.exit_code == Exit.OK, said.output
    tenants = project / "portfolios" / "local" / "tenants"
    made = {path.stem for path in tenants.iterdir()} - {path.stem for path in (LOCAL / "tenants").iterdir()}
    assert made == {"acme-gmbh", "larkspur"}
    assert CliRunner().invoke(app, ["validate"]).exit_code == Exit.OK
    assert file.read_text(encoding="utf-8").count("# asked") == 12
    assert steps("acme-gmbh")["size"]["why"].startswith("dedicated-db with s holds peak 1.5 vCPU")
    assert "for 80 users, not 150" in steps("hollis")["size"]["why"]
    text = (tenants / "larkspur.yaml").read_text(encoding="utf-8")
    assert "# Proposed by `costack adopt` from lines 2, 3 of ../estate.csv" in text
    (tenants / "larkspur.yaml").write_text(text.replace("users: 8", "users: 9"), encoding="utf-8")
    again = costack("next", "larkspur")
    assert "options.users: its file says 9, the adoption 8" in again.stdout
    assert "users: 9" in (tenants / "larkspur.yaml").read_text(encoding="utf-8")


def preview(project: Path) -> Path:
    """What `pulumi preview --json` says of the portfolio, were it new."""
    declared = declare_plan(plan_of_folder(project / "portfolios" / "local"))
    names = ("urn", "type", "custom", "parent")
    steps = [
        {
            "op": "create",
            "urn": each.urn,
            "newState": {
                **{name: getattr(each, name) for name in names},
                "inputs": {"tags": dict(each.tags)},
            },
        }
        for each in declared
    ]
    path = project / "preview.json"
    path.write_text(json.dumps({"steps": steps}), encoding="utf-8")
    return path


def state(project: Path, *resources: tuple[str, str, str]) -> Path:
    """The export of a stack that has resources of tenants: tenant, type and id."""
    stack = "urn:pulumi:local::odoo"
    listed = []
    for tenant, kind, name in resources:
        above = f"{stack}::costack:tenant:TenantStack::{tenant}"
        listed += [
            {"urn": above, "type": "costack:tenant:TenantStack", "custom": False},
            {"urn": f"{stack}::{kind}::{name}", "type": kind, "custom": True, "parent": above, "id": name,
             "inputs": {"tags": {"cost/tenant": tenant}}, "outputs": {}},
        ]  # fmt: skip
    path = project / "state.json"
    path.write_text(json.dumps({"version": 3, "deployment": {"resources": listed}}), encoding="utf-8")
    return path


@pytest.mark.whole("a tenant goes through every phase below")
def test_resources_are_taken_over_by_the_confirmed_id(project: Path) -> None:
    confirm(started(project))
    assert costack("import", "--plan", "preview.json").exit_code == Exit.CONFIGURATION
    costack("next", "acme-gmbh")
    said = costack("import", "acme-gmbh", "--plan", preview(project), "--out", "import.json")
    assert said.exit_code == Exit.OK, said.output
    assert "1 of 2 resources are matched" in said.stdout
    *_, taken = json.loads((project / "import.json").read_text(encoding="utf-8"))["resources"]
    assert (taken["type"], taken["id"]) == ("aws:rds/instance:Instance", "acme-gmbh-db")
    export = state(project, ("acme-gmbh", "aws:rds/instance:Instance", "acme-gmbh-db"))
    said = costack("next", "acme-gmbh", "--stack-export", export)
    assert "acme-gmbh: next: import: line 5: imported; give the preview" in said.stdout
    old = {"id": "acme-gmbh-db"}
    step = {"op": "replace", "urn": "u", "oldState": old, "replaceReasons": ["identifier"]}
    for op, told in (
        ("replace", "the next update would replace acme-gmbh-db (identifier)"),
        ("delete", "the next update would replace acme-gmbh-db (identifier)"),
        ("update", "acme-gmbh: next: import: line 4: "),  # the machine is in no stack and has no tags
    ):
        (project / "after.json").write_text(json.dumps({"steps": [{**step, "op": op}]}))
        said = costack("next", "acme-gmbh", "--stack-export", export, "--plan", "after.json")
        assert told in said.stdout
        assert ("would replace" in steps("acme-gmbh")["import"]["why"]) is (op != "update")


def test_another_dump_than_the_one_that_was_loaded_is_read(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path / "project")
    place = read_place(tmp_path / "project" / "adopt")
    dumps = []
    for body in (b"old", b"new"):
        one = DumpFile(file="acme.dump", bytes=3, sha256=hashlib.sha256(body).hexdigest())
        dumps.append(LegacyDump(database=one, filestore=one))
    (place.folder / "acme.dump").write_bytes(b"old")
    loaded = AdoptedTenant(dump=dumps[0])
    record = PhaseRecord(
        status=Status.DONE, by="dana", at=NOW, why="loaded", facts=digest_of(load_facts(loaded))
    )
    for dump, fault in zip(dumps, ("", "expected sha256"), strict=True):
        now = place.adoption.tenants["larkspur"].model_copy(
            update={"dump": dump, "phases": {Phase.LOAD: record}}
        )
        found = evidence_of(place.with_tenant("larkspur", now), NOW.date(), NOTHING).dumps["larkspur"]
        assert any(fault in each for each in found) is bool(fault)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("signed_off: {import: {by: dana, when: 2099-01-01, why: moved by hand}}", "signed_off.import"),
        ("spellings: [{spelling: larkspur, environment: production, by: dana, when: 2099-01-01}]",
         "spellings: 'larkspur'"),
    ],
)  # fmt: skip
def test_nobody_has_signed_for_a_day_to_come(line: str, named: str, small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path / "project")
    file = tmp_path / "project" / "adopt" / "adoption.yaml"
    inside = re.sub(r"    spellings:\n      - .*\n", "", file.read_text(encoding="utf-8"))
    whose = "" if line.startswith("spellings") else "    spellings: [{spelling: larkspur}]\n"
    text = inside.replace("  larkspur:\n", f"  larkspur:\n{whose}    {line}\n")
    file.write_text(text, encoding="utf-8")
    said = costack("status", "--dir", file.parent)
    assert said.exit_code == Exit.CONFIGURATION, said.output
    told = f"adoption.yaml: tenants.larkspur.{named}: when: 2099-01-01 is in the future"
    assert told in said.stderr
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.whole("tests/lifecycle/adoption reads previews that failed")
@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("errors", "refused"),
    [
        (("unable to replace resource as it is currently marked for protection", "preview failed"), ""),
        (("program failed: no such module", "preview failed"), "program failed: no such module"),
        (("marked for protection", "no credentials"), "no credentials"),
        (("preview failed",), "preview failed"),
    ],
)
def test_a_preview_that_failed_shows_nothing(
    errors: tuple[str, ...], refused: str, small: Path, tmp_path: Path
) -> None:
    told = [{"severity": "error", "message": f"{each}\n"} for each in errors]
    (tmp_path / "after.json").write_text(json.dumps({"steps": [], "diagnostics": told}))
    shutil.copytree(small, tmp_path / "project")
    folder = ("--dir", str(tmp_path / "project" / "adopt"))
    said = costack("next", *folder, "--plan", tmp_path / "after.json")
    assert said.exit_code == (Exit.CONFIGURATION if refused else Exit.OK), said.output
    assert (f"after.json: the preview failed: {refused};" in said.stderr) is bool(refused)


def test_tags_are_set_only_when_asked(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    confirm(started(project))
    asked: list[TagCall] = []

    def set_tags(_: TaggedAccount, call: TagCall) -> int:
        asked.append(call)
        return len(call.tags)

    monkeypatch.setattr(TaggedAccount, "set_tags", set_tags)
    monkeypatch.setattr(TaggedAccount, "id", "123456789012")
    assert costack("tags", "larkspur").exit_code == Exit.OK
    assert asked == []
    said = costack("tags", "larkspur", "--apply")
    assert [each.row.resource.id for each in asked] == ["i-0a1b2c3d4e5f60718"]
    account, *lines = said.stdout.splitlines()
    assert account == "account 123456789012"
    assert lines[0] == "line 2: i-0a1b2c3d4e5f60718: 8 tags set"
    assert lines[1].startswith("# line 3: larkspur-odoo-backups: set by hand")


def test_one_that_aws_refuses_does_not_stop_the_others_and_a_second_run_does_the_rest(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, bucket = "i-0a1b2c3d4e5f60718", "arn:aws:s3:::larkspur-odoo-backups"
    set_cell(project, "larkspur-odoo-backups", id=bucket)
    confirm(started(project))
    there: dict[str, dict[str, str]] = {}
    refusing = {machine}

    def _set(_: TaggedAccount, call: TagCall, tags: dict[str, str]) -> None:
        if call.row.resource.id in refusing:
            raise LifecycleError("ec2 in us-east-1: create_tags failed: not authorized")
        there.setdefault(call.row.resource.id, {}).update(tags)

    monkeypatch.setattr(TaggedAccount, "id", "123456789012")
    monkeypatch.setattr(TaggedAccount, "_tags_of", lambda _, call: there.get(call.row.resource.id, {}))
    monkeypatch.setattr(TaggedAccount, "_set", _set)
    said = costack("tags", "larkspur", "--apply")
    assert said.exit_code == Exit.POLICY
    assert f"line 2: {machine}: ec2 in us-east-1: create_tags failed: not authorized" in said.stderr
    assert set(there) == {bucket}
    refusing.clear()
    said = costack("tags", "larkspur", "--apply")
    assert said.exit_code == Exit.OK
    assert said.stdout.splitlines()[1:] == [
        f"line 2: {machine}: 8 tags set",
        f"line 3: {bucket}: has its tags already",
    ]


def test_an_account_that_does_not_answer_stops_the_tags_with_what_was_refused_before(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_cell(project, "larkspur-odoo-backups", id="arn:aws:s3:::larkspur-odoo-backups")
    confirm(started(project))
    answers = iter((LifecycleError("not authorized"), UnansweredError("no answer")))

    def set_tags(_: TaggedAccount, __: TagCall) -> int:
        raise next(answers)

    monkeypatch.setattr(TaggedAccount, "id", "123456789012")
    monkeypatch.setattr(TaggedAccount, "set_tags", set_tags)
    said = costack("tags", "larkspur", "--apply")
    assert said.exit_code == Exit.ERROR
    assert said.stderr.splitlines()[-2:] == ["line 2: i-0a1b2c3d4e5f60718: not authorized", "no answer"]


def test_what_was_sized_before_an_interruption_stays(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = started(project)
    confirm(file)

    def once(subject: Subject, *others: Any) -> ProposedSize:
        if subject.tenant != "larkspur":
            raise KeyboardInterrupt
        return proposed_size(subject, *others)

    monkeypatch.setattr(cli.actions.provision.adopt, "proposed_size", once)
    assert costack("next").exit_code == Exit.CANCELLED
    assert "cost_per_month" in file.read_text(encoding="utf-8")
    assert file.read_text(encoding="utf-8").count("# asked") == 12
    assert steps("larkspur")["size"]["status"] == "done"


def test_a_tenants_file_and_json_are_told_apart(project: Path) -> None:
    confirm(started(project))
    said = costack("next", "larkspur", "-o", "json")
    assert json.loads(said.stdout)[0]["now"] == "import"
    assert "larkspur.yaml: written; review it" in said.stderr


def test_a_tenant_goes_through_every_phase(project: Path) -> None:
    file = started(project)
    confirm(file)
    costack("next", "larkspur")
    calls = costack("tags", "larkspur").stdout
    assert "aws ec2 create-tags --region us-east-1 --resources i-0a1b2c3d4e5f60718" in calls
    assert "Key=cost/service-tier,Value=shared-namespace" in calls
    assert "# line 3: larkspur-odoo-backups: set by hand, its id is no ARN" in calls
    wanted = dict(re.findall(r"Key=([\w/-]+),Value=([\w-]+)", calls))
    tags = ";".join(f"{key}={value}" for key, value in wanted.items())
    for name in ("i-0a1b2c3d4e5f60718", "larkspur-odoo-backups"):
        set_cell(project, name, tags=tags)
    assert steps("larkspur")["import"]["status"] == "done"
    assert costack("tags", "larkspur").stdout == ""
    assert "no dump and filestore is named" in steps("larkspur")["load"]["why"]
    load(project, file)
    assert steps("larkspur")["load"]["status"] == "done"
    said = costack("next", "larkspur", "--statement", statement(project))
    assert "9 of 9" in said.stdout, said.output
    assert costack("status", "larkspur").exit_code == Exit.OK
    set_cell(project, "i-0a1b2c3d4e5f60718", users="11")
    found = steps("larkspur")
    assert (found["size"]["status"], found["size"]["why"]) == ("open", "costack adopt next larkspur")
    assert found["statement"]["why"].startswith("waits for size; by itself: the statement of 2026-11")


def load(project: Path, file: Path) -> None:
    """Name the dump in the checklist and sign the phase off, as a person does."""
    dump = {}
    for name in ("database", "filestore"):
        (project / "adopt" / f"larkspur.{name}").write_text(name)
        digest = hashlib.sha256(name.encode()).hexdigest()
        dump[name] = f"{{file: larkspur.{name}, bytes: {len(name)}, sha256: {digest}}}"
    lines = "".join(f"      {name}: {value}\n" for name, value in dump.items())
    signed = "    signed_off:\n      load: {by: dana, when: 2026-12-01, why: loaded and counted}\n"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("  larkspur:\n", f"  larkspur:\n    dump:\n{lines}{signed}"), encoding="utf-8"
    )


def statement(project: Path) -> Path:
    """The first statement with larkspur, of a bill with a charge of its own."""
    plan = plan_of_folder(project / "portfolios" / "local")
    (project / "inventory.json").write_text(json.dumps(exported(plan, {})), encoding="utf-8")
    tags = json.dumps({"cost/tenant": "larkspur", "cost/domain": "tenant-runtime"})
    with (project / "bill.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "id",
                "start",
                "end",
                "service",
                "cost",
                "currency",
                "resource_id",
                "region",
                "charge_category",
                "tags",
            ]
        )
        writer.writerow(
            ["1", "2026-11-01", "2026-12-01", "Amazon Elastic Compute Cloud", "94.20", "USD", "i-0a1b",
             "us-east-1", "Usage", tags]
        )  # fmt: skip
    command = [
        "allocate",
        "--bill",
        "bill.csv",
        "--inventory",
        "inventory.json",
        "--period",
        "2026-11",
        "--out",
        "run",
    ]
    said = CliRunner().invoke(app, command)
    assert said.exit_code == Exit.OK, said.output
    return project / "run" / "statement.json"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a checklist of one tenant, which no test changes."""
    folder = tmp_path_factory.mktemp("small")
    shutil.copytree(LOCAL, folder / "portfolios" / "local")
    rows = EXAMPLE.read_text(encoding="utf-8").splitlines()[:2]
    (folder / "estate.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    said = costack("start", "--inventory", folder / "estate.csv", "--out", folder / "adopt", "-C", folder)
    assert said.exit_code == Exit.OK, said.output
    return folder


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("status", "--dir", "nowhere"), "nowhere/adoption.yaml: no such file; begin with"),
        (("start", "--inventory", "nowhere.csv"), "nowhere.csv: no such file"),
        (("status", "nobody"), "tenant 'nobody' is not in "),
        (("next", "nobody"), "tenant 'nobody' is not in "),
        (("next", "--statement", "estate.csv"), "estate.csv:1: is not JSON"),
        (("next", "--stack-export", "estate.csv"), "estate.csv:1: is not JSON"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(
    arguments: tuple[str, ...], told: str, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small)
    said = costack(*arguments)
    assert said.exit_code == Exit.CONFIGURATION
    assert told in said.stderr
    assert "Traceback" not in said.output
