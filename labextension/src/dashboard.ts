import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { PanelHost } from './host';
import type { Requests } from './requests';
import { type ISubject, subjectKey, subjectKind } from './subject';
import type { ILoader } from './wire';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

type Dispose = () => void;

/** `static/loader.js`, as it comes from the server. */
interface ILoaderModule {
  readonly default: {
    render(place: { model: PanelHost; el: HTMLElement }): Promise<Dispose>;
  };
}

const modules = new Map<string, Promise<ILoaderModule>>();

function importLoader({ version, script }: ILoader): Promise<ILoaderModule> {
  let found = modules.get(version);
  if (!found) {
    const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
    found = import(/* webpackIgnore: true */ url) as Promise<ILoaderModule>;
    modules.set(version, found);
  }
  return found;
}

/** The live panel of a run or sweep, or the workspace of a project, from the server and without a kernel. */
export class Dashboard extends Widget {
  constructor(
    readonly subject: ISubject,
    private readonly requests: Requests
  ) {
    super();
    this.addClass('tracker-Dashboard');
    this.note.className = 'tracker-Dashboard-note';
    this.note.setAttribute('role', 'status');
    this.tell('Loading …');
    this.node.append(this.note);
  }

  override dispose(): void {
    clearTimeout(this.timer);
    this.leave();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    // A tab that is moved is attached anew.
    if (!this.isStarted) {
      this.isStarted = true;
      void this.connect();
    }
  }

  private async connect(): Promise<void> {
    const place = document.createElement('div');
    place.className = 'tracker-Dashboard-panel';
    // Beside the old one until it is there; a script that draws needs the page's colours.
    place.hidden = this.leave !== nothing;
    this.node.append(place);
    let host: PanelHost | undefined;
    try {
      const loader = await this.requests.loader();
      const module = await importLoader(loader);
      host = this.hostFor(loader.version);
      const shown = await Promise.race([
        module.default.render({ model: host, el: place }),
        host.lost.then(() => null)
      ]);
      if (shown === null) {
        throw new Error('The server closed the connection.');
      }
      this.adopt(place, host, shown);
    } catch (error) {
      host?.close();
      place.remove();
      this.tryAgain(error instanceof Error ? error.message : String(error));
    }
  }

  private hostFor(version: string): PanelHost {
    const kind = subjectKind(this.subject);
    const name = encodeURIComponent(subjectKey(this.subject));
    const url = this.requests.dashboard(this.subject);
    return new PanelHost(`${version}/${name}/${kind}`, () => this.requests.openSocket(url));
  }

  private adopt(place: HTMLElement, host: PanelHost, dispose: Dispose): void {
    this.leave();
    this.leave = () => {
      this.leave = nothing;
      dispose();
      host.close();
      place.remove();
    };
    if (this.isDisposed) {
      this.leave();
      return;
    }
    place.hidden = false;
    this.waitMs = FIRST_WAIT_MS;
    this.tell('');
    void host.lost.then(() => {
      this.tryAgain('What you see is the last state that came.');
    });
  }

  private tryAgain(reason: string): void {
    if (this.isDisposed) {
      return;
    }
    this.tell(`The server does not answer, trying again … ${reason}`);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), this.waitMs);
    this.waitMs = Math.min(2 * this.waitMs, LONGEST_WAIT_MS);
  }

  private tell(text: string): void {
    this.note.textContent = text;
    this.note.hidden = text === '';
  }

  private isStarted = false;
  private leave: Dispose = nothing;
  private readonly note = document.createElement('div');
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waitMs = FIRST_WAIT_MS;
}

function nothing(): void {
  return;
}
