import { randomUUID } from 'node:crypto';
import type { NetworkListenerClass, Socket, SocketDriver, SocketEvents } from '../drivers/contract.ts';
import { networkKinds } from '../drivers/network/index.ts';
import { storageKinds } from '../drivers/storage/kinds/index.ts';
import type { ConnectionConfig } from './config/connection-config.ts';
import type { InstantNodeDatabase } from './database.ts';
import { bindInit } from './init.ts';

/** What a host does with a socket. */
export type Behaviour =
  /** Accepts the session. */
  | 'up'
  /** Refuses the connection. */
  | 'down'
  /** Says nothing, ever. */
  | 'mute'
  /** Opens the socket, and says nothing then. */
  | 'half-mute'
  /** Accepts the session, and drops it. */
  | 'dropping'
  /** Refuses the session. */
  | 'refusing'
  /** Closes with this code as soon as the socket is open. */
  | { close: number };

const EVENT_MS = 3;

/** A host in this process, for databases with fake timers. */
export class FakeHost {
  behaviour: Behaviour = 'up';
  /** When each connection was begun. */
  readonly opened: number[] = [];
  /** When each session was accepted. */
  readonly accepted: number[] = [];
  readonly #sockets: Set<FakeSocket> = new Set();
  readonly #name = randomUUID();
  readonly #driver: SocketDriver = {
    name: 'fake',
    open: (_url, events) => {
      this.opened.push(Date.now());
      const socket = new FakeSocket(events, this.behaviour, () => this.accepted.push(Date.now()));
      this.#sockets.add(socket);
      return socket;
    },
  };

  /** Opens a database on it. */
  open(connection: ConnectionConfig = {}, network?: NetworkListenerClass): InstantNodeDatabase {
    const init = bindInit({ socket: () => this.#driver, storage: storageKinds, network: networkKinds });
    const db = init({
      appId: randomUUID(),
      apiURI: `http://${this.#name}.test`,
      connection,
      ...(network && { network }),
    });
    db.subscribeErrors(() => {});
    return db;
  }

  /** Ends every connection. */
  cut(code = 1006): void {
    for (const socket of this.#sockets) socket.end(code);
    this.#sockets.clear();
  }

  /** The peer of every open connection falls silent. */
  silence(): void {
    for (const socket of this.#sockets) socket.isSilent = true;
  }
}

class FakeSocket implements Socket {
  isSilent = false;
  readonly #events: SocketEvents;
  readonly #behaviour: Behaviour;
  readonly #accepted: () => void;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';

  constructor(events: SocketEvents, behaviour: Behaviour, accepted: () => void) {
    this.#events = events;
    this.#behaviour = behaviour;
    this.#accepted = accepted;
    if (behaviour !== 'mute') setTimeout(() => this.#begin(), EVENT_MS);
  }

  isOpen(): boolean {
    return this.#state === 'open';
  }

  isConnecting(): boolean {
    return this.#state === 'connecting';
  }

  bufferedBytes(): number {
    return 0;
  }

  receivedBytes(): undefined {
    return undefined;
  }

  send(text: string): void {
    const { op, 'client-event-id': eventId } = JSON.parse(text);
    if (op === 'init') setTimeout(() => this.#answerInit(), EVENT_MS);
    else if (op === 'remove-query' && !this.isSilent) {
      setTimeout(() => this.#say({ op: 'remove-query-ok', 'client-event-id': eventId }), EVENT_MS);
    }
  }

  close(): void {
    this.end(1000);
  }

  terminate(): void {
    this.end(1006);
  }

  end(code: number): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#events.close(code, code === 1006 ? '' : 'because');
  }

  #begin(): void {
    if (this.#state !== 'connecting') return;
    if (this.#behaviour === 'down') {
      this.#events.error(new Error('connect ECONNREFUSED'));
      this.end(1006);
      return;
    }
    this.#state = 'open';
    this.#events.open();
    if (typeof this.#behaviour === 'object') this.end(this.#behaviour.close);
  }

  #answerInit(): void {
    if (this.#behaviour === 'half-mute') return;
    if (this.#behaviour === 'refusing') {
      this.#say({
        ...{ op: 'error', status: 400, type: 'record-not-found', message: 'Record not found: app' },
        'original-event': { op: 'init' },
      });
      return;
    }
    this.#accepted();
    this.#say({ op: 'init-ok', 'session-id': 's', attrs: [], 'processed-tx-id': 0 });
    if (this.#behaviour === 'dropping') this.end(1006);
  }

  #say(message: object): void {
    if (this.#state === 'open') this.#events.message(JSON.stringify(message));
  }
}
