"""Getting files out of a store: whole artifacts, single files, objects."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex

from tracker.artifacts import references
from tracker.artifacts.entry import Entry, Signature
from tracker.artifacts.folders import walk
from tracker.artifacts.home import Home
from tracker.artifacts.progress import Progress
from tracker.artifacts.remote import RemoteObjects
from tracker.artifacts.threads import THREADS, for_each
from tracker.artifacts.words import check_inside, twins
from tracker.errors import NotFoundError, StoreError, UsageError, warn
from tracker.store.files import cloning
from tracker.store.files.objects import copy_hashed


def fetch_all(
    home: Home,
    entries: Iterable[Entry],
    root: Path,
    *,
    link: bool = False,
    allow_missing_references: bool = False,
) -> None:
    """Write files below a folder; those that are there already stay as they are.

    Raises
    ------
    UsageError
        If a path leaves the folder, or two names are one on this file system.
    NotFoundError, StoreError
        If a file is lost, or a reference has changed.
    """
    wanted = list(entries)
    root.mkdir(parents=True, exist_ok=True)
    _refuse_twins(wanted, root)
    places = _places(wanted, root)
    since_ns = time.time_ns()
    jobs = list(zip(wanted, places, strict=True))
    there = {place: _there(entry, path) for entry, (place, path) in jobs}
    seen = [entry for entry in there.values() if entry is not None]
    home.known.recall(seen)
    progress = Progress("fetching", sum(entry.size for entry in wanted))

    def fetch(job: tuple[Entry, tuple[str, Path]]) -> Entry | None:
        entry, (place, path) = job
        try:
            if _is_there(entry, there[place]):
                return there[place]
            return _fetch(home, entry, path, link)
        except NotFoundError as error:
            if entry.ref is None or not allow_missing_references:
                raise
            warn(f"{error} It was left out.")
            return None
        finally:
            progress.add(entry.size)

    try:
        done = for_each(fetch, jobs, THREADS if home.remote is None else home.remote.threads)
    finally:
        progress.close()
    home.known.note((entry for entry in done if entry is not None), since_ns)


def remove_others(entries: Iterable[Entry], root: Path) -> None:
    """Remove the files below a folder that are not among the entries, and empty folders."""
    wanted = {entry.path for entry in entries}
    for folder, _, names in os.walk(root, topdown=False):
        for name in names:
            path = Path(folder) / name
            if path.relative_to(root).as_posix() not in wanted:
                path.unlink()
        if Path(folder) != root:
            with contextlib.suppress(OSError):
                Path(folder).rmdir()


def verify_folder(entries: Iterable[Entry], root: Path, name: str) -> None:
    """See that a folder has exactly the files of an artifact; references are not read.

    Raises
    ------
    StoreError
        Naming the first file that is missing, too much, or of another content.
    """
    wanted = {entry.path: entry for entry in entries}
    for path, relative, _ in walk(root, "verify"):
        if relative not in wanted:
            raise StoreError(f"Found file {path} which is not a member of artifact {name}.")
    files = [entry for entry in wanted.values() if entry.ref is None]
    _verify([(entry, root / entry.path) for entry in files], str(root))


def verify_objects(home: Home, entries: Iterable[Entry], name: str, sound: set[str]) -> None:
    """See that the store has the files of an artifact, unharmed.

    Parameters
    ----------
    home : Home
    entries : iterable of Entry
    name : str
        The artifact's.
    sound : set of str
        Contents that are not read again; those that are found sound are added.

    Raises
    ------
    NotFoundError
        If one is lost.
    StoreError
        If one is damaged.
    """
    wanted = {entry.sha256: entry for entry in entries if entry.ref is None}
    files = [entry for digest, entry in wanted.items() if digest not in sound]
    remote = home.remote
    here = []
    for entry in files:
        try:
            here.append((entry, home.objects.path(entry.sha256)))
        except NotFoundError:
            if remote is None:
                raise
    _verify(here, f"artifact {name}")
    if remote is not None:
        for_each(lambda entry: _verify_remote(home, remote, entry, name), files, remote.threads)
    sound.update(wanted)


def _verify_remote(home: Home, remote: RemoteObjects, entry: Entry, name: str) -> None:
    try:
        found = remote.digest(entry.sha256)
    except NotFoundError as error:
        home.known.forget_sent([entry.sha256])
        raise NotFoundError(
            f"{entry.path!r} of artifact {name} is not in {remote.url}: send it there with "
            "`tracker artifact push`."
        ) from error
    if found != entry.sha256:
        raise _mismatch(entry, f"artifact {name} in {remote.url}", found)


def _verify(files: list[tuple[Entry, Path]], where: str) -> None:
    progress = Progress("verifying", sum(entry.size for entry, _ in files))

    def verify(job: tuple[Entry, Path]) -> None:
        entry, path = job
        try:
            with path.open("rb") as file:
                digest, _ = copy_hashed(file, None, progress.add)
        except OSError as error:
            raise StoreError(
                f"{entry.path!r} of {where} cannot be read: {error.strerror}."
            ) from error
        if digest != entry.sha256:
            raise _mismatch(entry, where, digest)

    try:
        for_each(verify, files)
    finally:
        progress.close()


def _mismatch(entry: Entry, where: str, found: str) -> StoreError:
    return StoreError(
        f"Digest mismatch for file: {entry.path!r} of {where} has the SHA-256 {found} and not "
        f"{entry.sha256}."
    )


# --- where files go


def _refuse_twins(entries: list[Entry], root: Path) -> None:
    for one, other in twins(entry.path for entry in entries):
        probe = root / f".tracker-{token_hex(4)}"
        try:
            (probe / one).parent.mkdir(parents=True)
            (probe / one).touch()
            if (probe / other).exists():
                raise UsageError(
                    f"{one!r} and {other!r} are one name on this file system: download to another."
                )
        finally:
            shutil.rmtree(probe, ignore_errors=True)


def _places(entries: list[Entry], root: Path) -> list[tuple[str, Path]]:
    """Return where each file goes, and make the folders; links never lead out of the root."""
    made: dict[str, Path] = {"": root}
    places = []
    for entry in entries:
        inside = check_inside(entry.path)
        above, _, name = inside.rpartition("/")
        folder = made.get(above) or _folder(above, root, made)
        places.append((inside, folder / name))
    return places


def _folder(above: str, root: Path, made: dict[str, Path]) -> Path:
    place = root
    for part in above.split("/"):
        place = place / part
        if place.is_symlink():
            raise UsageError(
                f"{str(place)!r} is a link and would lead files out of {str(root)!r}: remove it, "
                "or choose another folder."
            )
        try:
            place.mkdir(exist_ok=True)
        except FileExistsError as error:
            raise UsageError(f"{str(place)!r} is a file where a folder must be.") from error
    made[above] = place
    return place


# --- one file


def _there(entry: Entry, path: Path) -> Entry | None:
    """Return the file that is at a place already, if it may be the wanted one."""
    try:
        told = path.lstat()
    except OSError:
        return None
    if path.is_symlink() or not path.is_file() or told.st_size != entry.size:
        return None
    return Entry(
        entry.path, size=told.st_size, local_path=path.absolute(), signature=Signature.of(told)
    )


def _is_there(entry: Entry, found: Entry | None) -> bool:
    if found is None:
        return False
    expected = entry.known
    if entry.ref is not None:
        expected = (entry.checksum or "").removeprefix("sha256:")
    try:
        return found.sha256 == expected
    except UsageError:
        return False


def _fetch(home: Home, entry: Entry, path: Path, link: bool) -> Entry | None:
    partial = path.with_name(f".{token_hex(6)}.partial")
    try:
        if entry.ref is not None:
            references.fetch(entry, partial)
        else:
            _bring(home.path(entry.sha256), partial, link)
        if path.is_dir() and not path.is_symlink():
            raise UsageError(f"{str(path)!r} is a folder where a file must be: move it away.")
        partial.replace(path)
        told = Signature.of(path.stat())
    except OSError as error:
        raise StoreError(
            f"{entry.path!r} cannot be written to {str(path)!r}: {error.strerror or error}."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    if entry.ref is not None:
        return None
    return Entry(entry.path, entry.sha256, entry.size, local_path=path.absolute(), signature=told)


def _bring(source: Path, target: Path, link: bool) -> None:
    if link:
        with contextlib.suppress(OSError):
            os.link(source, target)
            return
    with source.open("rb") as reader, target.open("wb") as writer:
        if cloning.clone(reader, writer):
            return
    shutil.copyfile(source, target)
