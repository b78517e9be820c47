"""A real Prometheus on the loopback, over series that promtool wrote or that it scrapes itself."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from localcloud.patience import Patience, Starting
from tests.portfolios import ROOT

PROGRAM: Final = ROOT / ".toolchain" / "bin" / "prometheus"
_LOOPBACK: Final = "127.0.0.1"


def promtool() -> Path:
    """The promtool that came with the server."""
    folder = PROGRAM.resolve().parent
    for place in (folder / "promtool", folder / "usr" / "bin" / "promtool"):
        if place.exists():
            return place
    raise RuntimeError(
        "there is no Prometheus with a promtool in .toolchain/bin: run `make engine-prometheus`"
    )


def stored(folder: Path, name: str, lines: Iterable[str]) -> None:
    """Write *lines*, which are OpenMetrics with moments, into the database in *folder*.

    promtool reads all lines again for every block, so blocks are long and a call has a day.
    """
    source = folder / f"{name}.txt"
    source.write_text("".join(f"{line}\n" for line in (*lines, "# EOF")), encoding="utf-8")
    blocks = ("create-blocks-from", "--max-block-duration=54h", "openmetrics", "-q")
    arguments = [str(promtool()), "tsdb", *blocks, str(source), str(folder / "data")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def running_prometheus(folder: Path, configuration: str = "{}\n") -> Iterator[str]:
    """The URL of a server over the database in *folder*, as long as the block lasts.

    It scrapes what *configuration* says, the text of its prometheus.yml: nothing if none is given.
    """
    promtool()
    (folder / "prometheus.yml").write_text(configuration, encoding="utf-8")
    with socket.socket() as free:
        free.bind((_LOOPBACK, 0))
        port = free.getsockname()[1]
    arguments = [
        str(PROGRAM),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=100y",
        "--storage.tsdb.min-block-duration=2h",
        "--storage.tsdb.max-block-duration=2h",
        f"--web.listen-address={_LOOPBACK}:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=log)
        try:
            url = f"http://{_LOOPBACK}:{port}"
            starting = Starting.of("Prometheus", process, log=folder / "log")
            Patience().wait(starting, lambda: _ready(f"{url}/-/ready"))
            yield url
        finally:
            process.terminate()
            process.wait()


def _ready(url: str) -> bool | None:
    with contextlib.suppress(httpx.HTTPError), httpx.Client(trust_env=False) as client:
        return client.get(url).is_success or None
    return None
