"""The wheel: everything below one package, with its data, and a command that needs no clone."""

from __future__ import annotations

import ast
import base64
import csv
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from tests.portfolios import ROOT
from tests.repositories import git
from tests.toolchain.wheels import BACKEND, Environment, built, contents
from toolchain.environment import find_uv

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = PROJECT["version"]
DATA = {
    "cli/project/platform.yaml",
    "allocation/pricebook/aws-us-east-1.yaml",
    "allocation/rulebook/2026-11.yaml",
    "allocation/report/templates/page.html.j2",
    "components/kubernetes/dashboards/tenant-cost.json",
    "components/scripts/backup.sh",
    "plugin/schema.json",
    "policies/PulumiPolicy.yaml",
    "tiers/catalog/classes.yaml",
    "tiers/catalog/services.yaml",
    "tiers/schema/tenant.schema.json",
}


def _backend() -> ModuleType:
    spec = importlib.util.spec_from_file_location("costack_wheel", BACKEND / "costack_wheel.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


backend = _backend()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment.of(wheel, tmp_path_factory.mktemp("installed") / "venv")


@pytest.mark.parametrize(
    ("source", "moved"),
    [
        ("from tiers.errors import CatalogError\n", "from costack.tiers.errors import CatalogError\n"),
        ("from components import platform\n", "from costack.components import platform\n"),
        ("def f():\n    from cli.main import main\n", "def f():\n    from costack.cli.main import main\n"),
        ("from tiers.a import (\n    b,\n)\n", "from costack.tiers.a import (\n    b,\n)\n"),
        ("from costack.program import run\n", "from costack.program import run\n"),
        ("from tiers_of_theirs import x\nimport json\n", "from tiers_of_theirs import x\nimport json\n"),
        ("from . import tiers\n", "from . import tiers\n"),
        ("'from tiers.errors import it'\n", "'from tiers.errors import it'\n"),
    ],
)
def test_imports_of_what_moves_say_where_it_is(source: str, moved: str) -> None:
    assert backend.moved(source, "m.py", frozenset({"tiers.errors"})) == moved


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("\nimport tiers.errors\n", "m.py:2: write `from … import …`"),
        ("x = 'tiers.errors'\n", "m.py:1: 'tiers.errors' names a module; expected __name__"),
    ],
)
def test_what_would_no_longer_be_found_is_refused(source: str, sentence: str) -> None:
    with pytest.raises(backend.WheelError, match=re.escape(sentence)):
        backend.moved(source, "m.py", frozenset({"tiers.errors"}))


@pytest.mark.whole("the command of an installed wheel finds all that it needs below")
def test_everything_tracked_is_in_it_below_one_package(wheel: Path) -> None:
    names = contents(wheel).keys()
    assert {name.split("/")[0] for name in names} == {"costack", f"costack-{VERSION}.dist-info"}
    tracked = {
        str(path.relative_to(ROOT))
        for folder in backend.MOVED
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert tracked >= DATA
    assert {f"costack/{name}" for name in tracked} <= names


@pytest.mark.whole("the command runs from an installed wheel in an empty folder")
def test_no_module_imports_or_names_one_at_the_top(wheel: Path) -> None:
    for name, content in contents(wheel).items():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(content)):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert (node.module or "").split(".")[0] not in backend.MOVED, (name, node.lineno)


@pytest.mark.whole("the command of the installed wheel is tried here")
def test_its_record_and_rights_are_those_of_its_files(wheel: Path) -> None:
    packed = contents(wheel)
    with zipfile.ZipFile(wheel) as opened:
        executable = {each.filename for each in opened.infolist() if each.external_attr >> 16 & 0o111}
    (record,) = (text.decode() for name, text in packed.items() if name.endswith("/RECORD"))
    rows = {row[0]: row[1:] for row in csv.reader(record.splitlines())}
    assert rows.keys() == packed.keys()
    for name, (digest, size) in rows.items():
        if not name.endswith("/RECORD"):
            found = base64.urlsafe_b64encode(hashlib.sha256(packed[name]).digest()).rstrip(b"=").decode()
            assert (digest, int(size)) == (f"sha256={found}", len(packed[name])), name
    started = [path for folder in ("bin", "host-bin") for path in (ROOT / "localcloud" / folder).iterdir()]
    assert executable == {f"costack/{path.relative_to(ROOT)}" for path in started}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    (folder / "unpacked").mkdir()
    packed = built(folder / "packed", "sdist")
    subprocess.run(["tar", "-xf", str(packed), "-C", str(folder / "unpacked")], check=True)
    (source,) = (folder / "unpacked").iterdir()
    return source


