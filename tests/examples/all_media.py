"""Logs one of every kind of media, twice over: what the browser tests look at."""

from __future__ import annotations

import io

import altair
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from bokeh.plotting import figure as bokeh_figure
from matplotlib.figure import Figure

import tracker

SIDE = 96
CLASSES = {1: "cat", 2: "dog"}
HOSTILE = """<h1>logged page</h1><script>parent.document.title = "stolen"; top.hacked = 1</script>
<img src=x onerror="parent.hacked = 1"><svg xmlns="http://www.w3.org/2000/svg" width="60"
 height="60" onload="parent.hacked = 1"><circle cx="30" cy="30" r="25" fill="teal"/>
 <script>parent.hacked = 1</script></svg>"""
PDB = """\
HETATM    1  O   HOH A   1       0.000   0.000   0.117  1.00  0.00           O
HETATM    2  H1  HOH A   1       0.000   0.757  -0.469  1.00  0.00           H
HETATM    3  H2  HOH A   1       0.000  -0.757  -0.469  1.00  0.00           H
"""


def picture(step: int, shift: int) -> tracker.Image:
    """Return two discs that move, with their masks and boxes."""
    y, x = np.mgrid[:SIDE, :SIDE]
    mask = np.zeros((SIDE, SIDE), np.uint8)
    boxes = []
    for number, radius in ((1, 20), (2, 12)):
        left = (20 * number + 6 * step + shift) % (SIDE - 2 * radius)
        top = 12 + 22 * (number - 1)
        mask[(x - left - radius) ** 2 + (y - top - radius) ** 2 < radius**2] = number
        corners = {"minX": left, "minY": top, "maxX": left + 2 * radius, "maxY": top + 2 * radius}
        boxes.append({"position": corners, "domain": "pixel", "class_id": number,
                      "scores": {"sure": 0.9 if number == 1 else 0.4}})  # fmt: skip
    shade = np.stack([x * 2, y * 2, np.full_like(x, 60 + 20 * step)], axis=2)
    shade[mask > 0] = (240, 240, 220)
    random = np.random.default_rng(step)
    noisy = (shade + random.integers(0, 30, shade.shape)).clip(0, 255).astype(np.uint8)
    return tracker.Image(
        noisy,
        caption=f"discs {step}",
        masks={"truth": {"mask_data": mask, "class_labels": CLASSES}},
        boxes={"found": {"box_data": boxes, "class_labels": CLASSES}},
    )


def sound(step: int) -> tracker.Audio:
    """Return a tone that rises."""
    time = np.arange(8000) / 8000
    samples = 0.6 * np.sin(2 * np.pi * (300 + 200 * step + 800 * time) * time)
    return tracker.Audio(samples.astype(np.float32), 8000, caption="rising")


def film(step: int, format: str = "gif") -> tracker.Video:
    """Return a square that crosses the picture."""
    frames = np.zeros((8, 3, 32, 32), np.uint8)
    for number, frame in enumerate(frames):
        frame[step % 3, 12:20, 3 * number : 3 * number + 8] = 255
    return tracker.Video(frames, fps=8, format=format, caption="square")


def table(rows: int) -> tracker.Table:
    """Return numbers, words, images and vectors."""
    random = np.random.default_rng(0)
    made = tracker.Table(columns=["id", "image", "guess", "score", "vector"])
    for number in range(rows):
        kind = number % 3
        vector = random.normal(size=8) + 4 * (kind - 1)
        shade = np.full((8, 8), 20 * number % 255, np.uint8)
        made.add_data(number, tracker.Image(shade), ["cat", "dog", "owl"][kind],
                      float(random.random()), vector)  # fmt: skip
    return made


def body() -> tracker.Object3D:
    """Return points around a ball, with a box around them."""
    points = np.random.default_rng(0).normal(size=(600, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    colours = (points + 1) * 127
    box = tracker.box3d(center=(0, 0, 0), size=(2, 2, 2), orientation=(1, 0, 0, 0),
                        color=(240, 120, 40), label="ball", score=0.9)  # fmt: skip
    return tracker.Object3D.from_point_cloud(np.hstack([points, colours]), boxes=[box])


def network() -> tracker.Graph:
    """Return four layers."""
    graph = tracker.Graph()
    for name, kind in (("in", "Input"), ("a", "Conv2D"), ("b", "Conv2D"), ("out", "Dense")):
        graph.add_node(id=name, name=name, class_name=kind)
    for ends in (("in", "a"), ("in", "b"), ("a", "out"), ("b", "out")):
        graph.add_edge(*ends)
    return graph


def drawing() -> Figure:
    """Return a figure of matplotlib's."""
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([1, 3, 2])
    return figure


def chart() -> altair.Chart:
    """Return bars of altair's, with a text that must not end a script."""
    frame = pd.DataFrame({"kind": ["</script>", "b", "c"], "count": [3, 5, 2]})
    return altair.Chart(frame).mark_bar().encode(x="kind", y="count", tooltip="count")


def plot() -> bokeh_figure:
    """Return a line of bokeh's."""
    made = bokeh_figure(width=400, height=300)
    made.line([1, 2, 3], [3, 1, 2])
    return made


def log_all(run: tracker.Run, steps: int = 3, shift: int = 0, rows: int = 400) -> None:
    """Log everything: what changes at each step, the rest at the last."""
    random = np.random.default_rng(shift)
    for step in range(steps):
        run.log({
            "media/images": [picture(step, shift), picture(step + 1, shift)],
            "media/sound": sound(step),
            "media/film": film(step),
            "media/weights": tracker.Histogram(random.normal(step / 2, 1 + step / 5, 500)),
            "loss": 1 / (step + 1 + shift),
        })  # fmt: skip
    truth, odds = random.integers(0, 2, 60), random.random(60)
    run.log({
        "media/table": table(rows),
        "media/page": tracker.Html(HOSTILE),
        "media/clip": film(0, "webm"),
        "media/altair": chart(),
        "media/bokeh": plot(),
        "media/cloud": body(),
        "media/molecule": tracker.Molecule(io.StringIO(PDB), "water", "pdb"),
        "media/network": network(),
        "media/plotly": go.Figure(go.Bar(x=["a", "b"], y=[3, 5])),
        "media/roc": tracker.plot.roc_curve(truth, np.column_stack([1 - odds, odds])),
        "media/text": tracker.Text("Once upon a time <b>there</b> was a gradient."),
        "media/drawing": drawing(),
    })  # fmt: skip
