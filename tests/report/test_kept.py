"""Reports in the store: versions, pins, and what live run sets do."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import tracker
import tracker.report as wr
from tracker.errors import ConflictError, NotFoundError, StoreError

from .conftest import log_run
from .hostile import SETTINGS


def a_report(**runset: object) -> wr.Report:
    grid = wr.PanelGrid([wr.Runset(**runset)], panels=[wr.LinePlot(y=["loss"]), wr.RunComparer()])
    return wr.Report("digits", title="Losses", blocks=[wr.H1("a"), grid])


def test_every_version_stays(store: Path) -> None:
    report = a_report().save()
    assert (report.version, len(report.id)) == (1, 8)
    report.title = "Better"
    report.save()
    assert [version.version for version in report.versions()] == [1, 2]
    assert wr.Report.open(f"digits/{report.id}") == report
    assert wr.Report.open("digits/Better").version == 2
    assert wr.Report.open("digits/Better", version=1).title == "Losses"


def test_reports_are_listed(store: Path) -> None:
    first, second = a_report().save(), wr.Report("other", title="B").save()
    api = tracker.Api()
    assert [(d.project, d.name) for d in api.reports()] == [
        ("digits", first.id),
        ("other", second.id),
    ]
    assert [d.name for d in api.reports("entity/digits")] == [first.id]
    assert api.reports("digits", name="no such") == []
    assert wr.Report.of(api.reports("digits")[0]) == first


def test_a_report_is_found_by_id_or_only_title(store: Path) -> None:
    one = a_report().save()
    other = a_report().save()
    with pytest.raises(NotFoundError, match="2 reports are titled"):
        wr.Report.open("digits/Losses")
    assert wr.Report.open(f"digits/{other.id}").id == other.id
    with pytest.raises(NotFoundError, match=f"the project has .*{one.id}"):
        wr.Report.open("digits/none")
    with pytest.raises(NotFoundError, match="has no version 7: the newest is 1"):
        wr.Report.open(f"digits/{one.id}", version=7)


def test_saving_over_somebody_else_is_refused(store: Path) -> None:
    report = a_report().save()
    twin = wr.Report.open(f"digits/{report.id}")
    report.save()
    with pytest.raises(ConflictError, match="is at version 2 and not at 1"):
        twin.save()


def test_a_clone_is_a_report_of_its_own(store: Path) -> None:
    report = a_report().save()
    twin = report.clone("Twin").save()
    assert twin.id != report.id
    assert (twin.title, report.title) == ("Twin", "Losses")
    saved_as = report.copy().save(clone=True)
    assert saved_as.id not in (report.id, twin.id)
    assert report.delete()
    assert not report.delete()
    assert len(tracker.Api().reports("digits")) == 2


def test_pictures_go_with_the_report(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    path.write_bytes(tracker.Image(np.zeros((4, 4), dtype=np.uint8)).content)
    report = wr.Report("p", title="t", blocks=[wr.Image(path, caption="c")]).save()
    path.unlink()
    opened = wr.Report.open("p/t")
    assert "data:image/png;base64" in opened.to_html()
    assert str(tmp_path) not in str(opened.to_json())
    assert "data:image/png;base64" in report.clone().to_html()


def test_a_live_run_set_shows_new_runs_and_a_pinned_one_does_not(runs: list[str]) -> None:
    live, pinned = a_report(), a_report(follow=False).save()
    wanted = pinned.grids()[0].runsets[0].pin
    assert wanted is not None
    assert sorted(wanted.run_ids) == sorted(runs)
    before = pinned.to_html()
    tracker.Api().run(f"digits/{runs[0]}").delete()
    log_run("late", 0.5)
    assert "late" in live.to_html()
    assert "run-0.1" not in live.to_html()
    assert _body(wr.Report.open(f"digits/{pinned.id}").to_html()) == _body(before)


def test_the_same_data_have_the_same_pin(runs: list[str]) -> None:
    import msgspec
    import zstandard

    report = a_report().pin()
    pin = report.grids()[0].runsets[0].pin
    assert pin is not None
    content = report.objects.path(pin.sha256).read_bytes()
    kept = msgspec.msgpack.decode(zstandard.decompress(content))
    assert kept["time"] == pin.time
    assert any(name.startswith('["curves",["loss"]') for name in kept["answers"])


def test_a_pinned_run_set_says_what_it_lacks(runs: list[str]) -> None:
    report = a_report().pin()
    report.grids()[0].panels = [wr.LinePlot(y=["val/loss"])]
    assert "without what this panel draws" in report.to_html()
    assert "without what this panel draws" not in report.unpin().to_html()


def test_queries_and_artifacts_are_pinned_too(runs: list[str]) -> None:
    from tracker.artifacts.artifact import Artifact

    def log_model(words: str) -> None:
        with tracker.init("digits", "model", settings=SETTINGS) as run:
            model = Artifact("net", "model", description=words, metadata={"made": words})
            with model.new_file("a.txt") as file:
                file.write(words)
            run.log_artifact(model)

    log_model("first")
    query = "select name, created_at, 1.5 as half, null as none, 'nan'::double as nan from runs"
    blocks = [wr.SQLBlock(f"{query} order by name", title="T", limit=3)]
    blocks += [wr.ArtifactBlock("net", tab=tab) for tab in ("overview", "files", "usage")]
    live = wr.Report("digits", title="live", blocks=blocks).save()
    pinned = live.clone("pinned").pin()
    chosen = [wr.SQLBlock(query, follow=False), wr.ArtifactBlock("net:latest", follow=False)]
    saved = wr.Report("digits", title="saved", blocks=chosen).save()
    assert all(block.pin is not None for block in saved.blocks)
    assert all(block.pin is None for block in live.blocks)
    pinned.save()
    before = str(pinned.to_html()).partition("</header>")[2]
    assert before.count("as of ") == 4
    assert "first" in before
    assert "The first 3 of 4 rows." in before
    log_model("second")
    for run in tracker.Api().runs("digits", "name = run-0.1"):
        run.delete()
    opened = wr.Report.open("digits/pinned")
    assert str(opened.to_html()).partition("</header>")[2] == before
    now = str(live.to_html())
    assert "second" in now
    assert "net:v1" in now
    assert "run-0.1" not in now.partition("</header>")[2]
    assert "net:v0" in str(saved.to_html())
    same = re.sub(r'<p class="note pinned">.*?</p>', "", before)
    live.unpin()
    assert str(pinned.unpin().to_html()).partition("</header>")[2] not in (before, same)


def test_a_block_that_was_changed_says_that_its_pin_is_another(runs: list[str]) -> None:
    report = wr.Report("digits", blocks=[wr.SQLBlock("select 1 as one")]).pin()
    (block,) = report.blocks
    assert isinstance(block, wr.SQLBlock)
    block.query = "select 2 as two"
    assert "has changed since: report.unpin() and report.pin()" in str(report.to_html())
    assert ">two<" in str(report.unpin().to_html())


def test_a_damaged_pin_is_an_error_with_a_sentence(runs: list[str]) -> None:
    report = a_report().pin()
    pin = report.grids()[0].runsets[0].pin
    assert pin is not None
    path = report.objects.path(pin.sha256)
    path.chmod(0o600)
    from tracker.report.pinning import source_of

    # A frame whose head says that 16 GB follow.
    bomb = b"\x28\xb5\x2f\xfd\xe0" + (1 << 34).to_bytes(8, "little") + b"\0" * 20
    for content in (b"rubbish", b"", bomb):
        path.write_bytes(content)
        with pytest.raises(StoreError, match="What was pinned cannot be read"):
            source_of(report, report.grids()[0].runsets[0])


def test_a_pin_survives_saving_with_nan_and_infinities(store: Path) -> None:
    run = tracker.init(project="p", settings={"silent": True, "system_interval_s": 0})
    for value in (1.0, float("nan"), float("inf"), -2.0):
        run.log({"loss": value})
    run.finish()
    grid = wr.PanelGrid(panels=[wr.LinePlot(y=["loss"])])
    report = wr.Report("p", title="t", blocks=[grid]).pin()
    from tracker.report.pinning import source_of

    (curve,) = source_of(report, grid.runsets[0]).curves(["loss"], "step")
    assert str(curve.y.tolist()) == "[1.0, nan, inf, -2.0]"


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"filters": {"config.lr": {"$gt": 0.5}}}, ["run-10.0", "run-1.0"]),
        ({"filters": "Config('lr') > 0.5 and State == 'finished'"}, ["run-10.0", "run-1.0"]),
        ({"filters": "not (Config('lr') > 0.5)"}, ["run-0.1"]),
        ({"filters": "0.5 < Config('lr') or Metric('Name') == 'run-0.1'", "order": "+config.lr"},
         ["run-0.1", "run-1.0", "run-10.0"]),
        ({"filters": "config.lr > 0.5 and state = finished"}, ["run-10.0", "run-1.0"]),
        ({"query": "RUN-1"}, ["run-10.0", "run-1.0"]),
        ({"order": "-config.lr"}, ["run-10.0", "run-1.0", "run-0.1"]),
        ({"order": "+loss", "limit": 1}, ["run-10.0"]),
    ],
)  # fmt: skip
def test_a_run_set_chooses_and_orders(
    runs: list[str], fields: dict[str, object], names: list[str]
) -> None:
    from tracker.report.pinning import source_of

    report = a_report(**fields)
    found = source_of(report, report.grids()[0].runsets[0]).runs()
    assert [run.name for run in found] == names


def test_named_runs_keep_their_order(runs: list[str]) -> None:
    from tracker.report.pinning import source_of

    report = a_report(runs=[runs[1], runs[0]])
    found = source_of(report, report.grids()[0].runsets[0]).runs()
    assert [run.run_id for run in found] == [runs[1], runs[0]]


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "Config('lr') > open('/etc/passwd')",
        "Config('lr').x.__class__ == 1",
        "lambda: 0",
        "Config('lr') >",
        "(" * 500,
        "1 < Config('lr') < 2",
        "Config('lr') is None",
    ],
)
def test_expressions_are_read_and_never_run(text: str) -> None:
    from tracker.errors import QueryError
    from tracker.report.expressions import read_expression

    with pytest.raises(QueryError, match="The filter"):
        read_expression(text)


def _body(page: str) -> str:
    return page.partition("<section")[2]


def test_a_clean_up_leaves_what_a_pinned_report_shows(runs: list[str], tmp_path: Path) -> None:
    from tracker.artifacts.gc import collect
    from tracker.artifacts.home import Home

    path = tmp_path / "own.png"
    path.write_bytes(tracker.Image(np.ones((9, 9), dtype=np.uint8)).content)
    panels = [wr.LinePlot(y=["loss"]), wr.MediaBrowser(media_keys=["sample"])]
    grid = wr.PanelGrid([wr.Runset(follow=False)], panels=panels)
    report = wr.Report("digits", title="t", blocks=[wr.Image(path), grid]).save()
    before = report.to_html()
    for run in tracker.Api().runs("digits"):
        run.delete()
    collect(Home(report.store), dry_run=False, grace_s=-5)
    after = wr.Report.open("digits/t").to_html()
    assert str(after).count("data:image/png") == 1 + 3 * 2
    assert _body(str(after)) == _body(str(before))
