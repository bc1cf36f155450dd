// The colours of JupyterLab's theme, for what is drawn and not styled.

export function readTheme(node) {
  const probe = node.appendChild(document.createElement("span"));
  const resolve = (name) => {
    probe.style.color = `var(${name})`;
    return plain(getComputedStyle(probe).color);
  };
  const theme = {
    text: resolve("--tkp-dim"),
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

// Calls back when the theme changes; returns how to stop.
export function onThemeChange(callback) {
  const observer = new MutationObserver(() => requestAnimationFrame(callback));
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
  return () => observer.disconnect();
}
