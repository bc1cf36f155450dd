import { type JupyterFrontEnd } from '@jupyterlab/application';
import {
  Clipboard,
  type ICommandPalette,
  MainAreaWidget,
  Notification,
  type WidgetTracker
} from '@jupyterlab/apputils';
import { type INotebookTracker, NotebookActions } from '@jupyterlab/notebook';

import { Dashboard } from './dashboard';
import { trackerIcon } from './icon';
import type { BrowserModel } from './model';
import type { Requests } from './requests';
import {
  type ISubject,
  loadsMagics,
  panelCell,
  readSubject,
  subjectCode,
  subjectKey,
  subjectPath
} from './subject';

export const CommandIDs = {
  open: 'tracker:open',
  openProject: 'tracker:open-project',
  copyPath: 'tracker:copy-path',
  copyCode: 'tracker:copy-code',
  insertCell: 'tracker:insert-cell',
  exportReport: 'tracker:export-report',
  showSidebar: 'tracker:show-sidebar'
} as const;

const CATEGORY = 'Tracker';

export interface ICommandOptions {
  readonly app: JupyterFrontEnd;
  readonly model: BrowserModel;
  readonly requests: Requests;
  readonly tabs: WidgetTracker<MainAreaWidget<Dashboard>>;
  readonly notebooks: INotebookTracker | null;
  readonly palette: ICommandPalette | null;
}

/** Add what can be done with runs, sweeps and projects; each is about its arguments, else the selection. */
export function addCommands(options: ICommandOptions): void {
  const { app, model, requests, tabs, notebooks, palette } = options;
  const subjectOf = (args: Readonly<Record<string, unknown>>): ISubject | null =>
    readSubject(args) ?? model.subject;

  const add = (
    id: string,
    label: string,
    caption: string,
    work: (subject: ISubject) => Promise<void> | void,
    isPossible: (subject: ISubject) => boolean = () => true
  ): void => {
    app.commands.addCommand(id, {
      label,
      caption,
      isEnabled: args => {
        const subject = subjectOf(args);
        return subject !== null && isPossible(subject);
      },
      execute: async args => {
        const subject = subjectOf(args);
        if (subject) {
          await work(subject);
        }
      }
    });
    palette?.addItem({ command: id, category: CATEGORY });
  };

  const open = (subject: ISubject): void => {
    const key = subjectKey(subject);
    const known = tabs.find(tab => subjectKey(tab.content.subject) === key);
    const tab = known ?? newTab(subject, requests);
    if (!known) {
      app.shell.add(tab, 'main');
      void tabs.add(tab);
    }
    app.shell.activateById(tab.id);
  };

  add(CommandIDs.open, 'Open Run, Sweep or Project', 'Show the charts of what is selected', open);
  add(
    CommandIDs.openProject,
    'Open Its Project',
    'Show the workspace of the project of what is selected',
    ({ dir, project }) => {
      open({ dir, project, run: '', sweep: '', label: project });
    }
  );
  add(CommandIDs.copyPath, 'Copy Path', 'Copy project/run or project/sweep', subject => {
    Clipboard.copyToSystem(subjectPath(subject));
  });
  add(CommandIDs.copyCode, 'Copy Code', 'Copy the Python that reads it', subject => {
    Clipboard.copyToSystem(subjectCode(subject));
  });
  add(
    CommandIDs.insertCell,
    'Insert Panel into Notebook',
    'Insert a cell that shows it below the active cell of the notebook',
    subject => {
      insertCell(notebooks, subject);
    },
    () => (notebooks?.currentWidget ?? null) !== null
  );
  add(
    CommandIDs.exportReport,
    'Export Report as HTML',
    'Write a first draft of a report, as one file that opens anywhere',
    subject => exportReport(requests, subject)
  );
}

function newTab(subject: ISubject, requests: Requests): MainAreaWidget<Dashboard> {
  const tab = new MainAreaWidget({ content: new Dashboard(subject, requests) });
  tab.toolbar.hide();
  tab.id = `tracker-${subjectKey(subject)}`;
  tab.title.label = subject.label;
  tab.title.caption = subjectPath(subject);
  tab.title.icon = trackerIcon;
  return tab;
}

function insertCell(notebooks: INotebookTracker | null, subject: ISubject): void {
  const notebook = notebooks?.currentWidget?.content;
  if (!notebook?.model) {
    return;
  }
  const sources = [...notebook.model.cells].map(cell => cell.sharedModel.getSource());
  NotebookActions.insertBelow(notebook);
  notebook.activeCell?.model.sharedModel.setSource(panelCell(subject, loadsMagics(sources)));
}

async function exportReport(requests: Requests, subject: ISubject): Promise<void> {
  const name = `${subjectPath(subject).replaceAll('/', '-')}.html`;
  const id = Notification.emit(`Writing the report ${name} …`, 'in-progress', { autoClose: false });
  try {
    const url = URL.createObjectURL(await requests.report(subject));
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    URL.revokeObjectURL(url);
    Notification.update({ id, message: `Wrote ${name}.`, type: 'success', autoClose: 5000 });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    Notification.update({ id, message, type: 'error', autoClose: 10_000 });
  }
}
