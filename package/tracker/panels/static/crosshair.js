// The line under the pointer, which all charts share, with the values of a chart there.
import { h } from "./dom.js";
import { Tip } from "./tip.js";

// A line that ends farther than this from the crosshair has no value there.
const REACH_PX = 24;
// Of more lines only those next to the pointer have dots and values.
const CROWD = 12;

export class Crosshair {
  constructor(chart) {
    this.chart = chart;
    this.cross = h("div", { class: "tkp-cross", hidden: true });
    this.dots = h("div", { class: "tkp-dots", hidden: true });
    this.tip = new Tip();
    this.nodes = [this.cross, this.dots, this.tip.node];
  }

  pointAt(event) {
    const axis = this.chart.plot._fullLayout?.xaxis;
    if (!axis) return;
    const offset =
      event.clientX -
      this.chart.plot.getBoundingClientRect().left -
      axis._offset;
    if (offset < -4 || offset > axis._length + 4) {
      this.chart.panel.unpoint();
      return;
    }
    this.pointedY = event.clientY - this.chart.plot.getBoundingClientRect().top;
    this.chart.panel.pointTo(
      this.chart,
      axis.p2c(Math.min(Math.max(offset, 0), axis._length)),
    );
  }

  // Shows the crosshair at a place that some chart of the panel was pointed to.
  point({ x, axis: shared, chart }) {
    const isPointedAt = chart === this.chart;
    const layout = this.chart.plot._fullLayout;
    if (
      !layout ||
      !this.chart.series ||
      shared !== this.chart.axisText ||
      !this.chart.isDrawn
    )
      return;
    const { xaxis, yaxis } = layout;
    const place = xaxis.c2p(x);
    const reach = Math.max(
      Math.abs(xaxis.p2c(place + REACH_PX) - x),
      Math.abs(x - xaxis.p2c(place - REACH_PX)),
    );
    const isCrowd = this.chart.series.lines.length > CROWD;
    const found =
      isCrowd && !isPointedAt
        ? []
        : this.closest(this.chart.series.at(x, reach));
    const near = this.chart.series.nearest(x);
    if (near === null) return;
    const left = xaxis._offset + xaxis.c2p(near);
    const isInside =
      left >= xaxis._offset - 1 && left <= xaxis._offset + xaxis._length + 1;
    this.cross.hidden = this.dots.hidden = !isInside;
    this.cross.style.transform = `translateX(${left}px)`;
    this.cross.style.top = `${yaxis._offset}px`;
    this.cross.style.height = `${yaxis._length}px`;
    this.showDots(found, xaxis, yaxis);
    const isGroup = this.chart.series.lines.some((line) => line.members);
    if ((found.length > 1 || isGroup) && isPointedAt) this.showTip(found, left);
    else this.tip.hide();
    this.chart.showValues(found);
  }

  // The same dots go with the pointer: new ones for each of its steps are slow.
  showDots(found, xaxis, yaxis) {
    let count = 0;
    for (const value of found) {
      if (!value || !Number.isFinite(value.y)) continue;
      const top = yaxis._offset + yaxis.c2p(value.y);
      if (!Number.isFinite(top)) continue;
      const dot = this.dots.children[count] ?? this.dots.appendChild(h("i"));
      count += 1;
      const left = xaxis._offset + xaxis.c2p(value.x);
      dot.style.transform = `translate(${left}px, ${top}px)`;
      dot.style.background = value.line.colour;
    }
    while (this.dots.children.length > count) this.dots.lastChild.remove();
  }

  // Of a crowd the lines next to the pointer.
  closest(found) {
    if (found.length <= CROWD) return found;
    const { yaxis } = this.chart.plot._fullLayout;
    const away = ({ y }) =>
      Number.isFinite(y)
        ? Math.abs(yaxis._offset + yaxis.c2p(y) - (this.pointedY ?? 0))
        : Infinity;
    return found
      .filter(Boolean)
      .map((value) => [away(value), value])
      .sort(([one], [other]) => one - other)
      .slice(0, CROWD)
      .map(([, value]) => value);
  }

  showTip(found, left) {
    const { kind } = this.chart.series;
    const { unit } = this.chart.spec;
    const { axisText: axis, series } = this.chart;
    this.tip.show(found, { kind, axis, unit, left, series });
  }

  unpoint() {
    this.tip.hide();
    if (this.cross.hidden && this.dots.hidden) return;
    this.cross.hidden = this.dots.hidden = true;
    this.chart.showValues(null);
  }
}
