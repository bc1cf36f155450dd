import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, type MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';

import { addCommands, CommandIDs } from './commands';
import type { Dashboard } from './dashboard';
import { Following } from './following';
import { BrowserModel } from './model';
import { notifyOfAlerts } from './notify';
import { Requests } from './requests';
import { activator, Sidebar } from './sidebar';
import { RunningItem } from './status';

const ID = 'notebook-tracker:browser';
const DEFAULT_INTERVAL_S = 2;

/** Runs in the sidebar and the status bar, and their charts in tabs. */
export const browser: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Shows projects and runs in the sidebar, and their charts in tabs.',
  autoStart: true,
  optional: [
    ILabShell,
    ILayoutRestorer,
    ISettingRegistry,
    IStatusBar,
    ICommandPalette,
    INotebookTracker,
    IDefaultFileBrowser
  ],
  activate: (
    app: JupyterFrontEnd,
    shell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    registry: ISettingRegistry | null,
    statusBar: IStatusBar | null,
    palette: ICommandPalette | null,
    notebooks: INotebookTracker | null,
    files: IDefaultFileBrowser | null
  ) => {
    const requests = new Requests(app.serviceManager.serverSettings);
    const model = new BrowserModel(requests);
    const following = new Following(model, DEFAULT_INTERVAL_S * 1000);
    const tabs = new WidgetTracker<MainAreaWidget<Dashboard>>({ namespace: 'tracker' });
    addCommands({ app, model, requests, tabs, notebooks, palette });
    notifyOfAlerts(app, model);
    void restorer?.restore(tabs, {
      command: CommandIDs.open,
      args: ({ content }) => ({ ...content.subject }),
      name: ({ id }) => id
    });

    const sidebar = new Sidebar(model, activator(model, app.commands, CommandIDs.open), () => {
      following.look();
    });
    restorer?.add(sidebar, sidebar.id);
    let isWanted = true;
    const showSidebar = (): void => {
      if (isWanted && !sidebar.isAttached) {
        app.shell.add(sidebar, 'left', { rank: 450, type: 'Tracker' });
      } else if (!isWanted && sidebar.isAttached) {
        sidebar.parent = null;
      }
    };
    app.commands.addCommand(CommandIDs.showSidebar, {
      label: 'Show Runs',
      caption: 'Show projects and runs in the sidebar',
      execute: () => {
        isWanted = true;
        showSidebar();
        app.shell.activateById(sidebar.id);
      }
    });
    palette?.addItem({ command: CommandIDs.showSidebar, category: 'Tracker' });
    statusBar?.registerStatusItem(ID, {
      item: new RunningItem(model, () => void app.commands.execute(CommandIDs.showSidebar)),
      align: 'left',
      rank: 90,
      isActive: () => model.running.length > 0,
      activeStateChanged: model.changed
    });

    followFolder(app, shell, files, model);
    const look = (): void => {
      following.look();
    };
    NotebookActions.executed.connect(look);
    NotebookActions.executionScheduled.connect(look);

    void followSettings(registry, settings => {
      isWanted = settings.sidebar;
      showSidebar();
      following.setInterval(settings.intervalS * 1000);
      model.setAlerts(settings.alerts);
      void model.setDefaultMetric(settings.metric).catch(() => undefined);
    }).then(async () => {
      following.start();
      // The layout that is restored may hold the sidebar.
      await app.restored;
      showSidebar();
    });
  }
};

/** Look at the store that a kernel of the current document would find, else the file browser's. */
function followFolder(
  app: JupyterFrontEnd,
  shell: ILabShell | null,
  files: IDefaultFileBrowser | null,
  model: BrowserModel
): void {
  const { contents } = app.serviceManager;
  const look = (): void => {
    const current = shell?.currentWidget;
    const path =
      current instanceof DocumentWidget
        ? PathExt.dirname(contents.localPath(current.context.path))
        : null;
    const folder = path ?? (model.dir === '' ? contents.localPath(files?.model.path ?? '') : null);
    if (folder !== null) {
      void model.setDir(folder).catch(() => undefined);
    }
  };
  shell?.currentChanged.connect(look);
  files?.model.pathChanged.connect(look);
  look();
}

interface ISettings {
  readonly sidebar: boolean;
  readonly intervalS: number;
  readonly metric: string;
  readonly alerts: boolean;
}

/** Call back with the settings, now and whenever they change. */
async function followSettings(
  registry: ISettingRegistry | null,
  use: (settings: ISettings) => void
): Promise<void> {
  const settings = await registry?.load(ID).catch((error: unknown) => {
    console.warn(`tracker: the settings cannot be read: ${String(error)}`);
  });
  const read = (): void => {
    const { sidebar, refreshInterval, defaultMetric, alerts } = settings?.composite ?? {};
    use({
      sidebar: sidebar !== false,
      intervalS: typeof refreshInterval === 'number' ? refreshInterval : DEFAULT_INTERVAL_S,
      metric: typeof defaultMetric === 'string' ? defaultMetric : '',
      alerts: alerts !== false
    });
  };
  settings?.changed.connect(read);
  read();
}
