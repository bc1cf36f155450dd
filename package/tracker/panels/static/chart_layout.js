// How Plotly lays out one chart: its axes, their limits, and the colours of the theme.

export function layoutOf(chart, width, height) {
  const { theme } = chart.panel;
  const { layout } = chart.face;
  const isLog = chart.isLogY;
  const isClock = layout.xaxis.type === "date";
  const xaxis = {
    ...layout.xaxis,
    linecolor: theme.axis,
    tickcolor: theme.axis,
    title: chart.isLarge ? axisTitle(chart) : { text: "" },
    nticks: Math.max(3, Math.floor(width / (isClock ? 70 : 45))),
    automargin: chart.isLarge,
    type: chart.isLogX ? "log" : layout.xaxis.type,
  };
  const yaxis = {
    ...layout.yaxis,
    gridcolor: theme.grid,
    type: isLog ? "log" : layout.yaxis.type,
    fixedrange: true,
  };
  if (chart.range) {
    const range = chart.isLogX ? chart.range.map(Math.log10) : [...chart.range];
    Object.assign(xaxis, { range, autorange: false });
  }
  const limits = layout.yaxis.range ?? limitsOf(chart, isLog);
  if (limits) Object.assign(yaxis, { range: limits, autorange: false });
  return {
    ...layout,
    xaxis,
    yaxis,
    width,
    height,
    font: { ...layout.font, color: theme.text, family: theme.font },
    dragmode: "zoom",
    hovermode: false,
    showlegend: false,
    margin: {
      ...layout.margin,
      t: 6,
      r: 12,
      l: 8,
      b: chart.isLarge ? 12 : 21,
    },
  };
}

// Of the y-axis, in its own units; null leaves them to Plotly.
function limitsOf(chart, isLog) {
  const given = chart.option("y_range");
  const isRobust = chart.option("outliers") === true;
  if (!chart.range && !isRobust && !given) return null;
  const found = chart.series.limits(
    ...(chart.range ?? [-Infinity, Infinity]),
    isLog,
    isRobust && !chart.spec.system,
  );
  const own = (given ?? []).map((y) =>
    typeof y !== "number" ? null : !isLog ? y : y > 0 ? Math.log10(y) : null,
  );
  if (!found && own.filter((y) => y !== null && y !== undefined).length < 2)
    return null;
  return [own[0] ?? found[0], own[1] ?? found[1]];
}

function axisTitle(chart) {
  const { title } = chart.face.layout.xaxis;
  return chart.series.kind === "time" ? { ...title, text: "Time" } : title;
}
