/**
 * A panel's output has two faces: the live widget, which needs its model in a running kernel, and
 * the picture of its last state, which is saved with the notebook. This file decides which of them
 * a reader sees; it knows no DOM.
 */

export const PANEL_MIMETYPE = 'application/vnd.tracker.panel+json';
export const WIDGET_MIMETYPE = 'application/vnd.jupyter.widget-view+json';

/** The newest form of the panel's output that this extension understands. */
const KNOWN_VERSION = 1;

export type Face = 'live' | 'picture';

/** What the kernel writes under PANEL_MIMETYPE. */
export interface IPanelReference {
  readonly modelId: string;
  readonly run: string;
}

/** Read a panel's reference, or null where it is none, or is of a newer form than this one. */
export function readReference(value: unknown): IPanelReference | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const { model_id: modelId, run, version } = value as Record<string, unknown>;
  if (typeof modelId !== 'string' || modelId === '' || typeof version !== 'number') {
    return null;
  }
  return version > KNOWN_VERSION ? null : { modelId, run: typeof run === 'string' ? run : '' };
}

/** Return the model of the widget that may be shown for an output, or null for the picture only. */
export function liveModelId(
  data: Readonly<Record<string, unknown>>,
  trusted: boolean
): string | null {
  if (!trusted || !(WIDGET_MIMETYPE in data)) {
    return null;
  }
  return readReference(data[PANEL_MIMETYPE])?.modelId ?? null;
}

/** Choose the face, knowing how many views of the model the widget renderer shows at the moment. */
export function chooseFace(liveViews: number): Face {
  return liveViews > 0 ? 'live' : 'picture';
}

/** Return the part of an output that any notebook can show by itself. */
export function pictureOf<T>(data: Readonly<Record<string, T>>): Record<string, T> {
  const own = [PANEL_MIMETYPE, WIDGET_MIMETYPE];
  return Object.fromEntries(Object.entries(data).filter(([mimeType]) => !own.includes(mimeType)));
}
