// The way to the kernel: a comm of the page's own where there can be one, else the widget's.

const PATIENCE_MS = 1500;
const REST_MS = 8000;
const BEAT_MS = 15000;

export class Link {
  constructor(given, model) {
    this.given = given;
    this.model = model;
    this.open = new Map();
    this.number = 0;
    this.onBusy = () => {};
    this.onGone = () => {};
    this.onReopened = () => {};
    this.onAnswered = () => {};
    this.goneListener = () => {
      this.isGone = true;
      this.onGone();
    };
    // The kernel stops sending to pages that say nothing any more.
    this.beat = setInterval(() => this.say({ type: "beat" }), BEAT_MS);
  }

  // Hands over the messages that came meanwhile, and all that come.
  listen(receive) {
    this.given.take = (content, buffers) => {
      if (content.type === "reply") this.answered(content.request);
      else receive(content, buffers);
    };
    // The kernel of the widget's model is gone for good, also after a restart.
    this.model.on("comm_live_update", this.goneListener);
    for (const message of this.given.mail.splice(0))
      this.given.take(...message);
  }

  async send(message) {
    if (this.isGone) return;
    this.stayAwake();
    try {
      if (this.isResting) {
        this.isResting = false;
        await this.given.open();
        this.onReopened();
      }
    } catch {
      return;
    }
    if (this.given.comm) this.say(message);
    else this.model.send(message);
  }

  say(message) {
    try {
      this.given.comm?.send(message);
    } catch {
      // The kernel is gone; the panel says so by other means.
    }
  }

  // Sends a message whose answer somebody waits for; returns its number.
  ask(message) {
    this.number += 1;
    this.open.set(this.number, performance.now());
    this.send({ ...message, request: this.number });
    this.look();
    return this.number;
  }

  answered(number) {
    for (const open of this.open.keys())
      if (open <= number) this.open.delete(open);
    this.onAnswered(number);
    this.look();
  }

  look() {
    clearTimeout(this.timer);
    const [oldest] = this.open.values();
    if (oldest === undefined) {
      this.onBusy(false);
      return;
    }
    const waited = performance.now() - oldest;
    if (waited >= PATIENCE_MS) this.onBusy(true);
    else this.timer = setTimeout(() => this.look(), PATIENCE_MS - waited);
  }

  // Of a run that is over nothing is left in the kernel but its widget: the page takes leave when
  // it has been quiet for a while, and opens another comm when it has a question.
  rest(mayRest) {
    this.mayRest = mayRest;
    this.stayAwake();
  }

  stayAwake() {
    clearTimeout(this.restTimer);
    if (!this.mayRest || this.isResting || this.isGone) return;
    this.restTimer = setTimeout(() => {
      if (this.open.size || !this.given.comm) return;
      this.isResting = true;
      this.leave();
    }, REST_MS);
  }

  // The kernel closes the comm: JupyterLab, closing it, would stop the subshell in which the
  // kernel was to hear of that.
  leave() {
    this.say({ type: "bye" });
    this.given.comm = undefined;
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.restTimer);
    clearInterval(this.beat);
    this.model.off("comm_live_update", this.goneListener);
    this.given.take = () => {};
    this.leave();
  }
}
