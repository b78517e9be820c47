from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from localcloud.aws.table import _FAMILIES
from tests.portfolios import ROOT

ROOMS = ("allocation", "cli", "components", "lifecycle", "localcloud", "plugin", "policies", "tiers")
PRODUCT = (*ROOMS, "toolchain")
LINES_OF_A_FUNCTION = 40
LINES_OF_A_MODULE = 300

_DECLARED = "tests/components/test_tenant.py"
_PLATFORM = "tests/components/test_platform.py"
_FACTS = "tests/components/test_facts_are_declared.py"
_TABLE = "tests/localcloud/aws/test_table.py"
_PROVIDER = "tests/localcloud/aws/test_provider.py"
COVERED_ELSEWHERE = {
    "allocation/filed.py": "tests/allocation/test_causes.py",
    "allocation/report/showback/content.py": "tests/allocation/report/showback/test_rendering.py",
    "allocation/report/showback/index.py": "tests/allocation/report/showback/test_rendering.py",
    "allocation/report/showback/month.py": "tests/allocation/report/showback/test_rendering.py",
    "allocation/report/template.py": "tests/allocation/report/change/test_page.py",
    "cli/report_folder.py": "tests/cli/test_report.py",
    "cli/reporting.py": "tests/cli/test_report.py",
    "allocation/adapters/run_folder.py": "tests/cli/test_bills.py",
    "allocation/allocating.py": "tests/allocation/test_weights.py",
    "allocation/dividing.py": "tests/allocation/test_weights.py",
    "allocation/driver_rules.py": "tests/allocation/test_rules.py",
    "allocation/errors.py": "tests/allocation/test_statement.py",
    "allocation/estimating.py": "tests/allocation/test_statement.py",
    "allocation/explaining.py": "tests/cli/test_bills.py",
    "allocation/months.py": "tests/allocation/adapters/test_history.py",
    "allocation/origins.py": "tests/allocation/test_weights.py",
    "allocation/report/flat.py": "tests/cli/test_bills.py",
    "allocation/routes.py": "tests/allocation/test_weights.py",
    "cli/explanation.py": "tests/cli/test_bills.py",
    "cli/options.py": "tests/cli/test_main.py",
    "cli/paper.py": "tests/cli/test_allocation.py",
    "cli/preview_options.py": "tests/cli/test_preview.py",
    "cli/move.py": "tests/cli/test_moving.py",
    "cli/restore.py": "tests/cli/test_restoring.py",
    "cli/sides.py": "tests/cli/test_preview.py",
    "cli/due.py": "tests/cli/test_expiring.py",
    "cli/decommission.py": "tests/engine/test_life.py",
    "components/access.py": _DECLARED,
    "components/administration.py": "tests/components/test_dedicated.py",
    "components/backups.py": _DECLARED,
    "components/bucket.py": _PLATFORM,
    "components/cache.py": _PLATFORM,
    "components/database.py": _PLATFORM,
    "components/filestore.py": _FACTS,
    "components/filesystem.py": _PLATFORM,
    "components/jobs.py": _DECLARED,
    "components/keys.py": "tests/components/test_dedicated.py",
    "components/nodes.py": "tests/components/test_enhanced.py",
    "components/network.py": _PLATFORM,
    "components/places.py": _DECLARED,
    "components/workload.py": _DECLARED,
    "lifecycle/errors.py": "tests/lifecycle/test_decommissioning.py",
    "lifecycle/hands.py": "tests/engine/test_life.py",
    "lifecycle/searches.py": "tests/lifecycle/test_orphans.py",
    "lifecycle/holdings.py": "tests/lifecycle/test_decommissioning.py",
    "localcloud/__main__.py": "tests/localcloud/test_server.py",
    "localcloud/children.py": "tests/localcloud/test_language_host.py",
    "localcloud/installed.py": "tests/localcloud/test_language_host.py",
    "localcloud/plugin.py": "tests/localcloud/test_language_host.py",
    **{f"{family.__name__.replace('.', '/')}.py": _TABLE for family in _FAMILIES},
    "localcloud/aws/__main__.py": "tests/engine/test_rendered.py",
    "localcloud/aws/clients.py": _PROVIDER,
    "localcloud/aws/cloud.py": "tests/localcloud/test_server.py",
    "localcloud/aws/corrections.py": "tests/localcloud/aws/test_simulation.py",
    "localcloud/aws/errors.py": "tests/localcloud/aws/test_refusals.py",
    "localcloud/aws/limits.py": "tests/localcloud/aws/test_refusals.py",
    "localcloud/aws/operations.py": "tests/localcloud/aws/test_resource.py",
    "localcloud/aws/rds_ending.py": "tests/localcloud/aws/test_refusals.py",
    "localcloud/aws/remembered.py": "tests/localcloud/aws/test_simulation.py",
    "localcloud/aws/row.py": "tests/localcloud/aws/test_resource.py",
    "localcloud/aws/rules.py": "tests/localcloud/aws/test_refusals.py",
    "localcloud/aws/spelling.py": "tests/localcloud/aws/test_resource.py",
    "components/cluster.py": "tests/components/test_created.py",
    "components/tenant_database.py": "tests/components/test_tenant.py",
    "components/ways_out.py": "tests/components/test_created.py",
    "components/copies.py": "tests/components/test_own_files.py",
    "components/standby.py": "tests/components/test_own_files.py",
    "components/region.py": "tests/components/test_own_files.py",
    "plugin/__main__.py": "tests/engine/test_plugin.py",
    "plugin/contract.py": "tests/plugin/test_stacks.py",
    "policies/__main__.py": "tests/engine/test_policies.py",
    "tiers/classes.py": "tests/tiers/test_portfolio.py",
    "tiers/compute_facts.py": _FACTS,
    "tiers/copy_facts.py": _FACTS,
    "tiers/data_facts.py": _FACTS,
    "tiers/errors.py": "tests/tiers/test_loader.py",
    "tiers/fact.py": _FACTS,
    "tiers/facts.py": _FACTS,
    "tiers/hosting.py": "tests/tiers/test_portfolio.py",
    "tiers/monitoring_facts.py": _FACTS,
    "tiers/model.py": "tests/tiers/test_portfolio.py",
    "tiers/network_facts.py": _FACTS,
    "tiers/standby_facts.py": "tests/tiers/test_resilience.py",
    "tiers/tenancy.py": "tests/tiers/test_portfolio.py",
    "tiers/vocabulary.py": "tests/tiers/test_portfolio.py",
}
"""Modules without a test file of their name -> the test file that covers them."""


