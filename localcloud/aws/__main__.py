"""Knows how the engine starts the `aws` provider: one process, as the version of the installed SDK."""

from __future__ import annotations

from localcloud.aws.provider import AwsProvider
from localcloud.plugin import sdk_version, serve

if __name__ == "__main__":
    serve(AwsProvider(), sdk_version("pulumi-aws"))
