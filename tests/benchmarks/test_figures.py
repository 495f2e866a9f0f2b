"""The table as people read it."""

from __future__ import annotations

from benchmarks.figures import Figure, table


def test_figures_with_a_row_stand_side_by_side():
    figures = [
        Figure("Alone", "speed", 1234.5, "rows/s", "a note"),
        Figure("Beside", "rows/s", 1700, "rows/s", "width 8", row="ours"),
        Figure("Beside", "429s", 0, "answers", row="ours"),
        Figure("Beside", "rows/s", 430.21, "rows/s", row="theirs"),
        Figure("Beside", "429s", 3, "answers", row="theirs"),
    ]
    lines = table(figures).splitlines()
    assert [line.split() for line in lines if line] == [
        ["Alone"],
        ["speed", "1,234", "rows/s", "a", "note"],
        ["Beside"],
        ["rows/s", "429s"],
        ["ours", "1,700", "0", "width", "8"],
        ["theirs", "430", "3"],
    ]
    assert (
        len({line.index(cell) + len(cell) for line, cell in zip(lines[-3:], ("rows/s", "1,700", "430"), strict=True)})
        == 1
    )
