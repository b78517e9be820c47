from __future__ import annotations

from lifecycle.adoption.comments import comments_in

DOCUMENT = """# above all
a: 1 # beside a
b: "no # comment"  # beside b
c: | # beside the sign
  text # no comment
  # nor this

# above d
d:
  - {x: 1, y: 2} # beside an item
  # at the end of d
# at the end
"""


def test_each_comment_has_its_place() -> None:
    found = [(each.text, each.belongs_to, each.beside) for each in comments_in(DOCUMENT)]
    assert found == [
        ("# above all", ("a",), False),
        ("# beside a", ("a",), True),
        ("# beside b", ("b",), True),
        ("# beside the sign", ("c",), True),
        ("# above d", ("d",), False),
        ("# beside an item", ("d", 0), True),
        ("# at the end of d", (), False),
        ("# at the end", (), False),
    ]


def test_a_document_without_comments_has_none() -> None:
    assert comments_in('a: "b"\n') == ()
    assert comments_in('a: "# b"\n') == ()
