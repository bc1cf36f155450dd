"""A sweep as static HTML: what a saved notebook shows of it without a kernel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from tracker.figures.colours import STATE_COLOURS
from tracker.figures.formats import escape, format_number, shorten
from tracker.figures.summary import STYLE
from tracker.figures.sweep import TrialMark

_ROWS = 50
_TEXT = 24


def sweep_html(
    name: str,
    state: str,
    trials: Sequence[TrialMark],
    metrics: Sequence[str],
    *,
    best: Collection[int] = (),
    expected: int | None = None,
    is_maximized: bool = False,
) -> str:
    """Describe a sweep: how far it is, and its trials from the best on. No script.

    Parameters
    ----------
    name, state : str
        Not yet escaped.
    trials : sequence of TrialMark
    metrics : sequence of str
        Not yet escaped.
    best : collection of int
        The numbers of the trials that come first, where several metrics say which ones.
    expected : int, optional
        How many trials there will be.
    is_maximized : bool
        Whether a larger value is better.
    """
    own = [trial for trial in trials if not trial.is_prior]
    counts = Counter(trial.state for trial in own)
    words = ", ".join(f"{number} {escape(each)}" for each, number in counts.most_common())
    total = f"{len(own):,}" + ("" if expected is None else f" of {expected:,}")
    before = f", and {len(trials) - len(own):,} of the one before" if len(own) < len(trials) else ""
    names = list(dict.fromkeys(key for trial in trials for key in trial.params))[:8]
    head = ["trial", "state", *(metrics or ["value"]), *names]
    ordered = sorted(
        trials, key=lambda t: (t.number not in best, *_rank(t, is_maximized=is_maximized))
    )
    rows = "".join(_row(trial, max(1, len(metrics)), names) for trial in ordered[:_ROWS])
    cut = f"<p>The best {_ROWS} of {len(trials):,} trials.</p>" if len(trials) > _ROWS else ""
    cells = "".join(f"<th>{escape(shorten(each, _TEXT))}</th>" for each in head)
    return (
        f'<div class="trk"><style>{STYLE}</style><p><b>{escape(shorten(name, 80))}</b> '
        f"sweep, {escape(state)}: {total} trials ({words or 'none yet'}){before}</p>"
        f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>{cut}</div>"
    )


def _rank(trial: TrialMark, *, is_maximized: bool) -> tuple[bool, float, int]:
    value = trial.value
    is_none = value is None or value != value or trial.state in ("failed", "crashed")
    return (
        is_none,
        0.0 if is_none or value is None else (-value if is_maximized else value),
        (trial.number),
    )


def _row(trial: TrialMark, metrics: int, names: Sequence[str]) -> str:
    known = [trial.value, *trial.others, *[None] * metrics][:metrics]
    values = ["" if value is None else format_number(value) for value in known]
    params = [_text(trial.params[name]) if name in trial.params else "" for name in names]
    colour = STATE_COLOURS.get(trial.state, "inherit")
    cells = "".join(f"<td>{escape(text)}</td>" for text in (*values, *params))
    return (
        f"<tr><td>{trial.number}</td>"
        f'<td style="color:{colour}">{escape(trial.state)}</td>{cells}</tr>'
    )


def _text(value: object) -> str:
    return shorten(format_number(value) if isinstance(value, float) else str(value), _TEXT)
