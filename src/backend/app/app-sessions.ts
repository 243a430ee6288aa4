import type { AppStatus } from '../../protocol/down.ts';
import type { RuledData } from '../permissions/index.ts';
import type { Change } from '../store/undo-log.ts';
import type { AppHost } from './app-host.ts';
import type { AppSession } from './app-session.ts';
import type { CommitFollower } from './commit-follower.ts';
import type { EncodedAttrs } from './encoded-attrs.ts';
import { LiveQueries } from './live-queries.ts';

/** What the sessions have yet to be told. */
type News =
  | { readonly is: 'none' }
  | {
      readonly is: 'scheduled';
      /** Whether every session gets the attributes. */
      readonly withAttrs: boolean;
      /** Whether the last refresh has left some live queries, so that sessions may wait for this one. */
      readonly isRest: boolean;
    };

const NONE: News = { is: 'none' };

/** The sessions that are open for an app, and what else goes by its transactions: tells them what has changed. */
export class AppSessions {
  /** The queries that the sessions subscribe to. */
  readonly live: LiveQueries<AppSession>;
  readonly #attrs: EncodedAttrs;
  readonly #host: Pick<AppHost, 'keeper' | 'report' | 'sliceMs'>;
  readonly #sessions = new Set<AppSession>();
  readonly #followers: CommitFollower[] = [];
  #news: News = NONE;

  constructor({ data, permissions }: RuledData, attrs: EncodedAttrs, host: AppHost) {
    this.live = new LiveQueries<AppSession>(data, permissions);
    this.#attrs = attrs;
    this.#host = host;
  }

  /** Begins to tell a session of changes. */
  join(session: AppSession): void {
    this.#sessions.add(session);
  }

  /** Stops telling a session of changes. */
  leave(session: AppSession): void {
    this.#sessions.delete(session);
  }

  /** Begins to tell a follower of transactions. */
  follow(follower: CommitFollower): void {
    this.#followers.push(follower);
  }

  /** Tells every session of a new status of the app. */
  statusChanged(status: AppStatus): void {
    for (const session of this.#sessions) session.statusChanged(status);
  }

  /** Refreshes every live query: any answer may be another one, because the rules are. */
  rulesChanged(): void {
    this.live.invalidateAll();
    this.#schedule({});
  }

  /** Ends every session. */
  end(): void {
    for (const session of [...this.#sessions]) session.end();
  }

  /** Has told, in a while, what a transaction changed. */
  committed(txId: number, changes: readonly Change[]): void {
    const attrsChange = this.#attrs.committed(changes);
    const needsRefresh = this.live.invalidate(changes, attrsChange === 'of substance');
    const follow = this.#followers.map((follower) => follower.committed(txId, changes));
    const withAttrs = attrsChange !== 'none';
    if (needsRefresh || withAttrs || follow.includes(true)) this.#schedule({ withAttrs });
  }

  // After what the event loop has at hand: transactions that arrived together are one refresh, and no timer is waited
  // for. What takes longer goes on after what has come meanwhile.
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
    // Nobody is shown what could still be lost. When it cannot be kept, the backend is stopping.
    if (news.is === 'none' || !this.#isKept()) return;
    for (const follower of this.#followers) follower.wake?.();
    const end = performance.now() + this.#host.sliceMs;
    // Sent before anything else can happen: what is stamped with the latest transaction holds that one, and none after.
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
      this.#host.keeper.flush();
      return true;
    } catch {
      // It is reported once, where the backend is stopped for it.
      return false;
    }
  }
}
