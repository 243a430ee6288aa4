import { type AppStatus, type DownMessage, isnOf } from '../../protocol/down.ts';
import { ServerError, validationFailed } from '../../protocol/error.ts';
import { type ClientFeatures, clientFeatures } from '../../protocol/features.ts';
import { canonicalJson, type JsonObject } from '../../protocol/json.ts';
import {
  asEvent,
  decodeFrame,
  opOf,
  parseInit,
  parseRequest,
  TooManyValuesError,
} from '../../protocol/parse.ts';
import type {
  AddQueryMessage,
  InitMessage,
  RemoveQueryMessage,
  RequestMessage,
  TransactMessage,
} from '../../protocol/up.ts';
import type { App, AppSession } from '../app/app.ts';
import type { BackendHost } from '../app/app-host.ts';
import type { LiveQuery } from '../app/live-query.ts';
import type { Apps } from '../apps/apps.ts';
import { authenticate } from '../auth/authenticate.ts';
import type { RequestEntry } from '../options.ts';
import { type Actor, VISITOR } from '../permissions/actor.ts';
import { wireOf } from '../session/client-channel.ts';
import { Outbox } from '../session/durable-sender.ts';
import {
  type EventId,
  encode,
  encodeAddQueryOk,
  encodeError,
  encodeInitOk,
  encodeRefreshOk,
} from '../session/encode.ts';
import { eventName, outcomeOf } from '../session/request-entry.ts';
import { Deferred } from './event-queue.ts';
import { Realtime } from './session-parts.ts';
import { SessionQueries } from './session-queries.ts';

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
  readonly queries: SessionQueries;
  readonly realtime: Realtime;
  /** The revision of the attributes that the client has. */
  attrsRevision: number;
}

type State = { readonly is: 'new' } | OpenState | { readonly is: 'closed' };

/** What somebody may send at once who has not been let in. An `init` has some hundred bytes. */
const MAX_NEWCOMER_BYTES = 64 * 1024;

