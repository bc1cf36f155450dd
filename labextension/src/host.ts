/**
 * What a panel's script finds in a notebook, here in front of a web socket: a widget's model and its
 * comm. See `package/tracker/panels/static/loader.js`, which runs on both.
 */

import { unpackFrame } from './frames';

export interface IPanelMessage {
  readonly content: { readonly data: unknown };
  readonly buffers: readonly DataView[];
}

type Listener = (message: IPanelMessage) => void;

const BUSY = 'The server is busy and will answer soon; what you see goes on moving.';

/** A comm over a web socket of its own. */
class SocketComm {
  constructor(
    private readonly socket: WebSocket,
    private readonly onLost: () => void
  ) {
    socket.binaryType = 'arraybuffer';
    socket.onclose = () => {
      if (!this.hasLeft) {
        this.onLost();
      }
    };
  }

  on_msg(listener: Listener): void {
    this.socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      const { content, buffers } = unpackFrame(data);
      listener({ content: { data: content }, buffers });
    };
  }

  open(hello: unknown): void {
    this.waiting.unshift(JSON.stringify(hello));
    this.socket.onopen = () => {
      for (const text of this.waiting.splice(0)) {
        this.socket.send(text);
      }
    };
  }

  send(message: { readonly type: string }): void {
    this.hasLeft ||= message.type === 'bye';
    const text = JSON.stringify(message);
    if (this.socket.readyState === WebSocket.CONNECTING) {
      this.waiting.push(text);
    } else if (this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(text);
    }
  }

  close(): void {
    this.hasLeft = true;
    this.socket.close();
  }

  private hasLeft = false;
  /** What was said before the socket was open. */
  private readonly waiting: string[] = [];
}

/** Stands for the widget's model. */
export class PanelHost {
  /**
   * @param panel - What the panel's script calls the panel: version, name and kind.
   * @param openSocket - Opens a socket to the dashboard.
   */
  constructor(
    private readonly panel: string,
    private readonly openSocket: () => WebSocket
  ) {
    this.lost = new Promise(resolve => {
      this.onLost = resolve;
    });
  }

  /** Resolves when the server is gone, and not because the page took leave. */
  readonly lost: Promise<void>;

  readonly widget_manager = {
    _create_comm: (): Promise<SocketComm> => {
      const comm = new SocketComm(this.openSocket(), this.onLost);
      this.comms.add(comm);
      return Promise.resolve(comm);
    }
  };

  get(name: string): string | undefined {
    return { panel: this.panel, busy: BUSY }[name];
  }

  // Widgets' models tell of messages and of a kernel that is gone; here the comm and `lost` do.
  on(): void {
    return;
  }

  off(): void {
    return;
  }

  send(): void {
    return;
  }

  /** Close what the panel's script has opened. */
  close(): void {
    for (const comm of this.comms) {
      comm.close();
    }
    this.comms.clear();
  }

  private readonly comms = new Set<SocketComm>();
  private onLost: () => void = () => undefined;
}
