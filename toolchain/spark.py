"""Provides PySpark in its own environment, for `make torture`; it needs Java 17 on PATH."""

from __future__ import annotations

import sys

from packages import PythonTool, command

SPARK = PythonTool("pyspark", "spark-submit", sys.executable, "about 460 MB")


def main() -> int:
    """Exit code 0 when `.toolchain/bin/spark-submit` is there, else 1 with one sentence."""
    return command(__doc__, (SPARK,))


if __name__ == "__main__":
    sys.exit(main())
