/** Which alerts of runs a page has not told its user yet. This file knows no DOM. */

import type { IAlert, IOverview } from './wire';

/** How many are told one by one when many came at once, as while the page was hidden. */
export const MOST_AT_ONCE = 3;

export class AlertWatch {
  /** From when on alerts are asked for, by the server's clock; 0 until it has told its time. */
  get sinceMs(): number {
    return this._sinceMs;
  }

  /** Return what is new, the oldest first. What was sent before the first look is not. */
  take({ nowMs, alerts }: IOverview): readonly IAlert[] {
    if (this._sinceMs === 0) {
      this._sinceMs = nowMs;
      return [];
    }
    const fresh = alerts.filter(alert => !this.seen.has(alertKey(alert)));
    for (const alert of fresh) {
      this.seen.add(alertKey(alert));
    }
    return [...fresh].reverse();
  }

  /** Begin anew: what is sent from the next look on is told. */
  reset(): void {
    this._sinceMs = 0;
  }

  private _sinceMs = 0;
  private readonly seen = new Set<string>();
}

/** Return what tells an alert from all others. */
function alertKey({ project, id, title, timeMs }: IAlert): string {
  return JSON.stringify([project, id, title, timeMs]);
}

/** Return what a notification says; JupyterLab shows its first 140 characters, as text. */
export function alertMessage({ name, title, text }: IAlert): string {
  const run = name.length > 40 ? `${name.slice(0, 39)}…` : name;
  const said = text.replace(/\s+/g, ' ').trim();
  return `${run}: ${said === '' ? title : `${title}: ${said}`}`;
}
