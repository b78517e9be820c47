"""The script that provides Chromium: found on PATH, or unpacked with stand-ins for apt-get and dpkg-deb."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.portfolios import ROOT
from tests.toolchain.machines import lines_of, ran

FOLDER = ROOT / "toolchain"
# Leaves one package in the archives that the configuration file names, and lists how it was called.
APT = """#!/bin/sh
echo "apt-get $@" >> "{log}"
case "$*" in
*--download-only*)
  for each; do case "$each" in --config-file=*) settings="${{each#*=}}" ;; esac; done
  cat "$settings" > "{settings}"
  touch "$(sed -n 's/^Dir::Cache "\\(.*\\)";/\\1/p' "$settings")/archives/chromium.deb"
  ;;
esac
exit {code}
"""
# Leaves a program that says its version or shows its environment, and a library in a folder of its own.
DPKG = """#!/bin/sh
echo "dpkg-deb $1" >> "{log}"
mkdir -p "$3/usr/lib/chromium" "$3/usr/lib/some place"
touch "$3/usr/lib/some place/libsound.so.2"
cat > "$3/usr/lib/chromium/chromium-headless-shell" <<'END'
#!/bin/sh
case "$1" in
--version) echo "{says}"; exit {starts} ;;
*) echo "$FONTCONFIG_FILE|$LD_LIBRARY_PATH|$*" ;;
esac
END
chmod +x "$3/usr/lib/chromium/chromium-headless-shell"
"""


class Machine:
    """A copy of the scripts in a project of its own, with a cache and a PATH of its own."""

    def __init__(self, folder: Path, code: int = 0, starts: int = 0) -> None:
        self.folder, self.log, self.settings = folder, folder / "calls", folder / "settings"
        self.cache = folder / "a cache"
        self.linked = folder / ".toolchain" / "bin" / "chromium"
        self.path = folder / "path"
        for name in ("toolchain", "path", "system"):
            (folder / name).mkdir()
        for name in ("build.py", "browser.py"):
            (folder / "toolchain" / name).write_bytes((FOLDER / name).read_bytes())
        for name in ("sh", "mkdir", "touch", "chmod", "cat", "sed", "dirname", "readlink"):
            (folder / "system" / name).symlink_to(str(shutil.which(name)))
        self.put("apt-get", APT.format(log=self.log, settings=self.settings, code=code))
        self.put("dpkg-deb", DPKG.format(log=self.log, says="Chromium 156.0.8078.79", starts=starts))

    def put(self, name: str, script: str) -> Path:
        """A program on PATH."""
        program = self.path / name
        program.write_text(script, encoding="utf-8")
        program.chmod(0o755)
        return program

    def install(self, name: str, says: str, code: int = 0) -> Path:
        """A browser on PATH."""
        return self.put(name, f'#!/bin/sh\necho "{says}"\nexit {code}\n')

    def run(self) -> subprocess.CompletedProcess[str]:
        return ran(
            self.folder / "toolchain" / "browser.py",
            env={
                "PATH": f"{self.path}:{self.folder / 'system'}",
                "HOME": str(self.folder),
                "XDG_CACHE_HOME": str(self.cache),
            },
        )

    @property
    def calls(self) -> list[str]:
        return lines_of(self.log)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("name", "says", "version"),
    [
        ("chromium", "Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)", "156.0.8078.79"),
        ("chromium-browser", "Chromium 150.0.1.1", "150.0.1.1"),
        ("google-chrome", "Google Chrome 160.0.2.3 ", "160.0.2.3"),
    ],
)
def test_one_on_path_is_taken(machine: Machine, name: str, says: str, version: str) -> None:
    found = machine.install(name, says)
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"chromium {version}: found at {found}\n"
    assert machine.linked.readlink() == found
    assert machine.calls == []


def test_an_old_one_and_one_that_does_not_start_are_passed_over(machine: Machine) -> None:
    machine.install("chromium", "Chromium 149.0.7.7")
    machine.install("chromium-browser", "install the snap", code=1)
    found = machine.install("google-chrome-stable", "Google Chrome 151.0.1.1")
    done = machine.run()
    assert "chromium 149.0.7.7 at " in done.stdout
    assert " is older than 150 and is not used.\n" in done.stdout
    assert machine.linked.readlink() == found


def test_without_one_the_packages_are_unpacked_once(machine: Machine) -> None:
    for _ in range(2):
        done = machine.run()
        assert done.returncode == 0, done.stderr
        assert "\nchromium 156.0.8078.79: from packages of " in f"\n{done.stdout}"
    update, install, extract = machine.calls
    assert re.fullmatch(r"apt-get -qq --config-file=.*/apt\.conf update", update)
    assert install.endswith(" --no-install-recommends --reinstall chromium-headless-shell fonts-dejavu-core")
    assert extract == "dpkg-deb --extract"
    (entry,) = (machine.cache / "costack" / "toolchain").iterdir()
    assert {path.name for path in entry.iterdir()} == {"lock", "unpacked"}
    assert machine.linked.readlink() == entry / "unpacked" / "chromium"


def test_it_starts_with_the_libraries_and_fonts_beside_it(machine: Machine) -> None:
    machine.run()
    said = subprocess.run([str(machine.linked), "a  b", "c"], capture_output=True, text=True, check=True)
    home = machine.linked.resolve().parent
    assert said.stdout == f"{home}/fonts.conf|{home}/usr/lib/some place|a  b c\n"
    assert (home / "fonts.conf").is_file()


def test_apt_is_reported_to_leave_the_system_alone(machine: Machine) -> None:
    machine.run()
    settings = machine.settings.read_text(encoding="utf-8")
    assert len(re.findall(rf'^Dir::\S+ "{re.escape(str(machine.cache))}/', settings, re.MULTILINE)) == 2
    assert settings.count("#clear APT::Update::") == 3


def test_one_that_no_longer_starts_is_replaced(machine: Machine) -> None:
    machine.run()
    (machine.linked.resolve().parent / "usr/lib/chromium/chromium-headless-shell").unlink()
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert len(machine.calls) == 6
    assert machine.linked.exists()


def test_what_a_killed_run_left_is_removed(machine: Machine) -> None:
    machine.run()
    entry = machine.linked.resolve().parents[1]
    (entry / "unpacking-left").mkdir()
    shutil.rmtree(entry / "unpacked")
    assert machine.run().returncode == 0
    assert {path.name for path in entry.iterdir()} == {"lock", "unpacked"}


def test_what_it_links_itself_is_not_what_it_finds(machine: Machine) -> None:
    machine.run()
    linked = machine.linked.readlink()
    (machine.folder / "more").symlink_to(machine.linked.parent)
    machine.path = Path(f"{machine.folder / 'more'}:{machine.path}")
    assert machine.run().returncode == 0
    assert machine.linked.readlink() == linked


@pytest.mark.parametrize(
    ("code", "starts", "message"),
    [
        (100, 0, r"apt-get could not fetch one \(exit code 100, its output is above\): put a `chromium` or"),
        (0, 127, r"^Debian's Chromium does not start \(`.*` failed: .*\): put a `chromium` or"),
    ],
)
def test_what_goes_wrong_is_one_sentence(tmp_path: Path, code: int, starts: int, message: str) -> None:
    machine = Machine(tmp_path, code, starts)
    done = machine.run()
    assert done.returncode == 1
    assert re.search(message, done.stderr)
    assert len(done.stderr.splitlines()) == 1
    assert not machine.linked.is_symlink()
    (entry,) = (machine.cache / "costack" / "toolchain").iterdir()
    assert {path.name for path in entry.iterdir()} == {"lock"}


@pytest.mark.parametrize("missing", ["apt-get", "dpkg-deb"])
def test_a_system_without_debians_tools_is_reported_what_to_install(machine: Machine, missing: str) -> None:
    (machine.path / missing).unlink()
    done = machine.run()
    assert done.returncode == 1
    assert done.stderr == (
        f"There is no Chromium on PATH and no `{missing}` to get one: put a `chromium` or `google-chrome` "
        "of version 150 or newer on PATH, then run this again.\n"
    )
