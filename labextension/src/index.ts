import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { NotebookPanel } from '@jupyterlab/notebook';

import { browser } from './browser';
import { PANEL_MIMETYPE } from './faces';
import { PanelRenderer } from './renderer';

/** Before ipywidgets, which has -10: the lowest rank that a notebook can show wins. */
const RANK = -20;

/** Teaches each notebook to show panels: the widget renderer that they need is the notebook's. */
class PanelMimeType implements DocumentRegistry.IWidgetExtension<
  NotebookPanel,
  DocumentRegistry.IModel
> {
  createNew(panel: NotebookPanel): void {
    const { rendermime } = panel.content;
    rendermime.addFactory(
      {
        // The picture is sanitised as any HTML; the live widget is shown in trusted outputs only.
        safe: true,
        mimeTypes: [PANEL_MIMETYPE],
        createRenderer: () => new PanelRenderer(rendermime, panel.sessionContext)
      },
      RANK
    );
  }
}

const panel: JupyterFrontEndPlugin<void> = {
  id: 'notebook-tracker:panel',
  description: 'Shows live panels of runs, and their last picture where no kernel has them.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    app.docRegistry.addWidgetExtension('Notebook', new PanelMimeType());
  }
};

export default [panel, browser];
