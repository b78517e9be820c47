"""One loopback AWS and one provider for the tests of a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.clouds import running_cloud
from tests.localcloud.aws.driver import Driver
from tests.localcloud.aws.examples import Ground

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud.endpoint


@pytest.fixture
def aws(endpoint: str) -> Callable[[str], Any]:
    """Clients of AWS's own SDK, by the name of the service."""
    make: Any = boto3.client
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return lambda service: make(service, region_name="eu-central-1", endpoint_url=endpoint, **keys)


@pytest.fixture(scope="session")
def driver(endpoint: str) -> Driver:
    return Driver(endpoint, region="eu-west-1")


@pytest.fixture(scope="session")
def ground(driver: Driver) -> Ground:
    return Ground(driver)


collect_ignore = ["everything.py"]  # a Pulumi program, run by the engine only
