"""What is found on PATH, or unpacked from Debian's packages: Chromium, and a Valkey or Redis."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.toolchain.debian_machine import CACHE_SERVER, CHROMIUM, PROMETHEUS, Machine, Provided

OF_SEVERAL_NAMES = pytest.mark.parametrize("of", [CHROMIUM, CACHE_SERVER], ids=lambda of: of.name)
EACH = pytest.mark.parametrize("of", [CHROMIUM, CACHE_SERVER, PROMETHEUS], ids=lambda of: of.name)


@pytest.fixture(params=[CHROMIUM, CACHE_SERVER, PROMETHEUS], ids=lambda of: of.name)
def machine(tmp_path: Path, request: pytest.FixtureRequest) -> Machine:
    return Machine(tmp_path, request.param)


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("of", "name", "says", "version"),
    [
        (CHROMIUM, "chromium", CHROMIUM.says, "156.0.8078.79"),
        (CHROMIUM, "chromium-browser", "Chromium 150.0.1.1", "150.0.1.1"),
        (CHROMIUM, "google-chrome", "Google Chrome 160.0.2.3 ", "160.0.2.3"),
        (CACHE_SERVER, "redis-server", CACHE_SERVER.says, "7.0.15"),
        (CACHE_SERVER, "redis-server", "Redis server v=7.0.0 sha=00000000:0 bits=64", "7.0.0"),
        (CACHE_SERVER, "valkey-server", "Valkey server v=8.1.1 sha=00000000:0 bits=64", "8.1.1"),
        (PROMETHEUS, "prometheus", PROMETHEUS.says, "2.42.0"),
        (PROMETHEUS, "prometheus", "prometheus, version 3.5.0 (branch: HEAD, revision: 8be3a9560f)", "3.5.0"),
    ],
)
def test_one_on_path_is_taken(tmp_path: Path, of: Provided, name: str, says: str, version: str) -> None:
    machine = Machine(tmp_path, of)
    found = machine.install(name, says)
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{of.name} {version}: found at {found}\n"
    assert machine.linked.readlink() == found
    assert machine.calls == []


@OF_SEVERAL_NAMES
def test_an_old_one_is_passed_over(tmp_path: Path, of: Provided) -> None:
    machine = Machine(tmp_path, of)
    old = machine.install(of.names[0], of.too_old)
    found = machine.install(of.names[-1], of.says)
    done = machine.run()
    said = rf"{of.names[0]} [\d.]+ at {re.escape(str(old))} is older than {of.oldest} and is not used\.\n"
    assert re.match(said, done.stdout)
    assert machine.linked.readlink() == found


@OF_SEVERAL_NAMES
def test_one_that_does_not_start_is_passed_over(tmp_path: Path, of: Provided) -> None:
    machine = Machine(tmp_path, of)
    machine.install(machine.of.names[0], f"{machine.of.says}: install the snap", code=1)
    found = machine.install(machine.of.names[-1], machine.of.says)
    assert machine.run().returncode == 0
    assert machine.linked.readlink() == found


def test_valkey_is_taken_before_redis(tmp_path: Path) -> None:
    machine = Machine(tmp_path, CACHE_SERVER)
    machine.install("redis-server", CACHE_SERVER.says)
    found = machine.install("valkey-server", "Valkey server v=7.2.8 sha=00000000:0 bits=64")
    assert machine.run().returncode == 0
    assert machine.linked.readlink() == found


@pytest.mark.sample(1)
def test_without_one_the_packages_are_unpacked_once(machine: Machine) -> None:
    of = machine.of
    for _ in range(2):
        done = machine.run()
        assert done.returncode == 0, done.stderr
        assert f"\n{of.name} {of.version}: from packages of " in f"\n{done.stdout}"
    update, install, extract = machine.calls
    assert re.fullmatch(r"apt-get -qq --config-file=.*/apt\.conf update", update)
    assert install.endswith(f" --no-install-recommends --reinstall {of.packages}")
    assert extract == "dpkg-deb --extract"
    assert {path.name for path in machine.entry.iterdir()} == {"lock", "unpacked"}
    assert machine.linked.readlink() == machine.entry / "unpacked" / of.name


@pytest.mark.sample(1)
def test_it_starts_with_the_libraries_beside_it(machine: Machine) -> None:
    machine.run()
    said = subprocess.run([str(machine.linked), "a  b", "c"], capture_output=True, text=True, check=True)
    home = machine.linked.resolve().parent
    fonts = home / "fonts.conf"
    its_own = str(fonts) if machine.of is CHROMIUM else ""
    assert said.stdout == f"{its_own}|{home}/usr/lib/some place|a  b c\n"
    assert fonts.is_file() == bool(its_own)


def test_apt_is_reported_to_leave_the_system_alone(machine: Machine) -> None:
    machine.run()
    settings = machine.settings.read_text(encoding="utf-8")
    assert len(re.findall(rf'^Dir::\S+ "{re.escape(str(machine.cache))}/', settings, re.MULTILINE)) == 2
    assert settings.count("#clear APT::Update::") == 3


@pytest.mark.sample(1)
def test_one_that_no_longer_starts_is_replaced(machine: Machine) -> None:
    machine.run()
    (machine.linked.resolve().parent / machine.of.program).unlink()
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert len(machine.calls) == 6
    assert machine.linked.exists()


@pytest.mark.sample(1)
def test_what_a_killed_run_left_is_removed(machine: Machine) -> None:
    machine.run()
    (machine.entry / "unpacking-left").mkdir()
    shutil.rmtree(machine.entry / "unpacked")
    assert machine.run().returncode == 0
    assert {path.name for path in machine.entry.iterdir()} == {"lock", "unpacked"}


def test_what_it_links_itself_is_not_what_it_finds(tmp_path: Path) -> None:
    """Chromium's link has a name that is looked for."""
    machine = Machine(tmp_path, CHROMIUM)
    machine.run()
    linked = machine.linked.readlink()
    (machine.folder / "more").symlink_to(machine.linked.parent)
    machine.path = Path(f"{machine.folder / 'more'}:{machine.path}")
    assert machine.run().returncode == 0
    assert machine.linked.readlink() == linked


