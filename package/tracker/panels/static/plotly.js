// plotly.js, once a page: it comes packed over a comm, and is kept for all panels.

// Returns what can be awaited to get the library, and is unpacked then: it is so large that a
// page stands still meanwhile. `buffer` holds the packed source, where it came along.
export function plotly(buffer) {
  if (buffer && !globalThis.trackerPlotly) {
    let library;
    const then = (...listeners) =>
      (library ??= unpack(buffer)).then(...listeners);
    globalThis.trackerPlotly = { then };
  }
  return globalThis.trackerPlotly;
}

async function unpack(buffer) {
  const packed = new Blob([buffer]).stream();
  const text = await new Response(
    packed.pipeThrough(new DecompressionStream("gzip")),
  ).text();
  const before = window.Plotly;
  const head =
    "const module = { exports: {} }, exports = module.exports; let define;";
  const parts = [head, "\n", text, "\nexport default module.exports;"];
  const url = URL.createObjectURL(new Blob(parts, { type: "text/javascript" }));
  const library = (await import(url)).default;
  URL.revokeObjectURL(url);
  // The library puts itself there, where another extension may keep its own.
  window.Plotly = before;
  return library;
}

export const CONFIG = {
  displayModeBar: false,
  doubleClick: false,
  responsive: false,
  scrollZoom: false,
  showTips: false,
};
