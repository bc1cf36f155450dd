"""What the records of a W&B log say of its run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from tracker.exchange import wire
from tracker.exchange.choices import Choices
from tracker.exchange.elsewhere import Elsewhere, Event, Item, Line, Readings, Row
from tracker.exchange.sources.wandb_artifacts import WandbArtifacts
from tracker.exchange.sources.wandb_files import read_files
from tracker.exchange.sources.wandb_log import WandbLog
from tracker.exchange.sources.wandb_media import WandbMedia
from tracker.exchange.words import as_tags
from tracker.records import MetricRule
from tracker.run.terminal import collapse
from tracker.run.values import clean_text

# Fields of the message Record in wandb_internal.proto.
HISTORY, SUMMARY, OUTPUT, CONFIG, STATS, ARTIFACT, TENSORBOARD = 2, 3, 4, 5, 7, 8, 9
ALERT, METRIC, OUTPUT_RAW, RUN, EXIT, USE_ARTIFACT, ENVIRONMENT = 10, 12, 13, 17, 18, 25, 26

_OPERATIONS: Final = {
    1: "min", 2: "max", 3: "mean", 4: "best", 5: "last", 6: "none", 7: "copy", 8: "first",
}  # fmt: skip
_GOALS: Final = {1: "minimize", 2: "maximize"}
_STDOUT: Final = 1
_NESTED_KEY: Final = 2 << 3 | wire.BYTES
_VALUE_JSON: Final = b"\x82\x01"  # of field 16, as bytes
# Items of a summary that are W&B's own: below the nested key _wandb.
_INTERNAL: Final = b"\x12\x06_wandb"
_UNUSUAL: Final = re.compile(r"[\r\b\x1b]")
_LIMIT_CHARS: Final = 1_000_000


class WandbRecords:
    """Reads one log.

    Parameters
    ----------
    source : Elsewhere
        The run, whose fields are set as they are read.
    path : Path
        The log.
    choices : Choices
    """

    def __init__(self, source: Elsewhere, path: Path, choices: Choices) -> None:
        self._source = source
        self._log = WandbLog(path)
        self._folder = path.parent / "files"
        self._choices = choices
        self._media = WandbMedia(self._folder, source.lost)
        self._artifacts = WandbArtifacts(source, self._media)
        self._keys: dict[bytes, str] = {}
        self._newest: dict[bytes, bytes] = {}
        self._open: dict[str, str] = {"stdout": "", "stderr": ""}
        self._time_us = source.started_us
        self._has_ended = False
        self._takers: dict[int, Callable[[bytes], Iterator[Item]]] = {
            HISTORY: self._history,
            OUTPUT: self._output,
            OUTPUT_RAW: self._output,
            STATS: self._stats,
            ARTIFACT: self._artifact,
            ALERT: self._alert,
            METRIC: self._metric,
        }
        self._notes: dict[int, Callable[[bytes], None]] = {
            RUN: self._run,
            CONFIG: self._config,
            SUMMARY: self._summary,
            EXIT: self._exit,
            ENVIRONMENT: self._environment,
            USE_ARTIFACT: self._count("uses of artifacts"),
            TENSORBOARD: self._count("TensorBoard folders, to be imported by themselves"),
        }

    def items(self) -> Iterator[Item]:
        """Yield what the log says, in order."""
        for record in self._log.records():
            try:
                for number, value in wire.fields(record):
                    if number in self._takers and isinstance(value, bytes):
                        yield from self._takers[number](value)
                    elif number in self._notes and isinstance(value, bytes):
                        self._notes[number](value)
            except (wire.WireError, ValueError, RecursionError):
                self._source.lost["records that cannot be read"] += 1
        for stream, text in self._open.items():
            if text:
                yield Line(self._time_us, _shown(text), stream)
        self._end()

    def _end(self) -> None:
        source = self._source
        self._settle_summary()
        if not self._has_ended:
            source.state, source.exit_code = "crashed", 0
        if self._log.damaged:
            source.lost["damaged blocks of the log"] += self._log.damaged
        if self._log.is_torn:
            source.remarks[f"{self._log.path.name} ends within a record, as of a killed run."] = (
                None
            )
        for key in [key for key in source.summary if key.startswith("_")]:
            del source.summary[key]
        source.summary = {
            key: value
            for key, value in source.summary.items()
            if not (isinstance(value, dict) and "_type" in value)
        }
        internal = source.config.pop("_wandb", None)
        if isinstance(internal, dict) and internal.get("cli_version"):
            source.metadata["wandb_version"] = internal["cli_version"]
        read_files(source, self._folder, follow_links=self._choices.follow_links)

    # --- history

    def _history(self, data: bytes) -> Iterator[Item]:
        values: dict[str, Any] = {}
        step: int | None = None
        nested = False
        for number, value in wire.fields(data):
            if number == 1 and isinstance(value, bytes):
                nested |= self._take_item(value, values)
            elif number == 2 and isinstance(value, bytes):
                step = wire.integer(wire.read(value), 1)
        stamp = values.pop("_timestamp", None)
        own_step = values.pop("_step", None)
        values.pop("_runtime", None)
        if isinstance(stamp, int | float) and not isinstance(stamp, bool):
            self._time_us = int(stamp * 1e6)
        if step is None:
            step = own_step if isinstance(own_step, int) else 0
        if nested:
            self._make_media(values)
        if values:
            # W&B writes the keys of each row in another order.
            yield Row(step, self._time_us, dict(sorted(values.items())))

    def _take_item(self, item: bytes, values: dict[str, Any]) -> bool:
        """Put one value of a row where it belongs; say whether it is no plain one."""
        plain = _plain_item(item)
        if plain is not None:
            name, content = plain
            key = self._keys.get(name)
            if key is None:
                key = self._keys[name] = clean_text(name.decode("utf-8", "replace"))
            value = values[key] = _value(content)
            return type(value) is dict
        found = wire.read(item)
        path = wire.texts(found, 2) or [wire.text(found, 1)]
        _put(values, path, _value_of(found))
        return True

    def _make_media(self, values: dict[str, Any]) -> None:
        """Let media be made once they are needed."""
        charts = self._media.charts(values) if self._media.settings.get("visualize") else {}
        for key, value in values.items():
            if isinstance(value, dict) and "_type" in value:
                values[key] = partial(self._media.make, key, value)
        for key, (table_key, make) in charts.items():
            # A chart brings its table along.
            del values[table_key]
            values[key] = make

    # --- what else has a time

    def _output(self, data: bytes) -> Iterator[Item]:
        found = wire.read(data)
        stream = "stdout" if wire.integer(found, 1) == _STDOUT else "stderr"
        time_us = wire.time_us(found, 2) or self._time_us
        *lines, rest = (self._open[stream] + wire.text(found, 3)).split("\n")
        for line in lines:
            yield Line(time_us, _shown(line), stream)
        self._open[stream] = rest[-_LIMIT_CHARS:]

    def _stats(self, data: bytes) -> Iterator[Item]:
        found = wire.read(data)
        values: dict[str, float] = {}
        for item in wire.messages(found, 3):
            value = _json(wire.text(item, 16))
            if isinstance(value, int | float):
                values[wire.text(item, 1)] = float(value)
        if values:
            yield Readings(wire.time_us(found, 2) or self._time_us, values)

    def _alert(self, data: bytes) -> Iterator[Item]:
        found = wire.read(data)
        payload = {
            "title": wire.text(found, 1),
            "text": wire.text(found, 2),
            "level": wire.text(found, 3) or "INFO",
        }
        yield Event(self._time_us, "alert", payload)

    def _metric(self, data: bytes) -> Iterator[Item]:
        found = wire.read(data)
        options, summary = wire.message(found, 6), wire.message(found, 7)
        step_metric = wire.text(found, 4)
        yield MetricRule(
            clean_text(wire.text(found, 1) or wire.text(found, 2)),
            clean_text(step_metric) if step_metric not in ("", "_step") else None,
            bool(wire.integer(options, 1)),
            tuple(word for number, word in _OPERATIONS.items() if wire.integer(summary, number)),
            _GOALS.get(wire.integer(found, 8)),
            bool(wire.integer(options, 2)),
        )

    def _artifact(self, data: bytes) -> Iterator[Item]:
        yield from self._artifacts.items(data, self._time_us)

    # --- what has none

    def _run(self, data: bytes) -> None:
        source, found = self._source, wire.read(data)
        source.group = wire.text(found, 6) or source.group
        source.job_type = wire.text(found, 7) or source.job_type
        source.name = self._choices.name or wire.text(found, 8) or source.name
        source.notes = wire.text(found, 9) or source.notes
        if tags := wire.texts(found, 10):
            source.tags = as_tags(tags)
        if host := wire.text(found, 13):
            source.metadata.setdefault("hostname", host)
        if sweep := wire.text(found, 12):
            source.metadata["wandb_sweep"] = sweep
        if git := wire.message(found, 21):
            source.metadata["git"] = _git(git)
        for number, take in ((4, self._config), (5, self._summary)):
            for value in found.get(number, ()):
                if isinstance(value, bytes):
                    take(value)

    def _config(self, data: bytes) -> None:
        _update(self._source.config, data)
        internal = self._source.config.get("_wandb")
        if isinstance(internal, dict):
            self._media.settings = internal

    def _summary(self, data: bytes) -> None:
        """Keep the last value of each key as it is written: a summary comes with every row."""
        for number, value in wire.fields(data):
            if isinstance(value, bytes) and not value.startswith(_INTERNAL):
                if number == 1 and (plain := _plain_item(value)) is not None:
                    self._newest[plain[0]] = plain[1]
                elif number in (1, 2):
                    self._settle_summary()
                    _update_one(self._source.summary, value, is_removal=number == 2)

    def _settle_summary(self) -> None:
        newest, self._newest = self._newest, {}
        for name, content in newest.items():
            try:
                value = _value(content)
            except (ValueError, RecursionError):
                self._source.lost["values of the summary that cannot be read"] += 1
                continue
            _put(self._source.summary, [name.decode("utf-8", "replace")], value)

    def _exit(self, data: bytes) -> None:
        source, found = self._source, wire.read(data)
        source.exit_code = wire.integer(found, 1)
        source.state = "failed" if source.exit_code else "finished"
        source.ended_us = source.started_us + wire.integer(found, 2) * 1_000_000
        self._has_ended = True

    def _environment(self, data: bytes) -> None:
        found = wire.read(data)
        metadata = self._source.metadata
        names = {1: "os", 2: "python", 6: "program", 10: "cwd", 12: "hostname", 13: "username",
                 14: "executable"}  # fmt: skip
        metadata.update({name: word for n, name in names.items() if (word := wire.text(found, n))})
        if args := wire.texts(found, 5):
            metadata["args"] = args
        if git := wire.message(found, 9):
            metadata["git"] = _git(git)
        metadata.setdefault("front_end", "python")

    def _count(self, what: str) -> Callable[[bytes], None]:
        def count(_: bytes) -> None:
            self._source.lost[what] += 1

        return count


def _git(found: wire.Fields) -> dict[str, Any]:
    return {"remote": wire.text(found, 1) or None, "commit": wire.text(found, 2) or None}


def _update(target: dict[str, Any], data: bytes) -> None:
    """Apply the updates and removals of a config or a summary."""
    for number, value in wire.fields(data):
        if number in (1, 2) and isinstance(value, bytes):
            _update_one(target, value, is_removal=number == 2)


def _update_one(target: dict[str, Any], item: bytes, *, is_removal: bool) -> None:
    found = wire.read(item)
    path = wire.texts(found, 2) or [wire.text(found, 1)]
    if is_removal:
        _remove(target, path)
    else:
        _put(target, path, _value_of(found))


def _plain_item(item: bytes) -> tuple[bytes, bytes] | None:
    """Return key and JSON of what nearly all items are: one nested_key, both below 128 bytes."""
    if len(item) > 4 and item[0] == _NESTED_KEY:
        size = item[1]
        start = 5 + size
        if (
            size < 128
            and start <= len(item)
            and item[start - 1] == len(item) - start < 128
            and item[start - 3 : start - 1] == _VALUE_JSON
        ):
            return item[2 : 2 + size], item[start:]
    return None


def _put(target: dict[str, Any], path: list[str], value: Any) -> None:
    *above, last = (clean_text(part) for part in path)
    for part in above:
        inner = target.get(part)
        if not isinstance(inner, dict):
            inner = target[part] = {}
        target = inner
    target[last] = value


def _remove(target: dict[str, Any], path: list[str]) -> None:
    *above, last = (clean_text(part) for part in path)
    for part in above:
        inner = target.get(part)
        if not isinstance(inner, dict):
            return
        target = inner
    target.pop(last, None)


def _value_of(found: wire.Fields) -> Any:
    values = found.get(16)
    return _value(values[-1]) if values and isinstance(values[-1], bytes) else None


def _value(content: bytes) -> Any:
    """Return what JSON says, numbers first because nearly all are; NaN and infinities too."""
    try:
        return int(content) if content.isdigit() else float(content)
    except ValueError:
        return _json(content.decode("utf-8", "replace"))


def _json(text: str) -> Any:
    # Numbers of thousands of digits are refused by Python itself, with a ValueError.
    return json.loads(text) if text else None


def _shown(line: str) -> str:
    """Return a line as the terminal showed it last."""
    if _UNUSUAL.search(line) is None:
        return line
    return collapse(line[-_LIMIT_CHARS:]).rstrip("\n")
