import { describe, expect, it } from 'vitest';

import { closedKey, type ITree, moveBy, projectKey, rowsOf, runKey } from '../src/tree';
import type { IRun, IRunPage } from '../src/wire';

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

function page(project: string, ids: string[], more = false): IRunPage {
  const metrics = new Map([[project, { chosen: 'loss', keys: ['loss'] }]]);
  return { runs: ids.map(id => makeRun(project, id)), more, metrics };
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

  it('keeps projects and runs of the same name apart', () => {
    expect(projectKey('a')).not.toBe(runKey(makeRun('a', '')));
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

  it('means nothing where there are no rows', () => {
    expect(moveBy([], null, 'ArrowDown')).toBeNull();
  });
});
