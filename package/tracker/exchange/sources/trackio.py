"""Runs of Trackio: a SQLite database for each project, its media and artifacts beside it."""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from tracker.exchange import sqlite
from tracker.exchange.choices import Choices
from tracker.exchange.elsewhere import Elsewhere, Event, Item, Readings, Row, Version
from tracker.exchange.files import inside
from tracker.exchange.sources.trackio_media import TrackioMedia
from tracker.exchange.times import as_time_us
from tracker.exchange.words import as_artifact_name, as_project, as_run_id, made_id

FORMAT: Final = "trackio"
_TABLES: Final = ("metrics", "configs")
_SPECIAL: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_BLOBS: Final = "blobs/sha256"


def is_here(source: Path) -> bool:
    """Say whether a path leads to a project of Trackio, or to its folder."""
    return any(True for _ in _databases(source))


def _databases(source: Path) -> Iterator[Path]:
    paths = [source] if source.is_file() else sorted(source.glob("*.db"))
    yield from (path for path in paths if sqlite.has_tables(path, *_TABLES))


def find(source: Path, choices: Choices) -> Iterator[Elsewhere]:
    """Yield the runs of a project, or of all projects in a folder."""
    for path in _databases(source):
        yield from _Project(path, choices).runs()


class _Project:
    """One database."""

    def __init__(self, path: Path, choices: Choices) -> None:
        self._path = path
        self._choices = choices
        with sqlite.reading(path) as db:
            # Older versions knew runs by their names alone.
            self._has_ids = "run_id" in sqlite.columns(db, "metrics")
            self._has = {
                table: bool(sqlite.columns(db, table))
                for table in ("system_metrics", "alerts", "traces", "artifact_versions")
            }

    @property
    def _key(self) -> str:
        return "run_id" if self._has_ids else "run_name"

    def runs(self) -> Iterator[Elsewhere]:
        """Yield the runs, in the order in which they began."""
        counted = ["metrics", *(t for t in ("system_metrics", "alerts") if self._has[t])]
        parts = [
            f"SELECT {self._key} AS run, run_name, count(*) AS n, min(timestamp) AS began, "
            f"max(id) AS newest FROM {table} GROUP BY {self._key}"
            for table in counted
        ]
        with sqlite.reading(self._path) as db:
            told = db.execute(
                "SELECT run, max(run_name) AS name, min(began) AS began, "
                "group_concat(n || '-' || newest) AS counts "
                f"FROM ({' UNION ALL '.join(parts)}) GROUP BY run ORDER BY began, run"
            ).fetchall()
            configs = {
                str(row["run"]): row["config"]
                for row in sqlite.rows(db, f"SELECT {self._key} AS run, config FROM configs")
            }
            links = self._links(db)
        for row in told:
            run = str(row["run"])
            yield self._run(row, _object(configs.get(run)), repr(links.get(run)))

    def _run(self, row: sqlite3.Row, config: dict[str, Any], links: str) -> Elsewhere:
        run = str(row["run"])
        project = self._choices.project or self._path.stem
        own = {key: value for key, value in config.items() if not key.startswith("_")}
        found = Elsewhere(
            FORMAT,
            run,
            repr((row["counts"], config, links)),
            as_project(project),
            as_run_id(run) if self._has_ids else made_id(FORMAT, self._path.stem, run),
            self._choices.name or str(row["name"] or run),
            partial(self._items, run=run),
            started_us=as_time_us(config.get("_Created")) or as_time_us(row["began"]) or 0,
            group=config.get("_Group") or None,
            config=own,
        )
        if config.get("_Username"):
            found.metadata["username"] = config["_Username"]
        return found

    def _items(self, source: Elsewhere, run: str) -> Iterator[Item]:
        media = TrackioMedia(self._path.parent / "media", source.lost)
        with sqlite.reading(self._path) as db:
            streams: list[Iterator[Row | Readings | Event]] = [self._rows(db, run, source, media)]
            if self._has["system_metrics"]:
                streams.append(self._readings(db, run))
            if self._has["alerts"]:
                streams.append(self._alerts(db, run))
            # By time, so that what comes later is read later too.
            yield from heapq.merge(*streams, key=lambda item: item.time_us)
            if self._has["traces"]:
                query = f"SELECT count(*) FROM traces WHERE {self._key} = ?"
                if count := db.execute(query, [run]).fetchone()[0]:
                    source.lost["traces"] += count
            if self._has["artifact_versions"]:
                source.artifacts = list(self._versions(db, run, source))

    def _select(self, db: sqlite3.Connection, table: str, run: str) -> Iterator[sqlite3.Row]:
        query = f"SELECT * FROM {table} WHERE {self._key} = ? ORDER BY timestamp, id"
        return sqlite.rows(db, query, run)

    def _rows(
        self, db: sqlite3.Connection, run: str, source: Elsewhere, media: TrackioMedia
    ) -> Iterator[Row]:
        for row in self._select(db, "metrics", run):
            values = _object(row["metrics"])
            if not values:
                source.lost["rows that cannot be read"] += 1
                continue
            for key, value in values.items():
                if isinstance(value, str):
                    values[key] = _SPECIAL.get(value, value)
                elif isinstance(value, dict) and "_type" in value:
                    values[key] = partial(media.make, value)
                elif isinstance(value, list) and _are_media(value):
                    values[key] = partial(media.make_all, value)
            step = row["step"]
            time_us = as_time_us(row["timestamp"]) or source.started_us
            yield Row(step if isinstance(step, int) else 0, time_us, values)

    def _readings(self, db: sqlite3.Connection, run: str) -> Iterator[Readings]:
        for row in self._select(db, "system_metrics", run):
            values = {
                key: float(value)
                for key, value in _object(row["metrics"]).items()
                if isinstance(value, int | float)
            }
            if values:
                yield Readings(as_time_us(row["timestamp"]) or 0, values)

    def _alerts(self, db: sqlite3.Connection, run: str) -> Iterator[Event]:
        for row in self._select(db, "alerts", run):
            payload = {
                "title": str(row["title"]), "text": str(row["text"] or ""),
                "level": str(row["level"]).upper(),
            }  # fmt: skip
            yield Event(as_time_us(row["timestamp"]) or 0, "alert", payload)

    # --- artifacts

    def _links(self, db: sqlite3.Connection) -> dict[str, list[int]]:
        """Return the versions that each run made."""
        if not self._has["artifact_versions"] or not self._has_ids:
            return {}
        found: dict[str, list[int]] = {}
        for run, version in sqlite.rows(
            db, "SELECT producer_run_id, id FROM artifact_versions ORDER BY id"
        ):
            found.setdefault(str(run), []).append(version)
        return found

    def _versions(self, db: sqlite3.Connection, run: str, source: Elsewhere) -> Iterator[Version]:
        aliases: dict[int, list[str]] = {}
        for alias, version in sqlite.rows(
            db, "SELECT alias, artifact_version_id FROM artifact_aliases"
        ):
            aliases.setdefault(version, []).append(str(alias))
        blobs = self._path.parent / "artifacts" / self._path.stem
        for row in sqlite.rows(
            db,
            "SELECT v.*, a.name, a.type, a.description FROM artifact_versions v "
            "JOIN artifacts a ON a.id = v.artifact_id WHERE v.producer_run_id = ? ORDER BY v.id",
            run,
        ):
            files, references = _files(row["manifest"], blobs, source)
            yield Version(
                as_time_us(row["created_at"]) or source.started_us,
                as_artifact_name(str(row["name"])),
                str(row["type"]) or "unspecified",
                files,
                references,
                row["description"] or None,
                _object(row["metadata"]),
                [alias for alias in aliases.get(row["id"], []) if alias != "latest"],
            )


def _files(manifest: Any, blobs: Path, source: Elsewhere) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the files of a manifest, which are kept by their digests, and its references."""
    files: dict[str, Path] = {}
    references: dict[str, str] = {}
    for entry in _list(manifest):
        name, digest = str(entry.get("path")), str(entry.get("digest"))
        path = inside(blobs, f"{_BLOBS}/{digest[:2]}/{digest}")
        if entry.get("ref"):
            references[name] = str(entry["ref"])
        elif path is not None:
            files[name] = path
        else:
            source.lost["files of artifacts that are not there"] += 1
    return files, references


def _are_media(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(each, dict) and "_type" in each for each in values)


def _object(text: Any) -> dict[str, Any]:
    told = _parsed(text)
    return told if isinstance(told, dict) else {}


def _list(text: Any) -> list[dict[str, Any]]:
    told = _parsed(text)
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        return None
