import type { Attr } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { AppData } from '../store/app-data.ts';
import { checkUnique, checkValue } from './check-value.ts';
import { noSuchAttr } from './issue.ts';
import { Lookups } from './lookups.ts';
import type { TxPlan } from './tx-plan.ts';

/** Checks a transaction before it is committed. Both methods throw to refuse it. */
export interface TransactGuard {
  /** Called before anything is written. */
  before(plan: TxPlan): void;
  /** Called after everything is written. */
  after(plan: TxPlan): void;
}

/** Options of a transaction, including the clock and the source of ids. */
export interface TransactOptions {
  /** Whether the steps have full access. Without it, system namespaces and attributes are protected. */
  admin: boolean;
  /** Whether the backend itself writes: it may write even columns that are closed to admins. */
  system?: boolean;
  /** May refuse the transaction because of its effects. */
  guard?: TransactGuard | undefined;
  /** The time, in epoch milliseconds. */
  now: number;
  /** The creation time of new triples; default `now`. */
  createdAt?: number | undefined;
  /** Returns a new id, for an entity that a lookup creates. */
  newId(): string;
}

/** A running transaction: the data it changes, and the few ways in which triples are written. */
export class Transaction {
  readonly data: AppData;
  readonly options: TransactOptions;
  /** The creation time of new triples. */
  readonly createdAt: number;
  #lookups: Lookups;

  constructor(data: AppData, options: TransactOptions) {
    this.data = data;
    this.options = options;
    this.createdAt = options.createdAt ?? options.now;
    this.#lookups = new Lookups(this);
  }

  /** The lookups of the running operation. */
  get lookups(): Lookups {
    return this.#lookups;
  }

  /** Starts an operation: its lookups find what earlier ones have written. */
  begin(): void {
    this.#lookups = new Lookups(this);
  }

  /** The attribute that a step writes to. */
  attr(id: string): Attr {
    const attr = this.data.catalog.byId(id);
    if (attr) return attr;
    throw noSuchAttr(id);
  }

  /** Stores a value after the checks that apply to every single value; returns whether anything changed. */
  put(attr: Attr, e: string, v: JsonValue): boolean {
    checkValue(attr, e, v);
    checkUnique(this.data.triples, attr, e, v);
    return this.data.triples.add(attr, e, v, this.createdAt);
  }
}
