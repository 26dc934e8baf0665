// A language client over a WebSocket: a message a frame, as JSON text.

type Params = unknown;
type Waiting = { resolve: (result: unknown) => void; reject: (error: Error) => void };

export class Client {
  private socket: WebSocket;
  private waiting = new Map<number, Waiting>();
  private handlers = new Map<string, (params: never) => unknown>();
  private last = 0;
  readonly opened: Promise<void>;
  closed = false;

  constructor(url: string, onClose: (reason: string) => void) {
    this.socket = new WebSocket(url);
    this.opened = new Promise((resolve, reject) => {
      this.socket.onopen = () => resolve();
      this.socket.onerror = () => reject(new Error("no connection"));
    });
    this.socket.onmessage = (event) => this.receive(JSON.parse(event.data as string));
    this.socket.onclose = (event) => {
      this.closed = true;
      for (const { reject } of this.waiting.values()) reject(new Error("the server is gone"));
      this.waiting.clear();
      onClose(event.reason);
    };
  }

  on<T>(method: string, handler: (params: T) => unknown): void {
    this.handlers.set(method, handler as (params: never) => unknown);
  }

  notify(method: string, params: Params): void {
    if (!this.closed) this.socket.send(JSON.stringify({ jsonrpc: "2.0", method, params }));
  }

  // Rejects where the server refuses, and where `cancel` resolves first.
  request<T>(method: string, params: Params, cancel?: (cancelled: () => void) => void): Promise<T> {
    const id = ++this.last;
    if (this.closed) return Promise.reject(new Error("the server is gone"));
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
      cancel?.(() => this.notify("$/cancelRequest", { id }));
    });
  }

  private receive(message: {
    id?: number;
    method?: string;
    params?: never;
    result?: unknown;
    error?: { message: string };
  }): void {
    if (message.method !== undefined) {
      const result = this.handlers.get(message.method)?.(message.params as never);
      if (message.id !== undefined) {
        const answer = result === undefined ? null : result;
        this.socket.send(JSON.stringify({ jsonrpc: "2.0", id: message.id, result: answer }));
      }
      return;
    }
    const waiting = this.waiting.get(message.id ?? -1);
    this.waiting.delete(message.id ?? -1);
    if (message.error) waiting?.reject(new Error(message.error.message));
    else waiting?.resolve(message.result);
  }
}
