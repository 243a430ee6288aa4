import { type Attr, CHECKED_DATA_TYPES, type Ident } from '../../protocol/attr.ts';
import { isObject } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import type { Path, Reject } from './issue.ts';
import type { AttrUpdate } from './tx-steps.ts';

/** Parses the definition of a new attribute. Keys that the server does not know are dropped. */
export function parseAttr(input: unknown, path: Path, reject: Reject): Attr {
  const valueType = valueTypeOf(input);
  // The other requirements depend on it, so the server stops here.
  if (valueType === undefined) throw reject('instant.db.model.attr/value-type', path);
  const fields = new Fields(input, path, reject);
  const reverse =
    valueType === 'ref'
      ? fields.require('reverse-identity', ident, 'instant.db.model.attr/identity')
      : fields.optional('reverse-identity', ident, 'instant.db.model.attr/identity');
  return {
    id: fields.require('id', uuid, 'uuid?'),
    'value-type': valueType,
    cardinality: fields.require('cardinality', oneOf('one', 'many'), 'instant.db.model.attr/cardinality'),
    'forward-identity': fields.require('forward-identity', ident, 'instant.db.model.attr/identity'),
    ...(reverse && { 'reverse-identity': reverse }),
    'unique?': fields.require('unique?', boolean, 'boolean?'),
    'index?': fields.require('index?', boolean, 'boolean?'),
    'required?': fields.optional('required?', boolean, 'boolean?') ?? false,
    catalog: 'user',
    'inferred-types': null,
    ...present({
      'checked-data-type': fields.optional(
        'checked-data-type',
        oneOf(...CHECKED_DATA_TYPES),
        'instant.db.model.attr/checked-data-type',
      ),
      'on-delete': fields.optional('on-delete', oneOf('cascade'), 'cascade'),
      'on-delete-reverse': fields.optional('on-delete-reverse', oneOf('cascade'), 'cascade'),
    }),
  };
}

/** Parses the changes to an attribute. */
export function parseAttrUpdate(input: unknown, path: Path, reject: Reject): AttrUpdate {
  const fields = new Fields(input, path, reject);
  return {
    id: fields.require('id', uuid, 'uuid?'),
    ...present({
      'forward-identity': fields.optional('forward-identity', ident, 'instant.db.model.attr/identity'),
      'reverse-identity': fields.optional('reverse-identity', ident, 'instant.db.model.attr/identity'),
      'value-type': fields.optional('value-type', isValueType, 'instant.db.model.attr/value-type'),
      cardinality: fields.optional('cardinality', oneOf('one', 'many'), 'instant.db.model.attr/cardinality'),
      'unique?': fields.optional('unique?', boolean, 'boolean?'),
      'index?': fields.optional('index?', boolean, 'boolean?'),
      'required?': fields.optional('required?', boolean, 'boolean?'),
      'on-delete': fields.optional('on-delete', oneOf('cascade'), 'cascade'),
      'on-delete-reverse': fields.optional('on-delete-reverse', oneOf('cascade'), 'cascade'),
    }),
  };
}

const isValueType = oneOf('blob', 'ref');

function valueTypeOf(input: unknown): Attr['value-type'] | undefined {
  const valueType = isObject(input) ? input['value-type'] : undefined;
  return isValueType(valueType) ? valueType : undefined;
}

/** Checks a value; for an invalid one, `explain` may give a more precise expectation. */
type Guard<T> = ((value: unknown) => value is T) & { explain?: (value: unknown) => Expected };

interface Expected {
  expected: string;
  path: Path;
}

/** The fields of one object of the input. */
class Fields {
  readonly #object: Record<string, unknown>;
  readonly #path: Path;
  readonly #reject: Reject;

  constructor(input: unknown, path: Path, reject: Reject) {
    if (!isObject(input)) throw reject('map?', path);
    this.#object = input;
    this.#path = path;
    this.#reject = reject;
  }

  require<T>(key: string, guard: Guard<T>, expected: string): T {
    if (!Object.hasOwn(this.#object, key))
      throw this.#reject(['fn', ['%'], ['contains?', '%', key]], this.#path);
    return this.#read(key, guard, expected);
  }

  /** Null counts as absent. */
  optional<T>(key: string, guard: Guard<T>, expected: string): T | undefined {
    if (this.#object[key] === null || !Object.hasOwn(this.#object, key)) return undefined;
    return this.#read(key, guard, expected);
  }

  #read<T>(key: string, guard: Guard<T>, expected: string): T {
    const value = this.#object[key];
    if (guard(value)) return value;
    const detail = guard.explain?.(value) ?? { expected, path: [] };
    throw this.#reject(detail.expected, [...this.#path, key, ...detail.path]);
  }
}

function uuid(value: unknown): value is string {
  return isUuid(value);
}

function boolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function oneOf<const T extends string>(...options: readonly T[]): Guard<T> {
  return (value: unknown): value is T => options.some((option) => option === value);
}

const IDENT_PARTS = ['id', 'etype', 'label'] as const;

const ident: Guard<Ident> = Object.assign(
  (value: unknown): value is Ident => identProblem(value) === undefined,
  {
    explain: (value: unknown): Expected => identProblem(value) ?? { expected: 'sequential?', path: [] },
  },
);

function identProblem(value: unknown): Expected | undefined {
  if (!Array.isArray(value)) return { expected: 'sequential?', path: [] };
  const missing = IDENT_PARTS[value.length];
  if (missing) return { expected: missing === 'id' ? 'uuid?' : `instant.db.model.attr/${missing}`, path: [] };
  if (!isUuid(value[0])) return { expected: 'uuid?', path: [0] };
  const wrong = value.findIndex(
    (part, index) => index > 0 && (typeof part !== 'string' || part.trim() === ''),
  );
  if (wrong > 0) return { expected: 'instant.util.spec/non-blank-string', path: [wrong] };
  return value.length > 3 ? { expected: 'an id, an etype and a label', path: [3] } : undefined;
}

/** `fields` without those that are undefined. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
