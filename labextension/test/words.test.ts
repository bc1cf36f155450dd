import { describe, expect, it } from 'vitest';

import { formatAgo, formatCount, formatDuration, splitTail } from '../src/words';

describe('formatDuration', () => {
  it.each([
    [0.42, '0.4s'],
    [8, '8s'],
    [75, '1m 15s'],
    [3725, '1h 02m'],
    [200_000, '2d 7h'],
    [-1, '–'],
    [NaN, '–']
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('formatAgo', () => {
  it.each([
    [-5, 'just now'],
    [59, 'just now'],
    [60, '1 min ago'],
    [7200, '2 h ago'],
    [100_000, 'yesterday'],
    [200_000, '2 days ago']
  ])('writes %d seconds ago as %s', (seconds, text) => {
    expect(formatAgo(0, seconds * 1000)).toBe(text);
  });
});

it('counts', () => {
  expect([0, 1, 2].map(n => formatCount(n, 'run', 'runs'))).toEqual(['0 runs', '1 run', '2 runs']);
});

describe('splitTail', () => {
  it.each([
    ['quiet-tree-12', 'quiet-tree', '-12'],
    ['baseline', 'baseline', ''],
    ['-7', '', '-7'],
    ['', '', '']
  ])('splits %j', (name, stem, tail) => {
    expect(splitTail(name)).toEqual([stem, tail]);
  });
});
