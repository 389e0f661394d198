"""What each cell emits, and what happens beside the tables, is what its golden record says."""

from difflib import unified_diff

import pytest
from golden_records import BESIDE, FOLDER, PAGES, REWRITE, page, path
from meetings import CELLS


@pytest.mark.parametrize(("folder", "name"), PAGES)
def test_given_a_page_of_golden_records_then_it_says_what_is_emitted_now(folder: str, name: str) -> None:
    file = path(folder, name)
    written = file.read_text(encoding="utf-8") if file.exists() else ""
    lines = unified_diff(written.splitlines(), page(folder, name).splitlines(), str(file), "now", lineterm="")
    difference = "\n".join(lines)
    assert not difference, f"{difference}\nIf it shall be so: {REWRITE}, and review the difference."


def test_given_any_cell_of_both_tables_then_it_has_a_record_and_no_record_is_of_another() -> None:
    assert set(FOLDER.rglob("*.txt")) == {path(folder, name) for folder, name in PAGES}, REWRITE
    recorded = set()
    for file in (file for file in FOLDER.rglob("*.txt") if file.parent.name != BESIDE):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(" "):
                state, stimulus = line.split(":")[0].split(" x ")
                assert state == file.stem
                recorded.add((file.parent.name, state, stimulus))
    assert recorded == set(CELLS), REWRITE
