import { describe, expect, it } from 'vitest';

import {
  loadsMagics,
  panelCell,
  readSubject,
  subjectCode,
  subjectKey,
  subjectPath
} from '../src/subject';

const project = { dir: 'a', project: 'digits', run: '', label: 'digits' };
const run = { dir: 'a', project: 'digits', run: 'abc', label: 'quiet-tree-1' };

describe('readSubject', () => {
  it('reads the arguments of a command', () => {
    expect(readSubject({ ...run })).toEqual(run);
  });

  it('does with the project alone', () => {
    expect(readSubject({ project: 'digits' })).toEqual({ ...project, dir: '' });
  });

  it.each([{}, { project: '' }, { project: 7 }, { run: 'abc' }])('makes nothing of %j', args => {
    expect(readSubject(args)).toBeNull();
  });
});

it('names each subject by a key of its own', () => {
  const others = [
    project,
    run,
    { ...run, dir: 'a/digits', project: 'abc', run: '' },
    { ...run, dir: '' },
    { ...project, project: 'digits/abc' }
  ];
  expect(new Set(others.map(subjectKey)).size).toBe(others.length);
});

it('writes paths and code', () => {
  expect(subjectPath(run)).toBe('digits/abc');
  expect(subjectCode(run)).toBe('tracker.Api().run("digits/abc")');
  expect(subjectCode(project)).toBe('tracker.Api().runs("digits")');
  expect(subjectCode({ ...project, project: 'a"b\\c\n' })).toBe(
    'tracker.Api().runs("a\\"b\\\\c\\n")'
  );
});

describe('panelCell', () => {
  it('loads the magics where no cell does', () => {
    expect(panelCell(project, false)).toBe('%load_ext tracker\n%tracker digits');
    expect(panelCell(run, true)).toBe('%tracker digits/abc');
  });

  it.each([
    ['two words', "%tracker 'two words'"],
    ["it's", `%tracker 'it'"'"'s'`],
    ['-x', "%tracker '-x'"],
    ['größe', "%tracker 'größe'"]
  ])('quotes %s', (name, cell) => {
    expect(panelCell({ ...project, project: name }, true)).toBe(cell);
  });
});

it('sees whether a notebook loads the magics', () => {
  expect(loadsMagics(['x = 1', 'import os\n%load_ext tracker'])).toBe(true);
  expect(loadsMagics(['# %load_ext tracker', '%load_ext trackerx'])).toBe(false);
});