@pytest.mark.whole("a wheel of the tree is tried here")
def test_a_wheel_of_the_sdist_is_the_same(wheel: Path, unpacked: Path, tmp_path: Path) -> None:
    ours, theirs = contents(wheel), contents(built(tmp_path, source=unpacked))
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name] and not name.endswith("RECORD")] == []


@pytest.mark.whole("twenty seconds of an installation; the command runs from an installed wheel below")
def test_a_tag_of_a_repository_is_installed_by_its_address(
    unpacked: Path, installed: Environment, tmp_path: Path
) -> None:
    source = Path(shutil.copytree(unpacked, tmp_path / "source", ignore=shutil.ignore_patterns("*.egg-info")))
    git(source, "init", "-q", "-b", "main", ".")
    git(source, "add", ".")
    git(source, "commit", "-q", "-m", "release")
    git(source, "tag", f"v{VERSION}")
    git(source, "clone", "-q", "--bare", ".", str(tmp_path / "costack.git"))
    address = f"costack @ git+file://{tmp_path}/costack.git@v{VERSION}"
    # setuptools is among what is installed already: nothing is fetched for the build.
    uv = (
        find_uv(),
        "pip",
        "install",
        "--quiet",
        "--offline",
        "--no-deps",
        "--no-build-isolation",
        "--reinstall",
    )
    installed.run(*uv, "--python", installed.folder / "bin" / "python", address, cwd=tmp_path)
    assert installed.run("costack", "--version", cwd=tmp_path).stdout == f"costack {VERSION}\n"
    assert (
        f"costack.git@{git(source, 'rev-parse', 'HEAD')}"
        in installed.run(
            find_uv(), "pip", "freeze", "--python", installed.folder / "bin" / "python", cwd=tmp_path
        ).stdout
    )


def test_the_clone_stays_as_it_was() -> None:
    assert not (ROOT / "build").exists()


def test_the_command_runs_in_an_empty_folder(installed: Environment, tmp_path: Path) -> None:
    shown = installed.run("costack", "--help", cwd=tmp_path).stdout
    assert "Provision tenants:" in shown
    said = installed.run("costack", "init", "firm", "--catalog", cwd=tmp_path).stdout
    assert said.startswith("firm: 19 files; ")
    said = installed.run("costack", "validate", cwd=tmp_path / "firm").stdout
    assert re.fullmatch(r"portfolios/local: valid, 2 tenants, \d+ facts, catalog 2026-11\n", said)
    change = ("preview", "--tenant", "acme", "--set", "users=9")
    said = installed.run("costack", *change, cwd=tmp_path / "firm").stdout
    assert "local: estimated difference of a 730-hour month in USD" in said


@pytest.mark.whole("the command in an empty folder imports the same package")
def test_a_program_with_folders_of_the_same_names_has_both(installed: Environment, tmp_path: Path) -> None:
    for name in backend.MOVED:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"WHOSE = 'theirs: {name}'\n", encoding="utf-8")
    program = (
        "import importlib, pkgutil, sys\n"
        "import allocation, components, costack, tiers\n"
        "for each in pkgutil.walk_packages(costack.__path__, 'costack.'):\n"
        "    if not each.name.endswith('.__main__') and not each.name.startswith('costack.localcloud'):\n"
        "        importlib.import_module(each.name)\n"
        "print(components.WHOSE, tiers.WHOSE, costack.program.SharedPlatform.__module__)\n"
        f"print(sorted({{name.split('.')[0] for name in sys.modules}} & {{*{backend.MOVED!r}}}))\n"
        f"print([path for path in sys.path if path.startswith({str(ROOT)!r})])\n"
    )
    said = installed.run("python", "-c", program, cwd=tmp_path).stdout
    assert said.splitlines() == [
        "theirs: components theirs: tiers costack.components.platform",
        "['allocation', 'components', 'tiers']",
        "[]",
    ]


