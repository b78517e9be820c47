"""A forked interpreter is one to whoever starts it: streams, exit codes, signals, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.project import Project
from tests.engine.warm import POSSIBLE, SHARED, equip
from tests.engine.warm_server import DEBUG_LINES
from tests.portfolios import ROOT

pytestmark = [pytest.mark.skipif(not POSSIBLE, reason="interpreters are forked on Linux only")]

SAY = "import os, sys; print(sys.argv[1:], os.environ['SAID'], os.getcwd(), sys.stdin.read()); sys.exit(7)"
FORKED = "print(int('pulumi_aws' in __import__('sys').modules))"
PATIENCE_SECONDS = 20.0


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The `python` of an environment that was equipped."""
    environment = tmp_path_factory.mktemp("warm") / "venv"
    equip(environment)
    return str(environment / "bin" / "python")


@pytest.fixture
def sleeping(python: str, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that sleeps, as its starter sees it, and the id of the one that was forked."""
    program = tmp_path / "sleep.py"
    program.write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n", encoding="utf-8")
    process = subprocess.Popen([python, str(program)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        yield process, int(process.stdout.readline())
        process.kill()


def test_it_runs_a_file_with_its_arguments_environment_folder_and_streams(
    python: str, tmp_path: Path
) -> None:
    (tmp_path / "say.py").write_text(SAY, encoding="utf-8")
    for command in ([python, "-u", str(tmp_path / "say.py")], [python, "-m", "say"]):
        done = subprocess.run(
            [*command, "a", "b"],
            cwd=tmp_path,
            env={"SAID": "yes", "PATH": os.environ["PATH"]},
            input="in",
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (7, f"['a', 'b'] yes {tmp_path} in\n"), done.stderr


def test_libraries_are_there_already_and_nothing_of_this_repository_is(python: str, tmp_path: Path) -> None:
    program = tmp_path / "loaded.py"
    program.write_text(
        "import sys\nours = ('cli', 'components', 'localcloud', 'tests', 'tiers')\n"
        "print('pulumi_aws.ec2' in sys.modules, [each for each in ours if each in sys.modules])\n",
        encoding="utf-8",
    )
    assert subprocess.check_output([python, str(program)], text=True) == "True []\n"


def test_what_the_server_does_not_do_is_done_by_the_real_python(python: str) -> None:
    assert subprocess.check_output([python, "-c", FORKED], text=True) == "0\n"


def test_an_error_is_shown_and_is_an_exit_code(python: str, tmp_path: Path) -> None:
    program = tmp_path / "fails.py"
    program.write_text("raise ValueError('as a program would')\n", encoding="utf-8")
    done = subprocess.run([python, str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("ValueError: as a program would\n")


@pytest.fixture
def copy(tmp_path: Path) -> tuple[Path, str]:
    """A project with a server that has its modules, and the `python` of its environment."""
    project = Project(tmp_path / "project")
    return project.folder, str(project.folder / ".venv" / "bin" / "python")


def run_in(copy: tuple[Path, str], program: str) -> str:
    """What a program in the project's folder says."""
    folder, python = copy
    (folder / "say.py").write_text(program, encoding="utf-8")
    return subprocess.check_output(
        [python, "say.py"], cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, text=True
    )


def test_modules_of_a_project_are_there_already_until_one_of_its_files_changes(
    copy: tuple[Path, str],
) -> None:
    loaded = "import sys\nprint(*(each in sys.modules for each in ('tiers.vocabulary', 'cli.main')))\n"
    assert run_in(copy, loaded) == "True True\n"
    file = copy[0] / "tiers" / "vocabulary.py"
    before = file.read_text(encoding="utf-8")
    file.write_text(f"{before}NEW = 'new'\n", encoding="utf-8")
    assert run_in(copy, loaded) == "False False\n"
    where = "import tiers.vocabulary as found\nprint(found.NEW, found.__file__)\n"
    assert run_in(copy, where) == f"new {file}\n"
    catalog = copy[0] / "tiers" / "catalog" / "classes.yaml"
    catalog.write_text(catalog.read_text(encoding="utf-8") + "# read at import, perhaps\n", encoding="utf-8")
    file.write_text(before, encoding="utf-8")
    assert run_in(copy, loaded) == "False False\n"


def test_debug_lines_are_sent_to_the_engine_when_they_are_asked_for(python: str, tmp_path: Path) -> None:
    program = tmp_path / "says.py"
    program.write_text("import pulumi\nprint(pulumi.log.debug.__name__)\n", encoding="utf-8")
    for more, name in (({}, "<lambda>"), ({DEBUG_LINES: "1"}, "debug")):
        said = subprocess.check_output([python, str(program)], env={**os.environ, **more}, text=True)
        assert said == f"{name}\n"


def test_what_every_interpreter_would_do_first_is_done(python: str, tmp_path: Path) -> None:
    """AWS's services are read, for all sessions, and the annotations of the SDK are resolved."""
    program = tmp_path / "done.py"
    program.write_text(
        "import pulumi_aws, pulumi_kubernetes.core.v1 as core\nfrom botocore.session import Session\n"
        "from pulumi._types import _types_from_py_properties as types\n"
        "first, second = (Session().get_component('data_loader') for _ in range(2))\n"
        "read = [key for key in first._cache if 'ec2' in key and 'service-2' in key]\n"
        "before = types.cache_info().misses\n"
        "types(pulumi_aws.rds.Instance), types(core.outputs.Container), types(core.ContainerArgs)\n"
        "print(first is second, len(read) > 0, types.cache_info().misses - before)\n",
        encoding="utf-8",
    )
    assert subprocess.check_output([python, str(program)], text=True) == "True True 0\n"


@pytest.mark.whole("the engine's files are run by several projects at once")
def test_two_projects_have_their_own_modules(copy: tuple[Path, str], tmp_path: Path) -> None:
    other = Project(tmp_path / "other")
    where = "import tiers.vocabulary as found\nprint(found.__file__)\n"
    for folder, python in (copy, (other.folder, str(other.folder / ".venv" / "bin" / "python"))):
        assert run_in((folder, python), where) == f"{folder / 'tiers' / 'vocabulary.py'}\n"


def test_what_it_registered_for_its_end_is_done_and_what_it_wrote_arrives(
    python: str, tmp_path: Path
) -> None:
    program = tmp_path / "ends.py"
    program.write_text(
        "import atexit, sys, threading, time\natexit.register(print, 'registered')\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\nsys.exit('why')\n",
        encoding="utf-8",
    )
    done = subprocess.run([python, str(program)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "thread\nregistered\n", "why\n")


def test_a_signal_is_handed_on(sleeping: tuple[subprocess.Popen[str], int]) -> None:
    process, forked = sleeping
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == -signal.SIGTERM
    assert not alive(forked)


def test_it_ends_with_whoever_started_it(sleeping: tuple[subprocess.Popen[str], int]) -> None:
    process, forked = sleeping
    assert alive(forked)
    process.kill()
    process.wait()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while alive(forked):
        assert time.monotonic() < deadline, "the forked process outlived its starter"
        time.sleep(0.05)


@pytest.mark.whole("only the tests' own processes would stay")
def test_what_was_forked_ends_with_its_server_and_that_with_whoever_started_it(tmp_path: Path) -> None:
    (tmp_path / "sleep.py").write_text(
        "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n", encoding="utf-8"
    )
    starter = (
        "import os, pathlib, signal, subprocess\nfrom tests.engine.warm import equip\n"
        "equip(pathlib.Path('venv'))\n"
        "started = subprocess.Popen(['venv/bin/python', 'sleep.py'], stdout=subprocess.PIPE)\n"
        "print(int(started.stdout.readline()), started.pid, flush=True)\n"
        "os.kill(started.pid, signal.SIGSTOP)  # it cannot say that it is gone\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop(SHARED, None)  # a server of its own
    with subprocess.Popen(
        [sys.executable, "-c", starter], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        forked, client = map(int, process.stdout.readline().split())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while alive(forked):
        assert time.monotonic() < deadline, "the forked process outlived its server"
        time.sleep(0.05)
    os.kill(client, signal.SIGKILL)


def alive(process_id: int) -> bool:
    """Whether a process runs; one that ended and was not collected yet does not."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
