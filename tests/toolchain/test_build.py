"""The toolchain's build script with stand-ins for Go and Pulumi on PATH, and once what it really built."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

SCRIPT = Path(__file__).resolve().parents[2] / "toolchain" / "build.py"
GO = """#!/bin/sh
echo "$@" >> "{log}"
case "$1 $2" in
"env GOVERSION") echo {version} ;;
"install -v") sleep {seconds}; {install} ;;
"list -m") echo "{module}" ;;
esac
"""
INSTALL = (
    'for tool in pulumi pulumi-language-yaml kube-apiserver server; do echo built > "$GOBIN/$tool"; done'
)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script with its own `.toolchain/bin`, cache and a PATH that has neither Go nor Pulumi."""
    spec = importlib.util.spec_from_file_location("toolchain_build", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "toolchain_build", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "BIN", tmp_path / "project" / ".toolchain" / "bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "path").mkdir()
    for name in ("sh", "sleep"):
        found = shutil.which(name)
        assert found is not None
        (tmp_path / "path" / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return module


@pytest.fixture
def go(tmp_path: Path) -> Callable[..., Path]:
    """Puts a stand-in for Go on PATH and returns the file that lists how it was called."""

    def make(version: str = "go1.99.0", install: str = INSTALL, seconds: float = 0) -> Path:
        log, module = tmp_path / "go.log", tmp_path / "module"
        (module / "python" / "cmd").mkdir(parents=True, exist_ok=True)
        (module / "python" / "cmd" / "pulumi-language-python-exec").write_text("runner", encoding="utf-8")
        text = GO.format(log=log, version=version, install=install, module=module, seconds=seconds)
        executable(tmp_path / "path" / "go", text)
        return log

    return make


def executable(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def test_a_tool_is_built_once_and_then_found_without_go(
    build: ModuleType, go: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = go()
    assert build.main(["pulumi"]) == 0
    first = capsys.readouterr().out
    assert "about 4 minutes on 2 cores" in first
    assert "compiled from its published Go module" in first
    assert (build.BIN / "pulumi").read_text(encoding="utf-8") == "built\n"
    assert (build.BIN / "pulumi-language-python-exec").read_text(encoding="utf-8") == "runner"
    version = build.module_version(build.PULUMI)
    flags = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}"
    (install,) = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("install")]
    assert install == f"install -v -trimpath -ldflags -s -w {flags} tool"

    (tmp_path / "path" / "go").unlink()
    shutil.rmtree(build.BIN)
    assert build.main(["pulumi"]) == 0
    assert (
        capsys.readouterr().out == f"pulumi {version}: built, in {(build.BIN / 'pulumi').readlink().parent}\n"
    )


def test_a_cluster_is_the_api_server_and_etcd_under_its_own_name(
    build: ModuleType, go: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    log = go()
    assert build.main(["cluster"]) == 0
    assert {path.name for path in build.BIN.iterdir()} == {"etcd", "kube-apiserver"}
    assert "-X k8s.io/component-base/version.gitMajor=1 " in log.read_text(encoding="utf-8")
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines() if ": built" in line] == [
        "kube-apiserver",
        "etcd",
    ]


@pytest.mark.parametrize(("version", "used"), [("v3.250.0", True), ("v3.300.1", True), ("v3.249.9", False)])
def test_an_installed_pulumi_is_used_when_it_is_new_enough(
    build: ModuleType, go: Callable[..., Path], tmp_path: Path, *, version: str, used: bool
) -> None:
    go()
    installed = tmp_path / "path" / "pulumi"
    executable(installed, f"#!/bin/sh\necho {version}\n")
    assert build.main(["pulumi"]) == 0
    assert ((build.BIN / "pulumi").resolve() == installed) is used


def test_the_projects_own_link_is_not_taken_for_an_installation(
    build: ModuleType, monkeypatch: pytest.MonkeyPatch, go: Callable[..., Path]
) -> None:
    go()
    build.BIN.mkdir(parents=True)
    executable(build.BIN / "pulumi", "#!/bin/sh\necho v3.999.0\n")
    monkeypatch.setenv("PATH", f"{build.BIN}{os.pathsep}{os.environ['PATH']}")
    assert build.pulumi_on_path() is None


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        (None, r"needs Go >= 1.26 and there is no `go` on PATH: install Go 1.26 or newer"),
        ("go1.20.1", r"needs Go >= 1.26 and `go` on PATH is go1.20.1: install Go 1.26 or newer"),
    ],
)
def test_without_a_good_go_one_sentence_says_so(
    build: ModuleType,
    go: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    version: str | None,
    sentence: str,
) -> None:
    if version:
        go(version)
    assert build.main(["pulumi"]) == 1
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert not (build.BIN / "pulumi").exists()


def test_a_failed_build_leaves_nothing_behind(
    build: ModuleType, go: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    go(install='echo half > "$GOBIN/pulumi"; exit 3')
    assert build.main(["pulumi"]) == 1
    assert "go could not build pulumi (exit code 3" in capsys.readouterr().err
    entry = build.cache_entry(SCRIPT.parent / "pulumi")
    assert [path.name for path in entry.iterdir()] == ["lock"]
    go()
    assert build.main(["pulumi"]) == 0


def test_two_builds_at_once_build_once(build: ModuleType, go: Callable[..., Path], tmp_path: Path) -> None:
    log = go(seconds=1)
    program = (
        "import importlib.util, pathlib, sys;"
        "spec = importlib.util.spec_from_file_location('b', sys.argv[1]);"
        "b = importlib.util.module_from_spec(spec); sys.modules['b'] = b; spec.loader.exec_module(b);"
        "b.BIN = pathlib.Path(sys.argv[2]); sys.exit(b.main(['pulumi']))"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program, SCRIPT, tmp_path / f"clone-{number}"], stdout=subprocess.PIPE
        )
        for number in range(2)
    ]
    assert [(process.communicate(), process.returncode)[1] for process in both] == [0, 0]
    assert log.read_text(encoding="utf-8").count("install -v") == 1
    links = {(tmp_path / f"clone-{number}" / "pulumi").resolve() for number in range(2)}
    assert links == {build.cache_entry(SCRIPT.parent / "pulumi") / "pulumi"}


@pytest.mark.parametrize(
    ("text", "expected"), [("v3.259.0", (3, 259, 0)), ("go1.26.8", (1, 26, 8)), ("devel", ())]
)
def test_versions_are_compared_as_numbers(build: ModuleType, text: str, expected: tuple[int, ...]) -> None:
    assert build.numbers(text) == expected


@pytest.mark.engine
def test_the_tools_of_this_clone_are_there_and_say_their_version() -> None:
    tools: Any = SCRIPT.parents[1] / ".toolchain" / "bin"
    done = subprocess.run([tools / "pulumi", "version"], capture_output=True, text=True, check=True)
    assert tuple(int(part) for part in done.stdout.strip().lstrip("v").split("-")[0].split(".")) >= (
        3,
        250,
        0,
    )


def test_a_host_for_yaml_that_a_release_brought_is_used_as_it_is(
    build: ModuleType, go: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = go()
    assert build.main(["yaml"]) == 0
    assert (build.BIN / "pulumi-language-yaml").read_text(encoding="utf-8") == "built\n"
    called = log.read_text(encoding="utf-8")
    executable(tmp_path / "path" / "pulumi-language-yaml", "#!/bin/sh\n")
    assert build.main(["yaml"]) == 0
    assert (build.BIN / "pulumi-language-yaml").resolve() == tmp_path / "path" / "pulumi-language-yaml"
    assert log.read_text(encoding="utf-8") == called
    assert "found at" in capsys.readouterr().out
