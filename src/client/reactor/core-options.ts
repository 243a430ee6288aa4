import type { Logger, Reactor } from '@instantdb/core';
import type { QueryCache } from '../queries/query-cache.ts';
import type { AnySchema } from '../schema/any-schema.ts';
import { linkIndexOf, withOwnNames } from '../schema/own-names.ts';
import type { Reports } from '../secrecy/reports.ts';

/** Core's options that may change while a database is open. */
export class CoreOptions {
  readonly #core: Reactor;
  readonly #reports: Reports;
  readonly #cache: QueryCache;

  constructor(core: Reactor, reports: Reports, cache: QueryCache) {
    this.#core = core;
    this.#reports = reports;
    this.#cache = cache;
  }

  /** Sets the logger, and whether messages sent and received are logged, if given. */
  changeLogging({ verbose, logger }: { verbose?: boolean; logger?: Logger }): void {
    if (logger) this.#reports.changeLogger(logger);
    if (verbose === undefined) return;
    Object.assign(
      this.#core._log,
      this.#reports.logging(verbose, () => this.#core._reactorStats()),
    );
  }

  changeQueryCacheLimit(limit: number): void {
    this.#core.queryCacheLimit = limit;
    this.#cache.changeLimit(limit);
  }

  /** Takes effect at once: core reads an option there whenever it needs it. */
  changeConfig(changes: Readonly<Record<string, unknown>>): void {
    Object.assign(this.#core.config, changes);
  }

  changeStreamClasses(classes: { WStream?: unknown; RStream?: unknown }): void {
    Object.assign(this.#core._instantStream, classes);
  }

  changeCleanup({ timeoutMs, threshold }: { timeoutMs?: number; threshold?: number }): void {
    const core = this.#core;
    core._pendingTxCleanupTimeout = timeoutMs ?? core._pendingTxCleanupTimeout;
    core._pendingMutationCleanupThreshold = threshold ?? core._pendingMutationCleanupThreshold;
  }
}

/** Sets core's schema, with our index of its links: core's would write into `Object` itself for some names. */
export function setSchema(core: Reactor, schema: unknown): void {
  const own = withOwnNames(schema as AnySchema | undefined);
  core.config.schema = own;
  core._linkIndex = linkIndexOf(own) as never;
}
