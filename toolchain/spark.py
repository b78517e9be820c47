"""Provides PySpark in an environment of its own, for `make torture`; it needs Java 17 on PATH."""

from __future__ import annotations

import argparse
import subprocess
import sys

from build import ToolchainError
from focus_validators import Validator, lock, provide

SPARK = Validator("pyspark", "spark-submit", sys.executable, "about 460 MB")


def main() -> int:
    """Exit code 0 when `.toolchain/bin/spark-submit` is there, else 1 with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", action="store_true", help="choose versions anew instead")
    try:
        if parser.parse_args().lock:
            lock(SPARK)
        else:
            print(provide(SPARK), flush=True)
    except ToolchainError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd))
        print(f"`{command}` failed with exit code {error.returncode}, its output is above", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
