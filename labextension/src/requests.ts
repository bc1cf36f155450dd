import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { IQuestion, IStoreReader } from './model';
import type { ISubject } from './subject';
import {
  type ILoader,
  type IOverview,
  type IRunPage,
  readLoader,
  readOverview,
  readRunPage
} from './wire';

const API = 'tracker/api';
const MOST_KEPT = 60;
const UNKNOWN =
  'This Jupyter server does not know tracker: install notebook-tracker where the server runs, ' +
  'and start it again.';

interface IKept {
  readonly etag: string;
  readonly answer: unknown;
}

/** Asks the Jupyter server. An answer that it says is the same as before is the same object. */
export class Requests implements IStoreReader {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  overview(dir: string, sinceMs: number): Promise<IOverview> {
    return this.keep('projects', { dir, since: String(sinceMs) }, readOverview);
  }

  runs({ limit, sweeps, ...question }: IQuestion): Promise<IRunPage> {
    const limits = { limit: String(limit), sweeps: String(sweeps) };
    return this.keep('runs', { ...question, ...limits }, readRunPage);
  }

  async loader(): Promise<ILoader> {
    return readLoader(await (await this.ask(this.address('loader', {}))).json());
  }

  /** Return a report about a run, a sweep or a project, as a file. */
  async report({ dir, project, run, sweep }: ISubject): Promise<Blob> {
    return (await this.ask(this.address('report', { dir, project, run, sweep }))).blob();
  }

  /** Return the address of a run's, a sweep's or a project's dashboard. */
  dashboard({ dir, project, run, sweep }: ISubject): string {
    const { appendToken, token, wsUrl } = this.settings;
    const asked = { dir, project, run, sweep, ...(appendToken && token !== '' ? { token } : {}) };
    return URLExt.join(wsUrl, API, 'dashboard') + URLExt.objectToQueryString(asked);
  }

  openSocket(url: string): WebSocket {
    return new this.settings.WebSocket(url);
  }

  private async keep<T>(
    name: string,
    asked: Record<string, string>,
    read: (value: unknown) => T
  ): Promise<T> {
    const url = this.address(name, asked);
    const known = this.kept.get(url);
    const response = await this.ask(url, known?.etag);
    if (known && response.status === 304) {
      return known.answer as T;
    }
    const answer = read(await response.json());
    this.kept.delete(url);
    this.kept.set(url, { etag: response.headers.get('ETag') ?? '', answer });
    for (const old of [...this.kept.keys()].slice(0, -MOST_KEPT)) {
      this.kept.delete(old);
    }
    return answer;
  }

  private address(name: string, asked: Record<string, string>): string {
    return URLExt.join(this.settings.baseUrl, API, name) + URLExt.objectToQueryString(asked);
  }

  private async ask(url: string, etag = ''): Promise<Response> {
    const headers = etag === '' ? {} : { 'If-None-Match': etag };
    const response = await ServerConnection.makeRequest(url, { headers }, this.settings);
    if (response.ok || response.status === 304) {
      return response;
    }
    throw new Error(await reasonOf(response));
  }

  private readonly kept = new Map<string, IKept>();
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string' && message !== '') {
      return message;
    }
  } catch {
    // The server answers with a page of its own where nobody handles an address.
  }
  return response.status === 404 ? UNKNOWN : `The server answered ${String(response.status)}.`;
}
