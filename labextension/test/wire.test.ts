import { describe, expect, it } from 'vitest';

import { readLoader, readOverview, readRunPage } from '../src/wire';

const run = {
  project: 'digits',
  id: 'abc',
  name: '<img src=x onerror=alert(1)>',
  state: 'running',
  colour: '#3b82f6',
  created_ms: 1000,
  runtime_s: 3.5,
  tags: ['base'],
  value: '0.5',
  spark: 'M1.5 1.5L3.2e+01 4'
};

describe('readOverview', () => {
  it('reads what the server sends', () => {
    const sent = {
      store: '~/.tracker',
      projects: [{ name: 'digits', runs: 3, running: 1, updated_ms: 5 }],
      running: [{ project: 'digits', id: 'abc', name: 'quiet-tree-1' }],
      now_ms: 7,
      alerts: [
        { project: 'digits', id: 'abc', name: 'n', level: 'WARN', title: '<b>', time_ms: 5 },
        { level: 'LOUD', text: 3 }
      ]
    };
    expect(readOverview(sent)).toEqual({
      store: '~/.tracker',
      projects: [{ name: 'digits', runs: 3, running: 1 }],
      running: ['quiet-tree-1'],
      nowMs: 7,
      alerts: [
        {
          project: 'digits',
          id: 'abc',
          name: 'n',
          level: 'WARN',
          title: '<b>',
          text: '',
          timeMs: 5
        },
        { project: '', id: '', name: '', level: 'INFO', title: '', text: '', timeMs: 0 }
      ]
    });
  });

  it.each([undefined, null, 7, 'text', [], { projects: 'x', running: {} }])(
    'makes nothing of %j',
    value => {
      expect(readOverview(value)).toEqual({
        store: '',
        projects: [],
        running: [],
        nowMs: 0,
        alerts: []
      });
    }
  );
});

describe('readRunPage', () => {
  it('reads runs and leaves their names as they are', () => {
    const metrics = { digits: { chosen: 'loss', keys: ['loss', 'acc'] } };
    const page = readRunPage({ runs: [run], more: true, metrics });
    expect(page.runs[0]).toEqual({
      project: 'digits',
      id: 'abc',
      name: '<img src=x onerror=alert(1)>',
      state: 'running',
      colour: '#3b82f6',
      createdMs: 1000,
      runtimeS: 3.5,
      tags: ['base'],
      value: '0.5',
      spark: 'M1.5 1.5L3.2e+01 4'
    });
    expect(page.more).toBe(true);
    expect(page.metrics.get('digits')).toEqual({ chosen: 'loss', keys: ['loss', 'acc'] });
  });

  it.each([
    ['a state', { state: 'odd' }, { state: 'crashed' }],
    ['a colour', { colour: 'url(https://evil)' }, { colour: 'currentColor' }],
    ['a curve', { spark: 'M0 0"/><script>' }, { spark: '' }],
    ['a number', { runtime_s: 'long' }, { runtimeS: 0 }],
    ['tags', { tags: 'base' }, { tags: [] }]
  ])('does without %s that is none', (_, given, expected) => {
    const [found] = readRunPage({ runs: [{ ...run, ...given }] }).runs;
    expect(found).toMatchObject(expected);
  });
});

describe('sweeps', () => {
  const sent = {
    project: 'digits',
    id: 'abc',
    name: '<img src=x>',
    method: 'bayes',
    state: 'paused',
    metric: 'acc',
    goal: 'maximize',
    done: 3,
    running: 1,
    expected: 10,
    best: '0.9',
    created_ms: 1000
  };

  it('are read, and their names left as they are', () => {
    expect(readRunPage({ sweeps: [sent] }).sweeps).toEqual([
      {
        project: 'digits',
        id: 'abc',
        name: '<img src=x>',
        method: 'bayes',
        state: 'paused',
        metric: 'acc',
        isMaximized: true,
        done: 3,
        running: 1,
        expected: 10,
        best: '0.9',
        createdMs: 1000
      }
    ]);
  });

  it.each([
    ['a state', { state: 'odd' }, { state: 'stopped' }],
    ['an end', { expected: null }, { expected: null }],
    ['a number', { expected: '7', done: 'x' }, { expected: null, done: 0 }]
  ])('do without %s that is none', (_, given, expected) => {
    const [found] = readRunPage({ sweeps: [{ ...sent, ...given }] }).sweeps;
    expect(found).toMatchObject(expected);
  });

  it('are none where the server knows none', () => {
    expect(readRunPage({ runs: [run] }).sweeps).toEqual([]);
  });
});

it('reads the loader', () => {
  expect(readLoader({ version: '1', script: 'x' })).toEqual({ version: '1', script: 'x' });
  expect(readLoader(null)).toEqual({ version: '', script: '' });
});
