from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.adoption.comments import comments_in
from lifecycle.adoption.document import rendered, scalar
from tiers.strict_yaml import load_tree

FILE = """# for the audit
schema_version: 1
tenants:
  # asked on Monday
  acme:
    spellings:
      - {spelling: "Acme GmbH", by: dana, when: 2026-11-29} # by phone
    tier: dedicated-db # the client wants its own server
    phases:
      size: {status: open, why: "waits"} # soon
# nothing follows
"""


def tree(text: str, folder: Any) -> Any:
    path = folder / "adoption.yaml"
    path.write_text(text, encoding="utf-8")
    return load_tree(path)


def test_a_file_that_is_written_anew_stays_as_it_is(tmp_path: Any) -> None:
    assert rendered(tree(FILE, tmp_path), FILE).replace('"1"', "1") == FILE.replace('"waits"', "waits")


def test_a_comment_outlives_what_it_stood_beside(tmp_path: Any) -> None:
    content = tree(FILE, tmp_path)
    del content["tenants"]["acme"]["phases"], content["tenants"]["acme"]["tier"]
    again = rendered(content, FILE)
    assert [each.text for each in comments_in(again)] == [
        "# for the audit",
        "# asked on Monday",
        "# the client wants its own server",
        "# soon",
        "# by phone",
        "# nothing follows",
    ]
    assert tree(again, tmp_path) == content


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(TEXT)
def test_every_text_reads_back_as_it_was(text: str) -> None:
    assert yaml.load(f"a: {scalar(text)}", Loader=yaml.BaseLoader) == {"a": text}  # noqa: S506 - text only


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.lists(TEXT, min_size=1, max_size=3), max_size=4
    ),
    st.lists(st.from_regex(r"# [a-z #\"'{}:]{0,20}[a-z]", fullmatch=True), max_size=6),
    st.randoms(use_true_random=False),
)
def test_no_comment_is_lost_however_the_content_changes(
    tenants: dict[str, list[str]], comments: list[str], random: Any
) -> None:
    content = {
        "tenants": {
            name: {"spellings": [{"spelling": each} for each in found]} for name, found in tenants.items()
        },
        "portfolio": "x",
    }
    lines = rendered(content).splitlines()
    for comment in comments:
        at = random.randrange(len(lines) + 1)
        if at < len(lines) and random.random() < 0.5 and "#" not in lines[at]:
            lines[at] = f"{lines[at]} {comment}"
        else:
            lines.insert(at, comment)
    before = "\n".join(lines) + "\n"
    kept = dict(list(content["tenants"].items())[1:])  # type: ignore[attr-defined]
    after = rendered({**content, "tenants": kept}, before)
    assert sorted(each.text for each in comments_in(after)) == sorted(
        each.text for each in comments_in(before)
    )
    assert yaml.load(after, Loader=yaml.BaseLoader)["tenants"] == kept  # noqa: S506 - text only