/** How much a session may go on to send while it waits for its own live queries. */
const MAX_DEFERRED_BYTES = 64 * 1024 * 1024;

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
  readonly #outbox: Outbox;
  readonly #letIn: () => void;
  readonly #deferred = new Deferred();

  constructor(
    peer: SessionPeer,
    apps: Apps,
    host: BackendHost,
    sender: Pick<Actor, 'ip' | 'origin'> = VISITOR,
  ) {
    this.id = host.newId();
    this.#peer = peer;
    this.#outbox = new Outbox(peer, host.keeper);
    this.#apps = apps;
    this.#host = host;
    this.#sender = sender;
    this.#letIn = host.newcomers.enter(sender.ip, () => {
      const seconds = host.newcomers.limits.patienceMs / 1_000;
      peer.close(1008, `No init was accepted within ${seconds} s`);
    });
  }

  /** The largest frame that is taken now, in bytes; undefined where only the transport has a limit. */
  get maxMessageBytes(): number | undefined {
    return this.#state.is === 'new' ? MAX_NEWCOMER_BYTES : undefined;
  }

  /** Handles one frame of the client. Never throws. */
  receive(data: string | Uint8Array): void {
    this.#receive(() => decodeFrame(data), data.length);
  }

  /** Handles one event that came in something larger, of so many bytes, and was parsed with it. Never throws. */
  receiveEvent(value: unknown, bytes = 0): void {
    this.#receive(() => asEvent(value), bytes);
  }

  /** Opens the session for somebody who has been recognised already; `init` is refused then. */
  openFor(
    app: App,
    actor: Actor,
    { versions, inference }: { versions: Record<string, string>; inference: boolean },
  ): void {
    if (this.#state.is === 'new') this.#open(app, actor, clientFeatures(versions), inference);
  }

  #receive(decode: () => JsonObject, bytes: number): void {
    if (this.#state.is === 'closed') return;
    let event: JsonObject | null = null;
    let broken: unknown;
    try {
      event = decode();
    } catch (error) {
      broken = error;
    }
    const answer = (): void => this.#answer(event, broken);
    // What is wrong with an event is said in its turn, too.
    this.#deferred.take(answer, event ? this.#turnOf(event) : undefined, bytes);
    if (this.#deferred.bytes > MAX_DEFERRED_BYTES) this.#peer.close(1013, 'Too much waits to be answered');
  }

  /** What an event has to wait for. Writes are answered behind the results that were due to the session before them. */
  #turnOf({ op }: JsonObject): (() => boolean) | undefined {
    if (op !== 'transact' || this.#state.is !== 'open') return undefined;
    return this.#state.app.live.whenTold(this);
  }

  /** Answers an event, or says why it is null. */
  #answer(event: JsonObject | null, broken: unknown): void {
    const { onRequest } = this.#host;
    const started = onRequest ? performance.now() : 0;
    let failure = broken;
    try {
      if (event) this.#handle(event);
      else throw broken;
    } catch (error) {
      failure = error;
      if (error instanceof TooManyValuesError) this.#peer.close(1009, error.limit);
      else this.#sendError(error, event);
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
    this.#letIn();
    this.#deferred.clear();
    if (state.is !== 'open') return;
    state.app.leave(this);
    state.queries.end();
    state.realtime.end();
  }

  refresh(queries: readonly LiveQuery<AppSession>[]): void {
    const state = this.#state;
    if (state.is !== 'open') return;
    const computations: string[] = [];
    for (const { request, answer, computation } of queries) {
      if (computation !== undefined) computations.push(computation);
      else if (answer.is === 'failure') this.#sendError(answer.error, { op: 'refresh', q: request.q });
    }
    const { revision, text } = state.app.attrs;
    const isNew = revision !== state.attrsRevision;
    if (computations.length === 0 && !isNew) return;
    state.attrsRevision = revision;
    const attrs = isNew || !state.features.skipAttrs ? text : undefined;
    this.#outbox.send(encodeRefreshOk(state.app.processedTxId, computations, attrs));
  }

  goOn(): void {
    this.#deferred.goOn();
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
    this.#outbox.send(
      encodeInitOk({ sessionId: this.id, app: app.row, actor, status: app.status, attrs, id }),
    );
  }

  #open(app: App, actor: Actor, features: ClientFeatures, inference = false): void {
    const realtime = new Realtime(app, wireOf({ sessionId: this.id, actor, features }, this.#outbox));
    const attrsRevision = app.attrs.revision;
    this.#state = {
      is: 'open',
      app,
      actor,
      features,
      inference,
      queries: new SessionQueries(app.live, this),
      realtime,
      attrsRevision,
    };
    app.join(this);
    this.#letIn();
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
    this.#outbox.send(
      encodeAddQueryOk(queries.add(key, { q, returnType, inference, actor }), { q, txId, id }),
    );
  }

  #removeQuery({ queries }: OpenState, { q }: RemoveQueryMessage, id: EventId): void {
    queries.remove(canonicalJson(q));
    this.#reply({ op: 'remove-query-ok', q, 'client-event-id': id, 'trace-id': null });
  }

  #transact({ app, actor }: OpenState, { steps, clientEventId }: TransactMessage, id: EventId): void {
    const txId = app.transact({ steps, actor, clientEventId });
    const isn = isnOf(txId);
    this.#reply({ op: 'transact-ok', 'tx-id': txId, isn, 'client-event-id': id, 'trace-id': null });
  }

  #sendError(error: unknown, event: JsonObject | null): void {
    if (!(error instanceof ServerError)) this.#host.report('answer an event', error);
    this.#outbox.send(encodeError(error, event && { ...event, 'session-id': this.id, 'trace-id': null }));
  }

  #reply(message: DownMessage): void {
    this.#outbox.send(encode(message));
  }
}

function refused(event: JsonObject, message: string): ServerError {
  return validationFailed('init', event, [{ message }]);
}
