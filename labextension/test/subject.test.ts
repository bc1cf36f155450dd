import { describe, expect, it } from 'vitest';

import {
  loadsMagics,
  panelCell,
  readSubject,
  subjectCode,
  subjectKey,
  subjectKind,
  subjectPath
} from '../src/subject';

const project = { dir: 'a', project: 'digits', run: '', sweep: '', label: 'digits' };
const run = { ...project, run: 'abc', label: 'quiet-tree-1' };
const sweep = { ...project, sweep: 'abc', label: 'search' };

describe('readSubject', () => {
  it.each([run, sweep, project])('reads the arguments of a command: %j', subject => {
    expect(readSubject({ ...subject })).toEqual(subject);
  });

  it('does without a name', () => {
    expect(readSubject({ project: 'digits', sweep: 'abc' })?.label).toBe('abc');
  });

  it('takes the run where there are both', () => {
    expect(readSubject({ ...run, sweep: 'other' })).toEqual(run);
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
    sweep,
    { ...run, project: 'digits/sweep' },
    { ...run, run: 'sweep/abc' },
    { ...run, dir: 'a/digits', project: 'abc', run: '' },
    { ...run, dir: '' },
    { ...project, project: 'digits/abc' }
  ];
  expect(new Set(others.map(subjectKey)).size).toBe(others.length);
});

it('says what a subject is', () => {
  expect([project, run, sweep].map(subjectKind)).toEqual(['project', 'run', 'sweep']);
});

it('writes paths and code', () => {
  expect(subjectPath(run)).toBe('digits/abc');
  expect(subjectCode(run)).toBe('tracker.Api().run("digits/abc")');
  expect(subjectPath(sweep)).toBe('digits/abc');
  expect(subjectCode(sweep)).toBe('tracker.Api().sweep("digits/abc")');
  expect(subjectCode(project)).toBe('tracker.Api().runs("digits")');
  expect(subjectCode({ ...project, project: 'a"b\\c\n' })).toBe(
    'tracker.Api().runs("a\\"b\\\\c\\n")'
  );
});

describe('panelCell', () => {
  it('loads the magics where no cell does', () => {
    expect(panelCell(project, false)).toBe('%load_ext tracker\n%tracker digits');
    expect(panelCell(run, true)).toBe('%tracker digits/abc');
    expect(panelCell(sweep, true)).toBe('%tracker digits/abc');
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
