import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';

import { alertMessage, MOST_AT_ONCE } from './alerts';
import { CommandIDs } from './commands';
import type { BrowserModel } from './model';
import type { IAlert } from './wire';

const TYPES = { INFO: 'info', WARN: 'warning', ERROR: 'error' } as const;
const INFO_MS = 8000;

/** Show a notification for each alert of a run; its button opens the run's tab. */
export function notifyOfAlerts(app: JupyterFrontEnd, model: BrowserModel): void {
  // One that says the same of the same run again takes the place of the one before.
  const shown = new Map<string, string>();

  const show = (alert: IAlert, dir: string): void => {
    const { project, id: run, name: label, level } = alert;
    const key = JSON.stringify([project, run, alert.title]);
    const subject = { dir, project, run, sweep: '', label };
    const actions = [
      {
        label: 'Open Run',
        caption: `Show the charts of ${label}`,
        callback: () => void app.commands.execute(CommandIDs.open, subject)
      }
    ];
    const message = alertMessage(alert);
    const type = TYPES[level];
    const autoClose = level === 'INFO' ? INFO_MS : false;
    const id = shown.get(key);
    if (id !== undefined && Notification.update({ id, message, type, autoClose, actions })) {
      return;
    }
    shown.set(key, Notification.emit(message, type, { autoClose, actions }));
  };

  model.alerted.connect((_, { dir, alerts }) => {
    const rest = alerts.length - MOST_AT_ONCE;
    if (rest > 0) {
      const runs = new Set(alerts.slice(0, rest).map(({ project, id }) => `${project}/${id}`));
      const of = runs.size === 1 ? [...runs].join('') : `${String(runs.size)} runs`;
      Notification.info(`${String(rest)} earlier ${rest === 1 ? 'alert' : 'alerts'} of ${of}.`, {
        autoClose: INFO_MS
      });
    }
    for (const alert of alerts.slice(-MOST_AT_ONCE)) {
      show(alert, dir);
    }
  });
}
