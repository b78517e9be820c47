"""The policy pack with the real CLI: what the program declares passes, a weakness stops the preview."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.project import STACK, Project, running_project

pytestmark = [pytest.mark.engine]
PREVIEW = ("preview", "--stack", STACK, "--policy-pack", "policies")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A stack that was never up, with the smallest and the largest of what is sold."""
    with running_project(tmp_path_factory.mktemp("policies") / "project") as copy:
        for other in ("acme-staging", "borealis-migration", "cobalt", "halcyon"):
            (copy.folder / "portfolios" / "local" / "tenants" / f"{other}.yaml").unlink()
        yield copy


@pytest.mark.whole("tests/policies/test_rules judges the same resources in memory")
def test_what_is_declared_passes_with_one_warning(project: Project) -> None:
    said = project.pulumi(*PREVIEW)
    assert "protected-data" in said.text
    assert "[advisory]" in said.text
    assert "[mandatory]" not in said.text
    assert "policy of" in said.text
    assert "(aws:s3/bucketPolicy:BucketPolicy) is not judged yet" in said.text
    assert " to create" in said.stdout


def test_a_weakness_stops_the_preview(project: Project) -> None:
    with project.edited(
        "components/aws/database.py", '"storage_encrypted": True', '"storage_encrypted": False'
    ):
        said = project.pulumi(*PREVIEW, code=1)
    assert "[mandatory]" in said.text
    assert "local-postgresql: storageEncrypted turns encryption off" in said.text
    assert "Traceback" not in said.text
