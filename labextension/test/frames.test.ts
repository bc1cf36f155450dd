import { expect, it } from 'vitest';

import { unpackFrame } from '../src/frames';

function pack(content: unknown, buffers: Uint8Array[]): ArrayBuffer {
  const sizes = buffers.map(buffer => buffer.length);
  const head = new TextEncoder().encode(JSON.stringify({ content, sizes }));
  const length = new Uint8Array(new Uint32Array([head.length]).buffer);
  const bytes = [length, head, ...buffers].flatMap(part => [...part]);
  return new Uint8Array(bytes).buffer;
}

it('unpacks a message and its buffers', () => {
  const sent = [new Uint8Array([1, 2, 3]), new Uint8Array(), new Uint8Array([255])];
  const { content, buffers } = unpackFrame(pack({ type: 'data', text: 'Ω' }, sent));
  expect(content).toEqual({ type: 'data', text: 'Ω' });
  const got = buffers.map(view => new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  expect(got).toEqual(sent);
});