@pytest.mark.sample(3)
@EACH
@pytest.mark.parametrize(
    ("code", "starts", "message"),
    [
        (100, 0, r"^There is no {} on PATH and apt-get could not fetch one \(exit code 100, .*\): "),
        (0, 127, r"^Debian's {} does not start \(`.*` failed: .*\): "),
    ],
)
def test_what_goes_wrong_is_one_sentence(
    tmp_path: Path, of: Provided, code: int, starts: int, message: str
) -> None:
    refused(Machine(tmp_path, of, code=code, starts=starts), message)


@EACH
def test_a_system_whose_packages_are_too_old_is_reported(tmp_path: Path, of: Provided) -> None:
    machine = Machine(tmp_path, of, says=of.too_old)
    refused(machine, r"^The {} of this system's packages is [\d.]+, older than [\d.]+: ")


def refused(machine: Machine, message: str) -> None:
    """It ends with that sentence and the remedy, and leaves nothing."""
    done = machine.run()
    assert done.returncode == 1
    wanted = message.format(machine.of.title) + re.escape(machine.of.remedy)
    assert re.search(wanted, done.stderr), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not machine.linked.is_symlink()
    assert {path.name for path in machine.entry.iterdir()} == {"lock"}


@pytest.mark.sample(2)
@EACH
@pytest.mark.parametrize("missing", ["apt-get", "dpkg-deb"])
def test_a_system_without_debians_tools_is_reported_what_to_install(
    tmp_path: Path, of: Provided, missing: str
) -> None:
    machine = Machine(tmp_path, of)
    (machine.path / missing).unlink()
    done = machine.run()
    assert done.returncode == 1
    assert done.stderr == f"There is no {of.title} on PATH and no `{missing}` to get one: {of.remedy}\n"
