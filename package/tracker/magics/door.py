"""What each magic does."""

from __future__ import annotations

import inspect
import re
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from IPython.core.magic import no_var_expand
from IPython.display import FileLink, display

from tracker import start
from tracker.errors import UsageError
from tracker.magics import words
from tracker.magics.cell import CellRuns
from tracker.magics.completion import complete
from tracker.magics.overview import (
    describe,
    latest_project,
    list_projects,
    open_api,
    status_lines,
)
from tracker.magics.parsers import CELL_SQL, FINISH, IMPORT, LS, RESTORE, SHOW, STATUS, option_help
from tracker.magics.sentences import in_one_sentence
from tracker.magics.sweep import run_sweep
from tracker.run import cells, notebook_file
from tracker.run.provenance import is_notebook
from tracker.settings import find_store

if TYPE_CHECKING:
    import pandas as pd

    from tracker.exchange.importing import Imported

_Function = TypeVar("_Function", bound=Callable[..., Any])
_DIR = re.compile(r"""--dir[ =]\s*("[^"]*"|'[^']*'|\S+)\s*""")
# What hides a dollar, else a parameter.
_PARAMETER = re.compile(
    r"""'(?:[^']|'')*'|"[^"]*"|--[^\n]*|/\*.*?\*/|\$(?P<name>[A-Za-z_]\w*)""", re.DOTALL
)


def _magic(title: str) -> Callable[[_Function], _Function]:
    """Put the options of the magic `title` at the end of its help."""

    def describe(function: _Function) -> _Function:
        text = inspect.cleandoc(function.__doc__ or "")
        function.__doc__ = f"{text}\n\nOptions:\n{option_help(title)}\n"
        # IPython would replace {…} and $… in SQL; what needs it does it itself.
        marked: _Function = no_var_expand(function)
        return marked

    return describe


