"""The code of a run: its cells, highlighted, and how they differ from another run's."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tracker.figures.formats import escape, format_duration, shorten
from tracker.records import CellRecord

# Beyond it, comparing line by line takes seconds.
MOST_LINES: Final = 4000
_CONTEXT = 3
_SEPARATOR = "───"
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
# Of the classes that Pygments gives, one for each colour that an editor has.
_CLASSES: Final = (
    ("Comment", "comment"),
    ("Keyword", "keyword"),
    ("Operator.Word", "keyword"),
    ("String", "string"),
    ("Number", "number"),
    ("Name.Function", "def"),
    ("Name.Class", "def"),
    ("Name.Builtin", "builtin"),
    ("Name.Decorator", "meta"),
    ("Operator", "operator"),
)


def cells_html(
    cells: Sequence[CellRecord], patch: str = "", files: Mapping[str, str] | None = None
) -> str:
    """Return the cells of a run as HTML, escaped and highlighted.

    Parameters
    ----------
    cells : sequence of CellRecord
        In the order in which they ran.
    patch : str
        The uncommitted changes of the git work tree, shown behind the cells.
    files : mapping of str to str, optional
        The source files that the run logged, shown behind the cells.
    """
    parts = [_cell(cell) for cell in cells]
    parts += [_file(path, text) for path, text in (files or {}).items()]
    if not parts:
        parts.append('<p class="tkv-dim">This run has no notebook cells and logged no code.</p>')
    if patch:
        count = f"{len(patch.splitlines()):,} lines"
        lines = "".join(_patch_line(line) for line in patch.splitlines()[:MOST_LINES])
        parts.append(
            f"<details><summary>Uncommitted changes ({count})</summary>"
            f'<pre class="tkv-code">{lines}</pre></details>'
        )
    return "".join(parts)


def diff_html(
    old: Sequence[CellRecord],
    new: Sequence[CellRecord],
    files: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
    *,
    is_split: bool = False,
) -> str:
    """Return what changed from the code of one run to that of another, escaped.

    Lines are compared; within a line that changed, so are words. Lines that are the same
    farther than three from a change are folded away. Cells are told apart by a rule.

    Parameters
    ----------
    old, new : sequence of CellRecord
    files : (mapping, mapping) of str to str
        The source files that each of the runs logged, by path; those that are the same in
        both are left out.
    is_split : bool
        Old and new lines stand beside each other. Default False: below each other.
    """
    known, now = files
    paths = [path for path in sorted({*known, *now}) if known.get(path) != now.get(path)]
    if _lines(old) == _lines(new) and not paths:
        return '<p class="tkv-dim">The cells and files of both runs are the same.</p>'
    cells = "" if _lines(old) == _lines(new) else _changes(_lines(old), _lines(new), is_split)
    parts = [
        f"<h5>{escape(path)}{_fate(path, known, now)}</h5>"
        + _changes(known.get(path, "").splitlines(), now.get(path, "").splitlines(), is_split)
        for path in paths
    ]
    return cells + "".join(parts)


def _fate(path: str, known: Mapping[str, str], now: Mapping[str, str]) -> str:
    words = "" if path in known and path in now else ("new" if path in now else "gone")
    return f' <small class="tkv-dim">{words}</small>' if words else ""


def _changes(before: list[str], after: list[str], is_split: bool) -> str:
    cut = max(len(before), len(after)) > MOST_LINES
    before, after = before[:MOST_LINES], after[:MOST_LINES]
    rows: list[str] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    opcodes = matcher.get_opcodes()
    changed = _split if is_split else _changed
    for number, (tag, i, j, k, m) in enumerate(opcodes):
        if tag == "equal":
            is_last = number == len(opcodes) - 1
            rows += _same(before[i:j], i, k, is_first=number == 0, is_last=is_last, split=is_split)
        else:
            rows += changed(before[i:j], after[k:m], i, k)
    note = f'<p class="tkv-dim">Only the first {MOST_LINES:,} lines are compared.</p>'
    kind = "tkv-changes tkv-split" if is_split else "tkv-changes"
    return f'{note if cut else ""}<table class="{kind}"><tbody>{"".join(rows)}</tbody></table>'


def highlighted(source: str) -> str:
    """Return Python code as escaped HTML with a class for each kind of word."""
    try:
        from pygments import lex
        from pygments.lexers import get_lexer_by_name
    except ImportError:  # comes with JupyterLab; without it code has one colour
        return escape(source)
    lexer = get_lexer_by_name("ipython3" if _has_ipython() else "python", stripnl=False)
    parts = []
    for token, text in lex(source, lexer):
        kind = _class_of(token)
        parts.append(f'<span class="tkv-{kind}">{escape(text)}</span>' if kind else escape(text))
    return "".join(parts).rstrip("\n")


def _has_ipython() -> bool:
    from pygments.lexers import find_lexer_class_by_name
    from pygments.util import ClassNotFound

    try:
        find_lexer_class_by_name("ipython3")
    except ClassNotFound:
        return False
    return True


def _class_of(token: Any) -> str:
    name = str(token).removeprefix("Token.").removeprefix("Literal.")
    return next((kind for prefix, kind in _CLASSES if name.startswith(prefix)), "")


def _cell(cell: CellRecord) -> str:
    number = " " if cell.execution_count is None else str(cell.execution_count)
    facts = []
    if cell.duration_s is not None:
        facts.append(format_duration(cell.duration_s))
    if cell.status not in ("ok", ""):
        facts.append(cell.status)
    error = f'<div class="tkv-error">{escape(shorten(cell.error, 300))}</div>' if cell.error else ""
    return (
        f'<div class="tkv-cell"><div class="tkv-in">[{escape(number)}] '
        f'<span class="tkv-dim">{escape(" · ".join(facts))}</span></div>'
        f'<pre class="tkv-code">{highlighted(cell.source)}</pre>{error}</div>'
    )


def _file(path: str, text: str) -> str:
    count = len(text.splitlines())
    words = f"{escape(path)} ({count:,} line{'' if count == 1 else 's'})"
    body = "\n".join(text.splitlines()[:MOST_LINES])
    cut = f"\n# … only the first {MOST_LINES:,} lines are shown" if count > MOST_LINES else ""
    source = highlighted(body + cut) if path.endswith(".py") else escape(body + cut)
    return f'<details><summary>{words}</summary><pre class="tkv-code">{source}</pre></details>'


def _patch_line(line: str) -> str:
    tag = {"+": "ins", "-": "del"}.get(line[:1], "span")
    return f"<{tag}>{escape(line)}</{tag}>\n"


def _lines(cells: Sequence[CellRecord]) -> list[str]:
    found: list[str] = []
    for cell in cells:
        if found:
            found.append(_SEPARATOR)
        found += cell.source.splitlines() or [""]
    return found


def _same(
    lines: Sequence[str], old: int, new: int, *, is_first: bool, is_last: bool, split: bool
) -> Iterator[str]:
    head = 0 if is_first else _CONTEXT
    tail = 0 if is_last else _CONTEXT
    hidden = len(lines) - head - tail
    for place, line in enumerate(lines):
        if hidden > 1 and head <= place < head + hidden:
            if place == head:
                words = f"{hidden:,} lines are the same"
                rest = '<td colspan="3">' if split else "<td></td><td>"
                yield f'<tr class="tkv-fold"><td></td>{rest}⋯ {words}</td></tr>'
            continue
        html = escape(line)
        if split:
            yield _beside((old + place, html), (new + place, html), is_same=True)
        else:
            yield _row(" ", old + place, new + place, html)


def _pairs(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str]]:
    """Return the lines that stand for each other, with their other words marked."""
    return [_words(one, other) for one, other in zip(before, after, strict=False)]


def _changed(before: Sequence[str], after: Sequence[str], old: int, new: int) -> Iterator[str]:
    pairs = _pairs(before, after)
    for place, line in enumerate(before):
        yield _row("-", old + place, None, pairs[place][0] if place < len(pairs) else escape(line))
    for place, line in enumerate(after):
        yield _row("+", None, new + place, pairs[place][1] if place < len(pairs) else escape(line))


def _split(before: Sequence[str], after: Sequence[str], old: int, new: int) -> Iterator[str]:
    pairs = _pairs(before, after)
    for place in range(max(len(before), len(after))):
        both = pairs[place] if place < len(pairs) else None
        left = right = None
        if place < len(before):
            left = (old + place, both[0] if both else escape(before[place]))
        if place < len(after):
            right = (new + place, both[1] if both else escape(after[place]))
        yield _beside(left, right)


def _words(before: str, after: str) -> tuple[str, str]:
    """Mark the words by which two lines differ, unless they have little in common."""
    one, other = _WORDS.findall(before[:500]), _WORDS.findall(after[:500])
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    if matcher.ratio() < 0.4 or max(len(before), len(after)) > 500:
        return escape(before), escape(after)
    left, right = [], []
    for tag, i, j, k, m in matcher.get_opcodes():
        was, now = escape("".join(one[i:j])), escape("".join(other[k:m]))
        left.append(was if tag == "equal" or not was else f"<mark>{was}</mark>")
        right.append(now if tag == "equal" or not now else f"<mark>{now}</mark>")
    return "".join(left), "".join(right)


def _row(sign: str, old: int | None, new: int | None, html: str) -> str:
    kind = {"-": "tkv-del", "+": "tkv-ins", " ": "tkv-equal"}[sign]
    numbers = "".join(f"<td>{'' if number is None else number + 1}</td>" for number in (old, new))
    return f'<tr class="{kind}">{numbers}<td>{sign} {html}</td></tr>'


def _beside(
    left: tuple[int, str] | None, right: tuple[int, str] | None, *, is_same: bool = False
) -> str:
    cells = "".join(
        "<td></td><td></td>"
        if side is None
        else f'<td>{side[0] + 1}</td><td class="{"" if is_same else kind}">{side[1]}</td>'
        for side, kind in ((left, "tkv-del"), (right, "tkv-ins"))
    )
    return f'<tr class="{"tkv-equal" if is_same else "tkv-pair"}">{cells}</tr>'
