/** The rows of the sidebar, and where keys lead from one to another. This file knows no DOM. */

import type { IMetrics, IProject, IRun, IRunPage, ISweep } from './wire';

/** How many sweeps of a project stand above its runs; older ones are folded away. */
export const NEWEST_SWEEPS = 3;

export interface IProjectRow {
  readonly kind: 'project';
  readonly key: string;
  readonly project: IProject;
  readonly isOpen: boolean;
  readonly metrics: IMetrics | undefined;
}

export interface IRunRow {
  readonly kind: 'run';
  readonly key: string;
  readonly run: IRun;
}

export interface ISweepRow {
  readonly kind: 'sweep';
  readonly key: string;
  readonly sweep: ISweep;
}

/** Shows the older sweeps of a project, and puts them away again. */
export interface IOlderRow {
  readonly kind: 'older';
  readonly key: string;
  readonly project: string;
  readonly count: number;
  /** Whether the store has even more than were read. */
  readonly isMore: boolean;
  readonly isOpen: boolean;
}

export interface IMoreRow {
  readonly kind: 'more';
  readonly key: string;
  /** The project with more than is shown; empty for a search. */
  readonly project: string;
  /** Of what there is more. */
  readonly of: 'runs' | 'sweeps';
}

export type Row = IProjectRow | ISweepRow | IOlderRow | IRunRow | IMoreRow;

export interface ITree {
  readonly projects: readonly IProject[];
  readonly open: ReadonlySet<string>;
  readonly pages: ReadonlyMap<string, IRunPage>;
  /** What a search has found, in the place of the pages. */
  readonly found: IRunPage | null;
}

export function projectKey(name: string): string {
  return `project ${name}`;
}

export function runKey(run: IRun): string {
  return `run ${run.project} ${run.id}`;
}

export function sweepKey(sweep: ISweep): string {
  return `sweep ${sweep.project} ${sweep.id}`;
}

/** The older sweeps of a project are open where this is. */
export function olderKey(project: string): string {
  return `older sweeps ${project}`;
}

/** Return the rows of a tree, from top to bottom. */
export function rowsOf(tree: ITree): Row[] {
  return tree.found
    ? foundRows(tree, tree.found)
    : tree.projects.flatMap(p => projectRows(tree, p));
}

function projectRows({ open, pages }: ITree, project: IProject): Row[] {
  const page = pages.get(project.name);
  const isOpen = open.has(project.name);
  const metrics = page?.metrics.get(project.name);
  const key = projectKey(project.name);
  const rows: Row[] = [{ kind: 'project', key, project, isOpen, metrics }];
  if (isOpen && page) {
    const { name } = project;
    rows.push(...sweepRows(open, name, page.sweeps, page.moreSweeps), ...page.runs.map(runRow));
    if (page.more) {
      rows.push(moreRow(name, 'runs'));
    }
  }
  return rows;
}

function foundRows({ projects, open }: ITree, found: IRunPage): Row[] {
  const names = [...new Set([...found.runs, ...found.sweeps].map(each => each.project))];
  const rows = names.flatMap((name): Row[] => {
    const project = projects.find(each => each.name === name) ?? { name, runs: 0, running: 0 };
    const isOpen = !open.has(closedKey(name));
    const head = { kind: 'project', key: projectKey(name), project, isOpen } as const;
    const row = { ...head, metrics: found.metrics.get(name) };
    if (!isOpen) {
      return [row];
    }
    const sweeps = found.sweeps.filter(sweep => sweep.project === name);
    const runs = found.runs.filter(run => run.project === name);
    return [row, ...sweepRows(open, name, sweeps, false), ...runs.map(runRow)];
  });
  return [
    ...rows,
    ...(found.moreSweeps ? [moreRow('', 'sweeps')] : []),
    ...(found.more ? [moreRow('', 'runs')] : [])
  ];
}

function moreRow(project: string, of: 'runs' | 'sweeps'): IMoreRow {
  return { kind: 'more', key: `more ${of} ${project}`, project, of };
}

/** A project is open in a search unless it was closed there. */
export function closedKey(name: string): string {
  return `closed ${name}`;
}

function sweepRows(
  open: ReadonlySet<string>,
  project: string,
  sweeps: readonly ISweep[],
  isMore: boolean
): Row[] {
  const key = olderKey(project);
  const count = sweeps.length - NEWEST_SWEEPS;
  const isOpen = open.has(key);
  const shown = isOpen ? sweeps : sweeps.slice(0, NEWEST_SWEEPS);
  const rows = shown.map((sweep): Row => ({ kind: 'sweep', key: sweepKey(sweep), sweep }));
  if (isMore && isOpen) {
    rows.push(moreRow(project, 'sweeps'));
  }
  return count > 0 ? [...rows, { kind: 'older', key, project, count, isMore, isOpen }] : rows;
}

function runRow(run: IRun): IRunRow {
  return { kind: 'run', key: runKey(run), run };
}

export interface IMove {
  /** The row that comes into focus. */
  readonly focus?: string;
  /** The row that is opened or closed. */
  readonly toggle?: string;
  /** The row that is shown in a tab. */
  readonly activate?: string;
}

/** Say what a key does in a tree, by the rules of ARIA; null where it means nothing. */
export function moveBy(
  rows: readonly Row[],
  current: string | null,
  pressed: string
): IMove | null {
  const [first] = rows;
  const last = rows.at(-1);
  if (!first || !last) {
    return null;
  }
  const place = rows.findIndex(row => row.key === current);
  const row = rows[place];
  const to = (number: number): IMove => ({
    focus: (rows[Math.min(Math.max(number, 0), rows.length - 1)] ?? first).key
  });
  switch (pressed) {
    case 'ArrowDown':
      return to(place + 1);
    case 'ArrowUp':
      return place < 0 ? { focus: last.key } : to(place - 1);
    case 'Home':
      return { focus: first.key };
    case 'End':
      return { focus: last.key };
    case 'Enter':
      return row ? { activate: row.key } : null;
    case 'ArrowRight':
      return row ? enter(place, row, to) : null;
    case 'ArrowLeft':
      return row ? leave(rows, place, row) : null;
    case ' ':
      return row?.kind === 'project'
        ? { toggle: row.key }
        : row?.kind === 'older'
          ? { activate: row.key }
          : null;
    default:
      return null;
  }
}

function enter(place: number, row: Row, to: (number: number) => IMove): IMove | null {
  switch (row.kind) {
    case 'project':
      return row.isOpen ? to(place + 1) : { toggle: row.key };
    case 'older':
      return row.isOpen ? null : { activate: row.key };
    default:
      return null;
  }
}

function leave(rows: readonly Row[], place: number, row: Row): IMove | null {
  if (row.kind === 'project') {
    return row.isOpen ? { toggle: row.key } : null;
  }
  if (row.kind === 'older' && row.isOpen) {
    return { activate: row.key };
  }
  const parent = rows
    .slice(0, place)
    .filter(each => each.kind === 'project')
    .at(-1);
  return parent ? { focus: parent.key } : null;
}
