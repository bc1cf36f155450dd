import type { ISessionContext } from '@jupyterlab/apputils';
import type { IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { type Message, MessageLoop } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';

import { chooseFace, liveModelId, pictureOf, WIDGET_MIMETYPE } from './faces';

/**
 * Shows a panel's picture until the notebook's own widget renderer shows the live widget, and
 * again when that goes away.
 */
export class PanelRenderer extends Panel implements IRenderMime.IRenderer {
  constructor(
    private readonly rendermime: IRenderMimeRegistry,
    private readonly session: ISessionContext
  ) {
    super();
    this.addClass('tracker-Panel');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.followLive(model);
    await this.renderPicture(model);
    this.showFace();
  }

  override dispose(): void {
    this.session.statusChanged.disconnect(this.askForLive);
    super.dispose();
  }

  private async renderPicture(model: IRenderMime.IMimeModel): Promise<void> {
    const data = pictureOf(model.data);
    const { trusted } = model;
    const mimeType = this.rendermime.preferredMimeType(data, trusted ? 'any' : 'ensure');
    if (mimeType === undefined) {
      return;
    }
    const picture = this.rendermime.createRenderer(mimeType);
    await picture.renderModel(this.rendermime.createModel({ data, trusted }));
    if (this.isDisposed) {
      picture.dispose();
      return;
    }
    this.picture?.dispose();
    this.picture = this.addFace(picture);
  }

  private followLive(model: IRenderMime.IMimeModel): void {
    const modelId = liveModelId(model.data, model.trusted);
    if (modelId === this.modelId) {
      return;
    }
    this.modelId = modelId;
    this.model = model;
    this.factory = undefined;
    this.dropLive();
    if (modelId === null) {
      this.session.statusChanged.disconnect(this.askForLive);
    } else {
      this.session.statusChanged.connect(this.askForLive);
      this.askForLive();
    }
  }

  /**
   * Let the notebook's widget renderer look for the live widget, once for each such renderer.
   *
   * While the notebook has no widget manager its renderer waits for one, which ipywidgets hands
   * only to renderers that stand directly under the output area, so never to ours. The renderer
   * that has the manager then replaces it, without a signal; but a new manager talks to the kernel,
   * so the kernel's status changes.
   */
  private readonly askForLive = (): void => {
    const factory = this.rendermime.getFactory(WIDGET_MIMETYPE);
    if (!this.model || !factory || factory === this.factory || this.views.size > 0) {
      return;
    }
    this.factory = factory;
    this.dropLive();
    const live = this.rendermime.createRenderer(WIDGET_MIMETYPE);
    this.live = this.addFace(live);
    MessageLoop.installMessageHook(live, this.onLiveMessage);
    live.renderModel(this.model).catch((reason: unknown) => {
      console.warn(`tracker: the live panel cannot be shown: ${String(reason)}`);
    });
  };

  private dropLive(): void {
    this.live?.dispose();
    this.live = undefined;
    this.views.clear();
  }

  private addFace(face: Widget): Widget {
    face.hide();
    this.addWidget(face);
    return face;
  }

  /** The widget renderer is a Panel: a view of the model comes and goes as its child. */
  private readonly onLiveMessage = (_: unknown, message: Message): boolean => {
    if (message instanceof Widget.ChildMessage) {
      if (message.type === 'child-added') {
        this.views.add(message.child);
      } else {
        this.views.delete(message.child);
      }
      this.showFace();
    }
    return true;
  };

  private showFace(): void {
    const face = chooseFace(this.views.size);
    this.live?.setHidden(face !== 'live');
    this.picture?.setHidden(face !== 'picture');
  }

  private readonly views = new Set<Widget>();
  private factory: IRenderMime.IRendererFactory | undefined;
  private live: Widget | undefined;
  private model: IRenderMime.IMimeModel | undefined;
  private modelId: string | null = null;
  private picture: Widget | undefined;
}
