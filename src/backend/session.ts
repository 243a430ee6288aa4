import { type AppStatus, type DownMessage, isnOf } from '../protocol/down.ts';
import { ServerError, validationFailed } from '../protocol/error.ts';
import { type ClientFeatures, clientFeatures } from '../protocol/features.ts';
import { canonicalJson, type JsonObject } from '../protocol/json.ts';
import { asEvent, decodeFrame, opOf, parseInit, parseRequest } from '../protocol/parse.ts';
import type {
  AddQueryMessage,
  InitMessage,
  RemoveQueryMessage,
  RequestMessage,
  TransactMessage,
} from '../protocol/up.ts';
import { type Actor, VISITOR } from './actor.ts';
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
import type { RequestEntry } from './options.ts';
import { Realtime } from './realtime.ts';
import { eventName, outcomeOf } from './request-entry.ts';
import type { Wire } from './wire.ts';

/** What a session talks to: one client, over whatever transport. */
export interface SessionPeer {
  send(text: string): void;
  close(code: number, reason: string): void;
  readonly bufferedAmount: number;
}

interface OpenState {
  readonly is: 'open';
  readonly app: App;
  readonly actor: Actor;
  readonly features: ClientFeatures;
  /** Whether links that lead to one entity at most are objects in a tree. */
  readonly inference: boolean;
  /** The subscriptions, by canonical query. */
  readonly queries: Map<string, Subscription>;
  /** What the subscriptions take in all. */
  queryChars: number;
  readonly realtime: Realtime;
  /** The revision of the attributes that the client has. */
  attrsRevision: number;
}

interface Subscription {
  readonly query: LiveQuery<AppSession>;
  /** How many characters it has kept since it was made: the query, and its first result. */
  readonly chars: number;
}

type State = { readonly is: 'new' } | OpenState | { readonly is: 'closed' };

/** A client that leaves this much unread is cut off, before it takes everybody's memory. */
const MAX_BUFFERED_BYTES = 256 * 1024 * 1024;

/** What the live queries of one session may make the backend keep, with their results. */
const MAX_QUERY_CHARS = 256 * 1024 * 1024;

/**
 * One client's session. Its events are handled one after the other in the order of arrival. Whatever is wrong with
 * one is answered with an `error`, and the session goes on.
 */
export class Session implements AppSession {
  readonly id: string;
  readonly #peer: SessionPeer;
  readonly #apps: Apps;
  readonly #host: BackendHost;
  readonly #sender: Pick<Actor, 'ip' | 'origin'>;
  #state: State = { is: 'new' };
  /** How much is held back until what it may tell of is safe. */
  #held = 0;

  constructor(
    peer: SessionPeer,
    apps: Apps,
    host: BackendHost,
    sender: Pick<Actor, 'ip' | 'origin'> = VISITOR,
  ) {
    this.id = host.newId();
    this.#peer = peer;
    this.#apps = apps;
    this.#host = host;
    this.#sender = sender;
  }

  /** Handles one frame of the client. Never throws. */
  receive(data: string | Uint8Array): void {
    this.#receive(() => decodeFrame(data));
  }

  /** Handles one event that came in something larger, where its JSON was read already. Never throws. */
  receiveEvent(value: unknown): void {
    this.#receive(() => asEvent(value));
  }

