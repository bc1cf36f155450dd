// The colours of JupyterLab's theme, for what is drawn and not styled.

export function readTheme(node) {
  const probe = node.appendChild(document.createElement("span"));
  const resolve = (name) => {
    probe.style.color = `var(${name})`;
    return plain(getComputedStyle(probe).color);
  };
  const theme = {
    text: resolve("--tkp-dim"),
    strong: resolve("--tkp-fg"),
    background: resolve("--tkp-bg"),
    grid: resolve("--tkp-grid"),
    axis: resolve("--tkp-line"),
    font: getComputedStyle(node).fontFamily,
  };
  probe.remove();
  return theme;
}

// Plotly knows fewer ways to write a colour than browsers do.
function plain(colour) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
  return `rgba(${red},${green},${blue},${(alpha / 255).toFixed(3)})`;
}

// Calls back when the theme changes; returns how to stop. A node that is away from the page, as that
// of a cell out of sight, has no colours: it is called back for when it is on the screen again.
export function onThemeChange(node, callback) {
  let isLate = false;
  const observer = new MutationObserver(() =>
    requestAnimationFrame(() => {
      isLate = !node.isConnected;
      if (!isLate) callback();
    }),
  );
  const watcher = new IntersectionObserver(([entry]) => {
    if (!isLate || !entry.isIntersecting) return;
    isLate = false;
    callback();
  });
  watcher.observe(node);
  const attributeFilter = [
    "data-jp-theme-name",
    "data-jp-theme-light",
    "class",
  ];
  observer.observe(document.body, { attributes: true, attributeFilter });
  observer.observe(document.documentElement, {
    attributes: true,
    attributeFilter,
  });
  return () => {
    observer.disconnect();
    watcher.disconnect();
  };
}

// A figure's layout in the colours of the theme; what the figure says itself is kept.
export function themed(layout = {}, theme) {
  const found = {
    ...layout,
    template: undefined,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { size: 11, ...layout.font, color: theme.text, family: theme.font },
    margin: { l: 8, r: 12, t: 8, b: 8, ...layout.margin },
  };
  const names = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));
  for (const name of new Set(["xaxis", "yaxis", ...names])) {
    found[name] = {
      automargin: true,
      gridcolor: theme.grid,
      zerolinecolor: theme.grid,
      linecolor: theme.axis,
      tickcolor: theme.axis,
      ...layout[name],
    };
  }
  return found;
}
