"""Is every command of runbook and tutorial typed by a test, and would it be told otherwise?"""

import pytest

from tests.page_claims import Typed, claimed, typeable, types
from tests.page_commands import NOT_TYPED, ROOT, why_not_typed

ALL_TYPED = ("docs/runbook.md", "docs/tutorial.md")
# of these, what starts a server that does not end or needs a repository's host has a reason instead
WITH_REASONS = (
    "docs/kubernetes.md", "docs/metrics.md", "docs/prefect.md",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs/how-to").glob("*.md"))),
)  # fmt: skip
# what a block says that it needs, and why no test brings it along
NOT_BROUGHT = {
    "a kubelet": "forwards a port to a pod, and ends when it is interrupted",
}


@pytest.mark.parametrize("page", ALL_TYPED)
def test_every_command_is_typed_by_a_test(page: str) -> None:
    there = typeable(page)
    assert there
    assert [place for place in there if place not in claimed()] == []


@pytest.mark.parametrize("page", WITH_REASONS)
def test_every_command_is_typed_or_has_a_reason(page: str) -> None:
    reasons = {*NOT_TYPED.values(), *NOT_BROUGHT}
    told = {place: why_not_typed(block) for place, block in typeable(page).items()}
    assert [
        place for place, why in told.items() if place not in claimed() and why not in reasons
    ] == []


def test_a_test_that_leaves_out_what_it_says_that_it_types_fails() -> None:
    @types("docs/tutorial.md")
    def takes_the_first(typed: Typed) -> None:
        assert typed[0]

    @types("docs/tutorial.md")
    def takes_all(typed: Typed) -> None:
        assert all(block.text for block in typed)

    [blocks] = [each.args[1] for each in takes_all.pytestmark if each.name == "parametrize"]
    takes_all(typed=blocks[0])
    with pytest.raises(AssertionError, match="and did not"):
        takes_the_first(typed=blocks[0])


def test_what_no_page_asks_for_cannot_be_said_to_be_typed() -> None:
    with pytest.raises(AssertionError, match="no block that needs a ship"):
        types("docs/runbook.md", needs="a ship")
