import { randomUUID } from 'node:crypto';
import { type Inbox, inbox } from './inbox.ts';
import type { Message } from './socket-server.ts';

/** One session over an event stream, seen from the server. */
export interface SsePeer {
  readonly messages: Inbox<Message>;
  /** Sends an event, also after the client has closed the stream: an `EventSource` may have had it already. */
  send(message: unknown): void;
}

/** A server's side of sessions over event streams, with an `EventSource` that a test feeds. */
export interface SsePeers {
  readonly EventSource: unknown;
  readonly peers: Inbox<SsePeer>;
  /** Takes what a client posts to `/runtime/sse`. */
  post(body: unknown): void;
}

/** Makes {@link SsePeers}; `answer` is what the server says to a message, undefined for nothing. */
export function ssePeers(answer: (message: Message, peer: SsePeer) => Message | undefined): SsePeers {
  const peers = inbox<SsePeer>();
  const sessions = new Map<string, SsePeer & { messages: { push(message: Message): void } }>();

  class FedEventSource {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSED = 2;
    readonly url: string;
    readyState: number = FedEventSource.CONNECTING;
    onopen: ((event: Event) => void) | null = null;
    onmessage: ((event: MessageEvent) => void) | null = null;
    onerror: ((event: Event) => void) | null = null;

    constructor(url: string) {
      this.url = url;
      const sessionId = randomUUID();
      const send = (message: unknown): void => {
        this.onmessage?.(new MessageEvent('message', { data: JSON.stringify(message) }));
      };
      const peer = { messages: inbox<Message>(), send };
      sessions.set(sessionId, peer);
      setTimeout(() => {
        if (this.readyState === FedEventSource.CLOSED) return;
        this.readyState = FedEventSource.OPEN;
        peers.push(peer);
        send({ op: 'sse-init', 'machine-id': 'm', 'session-id': sessionId, 'sse-token': 't' });
      });
    }

    close(): void {
      this.readyState = FedEventSource.CLOSED;
    }
  }

  return {
    EventSource: FedEventSource,
    peers,
    post(body) {
      const { session_id: sessionId, messages } = body as { session_id: string; messages: Message[] };
      const peer = sessions.get(sessionId);
      for (const message of peer ? messages : []) {
        peer?.messages.push(message);
        const reply = answer(message, peer as SsePeer);
        if (reply) peer?.send(reply);
      }
    },
  };
}
