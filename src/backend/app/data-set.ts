import { InstantNodeError } from '../../errors.ts';
import type { Attr, Triple } from '../../protocol/attr.ts';
import { canonicalJson, isObject, type JsonValue } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import type { AppData } from '../store/app-data.ts';

/** The whole content of an app, as plain values. */
export interface DataSet {
  /** The attributes that are not the system's, including deleted ones that can still be restored. */
  attrs: Attr[];
  /** All triples, with their times. */
  triples: Triple[];
}

/** What a server adds to an attribute while a job checks its values. */
const JOB_MARKS = ['indexing?', 'checking-data-type?', 'setting-unique?'] as const;

/** The whole content of an app, with its rules. */
export interface Snapshot extends DataSet {
  /** The permission rules as they were given; null for none. */
  rules: JsonValue;
}

/** What an app holds at this moment, in an order that depends only on the content: equal contents compare equal. */
export function snapshotOf({ catalog, triples }: AppData): DataSet {
  const attrs = [...catalog.list(), ...catalog.deleted()].sort((a, b) => compare(a.id, b.id));
  return {
    attrs: attrs.filter((attr) => attr.catalog === 'user').map((attr) => structuredClone(attr)),
    triples: attrs.flatMap((attr) => sorted(triples.attr(attr.id)).map(copyOf)),
  };
}

// Most values are strings and numbers; cloning those would cost more than the rest of a snapshot together.
function copyOf([e, a, v, t]: Triple): Triple {
  return [e, a, typeof v === 'object' ? structuredClone(v) : v, t];
}

function sorted(triples: Iterable<Triple>): Triple[] {
  return [...triples].sort(
    (a, b) => compare(a[0], b[0]) || compare(canonicalJson(a[2]), canonicalJson(b[2])),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Checks that a data set can be loaded into an app, and returns a copy. System attributes that it lists are left out,
 * since the app has them; all others become the user's.
 *
 * @throws {InstantNodeError} `invalid-config` that names the first unusable attribute or triple.
 */
export function checkDataSet(input: Partial<DataSet>, data: AppData): DataSet {
  if (!isObject(input)) throw unusable('the data set', 'expected { attrs, triples }');
  const { attrs = [], triples = [] } = input;
  if (!Array.isArray(attrs)) throw unusable('"attrs"', 'expected an array');
  if (!Array.isArray(triples)) throw unusable('"triples"', 'expected an array');
  for (const [i, attr] of attrs.entries()) {
    if (!isAttr(attr)) throw unusable(`"attrs" at ${i}`, 'expected an attribute as the server sends it');
  }
  const known = new Set([...data.catalog.list(), ...attrs].map((attr) => attr.id));
  for (const [i, triple] of triples.entries()) {
    if (!isTriple(triple))
      throw unusable(`"triples" at ${i}`, 'expected [entity id, attribute id, value, time]');
    if (!known.has(triple[1])) throw unusable(`"triples" at ${i}`, `attribute "${triple[1]}" is not known`);
  }
  const own = attrs.filter((attr) => data.catalog.byId(attr.id)?.catalog !== 'system');
  return {
    attrs: own.map(withoutJobs),
    triples: triples.map(copyOf),
  };
}

/** A copy without the marks of jobs that the server it comes from was running: none of them runs here. */
function withoutJobs(attr: Attr): Attr {
  const copy: Attr & Partial<Record<(typeof JOB_MARKS)[number], unknown>> = structuredClone(attr);
  for (const mark of JOB_MARKS) delete copy[mark];
  return { ...copy, catalog: 'user' };
}

/**
 * Checks that a snapshot, apart from its rules, can be restored in an app, and returns a copy.
 *
 * @throws {InstantNodeError} `invalid-config` that says what is missing or unusable.
 */
export function checkSnapshot(input: Snapshot, data: AppData): Snapshot {
  for (const name of ['attrs', 'triples', 'rules'] as const) {
    if (!isObject(input) || input[name] === undefined) {
      throw unusable('the snapshot', `expected { attrs, triples, rules }, and "${name}" is missing`);
    }
  }
  return { ...checkDataSet(input, data), rules: structuredClone(input.rules) };
}

function isAttr(value: unknown): value is Attr {
  if (!isObject(value)) return false;
  const { 'value-type': valueType, cardinality, 'reverse-identity': reverse } = value;
  return (
    isUuid(value.id) &&
    (valueType === 'ref' || valueType === 'blob') &&
    (cardinality === 'one' || cardinality === 'many') &&
    isIdent(value['forward-identity']) &&
    // A link that an update made out of a plain attribute has no reverse identity.
    (isIdent(reverse) || reverse === undefined)
  );
}

function isIdent(value: unknown): boolean {
  return Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === 'string');
}

function isTriple(value: unknown): value is Triple {
  if (!Array.isArray(value) || value.length !== 4) return false;
  const [e, a, v, t] = value as unknown[];
  return isUuid(e) && isUuid(a) && v !== undefined && Number.isFinite(t);
}

function unusable(what: string, problem: string): InstantNodeError {
  return new InstantNodeError('invalid-config', `Cannot load ${what}: ${problem}`);
}
