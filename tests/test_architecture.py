from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.portfolios import ROOT

SHIPPED = ("allocation", "cli", "components", "lifecycle", "localcloud", "plugin", "policies", "tiers")
ROOMS = ("costack", *SHIPPED)
PRODUCT = (*ROOMS, "toolchain")
PRINTERS = ("print", "echo_via_pager", "sys.stdout.write", "sys.stderr.write", "typer.echo", "typer.secho")
KNOWN_READERS = {
    "allocation/adapters/bill/files/archives.py archive.open",  # of a bill that was opened before
    "allocation/adapters/bill/files/archives.py gzip.open",
    "allocation/adapters/bill/files/bill_file.py gzip.open",  # opened before, for its digest
    "allocation/adapters/bill/files/bill_file.py path.open",
    "allocation/adapters/deliveries/bucket.py at.open",  # for what it fetched, in the run's own folder
    "allocation/adapters/folders/run.py path.open",
    "allocation/adapters/price_list/writing.py path.read_bytes",
    "allocation/adapters/usage/files.py path.open",
    "cli/actions/provision/ci.py template.read_text",  # our own templates
    "cli/actions/provision/init.py source.read_text",  # our own templates and catalog
    "cli/console/exit_codes.py os.open",
    "lifecycle/evidence.py os.open",
    "lifecycle/recover/repair.py file.read_text",
    "lifecycle/uploads/archive.py archive.open",  # of a zip that was opened before
    "lifecycle/uploads/files.py self.archive.open",
    "lifecycle/uploads/files.py tarfile.open",
    "lifecycle/uploads/source.py self.path.open",  # a regular file of any size, read in pieces
    "plugin/provider.py SCHEMA.read_text",  # our own, beside the module
    "plugin/schema.py _PROJECT.read_text",
    "policies/protections.py FILE.read_text",  # our own list, beside the module
    "tiers/files.py os.open",
    "tiers/schemas.py ast.parse",
    "tiers/strict_yaml.py yaml.parse",
}
LINES_OF_A_FUNCTION = 40
LINES_OF_A_MODULE = 300


def test_who_may_import_whom() -> None:
    contracts = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(contracts), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_folders_hold_what_one_remembers() -> None:
    modules = Counter(path.parent for path in _product() if path.name != "__init__.py")
    assert len(modules) > 30
    crowded = {str(folder.relative_to(ROOT)): count for folder, count in modules.items() if count > 16}
    # A row for each type of AWS: its table names them all.
    assert set(crowded) <= {"localcloud/aws"}


def test_one_name_is_one_module() -> None:
    """A room has one `move`, one `sleep`: no two modules of a room differ by an ending of the same verb."""
    for room in ROOMS:
        names = {path.stem for path in (ROOT / room).rglob("*.py")}
        assert not {name for name in names if name.endswith("ing") and name.removesuffix("ing") in names}, (
            room
        )


def test_functions_fit_on_a_screen() -> None:
    lengths = {}
    for path in _product():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lengths[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = _lines(node)
    assert len(lengths) > 500
    assert {where: lines for where, lines in lengths.items() if lines > LINES_OF_A_FUNCTION} == {}


def test_modules_stay_readable() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in _product()}
    assert len(lengths) > 80
    assert {path: lines for path, lines in lengths.items() if lines > LINES_OF_A_MODULE} == {}


def test_every_module_says_what_it_knows() -> None:
    silent = [
        path for path in _product() if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []


def test_the_program_has_no_branch_for_this_machine() -> None:
    main_file = ROOT / "__main__.py"
    main = main_file.read_text(encoding="utf-8")
    assert len(main.splitlines()) <= 12
    named = [
        path.relative_to(ROOT)
        for path in (main_file, *(ROOT / "costack").glob("*.py"), *(ROOT / "components").rglob("*.py"))
        if any(
            word in path.read_text(encoding="utf-8").lower() for word in ("localcloud", "moto", "loopback")
        )
    ]
    assert named == []


def test_one_module_asks_git() -> None:
    """Which settings protect a call of git is decided once."""
    asking = {
        str(path.relative_to(ROOT))
        for path in _product()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and re.fullmatch(r"(.*/)?git(\.exe)?", str(node.value))
    }
    assert asking == {"allocation/adapters/git.py"}


def test_one_module_prints() -> None:
    """What is escaped for a terminal and a CI job's log is decided once."""
    printing = {
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "cli").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in PRINTERS
    }
    assert printing == {"cli/console/output.py"}


def test_one_module_opens_what_people_give() -> None:
    """A file of a repository is opened by `tiers/files.py`; the others open what costack wrote."""
    opening = {
        f"{path.relative_to(ROOT)} {ast.unparse(node.func)}"
        for room in ("allocation", "cli", "lifecycle", "tiers", "policies", "plugin")
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _opens(node)
    }
    assert opening == KNOWN_READERS


def _opens(call: ast.Call) -> bool:
    modes = {each.value for each in call.args if isinstance(each, ast.Constant)}
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in ("open", "read_text", "read_bytes", "safe_load", "compose", "parse")
        and not modes & {"w", "wb", "x"}
        and ast.unparse(call.func.value) != "given"
    )


def test_sentences_are_passed_one_by_one() -> None:
    """An error escapes line ends in a sentence, so that a name cannot begin a line."""
    joined = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _product()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and "'\\n'.join" in ast.unparse(node)
    ]
    assert joined == []


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function; its docstring does not count, so that nobody shortens an explanation."""
    first, last = function.body[0], function.body[-1]
    explained = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(function) is not None else 0
    return (last.end_lineno or 0) - function.lineno + 1 - explained


def _product() -> list[Path]:
    return [ROOT / "__main__.py", *(path for room in PRODUCT for path in sorted((ROOT / room).rglob("*.py")))]
