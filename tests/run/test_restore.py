"""The cells of a run as a notebook that runs again."""

import json

import nbformat
import pytest
from nbclient import NotebookClient

from tracker.run.cells import Cell
from tracker.run.restore import cells_to_notebook

CELLS = [
    Cell(0, 1, "x = 2", 100.0, 0.5, "ok", None, "aaaa"),
    Cell(1, 2, "%restore ab12cd34\n# which run was that?\n%tracker sql select 1"),
    Cell(2, 3, "x += 1\n1 / 0", 101.0, 0.1, "error", "ZeroDivisionError: division by zero"),
    Cell(3, 4, "x.bit_length?"),
    Cell(4, 5, "%%time\nx *= 10"),
    Cell(5, None, "print(x)", 103.0, None, "running"),
]


def sources(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_code_cells_follow_the_header_in_the_order_of_execution():
    notebook = cells_to_notebook(list(reversed(CELLS)), title="t", metadata={})
    assert notebook.cells[0].cell_type == "markdown"
    assert sources(notebook) == ["x = 2", "x += 1\n1 / 0", "%%time\nx *= 10", "print(x)"]
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 3, 5, None]
    assert all(cell.outputs == [] for cell in notebook.cells[1:])


def test_the_notebook_is_valid_and_survives_the_disk(tmp_path):
    path = tmp_path / "restored.ipynb"
    nbformat.write(cells_to_notebook(CELLS, title="t", metadata={"id": "ab12cd34"}), path)
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.tracker == {"id": "ab12cd34"}
    assert notebook.cells[1].metadata.tracker == {
        "index": 0,
        "started_at": 100.0,
        "duration_s": 0.5,
        "status": "ok",
        "cell_id": "aaaa",
    }


def test_the_header_names_the_run_in_the_order_given():
    notebook = cells_to_notebook(
        [],
        title="misty-glade-12",
        metadata={
            "id": "ab12cd34",
            "started_at": "2026-01-02T03:04:05+00:00",
            "commit": "0f0f0f0",
            "branch": None,
            "config": {"lr": 0.1},
        },
    )
    assert notebook.cells[0].source.splitlines() == [
        "# misty-glade-12",
        "",
        "- **id**: ab12cd34",
        "- **started at**: 2026-01-02T03:04:05+00:00",
        "- **commit**: 0f0f0f0",
    ]


def test_markup_in_names_stays_text_on_one_line():
    notebook = cells_to_notebook(
        [], title="a *b*\n# <b>c</b>", metadata={"note": "[x](javascript:1)\n- y"}
    )
    assert notebook.cells[0].source.splitlines() == [
        r"# a \*b\* \# \<b\>c\</b\>",
        "",
        r"- **note**: \[x\](javascript:1) - y",
    ]


def test_metadata_that_json_lacks_becomes_text(tmp_path):
    notebook = cells_to_notebook([], title="t", metadata={"path": tmp_path, "tags": ("a", 1)})
    assert json.loads(nbformat.writes(notebook))["metadata"]["tracker"] == {
        "path": str(tmp_path),
        "tags": ["a", 1],
    }


@pytest.mark.parametrize(
    ("source", "is_kept"),
    [
        ("", False),
        ("  \n# only a comment", False),
        ("%tracker", False),
        ("%tracker my-project\n%whos", False),
        ("tracker.init??", False),
        ("?tracker.init", False),
        ("%load_ext tracker", True),
        ("%%tracker my-project\ntrain()", True),
        ("%%tracker_sql\nselect 1", True),
        ("df = %tracker sql select 1", True),
        ("%tracker\ntrain()", True),
        ('text = """\n%tracker\n"""', True),
        ("%trackers", True),
    ],
)
def test_cells_that_only_look_something_up_are_left_out(source, is_kept):
    notebook = cells_to_notebook([Cell(0, 1, source)], title="t", metadata={})
    assert sources(notebook) == ([source] if is_kept else [])


def test_running_the_notebook_again_leads_to_the_same_state(tmp_path):
    notebook = cells_to_notebook(CELLS, title="t", metadata={})
    client = NotebookClient(notebook, resources={"metadata": {"path": tmp_path}}, timeout=60)
    done = client.execute()
    # 30: the first line of the cell that failed has had its effect, too.
    assert done.cells[-1].outputs[0].text == "30\n"
    assert done.cells[2].outputs[0].ename == "ZeroDivisionError"
