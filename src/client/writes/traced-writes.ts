import { getOps } from '@instantdb/core';
import type { TransactTrace } from '../diagnostics/channel-payloads.ts';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';

/** Traces calls of `transact` until their promises settle. */
export class TracedWrites {
  readonly #diagnostics: Diagnostics;
  /** What is told of the call in progress. */
  #current: TransactTrace | undefined;

  constructor(diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
  }

  /** Makes a write from changes, by `make`. */
  push(chunks: unknown, make: () => Promise<unknown>): Promise<unknown> {
    return this.#diagnostics.until(
      'instant:transact',
      () => changesIn(chunks),
      (trace) => {
        if (!trace) return make();
        this.#current = trace;
        try {
          return make();
        } finally {
          this.#current = undefined;
        }
      },
      (trace, result) => {
        const { status } = Object(result) as Pick<TransactTrace, 'status'>;
        if (status) trace.status = status;
      },
    );
  }

  /** A write was put into the queue, by the call in progress if there is one. */
  made(eventId: string): void {
    if (this.#current) this.#current.eventId = eventId;
  }
}

/** What is told of changes. Those that cannot be read are refused, and the call fails by itself. */
function changesIn(chunks: unknown): Pick<TransactTrace, 'namespaces' | 'changes'> {
  try {
    const ops = [chunks].flat().flatMap((chunk) => getOps(chunk as never)) as unknown[][];
    const namespaces = new Set(ops.map(([, namespace]) => String(namespace)));
    return { namespaces: [...namespaces], changes: ops.length };
  } catch {
    return { namespaces: [], changes: 0 };
  }
}
