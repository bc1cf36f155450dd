"""W&B's modules, and what scripts in the wild do with what they find in them."""

from __future__ import annotations

import copy
import pickle
import sys
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest

import tracker
import tracker as wandb

# as in ``from wandb.sdk.wandb_run import Run``, with wandb replaced
IMPORTED = {
    "apis.public": "Api Run Sweep File User Artifact",
    "apis.public.runs": "Run Runs",
    "apis.reports": "Report PanelGrid",
    "data_types": "Image Table Histogram WBValue Media",
    "errors": "CommError UsageError",
    "errors.errors": "CommError UsageError AuthenticationError",
    "errors.term": "termlog termwarn",
    "plot": "CustomChart line",
    "sdk": "wandb_run wandb_config",
    "sdk.artifacts.artifact": "Artifact",
    "sdk.artifacts.exceptions": "ArtifactNotLoggedError",
    "sdk.data_types.base_types.wb_value": "WBValue",
    "sdk.data_types.image": "Image",
    "sdk.data_types.table": "Table JoinedTable",
    "sdk.data_types.video": "Video",
    "sdk.lib": "runid",
    "sdk.lib.runid": "generate_id",
    "sdk.wandb_alerts": "AlertLevel",
    "sdk.wandb_run": "Run",
    "sdk.wandb_settings": "Settings",
    "util": "generate_id make_artifact_name_safe json_dumps_safer",
    "wandb_run": "Run",
}


@pytest.mark.parametrize("path", IMPORTED)
def test_modules_are_imported_by_their_path(path):
    module = import_module(f"tracker.{path}")
    assert module is import_module(f"tracker.{path}")
    found = wandb
    for name in path.split("."):
        found = getattr(found, name)
    assert found is module
    for name in IMPORTED[path].split():
        assert getattr(module, name) is not None


def test_the_names_are_the_public_ones():
    import tracker.apis.reports as reports
    import tracker.sdk.data_types.video as video
    from tracker.errors.errors import CommError
    from tracker.sdk.artifacts.artifact import Artifact
    from tracker.sdk.wandb_run import Run

    assert (video.Video, Run, Artifact) == (wandb.Video, wandb.Run, wandb.Artifact)
    assert CommError is wandb.errors.CommError is wandb.CommError
    assert reports is sys.modules["tracker.report"]
    assert reports.__spec__.name == "tracker.report"
    assert wandb.errors.__spec__.name == "tracker.errors"
    assert wandb.errors.term.termlog is wandb.termlog
    assert not hasattr(wandb.errors, "nothing")


@pytest.mark.parametrize(
    "path", ["sdk.launch", "apis.internal", "util.nothing", "errors.nothing", "integration.openai"]
)
def test_a_module_that_is_not_here_says_so(path):
    with pytest.raises(ModuleNotFoundError, match=f"W&B's '{path}' is not part of this version"):
        import_module(f"tracker.{path}")


def test_a_name_that_is_not_here_is_an_import_error():
    with pytest.raises(ImportError, match=r"cannot import name 'printer' from 'tracker\.sdk\.lib'"):
        from tracker.sdk.lib import printer  # noqa: F401
    assert find_spec("tracker.sdk.lib") is not None


def test_programs_ask_whether_something_is_media():
    """As Composer and others do before they log a value."""
    kind = wandb.data_types.WBValue
    assert kind is wandb.sdk.data_types.base_types.wb_value.WBValue
    table = wandb.Table(columns=["a"], data=[[1]])
    for value in (wandb.Image(np.zeros((2, 2))), table, wandb.Histogram([1, 2]), wandb.Html("x")):
        assert isinstance(value, kind)
        assert issubclass(type(value), kind)
    for value in (3, "x", [table], None, {"a": table}):
        assert not isinstance(value, kind)
    assert not issubclass(dict, kind)


# --- what is shown


def test_outside_of_a_notebook_display_shows_nothing_and_html_is_at_hand(start, capsys):
    """As the page of W&B about charts in notebooks calls them."""
    run = start(name="<b>mine</b>")
    run.log({"acc": 0.5})
    sweep = wandb.sweep({"method": "grid", "parameters": {"x": {"values": [1]}}}, project="p")
    api = wandb.Api()
    for shown in (run, api.run(run.path), api.project("p"), api.sweep(f"p/{sweep}")):
        assert shown.display(height=720) is False
        html = shown.to_html(height=720)
        assert html.startswith("<div")
        assert "<b>mine" not in html
        assert (
            shown.to_html(hidden=True)
            == f"<details><summary>{_name(shown)}</summary>{html}</details>"
        )
    run.finish()
    assert "acc" in run.to_html()
    assert "trk" not in capsys.readouterr().out


