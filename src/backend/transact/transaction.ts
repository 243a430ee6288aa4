import type { Attr } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { AppData } from '../store/app-data.ts';
import { checkUnique, checkValue } from './check-value.ts';
import { noSuchAttr } from './issue.ts';
import { Lookups } from './lookups.ts';
import type { TxPlan } from './tx-plan.ts';

/** Looks at a transaction before it is kept. Both methods throw to refuse it. */
export interface TransactGuard {
  /** Called while the data is as it was. */
  before(plan: TxPlan): void;
  /** Called when the data has become what the transaction makes of it. */
  after(plan: TxPlan): void;
}

/** How a transaction runs, and where what it must not make up itself comes from. */
export interface TransactOptions {
  /** Whether the steps come with full access. Without it, system namespaces and attributes are guarded. */
  admin: boolean;
  /** Whether the backend itself writes: then the columns that not even admins may write are open too. */
  system?: boolean;
  /** Who may refuse it for what it does. */
  guard?: TransactGuard | undefined;
  /** The time, in epoch milliseconds. */
  now: number;
  /** The time that new triples get; default `now`. */
  createdAt?: number | undefined;
  /** A new id, for an entity that a lookup creates. */
  newId(): string;
}

/** A transaction under way: the data it changes, and the few ways in which triples get written. */
export class Transaction {
  readonly data: AppData;
  readonly options: TransactOptions;
  /** The time that new triples get. */
  readonly createdAt: number;
  #lookups: Lookups;

  constructor(data: AppData, options: TransactOptions) {
    this.data = data;
    this.options = options;
    this.createdAt = options.createdAt ?? options.now;
    this.#lookups = new Lookups(this);
  }

  /** The lookups of the operation that runs. */
  get lookups(): Lookups {
    return this.#lookups;
  }

  /** Begins an operation: what the one before has written is found by its lookups. */
  begin(): void {
    this.#lookups = new Lookups(this);
  }

  /** The attribute that a step writes to. */
  attr(id: string): Attr {
    const attr = this.data.catalog.byId(id);
    if (attr) return attr;
    throw noSuchAttr(id);
  }

  /** Stores a value after the checks that hold for every single value; returns whether anything changed. */
  put(attr: Attr, e: string, v: JsonValue): boolean {
    checkValue(attr, e, v);
    checkUnique(this.data.triples, attr, e, v);
    return this.data.triples.add(attr, e, v, this.createdAt);
  }
}
