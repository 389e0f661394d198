"""What each cell emits is what its golden record says."""

from difflib import unified_diff

import pytest
from golden_records import COLUMNS, FOLDER, REWRITE, page, path
from meetings import CELLS


@pytest.mark.parametrize(("machine", "state"), COLUMNS)
def test_given_a_column_of_a_table_then_its_cells_emit_what_their_records_say(machine: str, state: str) -> None:
    file = path(machine, state)
    written = file.read_text(encoding="utf-8") if file.exists() else ""
    lines = unified_diff(written.splitlines(), page(machine, state).splitlines(), str(file), "now", lineterm="")
    difference = "\n".join(lines)
    assert not difference, f"{difference}\nIf it shall be so: {REWRITE}, and review the difference."


def test_given_any_cell_of_both_tables_then_it_has_a_record_and_no_record_is_of_another() -> None:
    recorded = set()
    for file in FOLDER.rglob("*.txt"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(" "):
                state, stimulus = line.split(":")[0].split(" x ")
                assert state == file.stem
                recorded.add((file.parent.name, state, stimulus))
    assert recorded == set(CELLS), REWRITE
