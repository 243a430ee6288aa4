import { type AppStatus, type DownMessage, isnOf } from '../protocol/down.ts';
import { ServerError, validationFailed } from '../protocol/error.ts';
import { type ClientFeatures, clientFeatures } from '../protocol/features.ts';
import { canonicalJson, type JsonObject } from '../protocol/json.ts';
import { decodeFrame, opOf, parseInit, parseRequest } from '../protocol/parse.ts';
import type {
  AddQueryMessage,
  InitMessage,
  RemoveQueryMessage,
  RequestMessage,
  TransactMessage,
} from '../protocol/up.ts';
import type { App, AppSession } from './app.ts';
import type { Apps } from './apps.ts';
import { authenticate } from './authenticate.ts';
import {
  type EventId,
  encode,
  encodeAddQueryOk,
  encodeComputation,
  encodeError,
  encodeInitOk,
  encodeRefreshOk,
} from './encode.ts';
import type { BackendHost } from './host.ts';
import type { LiveQuery } from './live-query.ts';
import { NotServedError } from './not-served.ts';

/** What a session talks to: one client, over whatever transport. */
export interface SessionPeer {
  send(text: string): void;
  close(code: number, reason: string): void;
  readonly bufferedAmount: number;
}

interface OpenState {
  readonly is: 'open';
  readonly app: App;
  readonly admin: boolean;
  readonly features: ClientFeatures;
  /** The subscriptions, by canonical query. */
  readonly queries: Map<string, LiveQuery<AppSession>>;
  /** The revision of the attributes that the client has. */
  attrsRevision: number;
}

type State = { readonly is: 'new' } | OpenState | { readonly is: 'closed' };

/** A client that leaves this much unread is cut off, before it takes everybody's memory. */
const MAX_BUFFERED_BYTES = 256 * 1024 * 1024;

/**
 * One client's session. Its events are handled one after the other in the order of arrival. Whatever is wrong with
 * one is answered with an `error`, and the session goes on.
 */
export class Session implements AppSession {
  readonly id: string;
  readonly #peer: SessionPeer;
  readonly #apps: Apps;
  readonly #host: BackendHost;
  #state: State = { is: 'new' };

  constructor(peer: SessionPeer, apps: Apps, host: BackendHost) {
    this.id = host.newId();
    this.#peer = peer;
    this.#apps = apps;
    this.#host = host;
  }

  /** Handles one frame of the client. Never throws. */
  receive(data: string | Uint8Array): void {
    if (this.#state.is === 'closed') return;
    let event: JsonObject | null = null;
    try {
      event = decodeFrame(data);
      this.#handle(event);
    } catch (error) {
      this.#sendError(error, event);
    }
  }

  /** The client is gone. */
  closed(): void {
    const state = this.#state;
    this.#state = { is: 'closed' };
    if (state.is !== 'open') return;
    state.app.leave(this);
    for (const query of state.queries.values()) state.app.live.unsubscribe(this, query);
  }

  refresh(queries: readonly LiveQuery<AppSession>[]): void {
    const state = this.#state;
    if (state.is !== 'open') return;
    const computations: string[] = [];
    for (const { key, request, answer } of queries) {
      if (answer.is === 'result') computations.push(encodeComputation(key, request.q, answer));
      else this.#sendError(answer.error, { op: 'refresh', q: request.q });
    }
    const { revision, text } = state.app.attrs;
    const isNew = revision !== state.attrsRevision;
    if (computations.length === 0 && !isNew) return;
    state.attrsRevision = revision;
    const attrs = isNew || !state.features.skipAttrs ? text : undefined;
    this.#send(encodeRefreshOk(state.app.processedTxId, computations, attrs));
  }

  statusChanged(status: AppStatus): void {
    this.#reply({ op: 'app-status-changed', status, 'trace-id': null });
  }

  end(): void {
    this.#peer.close(1000, 'App is gone');
  }

  #handle(event: JsonObject): void {
    const op = opOf(event);
    const id = event['client-event-id'];
    if (op === 'init') {
      if (this.#state.is !== 'new') throw refused(event, '`init` has already run for this session.');
      this.#init(parseInit(event), id);
    } else {
      if (this.#state.is !== 'open') throw refused(event, '`init` has not run for this session.');
      this.#serve(this.#state, parseRequest(op, event), id);
    }
  }

  #init(message: InitMessage, id: EventId): void {
    const app = this.#apps.get(message.appId);
    const { admin } = authenticate(app, message);
    const { revision, text } = app.attrs;
    const features = clientFeatures(message.versions);
    this.#state = { is: 'open', app, admin, features, queries: new Map(), attrsRevision: revision };
    app.join(this);
    this.#send(
      encodeInitOk({ sessionId: this.id, app: app.row, admin, status: app.status, attrs: text, id }),
    );
  }

  #serve(state: OpenState, message: RequestMessage, id: EventId): void {
    switch (message.op) {
      case 'add-query':
        this.#addQuery(state, message, id);
        break;
      case 'remove-query':
        this.#removeQuery(state, message, id);
        break;
      case 'transact':
        this.#transact(state, message, id);
        break;
      default:
        throw new NotServedError(message.op);
    }
  }

  #addQuery({ app, admin, queries }: OpenState, { q, returnType }: AddQueryMessage, id: EventId): void {
    const key = canonicalJson(q);
    if (queries.has(key)) {
      this.#reply({ op: 'add-query-exists', q, 'client-event-id': id, 'trace-id': null });
      return;
    }
    app.assertReadable();
    // Read before the query runs: a result includes at least what its stamp says.
    const txId = app.processedTxId;
    const { query, result } = app.live.subscribe(this, { q, returnType, admin });
    queries.set(key, query);
    this.#send(encodeAddQueryOk(result, { q, txId, id }));
  }

  #removeQuery({ app, queries }: OpenState, { q }: RemoveQueryMessage, id: EventId): void {
    const key = canonicalJson(q);
    const query = queries.get(key);
    if (query) app.live.unsubscribe(this, query);
    queries.delete(key);
    this.#reply({ op: 'remove-query-ok', q, 'client-event-id': id, 'trace-id': null });
  }

  #transact({ app, admin }: OpenState, { steps, clientEventId }: TransactMessage, id: EventId): void {
    const txId = app.transact({ steps, admin, clientEventId });
    const isn = isnOf(txId);
    this.#reply({ op: 'transact-ok', 'tx-id': txId, isn, 'client-event-id': id, 'trace-id': null });
  }

  #sendError(error: unknown, event: JsonObject | null): void {
    if (!(error instanceof ServerError)) this.#host.report('answer an event', error);
    this.#send(encodeError(error, event && { ...event, 'session-id': this.id, 'trace-id': null }));
  }

  #reply(message: DownMessage): void {
    this.#send(encode(message));
  }

  #send(text: string): void {
    this.#peer.send(text);
    if (this.#peer.bufferedAmount > MAX_BUFFERED_BYTES) this.#peer.close(1013, 'Too much is left unread');
  }
}

function refused(event: JsonObject, message: string): ServerError {
  return validationFailed('init', event, [{ message }]);
}
