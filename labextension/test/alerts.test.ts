import { describe, expect, it } from 'vitest';

import { alertMessage, AlertWatch } from '../src/alerts';
import { BrowserModel, type IAlerted } from '../src/model';
import type { IAlert, IOverview } from '../src/wire';

function alert(title: string, timeMs: number): IAlert {
  return { project: 'digits', id: 'abc', name: 'first', level: 'WARN', title, text: '', timeMs };
}

function overview(nowMs: number, ...alerts: IAlert[]): IOverview {
  return { store: '/store', projects: [], running: [], nowMs, alerts };
}

describe('AlertWatch', () => {
  it('tells each alert once, the oldest first, and none from before the first look', () => {
    const watch = new AlertWatch();
    expect(watch.sinceMs).toBe(0);
    expect(watch.take(overview(1000, alert('old', 900)))).toEqual([]);
    expect(watch.sinceMs).toBe(1000);
    const [first, second, third] = [alert('a', 1100), alert('b', 1200), alert('a', 1300)];
    expect(watch.take(overview(2000, second, first))).toEqual([first, second]);
    expect(watch.take(overview(2000, second, first))).toEqual([]);
    expect(watch.take(overview(3000, third, second, first))).toEqual([third]);
    expect(watch.sinceMs).toBe(1000);
  });
});

describe('alertMessage', () => {
  it('is one line that begins with the run', () => {
    const sent = { ...alert('Low', 1), text: 'below\n 0.5 ' };
    expect(alertMessage(sent)).toBe('first: Low: below 0.5');
    expect(alertMessage({ ...sent, text: '', name: 'n'.repeat(90) })).toBe(
      `${'n'.repeat(39)}…: Low`
    );
  });
});

describe('BrowserModel', () => {
  it('tells of alerts with the folder that they are in, unless they are switched off', async () => {
    const asked: number[] = [];
    let sent = overview(1000);
    const told: IAlerted[] = [];
    const model = new BrowserModel({
      overview: (_, sinceMs) => {
        asked.push(sinceMs);
        return Promise.resolve(sent);
      },
      runs: () => Promise.reject(new Error('not asked for'))
    });
    model.alerted.connect((_, alerts) => {
      told.push(alerts);
    });
    await model.setDir('work');
    sent = overview(2000, alert('a', 1500));
    await model.refresh();
    expect(told).toEqual([{ dir: 'work', alerts: [alert('a', 1500)] }]);
    model.setAlerts(false);
    sent = overview(3000, alert('b', 2500));
    await model.refresh();
    model.setAlerts(true);
    await model.refresh();
    expect(told.length).toBe(1);
    expect(asked).toEqual([0, 1000, 0, 0]);
  });
});