class Door:
    """The magics of one shell.

    Parameters
    ----------
    shell : InteractiveShell
        The running IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._runs = CellRuns(shell)
        self._panels: weakref.WeakSet[Any] = weakref.WeakSet()
        self._magics: dict[tuple[str, str], Callable[..., Any]] = {
            ("line", "tracker"): self.tracker,
            ("cell", "tracker"): self.tracker_cell,
            ("cell", "tracker_sql"): self.tracker_sql,
            ("cell", "tracker_sweep"): self.tracker_sweep,
            ("line", "restore"): self.restore,
        }

    def open(self) -> None:
        """Register the magics, their completion, and the memory of executed cells."""
        for (kind, name), function in self._magics.items():
            self._shell.register_magic_function(function, kind, name)
        self._shell.Completer.custom_matchers.append(complete)
        # Before our own listeners: a run that ends with its cell needs to know how that ended.
        cells.recorder()
        self._runs.install()

    def close(self) -> None:
        """Take away everything that :meth:`open` and the magics brought, except runs."""
        registered = self._shell.magics_manager.magics
        for (kind, name), function in self._magics.items():
            if registered[kind].get(name) == function:
                del registered[kind][name]
        if complete in self._shell.Completer.custom_matchers:
            self._shell.Completer.custom_matchers.remove(complete)
        self._runs.uninstall()
        recorder = cells.recorder()
        if recorder is not None and start.current() is None:
            recorder.uninstall()
        for panel in list(self._panels):
            panel.close()

    @in_one_sentence
    def begin(self, line: str) -> None:
        """Start the run of a ``%%tracker`` cell; its first line has become a call of this."""
        self._runs.begin(line)

    @_magic("%tracker")
    @in_one_sentence
    def tracker(self, line: str) -> Any:
        """Look at runs: live panels, tables, SQL.

        %tracker                    the current run, else the latest project
        %tracker PROJECT            a project: its runs side by side
        %tracker PROJECT/RUN        a run, by its id or its name
        %tracker ls                 all projects, as a DataFrame
        %tracker ls PROJECT         the runs of a project, newest first, as a DataFrame
        %tracker sql SELECT …       ask all runs in SQL; gives a DataFrame
        %tracker status             the current run and the store
        %tracker import PATH        the runs of another program: wandb/, mlruns/, metrics.csv …
        %tracker finish             end the current run

        Panels move while a run writes, also a run of another notebook or a terminal. Where there
        are no panels, in IPython in a terminal, a table comes in their place.

        In SQL there are the views runs, history, history_values, summary, system, media,
        artifacts, sweeps, trials, cells, console_lines and events; $name is the variable of that
        name:

        >>> best = 0.9
        >>> good = %tracker sql select name, summary->>'acc' a from runs where a::float > $best

        Start runs with tracker.init(…) or, for a cell, with %%tracker; see %%tracker?
        """
        command, _, rest = line.strip().partition(" ")
        if command == "sql":
            return self._sql(rest)
        line = self._shell.var_expand(line)
        given = words.split(line)
        action = _COMMANDS.get(command)
        if action is not None:
            return action(given[1:])
        return self._show(given)

    @_magic("%%tracker")
    def tracker_cell(self, line: str, cell: str) -> None:
        """Run this cell as a run.

        %%tracker digits --name first --config lr=0.1 layers=[64,32] --tags demo
        for epoch in range(10):
            tracker.log({"loss": train(tracker.config.lr)})

        The run starts before the cell and finishes after it, with its live panel under the
        cell. If the cell raises or is interrupted, the run is marked failed and the traceback is
        kept with it. Everything else is as in any other cell: its variables stay, its last
        expression is shown, and await works. tracker.run is the run.

        %%tracker [PROJECT] [options]; texts with blanks go in quotes, {name} and $name are
        replaced by variables.
        """
        self._runs.run_cell(line, cell)

    @_magic("%%tracker_sql")
    @in_one_sentence
    def tracker_sql(self, line: str, cell: str) -> pd.DataFrame | None:
        """Ask all runs in SQL; the cell is the statement. Gives a DataFrame.

        %%tracker_sql best
        SELECT name, config->>'lr' AS lr, summary->>'val/accuracy' AS accuracy
        FROM runs WHERE project = $project
        ORDER BY accuracy DESC

        With a name on the first line, as here, the DataFrame goes into that variable and is not
        shown. $name in the statement is the variable of that name.
        """
        options = CELL_SQL.parse_args(words.split(self._shell.var_expand(line)))
        if options.name is not None and not options.name.isidentifier():
            raise UsageError(
                f"%%tracker_sql was given {options.name!r}: expected a name for the DataFrame. "
                "The statement goes below that line."
            )
        found = self._ask(cell, options.dir)
        if options.name is None:
            return found
        self._shell.push({options.name: found})
        return None

    @_magic("%%tracker_sweep")
    @in_one_sentence
    def tracker_sweep(self, line: str, cell: str) -> None:
        """Run the cell for each trial of a sweep.

        What stands behind it is a variable that holds the sweep's config, or a YAML file: then
        a sweep is made. Or a sweep, or its id: then it goes on. The cell finds the trial's
        parameters as `config` and its run as `run`; what it assigns stays its own:

        >>> %%tracker_sweep search --count 20 --parallel 4
        >>> model = fit(config.lr)
        >>> run.log({"loss": model.loss})
        """
        run_sweep(self._shell, line, cell)

    @_magic("%restore")
    @in_one_sentence
    def restore(self, line: str) -> None:
        """Get back the cells that led to a run, as a notebook.

        %restore RUN                writes NAME-ID.ipynb here, and shows a link to it
        %restore PROJECT/RUN -o old.ipynb
        %restore RUN --here         puts the code into the next cell instead

        RUN is the id of a run, or its name. The notebook has every cell that ran from the start
        of that kernel to the end of the run, in the order in which they ran, without those that
        only looked something up.
        """
        options = RESTORE.parse_args(words.split(self._shell.var_expand(line)))
        run = open_api(options.dir).run(options.run)
        if options.here:
            self._shell.set_next_input(notebook_file.join_sources(run.record, run.cells()))
            return
        target = Path(options.output) if options.output else None
        file, number = notebook_file.write_notebook(
            run.record, run.cells(), target, force=options.force
        )
        print(f"{number} {'cell' if number == 1 else 'cells'} of run {run.name} ({run.id}):")
        display(FileLink(file))  # type: ignore[no-untyped-call]

    def _sql(self, statement: str) -> pd.DataFrame:
        folder = _DIR.match(statement)
        if folder is None:
            return self._ask(statement, None)
        return self._ask(statement[folder.end() :], folder[1].strip("\"'"))

    def _ask(self, statement: str, folder: str | None) -> pd.DataFrame:
        if not statement.strip():
            raise UsageError("There is no statement: try %tracker sql select * from runs")
        names = {match["name"] for match in _PARAMETER.finditer(statement) if match["name"]}
        missing = sorted(names - self._shell.user_ns.keys())
        if missing:
            raise UsageError(f"The statement names ${missing[0]}, and there is no such variable.")
        values = {name: self._shell.user_ns[name] for name in names}
        return open_api(folder).sql(statement, values or None)

    def _show(self, given: list[str]) -> pd.DataFrame | None:
        options = SHOW.parse_args(given)
        target, folder = options.target, options.dir
        run = start.current()
        if target is None and run is not None and not run.disabled and folder is None:
            target, folder = run.path, run.settings.root
        api = open_api(folder)
        target = target or latest_project(api)
        if not is_notebook():
            return describe(api, target)
        from tracker.panels.show import show

        panel = show(target, folder)
        self._panels.add(panel)
        display(panel)  # type: ignore[no-untyped-call]
        return None


def _list(given: list[str]) -> pd.DataFrame:
    options = LS.parse_args(given)
    api = open_api(options.dir)
    if options.project is None:
        return list_projects(api)
    return api.runs(options.project, order="-created_at").to_dataframe()


def _status(given: list[str]) -> None:
    options = STATUS.parse_args(given)
    print("\n".join(status_lines(find_store(options.dir), start.current())))


def _finish(given: list[str]) -> None:
    options = FINISH.parse_args(given)
    if start.current() is None:
        print("No run is active.")
    start.finish(options.exit_code)


def _import(given: list[str]) -> Imported:
    from tracker.exchange.importing import import_runs

    options = IMPORT.parse_args(given)
    return import_runs(
        options.source, options.format, options.project, name=options.name, dir=options.dir
    )


_COMMANDS: dict[str, Callable[[list[str]], Any]] = {
    "finish": _finish,
    "import": _import,
    "ls": _list,
    "status": _status,
}
