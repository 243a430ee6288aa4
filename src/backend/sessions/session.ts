import { type ServerError, validationFailed } from '../../protocol/error.ts';
import { clientFeatures } from '../../protocol/features.ts';
import type { JsonObject } from '../../protocol/json.ts';
import {
  asEvent,
  decodeFrame,
  opOf,
  parseInit,
  parseRequest,
  TooManyValuesError,
} from '../../protocol/parse.ts';
import type { InitMessage } from '../../protocol/up.ts';
import type { Apps } from '../apps/apps.ts';
import type { BackendHost } from '../apps/backend-host.ts';
import type { ServedApp } from '../apps/served-app.ts';
import { authenticate } from '../auth/authenticate.ts';
import { type Actor, VISITOR } from '../permissions/actor.ts';
import { eventName, outcomeOf } from '../session/request-entry.ts';
import type { SessionPeer } from '../session/session-peer.ts';
import { SessionReplies } from '../session/session-replies.ts';
import { EventQueue } from './event-queue.ts';
import { OpenSession, type SessionUser } from './open-session.ts';

type State =
  | { readonly is: 'new' }
  | { readonly is: 'open'; readonly session: OpenSession }
  | { readonly is: 'closed' };

/** The largest message accepted before an `init` is, which itself takes some hundred bytes. */
const MAX_NEWCOMER_BYTES = 64 * 1024;

/** How much a session may send while its events wait for its own live queries. */
const MAX_DEFERRED_BYTES = 64 * 1024 * 1024;

/**
 * One client's session. Its events are handled one by one, in order of arrival. An invalid event is answered with an
 * `error`, and the session continues.
 */
export class Session {
  readonly id: string;
  readonly #peer: SessionPeer;
  readonly #apps: Apps;
  readonly #host: BackendHost;
  readonly #sender: Pick<Actor, 'ip' | 'origin'>;
  #state: State = { is: 'new' };
  readonly #replies: SessionReplies;
  readonly #letIn: () => void;
  readonly #queue = new EventQueue();

  constructor(
    peer: SessionPeer,
    apps: Apps,
    host: BackendHost,
    sender: Pick<Actor, 'ip' | 'origin'> = VISITOR,
  ) {
    this.id = host.newId();
    this.#peer = peer;
    this.#replies = new SessionReplies(this.id, peer, host);
    this.#apps = apps;
    this.#host = host;
    this.#sender = sender;
    this.#letIn = host.newcomers.enter(sender.ip, () => {
      const seconds = host.newcomers.limits.patienceMs / 1_000;
      peer.close(1008, `No init was accepted within ${seconds} s`);
    });
  }

  /** The largest frame currently accepted, in bytes; undefined when only the transport has a limit. */
  get maxMessageBytes(): number | undefined {
    return this.#state.is === 'new' ? MAX_NEWCOMER_BYTES : undefined;
  }

  /** Handles a frame from the client. Never throws. */
  receive(data: string | Uint8Array): void {
    this.#receive(() => decodeFrame(data), data.length);
  }

  /** Handles an event that was parsed as part of something larger; `bytes` is its share of that. Never throws. */
  receiveEvent(value: unknown, bytes = 0): void {
    this.#receive(() => asEvent(value), bytes);
  }

  /** Opens the session for an actor who is already authenticated; `init` is then refused. */
  openFor(
    served: ServedApp,
    actor: Actor,
    { versions, inference }: { versions: Record<string, string>; inference: boolean },
  ): void {
    if (this.#state.is === 'new')
      this.#open(served, { actor, features: clientFeatures(versions), inference });
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
    // An invalid event is also reported in its turn.
    this.#queue.take(answer, event ? this.#turnOf(event) : undefined, bytes);
    if (this.#queue.bytes > MAX_DEFERRED_BYTES) this.#peer.close(1013, 'Too much waits to be answered');
  }

  /** What an event has to wait for. A write is answered after the results that were due to the session before it. */
  #turnOf({ op }: JsonObject): (() => boolean) | undefined {
    if (op !== 'transact' || this.#state.is !== 'open') return undefined;
    return this.#state.session.whenTold();
  }

  /** Answers an event, or reports why it is null. */
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
      else this.#replies.sendError(error, event);
    }
    onRequest?.({
      what: eventName(event),
      appId: this.#state.is === 'open' ? this.#state.session.app.identity.id : null,
      ms: performance.now() - started,
      outcome: outcomeOf(failure),
    });
  }

  /** Call this when the client is gone. */
  closed(): void {
    const state = this.#state;
    this.#state = { is: 'closed' };
    this.#letIn();
    this.#queue.clear();
    if (state.is === 'open') state.session.closed();
  }

  #handle(event: JsonObject): void {
    const op = opOf(event);
    const id = event['client-event-id'];
    if (op === 'init') {
      if (this.#state.is !== 'new') throw refused(event, '`init` has already run for this session.');
      this.#init(parseInit(event), id);
    } else {
      if (this.#state.is !== 'open') throw refused(event, '`init` has not run for this session.');
      this.#state.session.serve(parseRequest(op, event), id);
    }
  }

  #init(message: InitMessage, id: JsonObject['client-event-id']): void {
    const served = this.#apps.get(message.appId);
    const actor = authenticate(served.app, message, this.#sender);
    const user = { actor, features: clientFeatures(message.versions), inference: false };
    this.#open(served, user).greet(id);
  }

  #open(served: ServedApp, user: SessionUser): OpenSession {
    const session = new OpenSession(served, user, {
      replies: this.#replies,
      goOn: () => this.#queue.goOn(),
      end: () => this.#peer.close(1000, 'App is gone'),
    });
    this.#state = { is: 'open', session };
    this.#letIn();
    return session;
  }
}

function refused(event: JsonObject, message: string): ServerError {
  return validationFailed('init', event, [{ message }]);
}
