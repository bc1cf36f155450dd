"""Text that would run, load or deceive where it is not taken for text."""

from __future__ import annotations

from typing import Any

import numpy as np

import tracker
import tracker.report as wr

SETTINGS = {"silent": True, "console": False, "save_code": False, "system_interval_s": 0}

HIT = "window.hit=1;alert(1)"
VECTORS = (
    f"<script>{HIT}</script>",
    f"</script><script>{HIT}</script>",
    f"<img src=x onerror={HIT}>",
    f'"><img src=x onerror="{HIT}">',
    f"'><svg/onload={HIT}>",
    f"<svg><script>{HIT}</script></svg>",
    f"<iframe srcdoc='<script>parent.{HIT}</script>'></iframe>",
    f"<iframe src=javascript:{HIT}></iframe>",
    f"<a href='javascript:{HIT}' autofocus onfocus={HIT}>a</a>",
    f"[a](javascript:{HIT})",
    "![a](http://evil.test/a.png)",
    "<link rel=stylesheet href=http://evil.test/a.css>",
    "<style>@import 'http://evil.test/b.css';</style>",
    "<meta http-equiv=refresh content='0;url=http://evil.test/'>",
    "<base href=http://evil.test/>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={HIT}>",
    f"<noscript><p title='</noscript><img src=x onerror={HIT}>'>",
    f"<!--><img src=x onerror={HIT}>-->",
    f"<details open ontoggle={HIT}>",
    f"<form><button formaction=javascript:{HIT}>b</button></form>",
    f"<object data='data:text/html,<script>{HIT}</script>'></object>",
    f"javascript:{HIT}",
    "</style></title></textarea></template>]]>-->",
    "\u202e\x00\x1b[31m",
)
# What no UTF-8 can hold, and so no run has logged.
SURROGATE = "\ud800"


def log_hostile(project: str = "p") -> str:
    """Log a run for each vector, which stands wherever a run has text; return the last id."""
    run_id = ""
    for vector in VECTORS:
        run = tracker.init(
            project=project,
            name=vector or "x",
            config={"lr": len(run_id), vector: vector, "nested": {vector: [vector]}},
            notes=vector,
            group=vector,
            tags=[vector[:60].strip() or "x"],
            settings=SETTINGS,
            reinit="finish_previous",
        )
        run.log(_row(vector))
        run.log({"loss": 0.5})
        run.summary[f"best {vector}"] = vector
        run.finish()
        run_id = run.id
    return run_id


def _row(vector: str) -> dict[str, Any]:
    picture = np.zeros((4, 4), dtype=np.uint8)
    box = {
        "position": {"minX": 0.1, "maxX": 0.5, "minY": 0.1, "maxY": 0.5},
        "class_id": 1,
        "box_caption": vector,
    }
    figure = {
        "data": [{"type": "scatter", "x": [1, 2], "y": [1, 2], "name": vector, "text": vector}],
        "layout": {
            "title": {"text": vector},
            "images": [{"source": "http://evil.test/c.png", "sizex": 1, "sizey": 1}],
        },
    }
    return {
        "loss": 1.0,
        f"metric {vector}": 1.0,
        "image": tracker.Image(
            picture, caption=vector, boxes={"b": {"box_data": [box], "class_labels": {1: vector}}}
        ),
        "table": tracker.Table(columns=[vector, "n"], data=[[vector, 1]]),
        "html": tracker.Html(vector),
        "text": tracker.Text(vector) if vector.isprintable() else tracker.Text("x"),
        "figure": tracker.Plotly(figure),
    }


def hostile_blocks(plots: int = 99) -> list[wr.blocks.Block]:
    """Return blocks whose every text is hostile."""
    made: list[wr.blocks.Block] = [wr.TableOfContents()]
    for vector in (*VECTORS, SURROGATE):
        quoted = vector.replace("'", "''").replace("\x00", "").encode(errors="replace").decode()
        made += [
            wr.H1(vector),
            wr.H2([vector, wr.Link(vector, vector)], collapsed_blocks=[wr.P(vector)]),
            wr.P([vector, wr.InlineCode(vector), wr.InlineLatex(vector)]),
            wr.MarkdownBlock(vector),
            wr.MarkdownBlock(f"| {vector} |\n|---|\n| {vector} |\n\n```{vector}\n{vector}\n```"),
            wr.BlockQuote(vector),
            wr.CalloutBlock(vector),
            wr.CodeBlock(vector, language="html"),
            wr.LatexBlock(vector),
            wr.LatexBlock(rf"\text{{{vector}}} \href{{javascript:{HIT}}}{{x}}"),
            wr.UnorderedList([vector]),
            wr.CheckedList([wr.CheckedListItem(vector)]),
            wr.Gallery([wr.GalleryURL(vector, vector, vector), wr.GalleryReport(vector)]),
            wr.TableBlock([vector], [[vector]], title=vector),
            wr.SQLBlock(f"select '{quoted}' as a -- {quoted!r}", title=vector),
            wr.ArtifactBlock(vector or "x", project=vector),
            wr.Image(f"https://evil.test/{vector}", caption=vector),
        ]
    media = ["image", "table", "html", "text", "figure"]
    panels = [
        *(wr.LinePlot(y=[f"metric {v}"], title=v, title_x=v) for v in VECTORS[:plots]),
        wr.LinePlot(y=["loss"], x=f"metric {VECTORS[1]}", title_y=VECTORS[1]),
        *map(wr.MarkdownPanel, VECTORS),
        wr.LinePlot(y=["loss"]),
        wr.RunComparer(max_runs_to_show=99),
        wr.RunTable(),
        wr.MediaBrowser(media_keys=media, max_runs_to_show=99),
        wr.MediaBrowser(media_keys=["image"], mode="grid", max_runs_to_show=99),
    ]
    nonsense = wr.SQLBlock(f"select nonsense '{VECTORS[0]}' from")
    searched = wr.PanelGrid([wr.Runset(query=VECTORS[2][:20], name=VECTORS[2])])
    return [*made, nonsense, searched, wr.PanelGrid(panels=panels)]