  /** Opens the session for somebody who has been recognised already; `init` is refused then. */
  openFor(
    app: App,
    actor: Actor,
    { versions, inference }: { versions: Record<string, string>; inference: boolean },
  ): void {
    if (this.#state.is === 'new') this.#open(app, actor, clientFeatures(versions), inference);
  }

  #receive(decode: () => JsonObject): void {
    if (this.#state.is === 'closed') return;
    let event: JsonObject | null = null;
    const { onRequest } = this.#host;
    const started = onRequest ? performance.now() : 0;
    let failure: unknown;
    try {
      event = decode();
      this.#handle(event);
    } catch (error) {
      failure = error;
      this.#sendError(error, event);
    }
    onRequest?.(this.#entryOf(event, started, failure));
  }

  #entryOf(event: JsonObject | null, started: number, failure: unknown): RequestEntry {
    const appId = this.#state.is === 'open' ? this.#state.app.identity.id : null;
    return { what: eventName(event), appId, ms: performance.now() - started, outcome: outcomeOf(failure) };
  }

  /** The client is gone. */
  closed(): void {
    const state = this.#state;
    this.#state = { is: 'closed' };
    if (state.is !== 'open') return;
    state.app.leave(this);
    for (const { query } of state.queries.values()) state.app.live.unsubscribe(this, query);
    state.realtime.end();
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
    const actor = authenticate(app, message, this.#sender);
    this.#open(app, actor, clientFeatures(message.versions));
    const attrs = app.attrs.text;
    this.#send(encodeInitOk({ sessionId: this.id, app: app.row, actor, status: app.status, attrs, id }));
  }

  #open(app: App, actor: Actor, features: ClientFeatures, inference = false): void {
    const realtime = new Realtime(app, this.#wire(actor, features));
    const attrsRevision = app.attrs.revision;
    this.#state = {
      is: 'open',
      app,
      actor,
      features,
      inference,
      queries: new Map(),
      queryChars: 0,
      realtime,
      attrsRevision,
    };
    app.join(this);
  }

  #wire(actor: Actor, features: ClientFeatures): Wire {
    const buffered = (): number => this.#peer.bufferedAmount + this.#held;
    return {
      sessionId: this.id,
      actor,
      features,
      get bufferedAmount() {
        return buffered();
      },
      send: (message) => this.#reply(message),
      sendText: (text) => this.#send(text),
    };
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
        state.realtime.serve(message, id);
    }
  }

  #addQuery(state: OpenState, { q, returnType }: AddQueryMessage, id: EventId): void {
    const { app, actor, inference, queries } = state;
    const key = canonicalJson(q);
    if (queries.has(key)) {
      this.#reply({ op: 'add-query-exists', q, 'client-event-id': id, 'trace-id': null });
      return;
    }
    app.assertReadable();
    // Read before the query runs: a result includes at least what its stamp says.
    const txId = app.processedTxId;
    const { query, result } = app.live.subscribe(this, { q, returnType, inference, actor });
    const chars = key.length + result.result.length;
    if (state.queryChars + chars > MAX_QUERY_CHARS) {
      app.live.unsubscribe(this, query);
      throw tooManyLive();
    }
    state.queryChars += chars;
    queries.set(key, { query, chars });
    this.#send(encodeAddQueryOk(result, { q, txId, id }));
  }

  #removeQuery(state: OpenState, { q }: RemoveQueryMessage, id: EventId): void {
    const key = canonicalJson(q);
    const subscription = state.queries.get(key);
    if (subscription) {
      state.app.live.unsubscribe(this, subscription.query);
      state.queryChars -= subscription.chars;
      state.queries.delete(key);
    }
    this.#reply({ op: 'remove-query-ok', q, 'client-event-id': id, 'trace-id': null });
  }

  #transact({ app, actor }: OpenState, { steps, clientEventId }: TransactMessage, id: EventId): void {
    const txId = app.transact({ steps, actor, clientEventId });
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
    // A client is told nothing that a crash could still take back.
    this.#held += text.length;
    this.#host.keeper.whenSafe(() => {
      this.#held -= text.length;
      this.#sendNow(text);
    });
  }

  #sendNow(text: string): void {
    this.#peer.send(text);
    if (this.#peer.bufferedAmount > MAX_BUFFERED_BYTES) this.#peer.close(1013, 'Too much is left unread');
  }
}

function refused(event: JsonObject, message: string): ServerError {
  return validationFailed('init', event, [{ message }]);
}

function tooManyLive(): ServerError {
  const message = `The live queries of a session, with their results, have at most ${MAX_QUERY_CHARS} characters in all. Remove some, or ask for less.`;
  return validationFailed('add-query', null, [{ message }]);
}
