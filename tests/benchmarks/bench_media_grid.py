"""How long a person waits for a grid of 500 images, in a real JupyterLab in a real browser.

    python tests/benchmarks/bench_media_grid.py [--images 500] [--repeat 7]

A run has logged a list of images of 256×256 under one key. Each time the page is loaded anew, so
that it has nothing; the kernel is the same. Measured are, in the page and by its clock:

- from the panel's place being on the screen to the last thumbnail on the screen being painted,
  in its card and in the card enlarged over the page;
- from a first interaction to its effect being painted: another size of all thumbnails, a scroll to
  the end, one image large.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from lab.conftest import Notebook, open_page, running_browser, running_lab

SIDE = 256
LOG = """
import sys, numpy as np, tracker
from PIL import Image as Pil
random = np.random.default_rng(0)
coarse = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
smooth = np.asarray(Pil.fromarray(coarse).resize((256, 256), Pil.Resampling.BICUBIC)).astype(int)
pictures = [
    tracker.Image(np.clip(np.roll(smooth, n, 0) + random.integers(-4, 5, smooth.shape), 0, 255)
                  .astype(np.uint8), caption=str(n))
    for n in range(int(sys.argv[1]))
]
with tracker.init(project="grid", name="one", settings={"silent": True}) as run:
    run.log({"grid": pictures})
"""
CELL = "%load_ext tracker\n%tracker grid"
CARD = '.tkp-card[data-panel="media/grid"]'
# Of the thumbnails within a box, are there some, and are all of them painted?
WATCH = """
window.gridTimes = {};
window.gridSeen = root => {
  if (!root?.isConnected) return false;
  const body = root.querySelector(".tkm-media-body");
  if (!body) return false;
  const box = body.getBoundingClientRect();
  const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
  const shown = [...body.querySelectorAll(".tkm-picture img")].filter(image => {
    const {top: above, bottom: below} = image.parentNode.getBoundingClientRect();
    return below > top && above < bottom;
  });
  return shown.length > 0 && shown.every(image => image.complete && image.naturalWidth > 0
    && !image.parentNode.classList.contains("tkm-loading")) && shown.length;
};
// What is there at a frame is painted at the next.
window.gridWait = (name, isThere, began) => new Promise((resolve, reject) => {
  const look = () => {
    const found = isThere();
    if (!found && performance.now() - began > 60000) return reject(new Error(`no ${name}`));
    if (!found) return requestAnimationFrame(look);
    requestAnimationFrame(() => {
      window.gridTimes[name] = performance.now() - began;
      resolve(found);
    });
  };
  requestAnimationFrame(look);
});
"""
OPEN = """card => {
  const look = () => {
    const node = document.querySelector(card);
    if (!node) return requestAnimationFrame(look);
    node.scrollIntoView({block: "center"});
    gridWait("first view", () => gridSeen(node), performance.now())
      .then(count => { window.gridCount = count; });
  };
  look();
}"""


def measure(notebook: Notebook, path: str) -> dict[str, float]:
    """Return seconds by what was waited for."""
    page = notebook.page
    notebook.reload()
    notebook.open(path)
    page.add_script_tag(content=WATCH)
    page.evaluate(OPEN, CARD)
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-cell'); }")
    page.wait_for_function("() => window.gridCount")
    card = page.locator(CARD)
    card.get_by_label("Size", exact=True).evaluate(
        """node => { const began = performance.now(); node.value = 64;
            node.dispatchEvent(new Event("input"));
            return gridWait("another size", () => gridSeen(node.closest(".tkp-card")), began); }"""
    )
    card.evaluate(
        """node => { const began = performance.now();
            const body = node.querySelector(".tkm-media-body"); body.scrollTop = body.scrollHeight;
            return gridWait("scrolled to the end", () => gridSeen(node), began); }"""
    )
    card.evaluate(
        """node => { const began = performance.now();
            [...node.querySelectorAll(".tkm-picture button")].at(-1).click();
            const image = () => document.querySelector("dialog.tkm-light img");
            return gridWait("one image large", () => image()?.naturalWidth === 256, began); }"""
    )
    page.locator("dialog.tkm-light").get_by_role("button", name="Close").click()
    card.get_by_role("button", name="Enlarge").evaluate(
        """node => { const began = performance.now(); node.click();
            const dialog = () => document.querySelector("dialog[open].tkp-dialog");
            return gridWait("enlarged over the page", () => gridSeen(dialog()), began); }"""
    )
    times: dict[str, float] = page.evaluate("() => window.gridTimes")
    return {name: took_ms / 1000 for name, took_ms in times.items()}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=7)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as place,
        running_lab(Path(place)) as lab,
        running_browser() as browser,
        open_page(lab, browser) as notebook,
    ):
        log = [sys.executable, "-c", LOG, str(arguments.images)]
        subprocess.run(log, check=True, env={**os.environ, "TRACKER_DIR": str(lab.store)})
        path = notebook.write("grid.ipynb", [CELL])
        notebook.open(path)
        notebook.run_cell(0)  # imports, once a kernel
        notebook.output(0).locator(CARD).wait_for()
        found = [measure(notebook, path) for _ in range(arguments.repeat)]
    for name in found[0]:
        taken = [each[name] for each in found]
        print(
            f"{name:24} median {statistics.median(taken):5.2f} s, best {min(taken):5.2f} s, "
            f"worst {max(taken):5.2f} s  (bar 1 s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
