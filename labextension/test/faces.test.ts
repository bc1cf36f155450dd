import { describe, expect, it } from 'vitest';

import {
  chooseFace,
  liveModelId,
  PANEL_MIMETYPE,
  pictureOf,
  readReference,
  WIDGET_MIMETYPE
} from '../src/faces';

const reference = { model_id: 'abc', run: '3c4e3216', version: 1 };
const output = {
  [PANEL_MIMETYPE]: reference,
  [WIDGET_MIMETYPE]: { model_id: 'abc', version_major: 2, version_minor: 0 },
  'text/html': '<p>loss 0.1</p>',
  'text/plain': 'loss 0.1'
};

describe('readReference', () => {
  it('reads what the kernel writes', () => {
    expect(readReference(reference)).toEqual({ modelId: 'abc', run: '3c4e3216' });
  });

  it('does without the run', () => {
    expect(readReference({ model_id: 'abc', version: 1 })).toEqual({ modelId: 'abc', run: '' });
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'abc'],
    ['no model', { run: 'r', version: 1 }],
    ['an empty model', { model_id: '', version: 1 }],
    ['a model that is no text', { model_id: 7, version: 1 }],
    ['no version', { model_id: 'abc' }],
    ['a newer version', { model_id: 'abc', version: 2 }]
  ])('refuses %s', (_, value) => {
    expect(readReference(value)).toBeNull();
  });
});

describe('liveModelId', () => {
  it('names the model of a trusted panel', () => {
    expect(liveModelId(output, true)).toBe('abc');
  });

  it('keeps an untrusted output to its picture', () => {
    expect(liveModelId(output, false)).toBeNull();
  });

  it('keeps an output without a widget to its picture', () => {
    expect(liveModelId({ [PANEL_MIMETYPE]: reference }, true)).toBeNull();
  });

  it('keeps a panel of a newer tracker to its picture', () => {
    expect(liveModelId({ ...output, [PANEL_MIMETYPE]: { ...reference, version: 2 } }, true)).toBe(
      null
    );
  });
});

describe('chooseFace', () => {
  it('shows the widget as soon as there is a view of it', () => {
    expect(chooseFace(1)).toBe('live');
  });

  it('shows the picture before and after', () => {
    expect(chooseFace(0)).toBe('picture');
  });
});

describe('pictureOf', () => {
  it('leaves what any notebook can show', () => {
    expect(pictureOf(output)).toEqual({
      'text/html': '<p>loss 0.1</p>',
      'text/plain': 'loss 0.1'
    });
  });
});
