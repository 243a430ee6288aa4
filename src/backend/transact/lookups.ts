import { type Attr, etypeOf, labelOf } from '../../protocol/attr.ts';
import { type ServerError, validationFailed } from '../../protocol/error.ts';
import { canonicalJson, type JsonValue } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import type { AppData } from '../store/app-data.ts';
import { findByLookup, findHolder } from './find-by-lookup.ts';
import { noSuchAttr } from './issue.ts';
import { type EntityRef, isLookup, type Lookup, looksLikeLookup } from './tx-steps.ts';

/** What lookups need from their transaction. */
export interface LookupContext {
  readonly data: AppData;
  readonly options: { newId(): string };
  attr(id: string): Attr;
  put(attr: Attr, e: string, v: JsonValue): boolean;
}

/** The lookups in the steps of one operation: equal lookups are the same entity in all of them. */
export class Lookups {
  readonly #transaction: LookupContext;
  readonly #entities = new Map<string, string>();
  /** By entity, the lookup that created it. */
  readonly #created = new Map<string, Lookup>();

  constructor(transaction: LookupContext) {
    this.#transaction = transaction;
  }

  /** The entity that a step writes to. If a lookup finds none, an entity with the lookup's value is created. */
  write(e: EntityRef): string {
    if (!isLookup(e)) return e;
    const known = this.#find(e);
    if (known !== undefined) return known;
    const id = this.#create(e);
    this.#entities.set(canonicalJson(e), id);
    this.#created.set(id, e);
    return id;
  }

  /** The entity that a step removes something from, if it exists. */
  read(e: EntityRef): string | undefined {
    return isLookup(e) ? this.#findHolder(e) : e;
  }

  /** The value that a step writes for attribute `a`; for a lookup, the entity it finds, which must exist. */
  writeValue(a: string, v: JsonValue): JsonValue {
    if (!looksLikeLookup(v) || !this.#takesLookups(a)) return v;
    const found = this.#find(v);
    if (found !== undefined) return found;
    throw missingTarget(this.#transaction, v);
  }

  /** The value that a step removes; undefined for a lookup that finds nothing. */
  readValue(a: string, v: JsonValue): JsonValue | undefined {
    return looksLikeLookup(v) && this.#takesLookups(a) ? this.#findHolder(v) : v;
  }

  /** The lookup by which the operation created entity `e`. */
  creatorOf(e: string): Lookup | undefined {
    return this.#created.get(e);
  }

  #find(lookup: Lookup): string | undefined {
    const key = canonicalJson(lookup);
    const known = this.#entities.get(key) ?? findByLookup(this.#transaction.data, lookup);
    if (known !== undefined) this.#entities.set(key, known);
    return known;
  }

  #findHolder(lookup: Lookup): string | undefined {
    return this.#entities.get(canonicalJson(lookup)) ?? findHolder(this.#transaction.data, lookup);
  }

  #create([a, v]: Lookup): string {
    const attr = this.#transaction.attr(a);
    // The server searches only unique attributes for it.
    if (!attr['unique?']) throw noSuchAttr(a);
    const id = labelOf(attr) === 'id' && isUuid(v) ? v : this.#transaction.options.newId();
    this.#transaction.put(attr, id, v);
    return id;
  }

  #takesLookups(a: string): boolean {
    const attr = this.#transaction.data.catalog.byId(a);
    return attr !== undefined && (attr['value-type'] === 'ref' || labelOf(attr) === 'id');
  }
}

function missingTarget(transaction: LookupContext, [a, value]: Lookup): ServerError {
  const attr = transaction.data.catalog.byId(a);
  const input = {
    'attribute-id': a,
    namespace: attr ? etypeOf(attr) : null,
    label: attr ? labelOf(attr) : null,
    value,
  };
  return validationFailed('lookup', input, [{ message: 'The entity for the lookup does not exist.' }]);
}
