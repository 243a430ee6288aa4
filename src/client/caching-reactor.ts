import type { CoreParts } from './discreet-reactor.ts';
import { QueryCache } from './queries/query-cache.ts';
import { QueryReactor } from './query-reactor.ts';
import type { AnySchema } from './schema/any-schema.ts';
import type { Timers } from './timing/timers.ts';

/** What core's constructor takes, and the timers of the database. */
export interface CachingParts extends CoreParts {
  timers: Timers;
}

/**
 * Core's reactor, which keeps as many answers of queries that nobody subscribes to as `queryCacheLimit` says.
 *
 * Underscored methods are core's; each override says what core does and why that is wrong on a server.
 */
export abstract class CachingReactor<Schema extends AnySchema> extends QueryReactor<Schema> {
  protected readonly queryCache: QueryCache;

  constructor({ timers, ...parts }: CachingParts) {
    super(parts);
    this.queryCache = new QueryCache(this.querySubs, {
      limit: this.queryCacheLimit,
      isInUse: (hash) => this._hasQueryListeners(hash),
      timers,
    });
  }

  changeQueryCacheLimit(limit: number): void {
    this.queryCacheLimit = limit;
    this.queryCache.changeLimit(limit);
  }

  // Core does not tell a query that is asked once from a live one, whose answer is worth keeping.
  override _startQuerySub(query: unknown, hash: string): string {
    this.queryCache.use(hash, hash in this.queryCbs);
    return super._startQuerySub(query, hash);
  }
}
