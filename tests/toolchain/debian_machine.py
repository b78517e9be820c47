"""A machine with stand-ins for apt-get and dpkg-deb, and the programs that come from Debian's packages."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.portfolios import ROOT
from tests.toolchain.machines import lines_of, ran

_SCRIPTS: Final = ROOT / "toolchain"
# Leaves one package in the archives that the configuration file names, and lists how it was called.
_APT: Final = """#!/bin/sh
echo "apt-get $@" >> "{log}"
case "$*" in
*--download-only*)
  for each; do case "$each" in --config-file=*) settings="${{each#*=}}" ;; esac; done
  cat "$settings" > "{settings}"
  touch "$(sed -n 's/^Dir::Cache "\\(.*\\)";/\\1/p' "$settings")/archives/one.deb"
  ;;
esac
exit {code}
"""
# Leaves a program that says its version or shows its environment, and a library in a folder of its own.
_DPKG: Final = """#!/bin/sh
echo "dpkg-deb $1" >> "{log}"
mkdir -p "$(dirname "$3/{program}")" "$3/usr/lib/some place"
touch "$3/usr/lib/some place/libsound.so.2"
cat > "$3/{program}" <<'END'
#!/bin/sh
case "$1" in
--version) echo "{says}"; exit {starts} ;;
*) echo "$FONTCONFIG_FILE|$LD_LIBRARY_PATH|$*" ;;
esac
END
chmod +x "$3/{program}"
"""


@dataclass(frozen=True)
class Provided:
    """What a script provides."""

    script: str
    name: str
    title: str
    names: tuple[str, ...]
    """Names on PATH, first to last."""
    program: str
    """Where it lies in the packages."""
    packages: str
    says: str
    version: str
    oldest: str
    too_old: str
    """What one says that will not do."""
    remedy: str


CHROMIUM: Final = Provided(
    script="browser.py",
    name="chromium",
    title="Chromium",
    names=("chromium", "chromium-browser", "google-chrome-stable"),
    oldest="150",
    program="usr/lib/chromium/chromium-headless-shell",
    packages="chromium-headless-shell fonts-dejavu-core",
    says="Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)",
    version="156.0.8078.79",
    too_old="Chromium 149.0.7.7",
    remedy="put a `chromium` or `google-chrome` of version 150 or newer on PATH, then run this again.",
)
CACHE_SERVER: Final = Provided(
    script="cache_server.py",
    name="cache-server",
    title="Valkey or Redis",
    names=("valkey-server", "redis-server"),
    oldest="7.0",
    program="usr/bin/redis-server",
    packages="redis-server redis-tools",
    says="Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d7c971a948f0",
    version="7.0.15",
    too_old="Redis server v=6.2.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 build=2ca87d4e1c0b8a6",
    remedy="put a `valkey-server` or `redis-server` of version 7.0 or newer on PATH, then run this again.",
)
PROMETHEUS: Final = Provided(
    script="prometheus.py",
    name="prometheus",
    title="Prometheus",
    names=("prometheus",),
    oldest="2.42",
    program="usr/bin/prometheus",
    packages="prometheus",
    says="prometheus, version 2.42.0+ds (branch: debian/sid, revision: 2.42.0+ds-5+deb12u1)",
    version="2.42.0",
    too_old="prometheus, version 2.33.5+ds (branch: debian/sid, revision: 2.33.5+ds-2)",
    remedy="put a `prometheus` of version 2.42 or newer, with its `promtool`, on PATH, then run this again.",
)


class Machine:
    """A copy of the scripts in a project of its own, with a cache and a PATH of its own."""

    def __init__(self, folder: Path, of: Provided, says: str = "", code: int = 0, starts: int = 0) -> None:
        self.folder, self.of = folder, of
        self.log, self.settings = folder / "calls", folder / "settings"
        self.cache = folder / "a cache"
        self.linked = folder / ".toolchain" / "bin" / of.name
        self.path = folder / "path"
        for name in ("toolchain", "path", "system"):
            (folder / name).mkdir()
        for name in ("build.py", "debian.py", of.script):
            (folder / "toolchain" / name).write_bytes((_SCRIPTS / name).read_bytes())
        for name in ("sh", "mkdir", "touch", "chmod", "cat", "sed", "dirname", "readlink"):
            (folder / "system" / name).symlink_to(str(shutil.which(name)))
        self.put("apt-get", _APT.format(log=self.log, settings=self.settings, code=code))
        says = says or of.says
        self.put("dpkg-deb", _DPKG.format(log=self.log, program=of.program, says=says, starts=starts))

    def put(self, name: str, script: str) -> Path:
        """A program on PATH."""
        program = self.path / name
        program.write_text(script, encoding="utf-8")
        program.chmod(0o755)
        return program

    def install(self, name: str, says: str, code: int = 0) -> Path:
        """One on PATH that says its version."""
        return self.put(name, f'#!/bin/sh\necho "{says}"\nexit {code}\n')

    def run(self) -> subprocess.CompletedProcess[str]:
        """What the script says."""
        return ran(
            self.folder / "toolchain" / self.of.script,
            env={
                "PATH": f"{self.path}:{self.folder / 'system'}",
                "HOME": str(self.folder),
                "XDG_CACHE_HOME": str(self.cache),
            },
        )

    @property
    def entry(self) -> Path:
        """Its one entry in the cache."""
        (found,) = (self.cache / "costack" / "toolchain").iterdir()
        return found

    @property
    def calls(self) -> list[str]:
        """How apt-get and dpkg-deb were called."""
        return lines_of(self.log)
