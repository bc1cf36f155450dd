from __future__ import annotations

import math
import re
from html.parser import HTMLParser

import pytest

from tracker.figures.code import MOST_LINES, cells_html, diff_html, highlighted
from tracker.figures.comparer import Facts, comparison_html, facts_of, is_same
from tracker.records import CellRecord

from .records import BEGAN, a_run
from .runs import NASTY, ODD


def a_cell(source: str, number: int = 1) -> CellRecord:
    return CellRecord(number, number, source, BEGAN, 1.5, "ok", None, None)


class _Rows(HTMLParser):
    """Reads a table's rows as lists of text, with the class of each row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[tuple[str, list[str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append((dict(attrs).get("class") or "", []))
        elif tag in ("td", "th") and self.rows:
            self.rows[-1][1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1][1]:
            self.rows[-1][1][-1] += data


def rows(html: str, kind: str = "") -> dict[str, list[str]]:
    """Return the rows of a comparison by their key; of one class only."""
    return {cells[0]: cells[1:] for name, cells in _Rows(html).rows if not kind or name == kind}


def facts(number: int, **config: object) -> Facts:
    return facts_of(a_run(run_id=f"id{number}", name=f"run-{number}", config=config))


# ---------------------------------------------------------------- runs side by side


def test_what_differs_has_a_cell_for_each_run_and_what_does_not_one() -> None:
    html = comparison_html([facts(0, lr=0.1, depth=3), facts(1, lr=0.2, depth=3)])
    assert rows(html, "tkv-diff") == {"lr": ["0.1", "0.2"]}
    same = rows(html, "tkv-same")
    assert same["depth"] == ["3"]
    assert same["state"] == ["finished"]


def test_what_is_the_same_can_be_left_out() -> None:
    pair = [facts(0, lr=0.1, depth=3), facts(1, lr=0.2, depth=3)]
    assert set(rows(comparison_html(pair, only_differences=True), "tkv-diff")) == {"lr"}
    assert not rows(comparison_html(pair, only_differences=True), "tkv-same")
    assert "Nothing differs." in comparison_html(pair[:1] * 2, only_differences=True)


def test_the_baseline_comes_first_and_the_others_tell_their_difference() -> None:
    html = comparison_html([facts(0, lr=0.5, k="x"), facts(1, lr=0.25, k="y")], baseline="id1")
    head, *_ = _Rows(html).rows
    assert head[1] == ["", "run-1 baseline", "run-0"]
    assert rows(html)["lr"] == ["0.25", "0.5 +0.25"]
    assert rows(html)["k"] == ["y", "x"]
    assert html.count("tkv-other") == 2


def test_machine_git_packages_and_cells_are_compared() -> None:
    git = {"commit": "a" * 40, "branch": "main", "patch": "+++ b/x\n+one\n-two\n+three\n"}
    metadata = {"host": "n1", "packages": {"numpy": "2.4"}, "git": git, "pid": 7}
    old = facts_of(a_run(metadata=metadata), [a_cell("x = 1")])
    newer = metadata | {"packages": {"numpy": "2.5"}, "git": {"commit": "b" * 40}}
    found = rows(
        comparison_html([old, facts_of(a_run(metadata=newer), [a_cell("x = 2")])]), "tkv-diff"
    )
    assert found["numpy"] == ["2.4", "2.5"]
    assert found["commit"] == ["a" * 12, "b" * 12]
    assert re.fullmatch(r"\+2 −1 lines \([0-9a-f]{7}\)", found["uncommitted changes"][0])
    assert found["uncommitted changes"][1] == "–"
    assert found["cell 1"][0].startswith("x = 1 (1 line, ")
    assert "pid" not in found


def test_runs_beyond_the_limit_are_counted() -> None:
    html = comparison_html([facts(n, lr=n) for n in range(1000)])
    assert "The first 24 of 1,000 runs are compared." in html
    assert len(rows(html)["lr"]) == 24


def test_one_run_is_a_list_and_none_is_said() -> None:
    assert rows(comparison_html([facts(0, lr=0.1)]), "tkv-same")["lr"] == ["0.1"]
    assert "No run is shown" in comparison_html([])


def test_odd_values_can_be_compared() -> None:
    html = comparison_html([facts(n, v=value) for n, value in enumerate(ODD)], baseline="id0")
    assert [cell.split(" ")[0] for cell in rows(html)["v"]][:5] == ["–", "NaN", "∞", "−∞", "true"]


@pytest.mark.parametrize(
    ("values", "same"),
    [
        ([math.nan, math.nan], True),
        ([1, 1.0], True),
        ([1, True], False),
        ([None, None], True),
        ([None, 0], False),
        ([[1], [1]], True),
        (["a", "b"], False),
    ],
)
def test_what_is_the_same(values: list[object], same: bool) -> None:
    assert is_same(values) is same


@pytest.mark.parametrize("text", NASTY)
def test_nothing_that_was_logged_is_markup(text: str) -> None:
    metadata = {"packages": {text: text}, "git": {"commit": text, "patch": text}, text: text}
    run = facts_of(a_run(name=text, config={text: text}, metadata=metadata), [a_cell(text)])
    for html in (
        comparison_html([run, facts(1)], baseline=run.id),
        cells_html([a_cell(text)], text),
        diff_html([a_cell(text)], [a_cell(text + "x")]),
        highlighted(text),
    ):
        assert "<img" not in html
        assert "<script" not in html
        assert "\u202e" not in html


# ---------------------------------------------------------------- code


def text_of(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)


def test_cells_are_shown_as_they_ran() -> None:
    cells = [
        a_cell("import os\nprint(1)"),
        CellRecord(2, 9, "1/0", BEGAN, 0.2, "error", "Zero!", ""),
    ]
    html = cells_html(cells, "+added\n-gone")
    assert "[1] 1s" in text_of(html)
    assert "[9] 0.2s · error" in text_of(html)
    assert "Zero!" in html
    assert "<ins>+added</ins>" in html
    assert "<del>-gone</del>" in html
    assert "no notebook cells and logged no code" in cells_html([])


def test_code_keeps_its_text_and_has_classes() -> None:
    source = (
        "%matplotlib inline\nx = 'a'  # why\n\ndef f(n: int) -> int:\n\treturn n < 3 and f(n - 1)"
    )
    html = highlighted(source)
    assert text_of(html).replace("&#x27;", "'").replace("&lt;", "<").replace("&gt;", ">") == source
    for kind in ("comment", "keyword", "string", "number", "def"):
        assert f'class="tkv-{kind}"' in html


def test_a_difference_shows_lines_and_words() -> None:
    html = diff_html([a_cell("lr = 0.1\nkeep = 1")], [a_cell("lr = 0.2\nkeep = 1\nnew = 2")])
    found = [(name, cells) for name, cells in _Rows(html).rows]
    assert found == [
        ("tkv-del", ["1", "", "- lr = 0.1"]),
        ("tkv-ins", ["", "1", "+ lr = 0.2"]),
        ("tkv-equal", ["2", "2", "  keep = 1"]),
        ("tkv-ins", ["", "3", "+ new = 2"]),
    ]
    assert "<mark>1</mark>" in html
    assert "<mark>2</mark>" in html


def test_what_is_the_same_far_from_a_change_is_folded() -> None:
    lines = [f"x{n} = {n}" for n in range(100)]
    changed = [*lines[:50], "y = 1", *lines[51:]]
    html = diff_html([a_cell("\n".join(lines))], [a_cell("\n".join(changed))])
    kinds = [name for name, _ in _Rows(html).rows]
    assert kinds.count("tkv-equal") == 6
    assert kinds.count("tkv-fold") == 2
    assert "47 lines are the same" in html
    assert "46 lines are the same" in html


def test_equal_code_is_said_and_endless_code_is_cut() -> None:
    assert "are the same" in diff_html([a_cell("a")], [a_cell("a")])
    assert "are the same" in diff_html([], [])
    long = "\n".join(f"line{n}" for n in range(MOST_LINES + 10))
    assert f"first {MOST_LINES:,} lines" in diff_html([a_cell(long)], [a_cell("x\n" + long)])
