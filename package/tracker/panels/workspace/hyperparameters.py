"""The panels that a workspace has by itself where runs have different settings."""

from __future__ import annotations

from typing import Any, Final

from tracker.figures.forest import MIN_RUNS
from tracker.panels.runs.runset import RunSet
from tracker.panels.views.choices import first_result, settings

SECTION: Final = "Hyperparameters"
# Kind and width of each, in twelfths.
_PANELS: Final = (
    ("parallel", "Parallel coordinates", 7),
    ("importance", "Parameter importance", 5),
)
IDS: Final = tuple(f"settings/{kind}" for kind, *_ in _PANELS)
_HEIGHT: Final = 280


def hyperparameter_panels(runset: RunSet) -> list[dict[str, Any]]:
    """Return panels that compare settings with results, empty where runs do not differ in them.

    Which settings and which result is not said here: as in a new panel of these kinds they are
    chosen when one is read, which is when it is on a screen. Importance comes with as many runs
    as it needs.
    """
    if not settings(runset) or not first_result(runset):
        return []
    common = {"section": SECTION, "height": _HEIGHT}
    shown = _PANELS if len(runset.all) >= MIN_RUNS else _PANELS[:1]
    return [
        {"id": f"settings/{kind}", "kind": kind, "title": title, "width": width, **common}
        for kind, title, width in shown
    ]