def test_who_may_import_whom() -> None:
    contracts = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(contracts), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_every_module_has_a_test_file() -> None:
    modules = [path for room in ROOMS for path in _modules(room)]
    assert len(modules) > 80
    alone = {path for path in modules if not (ROOT / _mirror(path)).is_file()}
    assert sorted(alone - COVERED_ELSEWHERE.keys()) == []
    assert sorted(COVERED_ELSEWHERE.keys() - alone) == []
    assert sorted(test for test in COVERED_ELSEWHERE.values() if not (ROOT / test).is_file()) == []


def test_every_test_file_tests_a_module_or_says_what_it_tests() -> None:
    mirrors = {_mirror(path) for room in ROOMS for path in _modules(room)}
    excused = set(COVERED_ELSEWHERE.values())
    for room in ROOMS:
        tests = {str(path.relative_to(ROOT)) for path in (ROOT / "tests" / room).rglob("test_*.py")}
        assert tests, room
        strays = {path for path in tests - mirrors - excused if not _supported(path)}
        assert {path for path in strays if not _DELIBERATE & {Path(path).name}} == set()


def _supported(test: str) -> bool:
    """Whether it tests what other tests use, a module that lies beside it."""
    path = ROOT / test
    return path.with_name(path.name.removeprefix("test_")).is_file()


_DELIBERATE = {
    "test_a_thousand_tenants.py",
    "test_against_the_statement.py",
    "test_database_move.py",
    "test_file_move.py",
    "test_names_and_moves.py",
    "test_every_combination.py",
    "test_golden.py",
    "test_in_a_browser.py",
    "test_guard_edges.py",
    "test_monthly_costs.py",
    "test_every_type.py",
    "test_refusals.py",
    "test_report_against_the_statement.py",
    "test_roles_apart.py",
    "test_round_trip.py",
    "test_scripts.py",
    "test_shared_server.py",
    "test_tenants_apart.py",
}
"""Test files of a behaviour that no single module owns, or of what is no Python."""


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
    main = (ROOT / "__main__.py").read_text(encoding="utf-8")
    assert len(main.splitlines()) <= 40
    named = [
        path.relative_to(ROOT)
        for path in (ROOT / "__main__.py", *(ROOT / "components").rglob("*.py"))
        if any(
            word in path.read_text(encoding="utf-8").lower() for word in ("localcloud", "moto", "loopback")
        )
    ]
    assert named == []


def _modules(room: str) -> Iterator[str]:
    for path in sorted((ROOT / room).rglob("*.py")):
        if path.name != "__init__.py":
            yield str(path.relative_to(ROOT))


def _mirror(module: str) -> str:
    path = Path(module)
    return str(Path("tests") / path.with_name(f"test_{path.name}"))


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function; its docstring does not count, so that nobody shortens an explanation."""
    first, last = function.body[0], function.body[-1]
    explained = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(function) is not None else 0
    return (last.end_lineno or 0) - function.lineno + 1 - explained


def _product() -> list[Path]:
    return [ROOT / "__main__.py", *(path for room in PRODUCT for path in sorted((ROOT / room).rglob("*.py")))]