def _name(shown):
    if isinstance(shown, wandb.apis.public.Project):
        return shown.name
    return f"p/{shown.id}" if isinstance(shown, wandb.Run | wandb.apis.public.Run) else shown.id


def test_a_disabled_run_has_nothing_to_show(start):
    run = start(mode="disabled")
    assert run.display() is False
    assert run.to_html() == ""


# --- smaller things


def test_the_copy_of_the_config_has_attributes(start):
    run = start(config={"lr": 0.1, "keys": 3, "model": {"depth": 2}})
    given = run.config_static
    run.config.update({"lr": 0.2}, allow_val_change=True)
    assert (given.lr, given["keys"], given.model["depth"]) == (0.1, 3, 2)
    assert {**given} == dict(given) == {"lr": 0.1, "keys": 3, "model": {"depth": 2}}
    assert repr(given) == repr(dict(given))
    assert copy.deepcopy(given) == pickle.loads(pickle.dumps(given)) == given
    assert not hasattr(given, "epochs")
    with pytest.raises(AttributeError, match=r"a copy, not to be changed: change run\.config"):
        given.lr = 0.3
    with pytest.raises(TypeError):
        given["lr"] = 0.3


@pytest.mark.parametrize("kind", ["Image", "Audio", "Html", "Object3D", "Video", "Molecule"])
def test_a_path_without_a_file_is_the_error_that_programs_expect(alone, kind):
    suffix = {"Html": "html", "Object3D": "obj", "Video": "mp4", "Molecule": "pdb"}.get(kind, "png")
    with pytest.raises(FileNotFoundError, match=rf"nothing\.{suffix} cannot be used: No such"):
        getattr(tracker, kind)(f"nothing.{suffix}")
    with pytest.raises(tracker.UsageError):
        getattr(tracker, kind)(f"nothing.{suffix}")


def test_files_of_an_artifact_have_names(start):
    with start() as run:
        artifact = wandb.Artifact("n", "t")
        with artifact.new_file("a/b.txt") as file:
            file.write("b")
        run.log_artifact(artifact)
        assert [file.name for file in artifact.files()] == ["a/b.txt"]


def test_the_picture_of_an_image_by_its_inner_name(start):
    """As the notebook about tables of images in W&B's examples takes it."""
    image = wandb.Image(np.zeros((2, 3), np.uint8))
    assert image._image.size == image.image.size == (3, 2)  # noqa: SLF001 - they do


def test_artifacts_are_written_where_the_environment_says(start, alone, monkeypatch):
    with start() as run:
        artifact = wandb.Artifact("n", "t")
        with artifact.new_file("a.txt") as file:
            file.write("a")
        run.log_artifact(artifact)
        assert run.use_artifact("n:latest").download().endswith("artifacts/n-v0")
        monkeypatch.setenv("WANDB_ARTIFACT_DIR", str(alone / "scratch"))
        assert run.use_artifact("n:latest").download() == str(alone / "scratch" / "n-v0")


def test_a_report_in_the_words_of_the_first_version(start):
    """As trlX writes one about its sweeps."""
    import tracker.apis.reports as wb

    for number in range(3):
        with start(group="mine" if number else "other", config={"lr": number / 10}) as run:
            run.log({"reward/mean": number})
    runset = wb.Runset(project="p").set_filters_with_python_expr('group == "mine"')
    assert runset.filters == 'group == "mine"'
    layout = {"x": 0, "y": 0, "w": 24, "h": 10}
    columns = [wb.PCColumn("c::lr"), wb.PCColumn("reward/mean")]
    lines = wb.ParallelCoordinatesPlot(columns=columns, layout=layout)
    assert lines.layout == wb.Layout(**layout)
    points = wb.ScatterPlot(x="Index", y="reward/mean", running_ymin=True, layout={"w": 12})
    report = wb.Report(project="p", title="mine", description="mine")
    report.blocks = [wb.PanelGrid(panels=[lines, points], runsets=[runset])]
    report.blocks = [*report.blocks, wb.CodeBlock(code=['{"lr": 0.1}'], language="json")]
    report.save()
    assert [grid.runsets[0].filters for grid in report.blocks[:1]] == ['group == "mine"']
    with pytest.raises(tracker.UsageError, match="expected Layout, or a dict of x, y, w and h"):
        wb.ScatterPlot(layout={"width": 3})
