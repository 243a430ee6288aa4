import { type AppStatus, isnOf } from '../../protocol/down.ts';
import type { ClientFeatures } from '../../protocol/features.ts';
import { canonicalJson } from '../../protocol/json.ts';
import type {
  AddQueryMessage,
  RemoveQueryMessage,
  RequestMessage,
  TransactMessage,
} from '../../protocol/up.ts';
import type { App } from '../app/app.ts';
import { appRow } from '../app/app-row.ts';
import type { AppSession } from '../app/app-session.ts';
import type { LiveQuery } from '../app/live-query.ts';
import type { ServedApp } from '../apps/served-app.ts';
import type { Actor } from '../permissions/actor.ts';
import { channelOf } from '../session/client-channel.ts';
import { type EventId, encodeAddQueryOk, encodeInitOk, encodeRefreshOk } from '../session/encode.ts';
import type { SessionReplies } from '../session/session-replies.ts';
import { SessionParts } from './session-parts.ts';
import { SessionQueries } from './session-queries.ts';

/** Whom an open session serves, and how. */
export interface SessionUser {
  readonly actor: Actor;
  readonly features: ClientFeatures;
  /** Whether links with at most one target are objects in a tree. */
  readonly inference: boolean;
}

/** What an open session requires of its connection. */
export interface SessionLink {
  readonly replies: SessionReplies;
  /** Answers the events that were waiting for what has been sent. */
  goOn(): void;
  /** Closes the connection, because the app is gone. */
  end(): void;
}

/** A session whose `init` was accepted: answers its client's events, and sends it updates. */
export class OpenSession implements AppSession {
  readonly app: App;
  readonly #user: SessionUser;
  readonly #link: SessionLink;
  readonly #replies: SessionReplies;
  readonly #queries: SessionQueries;
  readonly #parts: SessionParts;
  /** The revision of the attributes that the client has. */
  #attrsRevision: number;

  constructor(served: ServedApp, user: SessionUser, link: SessionLink) {
    const { replies } = link;
    const { actor, features } = user;
    this.app = served.app;
    this.#user = user;
    this.#link = link;
    this.#replies = replies;
    const channel = channelOf({ sessionId: replies.sessionId, actor, features }, replies.sender);
    this.#parts = new SessionParts(served, channel);
    this.#queries = new SessionQueries(this.app.sessions.live, this);
    this.#attrsRevision = this.app.attrs.revision;
    this.app.sessions.join(this);
  }

  /** Answers the client's `init`. */
  greet(id: EventId): void {
    const { status, attrs } = this.app;
    const { sessionId } = this.#replies;
    const { actor } = this.#user;
    this.#replies.sendText(
      encodeInitOk({ sessionId, app: appRow(this.app), actor, status, attrs: attrs.text, id }),
    );
  }

  /**
   * Handles an event and replies to it.
   *
   * @throws {ServerError} when it is not permitted.
   */
  serve(message: RequestMessage, id: EventId): void {
    switch (message.op) {
      case 'add-query':
        this.#addQuery(message, id);
        break;
      case 'remove-query':
        this.#removeQuery(message, id);
        break;
      case 'transact':
        this.#transact(message, id);
        break;
      default:
        this.#parts.serve(message, id);
    }
  }

  /**
   * Returns a check for whether the results due to the client by now have been sent; undefined when they already have.
   */
  whenTold(): (() => boolean) | undefined {
    return this.app.sessions.live.whenTold(this);
  }

  /** Call this when the client is gone. */
  closed(): void {
    this.app.sessions.leave(this);
    this.#queries.end();
    this.#parts.end();
  }

  refresh(queries: readonly LiveQuery<AppSession>[]): void {
    const computations: string[] = [];
    for (const { request, answer, computation } of queries) {
      if (computation !== undefined) computations.push(computation);
      else if (answer.is === 'failure')
        this.#replies.sendError(answer.error, { op: 'refresh', q: request.q });
    }
    const { revision, text } = this.app.attrs;
    const isNew = revision !== this.#attrsRevision;
    if (computations.length === 0 && !isNew) return;
    this.#attrsRevision = revision;
    const attrs = isNew || !this.#user.features.skipAttrs ? text : undefined;
    this.#replies.sendText(encodeRefreshOk(this.app.processedTxId, computations, attrs));
  }

  goOn(): void {
    this.#link.goOn();
  }

  statusChanged(status: AppStatus): void {
    this.#replies.send({ op: 'app-status-changed', status, 'trace-id': null });
  }

  end(): void {
    this.#link.end();
  }

  #addQuery({ q, returnType }: AddQueryMessage, id: EventId): void {
    const key = canonicalJson(q);
    if (this.#queries.has(key)) {
      this.#replies.send({ op: 'add-query-exists', q, 'client-event-id': id, 'trace-id': null });
      return;
    }
    this.app.assertReadable();
    // Read before the query runs, so that the result includes at least everything up to its stamp.
    const txId = this.app.processedTxId;
    const { actor, inference } = this.#user;
    const result = this.#queries.add(key, { q, returnType, inference, actor });
    this.#replies.sendText(encodeAddQueryOk(result, { q, txId, id }));
  }

  #removeQuery({ q }: RemoveQueryMessage, id: EventId): void {
    this.#queries.remove(canonicalJson(q));
    this.#replies.send({ op: 'remove-query-ok', q, 'client-event-id': id, 'trace-id': null });
  }

  #transact({ steps, clientEventId }: TransactMessage, id: EventId): void {
    const txId = this.app.transact({ steps, actor: this.#user.actor, clientEventId });
    const isn = isnOf(txId);
    this.#replies.send({ op: 'transact-ok', 'tx-id': txId, isn, 'client-event-id': id, 'trace-id': null });
  }
}
