"""The terminal's ``tracker artifact``: ``ls``, ``get``, ``put``, ``verify``, ``gc``, ``push`` …."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.cli.commands import add_format, adder, existing
from tracker.cli.printing import moment, say, say_json, say_table, size
from tracker.cli.sizes import size_bytes
from tracker.errors import NotFoundError, StoreError, UsageError

if TYPE_CHECKING:
    from tracker.api import Api
    from tracker.artifacts.artifact import Artifact

_EXAMPLES = """\
examples:
  tracker artifact ls digits                      the artifacts of a project
  tracker artifact get digits/model:best          fetch a version
  tracker artifact put data/ -n digits/raw -t dataset -a good
  tracker artifact lineage digits/model:best      which runs made it, from which data
  tracker artifact verify                         is every file what was logged?
  tracker artifact gc                             what does nothing hold any more?
  tracker artifact gc --delete                    remove it
  tracker artifact push                           send what the remote home lacks
  tracker artifact cache cleanup 10GB             keep so much of it on this machine
"""


def add(commands: Any) -> None:
    """Add the command ``artifact`` to the terminal door.

    Parameters
    ----------
    commands : subparsers
        Of the door's parser.
    """
    artifact = commands.add_parser(
        "artifact",
        help="List, fetch, keep, verify and clean up artifacts.",
        description="List, fetch, keep, verify and clean up artifacts.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = artifact.add_subparsers(required=True, metavar="COMMAND")

    command = adder(inner)
    ls = command("ls", _ls, "List versions, by project and name.")
    ls.add_argument("path", nargs="?", help="project, or project/name")
    ls.add_argument("-t", "--type", help="only of this type")
    add_format(ls)
    lineage = command("lineage", _lineage, "Say what led to a version, and what came of it.")
    lineage.add_argument("path", help="project/name:alias, or name:alias")
    add_format(lineage)
    get = command("get", _get, "Fetch the files of a version.")
    get.add_argument("path", help="project/name:alias, or name:alias")
    get.add_argument("--root", help="where to; default ./artifacts/NAME-VERSION")
    get.add_argument("-t", "--type", help="the type that it must have")
    get.add_argument("--link", action="store_true", help="read-only links instead of copies")
    put = command("put", _put, "Keep a file or a folder as a version.")
    put.add_argument("path", help="the file or the folder")
    put.add_argument("-n", "--name", required=True, help="project/name, or name")
    put.add_argument("-t", "--type", default="unspecified")
    put.add_argument("-a", "--alias", action="append", metavar="A", help="may be repeated")
    put.add_argument("-d", "--description")
    verify = command("verify", _verify, "See that every file is what was logged.")
    verify.add_argument("path", nargs="*", help="project/name:alias; default all versions")
    gc = command("gc", _gc, "Say what no version, run, report or alias holds, or remove it.")
    gc.add_argument("--delete", action="store_true", help="remove it; default only say it")
    gc.add_argument(
        "--hours", type=float, default=1.0, help="what is younger stays; default %(default)s"
    )
    command("push", _push, "Send what the remote home lacks: TRACKER_ARTIFACT_HOME names one.")
    cache = inner.add_parser("cache", help="Make room for what the remote home has.")
    cleanup = adder(cache.add_subparsers(required=True, metavar="COMMAND"))(
        "cleanup", _cleanup, "Remove copies of what the remote home has, the oldest first."
    )
    cleanup.add_argument("target", metavar="SIZE", help="what may stay together, such as 10GB")


def _ls(options: argparse.Namespace, root: Path) -> int:
    from tracker.api.plain import plain_version

    project, _, name = (options.path or "").partition("/")
    found = [
        each
        for each in _api(root, options).artifacts(options.type)
        if (not project or each.project == project) and (not name or each.collection_name == name)
    ]
    if options.path and not found:
        raise NotFoundError(f"There are no artifacts of {options.path!r} in {root}.")
    if options.format == "json":
        say_json([plain_version(each.record) for each in found])
        return 0
    say_table(
        ["ARTIFACT", "TYPE", "SIZE", "FILES", "MADE", "ALIASES"],
        [
            [
                each.qualified_name, each.type, size(each.size), each.file_count,
                moment(each.record.created_at), ", ".join(each.aliases),
            ]
            for each in found
        ],
    )  # fmt: skip
    return 0


def _lineage(options: argparse.Namespace, root: Path) -> int:
    from tracker.api.plain import plain_lineage

    found = _api(root, options).artifact(options.path).lineage()
    if options.format == "json":
        say_json(plain_lineage(found))
        return 0
    (start,) = found.starts
    nodes = [
        *(("before", node) for node in reversed(found.before(start))),
        ("", found.nodes[start]),
        *(("after", node) for node in found.after(start)),
    ]
    say_table(
        ["", "KIND", "WHAT", "TYPE", "STATE"],
        [
            [
                place, node.kind, f"{node.project}/{node.run_id or node.name}",
                node.type, node.state,
            ]
            for place, node in nodes
        ],
    )  # fmt: skip
    return 0


def _get(options: argparse.Namespace, root: Path) -> int:
    artifact = _api(root, options).artifact(options.path, options.type)
    folder = artifact.download(options.root, link=options.link)
    say(
        f"{artifact.qualified_name}: {artifact.file_count:,} files, {size(artifact.size)}, in "
        f"{folder}"
    )
    return 0


def _put(options: argparse.Namespace, root: Path) -> int:
    from tracker.artifacts.artifact import Artifact
    from tracker.artifacts.words import split_path
    from tracker.start import init

    project, name, alias = split_path(options.name)
    if alias is not None:
        raise UsageError(f"--name is {options.name!r}: give aliases by --alias.")
    artifact = Artifact(name, options.type, options.description)
    path = Path(options.path)
    if path.is_dir():
        artifact.add_dir(path)
    else:
        artifact.add_file(path)
    settings = {"silent": True, "console": False, "save_code": False, "system_interval_s": 0}
    with init(project, job_type="cli_put", dir=options.dir, settings=settings) as run:
        run.log_artifact(artifact, aliases=options.alias)
    if artifact.is_draft():
        raise StoreError(f"{options.path} could not be kept in {root}.")
    say(f"{artifact.qualified_name}: {artifact.file_count:,} files, {size(artifact.size)}")
    return 0


def _verify(options: argparse.Namespace, root: Path) -> int:
    api = _api(root, options)
    chosen = [api.artifact(path) for path in options.path] or api.artifacts()
    sound: set[str] = set()
    bad = [each for each in chosen if not _is_sound(each, sound)]
    say(f"{len(chosen) - len(bad):,} of {len(chosen):,} versions are sound")
    return 1 if bad else 0


def _is_sound(artifact: Artifact, sound: set[str]) -> bool:
    try:
        artifact.verify_kept(sound)
    except (StoreError, NotFoundError) as error:
        say(f"{artifact.qualified_name}: {error}")
        return False
    return True


def _gc(options: argparse.Namespace, root: Path) -> int:
    found = _api(root, options).gc(dry_run=not options.delete, grace_s=options.hours * 3600)
    say(str(found))
    for version in found.versions:
        say(f"  {version}")
    loose = found.objects or found.remote_objects or found.versions or found.unfinished
    if found.is_dry_run and loose:
        say("Nothing was removed: do it with tracker artifact gc --delete")
    return 0


def _push(options: argparse.Namespace, root: Path) -> int:
    from tracker.artifacts.home import Home, settle_home
    from tracker.artifacts.sharing import push
    from tracker.settings import read_settings

    store = existing(root)
    if url := read_settings(options.dir).artifact_home:
        settle_home(root, url)
    done = push(Home(store))
    say(f"{done.url}: {done.sent:,} files sent, {size(done.size_bytes)}; {done.there:,} were there")
    for digest in done.lost:
        say(f"lost: {digest} is neither here nor there")
    return 1 if done.lost else 0


def _cleanup(options: argparse.Namespace, root: Path) -> int:
    from tracker.artifacts.home import Home
    from tracker.artifacts.sharing import trim

    removed, freed = trim(Home(existing(root)), size_bytes(options.target))
    say(f"Reclaimed {size(freed)} of space: {removed:,} copies removed")
    return 0


def _api(root: Path, options: argparse.Namespace) -> Api:
    from tracker.api import Api

    if not root.is_dir():
        raise NotFoundError(f"There is no store in {root}: name another with --dir or TRACKER_DIR.")
    return Api(options.dir)
