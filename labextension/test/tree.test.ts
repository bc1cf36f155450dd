import { describe, expect, it } from 'vitest';

import {
  closedKey,
  type ITree,
  moveBy,
  olderKey,
  projectKey,
  rowsOf,
  runKey,
  sweepKey
} from '../src/tree';
import type { IRun, IRunPage, ISweep } from '../src/wire';

function makeRun(project: string, id: string): IRun {
  return {
    project,
    id,
    name: id,
    state: 'finished',
    colour: '#3b82f6',
    createdMs: 0,
    runtimeS: 1,
    tags: [],
    value: '1',
    spark: ''
  };
}

function makeSweep(project: string, id: string): ISweep {
  return {
    project,
    id,
    name: id,
    method: 'grid',
    state: 'finished',
    metric: 'loss',
    isMaximized: false,
    done: 1,
    running: 0,
    expected: 1,
    best: '1',
    createdMs: 0
  };
}

function page(project: string, ids: string[], more = false, sweeps: string[] = []): IRunPage {
  const metrics = new Map([[project, { chosen: 'loss', keys: ['loss'] }]]);
  return {
    runs: ids.map(id => makeRun(project, id)),
    sweeps: sweeps.map(id => makeSweep(project, id)),
    more,
    moreSweeps: false,
    metrics
  };
}

const tree: ITree = {
  projects: [
    { name: 'a', runs: 3, running: 0 },
    { name: 'b', runs: 1, running: 0 }
  ],
  open: new Set(['a']),
  pages: new Map([['a', page('a', ['r1', 'r2'], true)]]),
  found: null
};
const rows = rowsOf(tree);
const [a, r1, r2, more, b] = rows.map(row => row.key);

describe('rowsOf', () => {
  it('shows the runs of open projects, and that there are more', () => {
    expect(rows.map(row => row.kind)).toEqual(['project', 'run', 'run', 'more', 'project']);
    expect(rows[0]).toMatchObject({ isOpen: true, metrics: { chosen: 'loss' } });
  });

  it('shows an open project whose runs have not come yet', () => {
    expect(rowsOf({ ...tree, pages: new Map() }).map(row => row.kind)).toEqual([
      'project',
      'project'
    ]);
  });

  it('shows what a search has found below its projects', () => {
    const found = { ...page('b', ['x']), runs: [makeRun('b', 'x'), makeRun('gone', 'y')] };
    const shown = rowsOf({ ...tree, found });
    expect(shown.map(row => row.key)).toEqual([
      projectKey('b'),
      runKey(makeRun('b', 'x')),
      projectKey('gone'),
      runKey(makeRun('gone', 'y'))
    ]);
    const closed = rowsOf({ ...tree, found, open: new Set([closedKey('b')]) });
    expect(closed).toHaveLength(3);
  });

  it('shows the newest sweeps above the runs, and folds the older ones away', () => {
    const pages = new Map([['a', page('a', ['r1'], false, ['s5', 's4', 's3', 's2', 's1'])]]);
    const folded = rowsOf({ ...tree, pages });
    expect(folded.map(row => row.kind).join(' ')).toBe(
      'project sweep sweep sweep older run project'
    );
    expect(folded[4]).toMatchObject({ count: 2, isOpen: false });
    const unfolded = rowsOf({ ...tree, pages, open: new Set(['a', olderKey('a')]) });
    expect(unfolded.map(row => row.key).slice(1, 8)).toEqual([
      ...['s5', 's4', 's3', 's2', 's1'].map(id => sweepKey(makeSweep('a', id))),
      olderKey('a'),
      runKey(makeRun('a', 'r1'))
    ]);
  });

  it('says where the store has more sweeps than were read', () => {
    const many = { ...page('a', ['r1'], false, ['s4', 's3', 's2', 's1']), moreSweeps: true };
    const pages = new Map([['a', many]]);
    expect(rowsOf({ ...tree, pages })[4]).toMatchObject({ kind: 'older', count: 1, isMore: true });
    const unfolded = rowsOf({ ...tree, pages, open: new Set(['a', olderKey('a')]) });
    expect(unfolded.slice(5, 7)).toMatchObject([
      { kind: 'more', of: 'sweeps', project: 'a' },
      { kind: 'older', isOpen: true }
    ]);
    const found = rowsOf({ ...tree, found: { ...many, more: true } });
    expect(found.slice(-2)).toMatchObject([
      { kind: 'more', of: 'sweeps', project: '' },
      { kind: 'more', of: 'runs', project: '' }
    ]);
  });

  it('shows the sweeps that a search has found', () => {
    const found = { ...page('b', ['x'], false, ['s']), metrics: new Map() };
    const other = { ...found, runs: [], sweeps: [makeSweep('gone', 't')] };
    expect(rowsOf({ ...tree, found }).map(row => row.kind)).toEqual(['project', 'sweep', 'run']);
    expect(rowsOf({ ...tree, found: other }).map(row => row.key)).toEqual([
      projectKey('gone'),
      sweepKey(makeSweep('gone', 't'))
    ]);
  });

  it('keeps projects, sweeps and runs of the same name apart', () => {
    const keys = [projectKey('a'), runKey(makeRun('a', '')), sweepKey(makeSweep('a', ''))];
    expect(new Set(keys).size).toBe(3);
  });
});

describe('moveBy', () => {
  it.each([
    ['ArrowDown', a, { focus: r1 }],
    ['ArrowDown', b, { focus: b }],
    ['ArrowDown', null, { focus: a }],
    ['ArrowUp', r1, { focus: a }],
    ['ArrowUp', a, { focus: a }],
    ['ArrowUp', null, { focus: b }],
    ['Home', r2, { focus: a }],
    ['End', a, { focus: b }],
    ['ArrowRight', a, { focus: r1 }],
    ['ArrowRight', b, { toggle: b }],
    ['ArrowRight', r1, null],
    ['ArrowLeft', a, { toggle: a }],
    ['ArrowLeft', b, null],
    ['ArrowLeft', r2, { focus: a }],
    ['ArrowLeft', more, { focus: a }],
    ['ArrowLeft', null, null],
    ['Enter', r1, { activate: r1 }],
    ['Enter', null, null],
    [' ', a, { toggle: a }],
    [' ', r1, null],
    ['x', a, null]
  ])('%s from %s', (key, from, expected) => {
    expect(moveBy(rows, from ?? null, key)).toEqual(expected);
  });

  it.each([
    ['Enter', false, { activate: olderKey('a') }],
    [' ', true, { activate: olderKey('a') }],
    ['ArrowRight', false, { activate: olderKey('a') }],
    ['ArrowRight', true, null],
    ['ArrowLeft', true, { activate: olderKey('a') }],
    ['ArrowLeft', false, { focus: projectKey('a') }]
  ])('%s opens and closes the older sweeps (open: %s)', (pressed, isOpen, expected) => {
    const pages = new Map([['a', page('a', [], false, ['s4', 's3', 's2', 's1'])]]);
    const open = new Set(isOpen ? ['a', olderKey('a')] : ['a']);
    expect(moveBy(rowsOf({ ...tree, pages, open }), olderKey('a'), pressed)).toEqual(expected);
  });

  it('means nothing where there are no rows', () => {
    expect(moveBy([], null, 'ArrowDown')).toBeNull();
  });
});