@pytest.mark.whole("`make setup` installs it")
def test_the_versions_are_those_of_one_place(installed: Environment, tmp_path: Path) -> None:
    program = "from importlib import metadata; print(metadata.version('costack'))"
    assert installed.run("python", "-c", program, cwd=tmp_path).stdout == f"{VERSION}\n"
    assert installed.run("costack", "--version", cwd=tmp_path).stdout == f"costack {VERSION}\n"
    installed.run("costack", "init", ".", cwd=tmp_path)
    assert f"costack[local]=={VERSION}\n" in (tmp_path / "requirements.txt").read_text(encoding="utf-8")


@pytest.mark.engine
@pytest.mark.skipif("COSTACK_EVERY_INSTALL" not in os.environ, reason="takes minutes: make torture")
@pytest.mark.parametrize(
    ("portfolio", "region", "fee"), [("local", "us-east-1", "251.00"), ("alpine", "eu-central-1", "290.00")]
)
def test_a_new_project_goes_up_in_the_local_cloud(
    wheel: Path, tmp_path: Path, portfolio: str, region: str, fee: str
) -> None:
    environment = Environment.of(wheel, tmp_path / "venv", "requirements-dev.txt")
    environment.run("costack", "init", "firm", "--catalog", cwd=tmp_path)
    firm, tools = tmp_path / "firm", tmp_path / "tools"
    if portfolio == "alpine":
        for name in ("catalog", "portfolios"):
            shutil.rmtree(firm / name)
            shutil.copytree(ROOT / "examples" / "own-catalog" / name, firm / name)
    else:
        tier = firm / "catalog" / "shared-namespace.yaml"
        tier.write_text(tier.read_text(encoding="utf-8").replace("249.00", fee), encoding="utf-8")
    stack = {"costack:portfolio": portfolio, "aws:region": region}
    stack["kubernetes:renderYamlToDirectory"] = ".local/manifests"
    (firm / "stacks" / "Pulumi.local.yaml").write_text(yaml.safe_dump({"config": stack}), encoding="utf-8")
    (firm / ".venv").symlink_to(tmp_path / "venv")
    tools.mkdir()
    for name in ("pulumi", "pulumi-language-python-exec"):
        (tools / name).symlink_to((ROOT / ".toolchain" / "bin" / name).resolve())

    def local(*command: str) -> str:
        inside = ("python", "-m", "costack.localcloud", "exec", "--", *command)
        return environment.run(*inside, cwd=firm, path=(tools,)).stdout

    try:
        local("pulumi", "stack", "select", "--create", "local", "--non-interactive")
        up = local("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", "local")
        judged = local("pulumi", "preview", "--policy-pack", "policies", "--non-interactive", "-s", "local")
        statement = local("costack", "allocate", "--stack", "local")
        local("costack", "report", "--stack", "local", "--out", "pages")
        local("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive", "--stack", "local")
    finally:
        environment.run("python", "-m", "costack.localcloud", "stop", cwd=firm)
    assert re.search(r"\+ \d{3} created", up)
    assert re.search(r"\d{3} unchanged", judged)
    assert "mandatory" not in judged
    assert fee in statement
    pages = [page.read_text(encoding="utf-8") for page in firm.glob("pages/**/*.html")]
    if portfolio == "alpine":
        assert "EUR" in up
        seen = (up, judged, statement, *pages)
        assert [text for text in seen if re.search("shared-namespace|dedicated-db|USD", text)] == []
