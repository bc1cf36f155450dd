import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { trackerIcon } from './icon';
import type { BrowserModel } from './model';
import { TreeRow } from './row';
import { moveBy, type Row } from './tree';

const BEGIN = `import tracker
tracker.init().log({"loss": 1})`;
const SEARCH_AFTER_MS = 200;
const CLOCK_MS = 30_000;

/** The tree of projects, sweeps and runs, in the left area of JupyterLab. */
export class Sidebar extends ReactWidget {
  constructor(
    private readonly model: BrowserModel,
    private readonly onActivate: (row: Row) => void,
    private readonly onSeen: () => void
  ) {
    super();
    this.id = 'tracker-sidebar';
    this.addClass('tracker-Sidebar');
    this.title.icon = trackerIcon;
    this.title.caption = 'Tracker: runs and their charts';
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.see(true);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.see(false);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.see(this.isVisible);
  }

  protected override onBeforeDetach(message: Message): void {
    this.see(false);
    super.onBeforeDetach(message);
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.querySelector<HTMLElement>('.tracker-Sidebar-tree')?.focus();
  }

  protected override render(): React.JSX.Element {
    const { model } = this;
    return (
      <UseSignal signal={model.changed}>
        {() => <Browser model={model} onActivate={this.onActivate} />}
      </UseSignal>
    );
  }

  private see(isVisible: boolean): void {
    this.model.isVisible = isVisible;
    this.onSeen();
  }
}

interface IBrowserProps {
  readonly model: BrowserModel;
  readonly onActivate: (row: Row) => void;
}

function Browser({ model, onActivate }: IBrowserProps): React.JSX.Element {
  return (
    <>
      <header className="tracker-Sidebar-head">
        <h2 className="tracker-Sidebar-title">Runs</h2>
        <Search model={model} />
      </header>
      {model.trouble !== '' && (
        <p className="tracker-Sidebar-trouble" role="alert">
          {model.trouble}
        </p>
      )}
      {model.isEmpty === true ? <Empty /> : <Tree model={model} onActivate={onActivate} />}
      <footer className="tracker-Sidebar-store" title={`The store: ${model.store}`}>
        <bdi>{model.store}</bdi>
      </footer>
    </>
  );
}

function Search({ model }: { readonly model: BrowserModel }): React.JSX.Element {
  const [text, setText] = React.useState(model.search);
  React.useEffect(() => {
    const timer = setTimeout(() => void model.setSearch(text), SEARCH_AFTER_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [model, text]);
  return (
    <input
      type="search"
      className="tracker-Sidebar-search"
      placeholder="Search names, tags, states …"
      aria-label="Search all projects"
      value={text}
      onChange={event => {
        setText(event.target.value);
      }}
    />
  );
}

function Empty(): React.JSX.Element {
  return (
    <div className="tracker-Sidebar-empty">
      <p>No runs here yet. Two lines in a notebook begin one:</p>
      <pre>{BEGIN}</pre>
    </div>
  );
}

function Tree({ model, onActivate }: IBrowserProps): React.JSX.Element {
  const { rows, selected } = model;
  const place = rows.findIndex(row => row.key === selected);
  const tree = React.useRef<HTMLDivElement>(null);
  useClock();
  React.useEffect(() => {
    tree.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
  const press = (event: React.KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const move = moveBy(rows, selected, event.key);
    if (!move) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    follow(model, move, onActivate);
  };
  const isFoundNothing = rows.length === 0 && model.search.trim() !== '';
  return (
    <div
      ref={tree}
      role="tree"
      className="tracker-Sidebar-tree"
      aria-label="Projects and runs"
      aria-activedescendant={place < 0 ? undefined : rowId(place)}
      tabIndex={0}
      onKeyDown={press}
    >
      {rows.map((row, number) => (
        <TreeRow
          key={row.key}
          id={rowId(number)}
          row={row}
          model={model}
          isSelected={row.key === selected}
          onActivate={onActivate}
        />
      ))}
      {isFoundNothing && (
        <p className="tracker-Sidebar-nothing">No run and no sweep fits the search.</p>
      )}
    </div>
  );
}

/** Show the component anew now and then: how long ago something was changes by itself. */
function useClock(): void {
  const [, setTime] = React.useState(0);
  React.useEffect(() => {
    const timer = setInterval(() => {
      setTime(Date.now());
    }, CLOCK_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
}

function rowId(number: number): string {
  return `tracker-row-${String(number)}`;
}

function follow(
  model: BrowserModel,
  move: NonNullable<ReturnType<typeof moveBy>>,
  onActivate: (row: Row) => void
): void {
  const find = (key: string | undefined): Row | undefined =>
    model.rows.find(row => row.key === key);
  if (move.focus !== undefined) {
    model.select(move.focus);
  }
  const toggled = find(move.toggle);
  if (toggled?.kind === 'project') {
    void model.toggle(toggled.project.name);
  }
  const activated = find(move.activate);
  if (activated) {
    onActivate(activated);
  }
}

/** What a user does with a row: open it, or ask for more of its kind. */
export function activator(model: BrowserModel, commands: CommandRegistry, open: string) {
  return (row: Row): void => {
    const subject = model.subjectOf(row);
    if (subject) {
      void commands.execute(open, { ...subject });
    } else if (row.kind === 'older') {
      model.toggleOlder(row.project);
    } else if (row.kind === 'more') {
      void model.showMore(row.project, row.of);
    }
  };
}
