import type { WebSocketConstructor, WebSocketLike } from '../../src/index.js';

/** The far end of one connection, in the hands of a test. */
export class FakeSocket implements WebSocketLike {
  readyState = 0;
  protocol = '';
  bufferedAmount = 0;
  onopen: ((event: any) => void) | null = null;
  onmessage: ((event: any) => void) | null = null;
  onclose: ((event: any) => void) | null = null;
  onerror: ((event: any) => void) | null = null;
  readonly sent: string[] = [];
  readonly closes: [number | undefined, string | undefined][] = [];

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {}

  send(data: string): void {
    if (this.readyState !== 1) throw new Error(`sent in state ${this.readyState}`);
    this.sent.push(data);
  }

  close(code?: number, reason?: string): void {
    if (this.readyState < 2) {
      this.readyState = 2;
      this.closes.push([code, reason]);
    }
  }

  /** What has been sent, read. */
  get frames(): unknown[] {
    return this.sent.map((data) => JSON.parse(data));
  }

  accept(protocol = 'roomful.v1'): void {
    this.readyState = 1;
    this.protocol = protocol;
    this.onopen?.({});
  }

  receive(frame: unknown): void {
    this.receiveText(JSON.stringify(frame));
  }

  receiveText(data: unknown): void {
    this.onmessage?.({ data });
  }

  /** The connection ends, as a browser reports it. */
  end(code = 1006, reason = '', wasClean = false): void {
    this.readyState = 3;
    this.onclose?.({ code, reason, wasClean });
  }

  /** Opens and says who is there: `self` is a member too. */
  welcome(
    members: { id: string; state?: unknown; user?: string }[] = [{ id: 'me' }],
    extra: object = { heartbeat: 25_000, limits: { frame: 65_536 } },
    self = 'me',
  ): void {
    this.accept();
    this.receive({ t: 'snapshot', self, members, ...extra });
  }

  /** Opens and greets, as a socket's server does. */
  greet(extra: object = { heartbeat: 25_000, limits: { frame: 65_536 } }): void {
    this.accept();
    this.receive({ t: 'open', ...extra });
  }

  /** Opens and says from where on is told, as the server of a feed or of a live value does. */
  begin(seq = 0, resumed = false, session = 'node-token'): void {
    this.accept();
    const terms = { heartbeat: 25_000, limits: { frame: 65_536 } };
    this.receive({ t: 'feed', seq, epoch: 'e1', session, resumed, ...terms });
  }

  event(event: unknown, seq?: number): void {
    this.receive({ t: 'event', event, seq });
  }

  value(value: unknown, seq?: number): void {
    this.receive({ t: 'value', value, seq });
  }

  /** The value cannot be loaded now. */
  failing(): void {
    this.receive({ t: 'error', code: 'handler_failed', reason: 'the value could not be loaded' });
  }
}

/** A WebSocket class of its own for each test, so that no two tests share a connection. */
export function fakeSockets(): {
  WebSocket: WebSocketConstructor;
  all: FakeSocket[];
  readonly last: FakeSocket;
} {
  const all: FakeSocket[] = [];
  const WebSocket = class extends FakeSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      all.push(this);
    }
  };
  return {
    WebSocket,
    all,
    get last() {
      const last = all.at(-1);
      if (!last) throw new Error('no connection was made');
      return last;
    },
  };
}
