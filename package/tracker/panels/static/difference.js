// Where two images differ, pixel by pixel.

import { h, setText } from "./dom.js";

const MOST_PIXELS = 4096 * 4096;

// Returns a figure that shows how two images differ, when both are at hand.
export function compared(files, one, other, size) {
  const caption = h("figcaption", {}, "comparing …");
  const place = h("div", { class: "tkm-frame" });
  const node = h("figure", { class: "tkm-picture" }, place, caption);
  node.style.width = `${size}px`;
  const both = [one, other].map((item) => files.get(item.sha, item.format));
  Promise.all(both)
    .then(([a, b]) => difference(a.blob, b.blob))
    .then(({ canvas, text }) => {
      canvas.style.width = "100%";
      place.append(canvas);
      setText(caption, text);
      caption.title = text;
    })
    .catch((error) => setText(caption, error.message));
  return node;
}

// Returns a canvas with the differences, and in words how large they are.
async function difference(one, other) {
  const [first, second] = await Promise.all(
    [one, other].map((blob) => createImageBitmap(blob)),
  );
  const { width, height } = first;
  if (width * height > MOST_PIXELS)
    throw new Error("The images are too large to compare.");
  const [a, b] = [pixels(first, width, height), pixels(second, width, height)];
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const made = context.createImageData(width, height);
  let total = 0;
  let changed = 0;
  for (let at = 0; at < a.length; at += 4) {
    const most = Math.max(
      Math.abs(a[at] - b[at]),
      Math.abs(a[at + 1] - b[at + 1]),
      Math.abs(a[at + 2] - b[at + 2]),
      Math.abs(a[at + 3] - b[at + 3]),
    );
    total += most;
    changed += most > 0;
    made.data.set(heat(most / 255), at);
  }
  context.putImageData(made, 0, 0);
  const count = a.length / 4;
  const share = ((100 * changed) / count).toFixed(
    changed && changed < count / 100 ? 2 : 0,
  );
  const isScaled = second.width !== width || second.height !== height;
  const words = changed
    ? `${share} % of pixels differ, by ${(total / count).toFixed(1)} of 255 on average`
    : "equal in every pixel";
  return {
    canvas,
    text: isScaled ? `${words} (scaled to the same size)` : words,
  };
}

function pixels(bitmap, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

// Black through red and yellow to white; small differences are lifted so that they are seen.
function heat(share) {
  const x = Math.sqrt(share) * 3;
  return [
    255 * Math.min(x, 1),
    255 * Math.min(Math.max(x - 1, 0), 1),
    255 * Math.max(x - 2, 0),
    255,
  ];
}
