import { Poll } from '@lumino/polling';

import type { BrowserModel } from './model';

/** How much less often the store is looked at while nobody sees the sidebar. */
const UNSEEN = 5;
const LONGEST_MS = 60_000;

/**
 * Keeps the model up to date, and asks for nothing in a hidden page. Where nothing has happened, the
 * answer is "not modified": the server has looked at the date of one file.
 */
export class Following {
  constructor(
    private readonly model: BrowserModel,
    private intervalMs: number
  ) {
    this.poll = new Poll({
      name: 'notebook-tracker:runs',
      auto: false,
      factory: () => model.refresh(),
      frequency: this.frequency(),
      standby: 'when-hidden'
    });
  }

  start(): void {
    void this.poll.start();
  }

  /** Look now: something may have happened. */
  look(): void {
    this.adapt();
    void this.poll.refresh().catch(() => undefined);
  }

  setInterval(intervalMs: number): void {
    this.intervalMs = intervalMs;
    this.adapt();
  }

  private adapt(): void {
    const { interval } = this.frequency();
    if (interval !== this.poll.frequency.interval) {
      this.poll.frequency = this.frequency();
    }
  }

  private frequency(): { backoff: boolean; interval: number; max: number } {
    const slower = this.model.isVisible ? 1 : UNSEEN;
    const interval = Math.min(this.intervalMs * slower, LONGEST_MS);
    return { backoff: true, interval, max: LONGEST_MS };
  }

  private readonly poll: Poll;
}
