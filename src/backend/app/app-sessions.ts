import type { AppStatus } from '../../protocol/down.ts';
import type { RuledData } from '../permissions/index.ts';
import type { Change } from '../store/undo-log.ts';
import type { AppHost } from './app-host.ts';
import type { AppSession } from './app-session.ts';
import type { CommitFollower } from './commit-follower.ts';
import type { EncodedAttrs } from './encoded-attrs.ts';
import { LiveQueries } from './live-queries.ts';

/** The updates that sessions still have to receive. */
type News =
  | { readonly is: 'none' }
  | {
      readonly is: 'scheduled';
      /** Whether every session gets the attributes. */
      readonly withAttrs: boolean;
      /** Whether the last refresh left live queries undone, so that sessions may be waiting for this one. */
      readonly isRest: boolean;
    };

const NONE: News = { is: 'none' };

/** The sessions that are open for an app, and other followers of its transactions: notifies them of changes. */
export class AppSessions {
  /** The queries that the sessions subscribe to. */
  readonly live: LiveQueries<AppSession>;
  readonly #attrs: EncodedAttrs;
  readonly #host: Pick<AppHost, 'persistence' | 'report' | 'sliceMs'>;
  readonly #sessions = new Set<AppSession>();
  readonly #followers: CommitFollower[] = [];
  #news: News = NONE;

  constructor({ data, permissions }: RuledData, attrs: EncodedAttrs, host: AppHost) {
    this.live = new LiveQueries<AppSession>(data, permissions);
    this.#attrs = attrs;
    this.#host = host;
  }

  /** Starts notifying a session of changes. */
  join(session: AppSession): void {
    this.#sessions.add(session);
  }

  /** Stops notifying a session of changes. */
  leave(session: AppSession): void {
    this.#sessions.delete(session);
  }

  /** Starts notifying a follower of transactions. */
  follow(follower: CommitFollower): void {
    this.#followers.push(follower);
  }

  /** Notifies every session of a new status of the app. */
  statusChanged(status: AppStatus): void {
    for (const session of this.#sessions) session.statusChanged(status);
  }

  /** Refreshes every live query: with new rules, any answer may differ. */
  rulesChanged(): void {
    this.live.invalidateAll();
    this.#schedule({});
  }

  /** Ends every session. */
  end(): void {
    for (const session of [...this.#sessions]) session.end();
  }

  /** Schedules updates for everyone affected by a transaction. */
  committed(txId: number, changes: readonly Change[]): void {
    const attrsChange = this.#attrs.committed(changes);
    const needsRefresh = this.live.invalidate(changes, attrsChange === 'of substance');
    const follow = this.#followers.map((follower) => follower.committed(txId, changes));
    const withAttrs = attrsChange !== 'none';
    if (needsRefresh || withAttrs || follow.includes(true)) this.#schedule({ withAttrs });
  }

  // Runs once the event loop has handled what is pending: transactions that arrived together share one refresh, without
  // waiting for a timer. A refresh that takes longer lets other work in between.
  #schedule({ withAttrs = false, isRest = false }): void {
    const before = this.#news;
    if (before.is === 'none') {
      this.#news = { is: 'scheduled', withAttrs, isRest };
      setImmediate(() => this.#refresh());
    } else {
      this.#news = {
        is: 'scheduled',
        withAttrs: before.withAttrs || withAttrs,
        isRest: before.isRest || isRest,
      };
    }
  }

  #refresh(): void {
    const news = this.#news;
    this.#news = NONE;
    // Clients must not see what could still be lost. If it cannot be made durable, the backend is already stopping.
    if (news.is === 'none' || !this.#isKept()) return;
    for (const follower of this.#followers) follower.wake?.();
    const end = performance.now() + this.#host.sliceMs;
    // Sent before anything else can happen, so that an answer stamped with the latest transaction includes that one and
    // none after it.
    const refreshed = this.live.refresh(() => performance.now() >= end);
    if (this.live.isBehind) this.#schedule({ isRest: true });
    for (const session of news.withAttrs ? [...this.#sessions] : refreshed.keys()) {
      try {
        session.refresh(refreshed.get(session) ?? []);
      } catch (error) {
        this.#host.report('refresh a session', error);
      }
    }
    if (news.isRest) for (const session of [...this.#sessions]) session.goOn();
  }

  #isKept(): boolean {
    try {
      this.#host.persistence.flush();
      return true;
    } catch {
      // Reported once, by the code that stops the backend because of it.
      return false;
    }
  }
}
