// Draws one chart a frame, and leaves the page most of its time.

// After a live redraw the page rests for this many times as long as the redraw took.
const REST = 4;

class Scheduler {
  constructor() {
    this.urgent = new Set();
    this.patient = new Set();
    this.restUntil = 0;
    this.frame = 0;
    this.timer = 0;
    this.busyMs = 0;
    this.draws = 0;
  }

  // What a user did, and what was never drawn, does not wait for its turn.
  request(chart, isUrgent = false) {
    if (isUrgent) {
      this.patient.delete(chart);
      this.urgent.add(chart);
    } else if (!this.urgent.has(chart)) {
      this.patient.add(chart);
    }
    this.plan();
  }

  // Says whether it was to be drawn.
  forget(chart) {
    const wasUrgent = this.urgent.delete(chart);
    return this.patient.delete(chart) || wasUrgent;
  }

  plan() {
    if (this.frame || (!this.urgent.size && !this.patient.size)) return;
    const wait = this.urgent.size ? 0 : this.restUntil - performance.now();
    if (wait > 20) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.plan(), wait);
      return;
    }
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.drawOne();
      this.plan();
    });
  }

  drawOne() {
    const queue = this.urgent.size ? this.urgent : this.patient;
    const [chart] = queue;
    if (!chart) return;
    queue.delete(chart);
    const began = performance.now();
    chart.draw();
    const ended = performance.now();
    this.busyMs += ended - began;
    this.draws += 1;
    if (queue === this.patient) this.restUntil = ended + REST * (ended - began);
  }
}

// One for all panels of the page.
export const scheduler = (globalThis.trackerScheduler ??= new Scheduler());
