from __future__ import annotations

import math

import numpy as np
import pytest

from tracker.errors import UsageError
from tracker.figures.scatter import scatter_figure

from .runs import is_safe, many, nasty, odd, one


def points(*pairs: tuple[object, object], **more: list[object]) -> list:
    """Return runs with these values of config.x and summary.y, and further config."""
    found = []
    for n, (x, y) in enumerate(pairs):
        config = {"x": x} | {key: values[n] for key, values in more.items()}
        found.append(one(n, config, {"y": y}))
    return found


def draw(runs, **options):
    return scatter_figure(runs, "config.x", "summary.y", **options)


def drawn(figure) -> dict[str, tuple[float, float]]:
    return {
        name: (x, y)
        for trace in figure.data
        if trace.mode == "markers"
        for name, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
    }


def test_a_run_is_a_point_in_its_own_colour() -> None:
    runs = points((1, 2.0), (3, 4.0))
    figure = draw(runs)
    assert drawn(figure) == {"id0": (1, 2), "id1": (3, 4)}
    assert list(figure.data[0].marker.color) == [run.colour for run in runs]
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("x", "y")


def test_runs_without_a_number_are_counted_and_not_drawn() -> None:
    figure = draw(points((1, 2.0), (None, 4.0), (2, math.nan), (3, math.inf)))
    assert set(drawn(figure)) == {"id0"}
    (note,) = figure.layout.annotations
    assert note.text == "3 of 4 runs not drawn: no number for x or y"


def test_on_a_logarithmic_axis_zero_and_less_have_no_place() -> None:
    runs = points((0, 2.0), (-1, 4.0), (10, 1.0), (100, 0.0))
    assert set(drawn(draw(runs, log_x=True))) == {"id2", "id3"}
    figure = draw(runs, log_x=True, log_y=True)
    assert set(drawn(figure)) == {"id2"}
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")


@pytest.mark.parametrize(("front", "best"), [("min", [5, 3, 3, 1]), ("max", [5, 5, 6, 6])])
def test_the_front_is_the_best_so_far(front: str, best: list[float]) -> None:
    runs = points((4, 1.0), (1, 5.0), (2, 3.0), (3, 6.0), (9, math.nan))
    line = draw(runs, front=front).data[-1]
    assert (list(line.x), list(line.y)) == ([1, 2, 3, 4], best)


def test_of_equal_x_the_front_takes_the_better() -> None:
    line = draw(points((1, 5.0), (1, 2.0), (2, 9.0)), front="min").data[-1]
    assert list(line.y) == [2, 2, 2]


def test_colour_by_numbers_is_a_scale_and_runs_without_are_grey() -> None:
    runs = points((1, 1.0), (2, 2.0), (3, 3.0), c=[0.1, 10.0, None])
    scaled, grey = draw(runs, colour="config.c").data
    assert list(scaled.marker.color) == [0.1, 10]
    assert scaled.marker.colorbar.title.text == "c"
    assert (list(grey.customdata), grey.name) == (["id2"], "no value")
    logged = draw(runs, colour="config.c", log_colour=True).data[0]
    assert list(logged.marker.color) == [-1, 1]
    assert list(logged.marker.colorbar.ticktext) == ["0.1", "1", "10"]


def test_colour_by_text_is_a_trace_for_each_value_with_a_legend() -> None:
    figure = draw(many_by_kind(), colour="config.kind")
    assert [(trace.name, len(trace.x)) for trace in figure.data] == [("a", 2), ("b", 1)]
    assert figure.layout.showlegend


def many_by_kind() -> list:
    return points((1, 1.0), (2, 2.0), (3, 3.0), kind=["a", "b", "a"])


def test_areas_go_with_the_numbers_of_the_size() -> None:
    runs = points((1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), s=[0, 50, 100, None])
    sizes = np.array(draw(runs, size="config.s").data[0].marker.size)
    assert sizes[0] == sizes[3] < sizes[1] < sizes[2]
    grown = (sizes[1] - sizes[0]) ** 2, (sizes[2] - sizes[0]) ** 2
    assert grown[0] == pytest.approx(grown[1] / 2)


def test_points_of_a_category_lie_side_by_side_near_their_place() -> None:
    runs = points(*[("adam", float(n)) for n in range(40)], ("sgd", 1.0))
    figure = draw(runs)
    xs = [x for x, _ in drawn(figure).values()]
    assert all(abs(x - round(x)) <= 0.15 for x in xs)
    assert len({round(x, 3) for x in xs[:40]}) == 40
    assert list(figure.layout.xaxis.ticktext) == ["adam", "sgd"]


def test_time_is_a_date_axis_in_milliseconds() -> None:
    runs = points((1, 2.0))
    figure = scatter_figure(runs, "created_at", "summary.y")
    assert figure.layout.xaxis.type == "date"
    assert figure.data[0].x[0] == runs[0].value("created_at") * 1000


def test_a_thousand_runs_are_all_drawn() -> None:
    figure = scatter_figure(many(1000), "config.optimizer", "summary.size", colour="config.amp")
    assert sum(len(trace.x) for trace in figure.data) == 1000


def test_nothing_to_draw_is_said() -> None:
    assert "No run is shown" in draw([]).layout.annotations[0].text
    assert "None of the 1 shown runs" in draw(points((None, 1.0))).layout.annotations[0].text


def test_odd_values_and_names_do_no_harm() -> None:
    found = scatter_figure(odd(), "config.v", "summary.v", colour="config.v", size="summary.v")
    assert len(drawn(found)) == len(odd()) - 2
    runs = nasty()
    for key in runs[0].config:
        assert is_safe(
            scatter_figure(runs, f"config.{key}", "summary.loss", colour="config.t", title=key)
        )


def test_a_front_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="front is 'best': expected 'none', 'min' or 'max'"):
        draw([], front="best")
