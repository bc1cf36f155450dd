/** Unpacks what `tracker/server/frames.py` packs. This file knows no DOM. */

export interface IFrame {
  readonly content: unknown;
  readonly buffers: readonly DataView[];
}

const LENGTH_BYTES = 4;

export function unpackFrame(frame: ArrayBuffer): IFrame {
  const length = new DataView(frame).getUint32(0, true);
  const head = new TextDecoder().decode(new Uint8Array(frame, LENGTH_BYTES, length));
  const { content, sizes } = JSON.parse(head) as { content: unknown; sizes: number[] };
  let place = LENGTH_BYTES + length;
  const buffers = sizes.map(size => {
    const view = new DataView(frame, place, size);
    place += size;
    return view;
  });
  return { content, buffers };
}
