import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AppData, createAppData } from '../../src/backend/store/app-data.ts';
import { systemAttrId } from '../../src/backend/store/system-attrs.ts';
import { type TransactOptions, transact, transactSteps } from '../../src/backend/transact/index.ts';
import { type Attr, etypeOf, labelOf, type Triple } from '../../src/protocol/attr.ts';
import { isObject, type JsonValue } from '../../src/protocol/json.ts';
import { isGrammarRefusal, rawSteps } from './raw-steps.ts';

/** One op of a case's setup. */
export type SetupOp =
  | { op: 'transact'; steps: unknown }
  | { op: 'create-user'; user: { id: string; email?: string; type?: string } }
  | { op: 'create-file'; file: GoldenFile }
  | { op: 'link-guest'; args: { 'primary-user-id': string; 'guest-user-id': string } }
  | { op: 'upload-file'; path: string; 'content-type'?: string; bytes: number[] };

interface GoldenFile {
  id: string;
  path: string;
  'location-id': string;
  metadata: { size: number; 'content-type'?: string | undefined; 'content-disposition'?: string };
}

/** What all golden cases have in common. */
export interface GoldenCase {
  id: string;
  source: string;
  dataset: string;
  setup?: SetupOp[];
  names?: Record<string, string>;
  auth: null | { admin?: boolean; user?: Record<string, unknown> };
  flags?: string[];
  layer?: string;
  /** `raw` where the source calls below what every client passes. */
  via?: string;
  steps?: unknown;
}

/** A triple as the cases write it: names for ids, `etype/label` for the attribute, no time. */
export type NamedTriple = [e: string, attr: string, v: unknown];

/** The app of one case, ready for its query or transaction. */
export interface OpenCase {
  readonly data: AppData;
  /** Replaces the names in a JSON value by ids: of entities, and `attr:etype/label`. */
  toIds(value: unknown): unknown;
  /** Replaces the names in steps by ids, and spells out the short form that sources have for writing an entity. */
  stepsOf(steps: unknown): unknown;
  /** Replaces the ids of entities in a JSON value by their names. */
  toNames(value: unknown): unknown;
  /** A triple of an answer or of the store in the notation of the cases. */
  nameTriple(triple: Triple): NamedTriple;
  /** Whether the setup of the case has steps that no client can send. */
  readonly setupIsBelowGrammar: boolean;
  /** Runs a transaction in the app at the next instant; ids are drawn from a sequence. */
  transact(steps: unknown, access: Access): void;
  /** The same, with steps that no client can send. */
  transactRaw(steps: unknown, access: Access): void;
}

type Access = Pick<TransactOptions, 'admin' | 'system' | 'guard'>;

interface Dataset {
  names: Record<string, string>;
  systemUsers?: { id: string; email: string }[];
  triples: [e: string, attr: string, v: JsonValue][];
  attrs: Record<string, Attr[]>;
}

interface Loaded {
  names: Record<string, string>;
  attrs: Attr[];
  triples: Triple[];
}

const DATASET_START = Date.UTC(2020, 0, 1);
const CASE_START = Date.UTC(2024, 0, 1);
/**
 * The clock of a backend that goes on where the setup of a case ends: a minute later, so that what the setup did is
 * neither to come nor long ago.
 */
export function caseNow(): number {
  return CASE_START + 60_000 + Math.floor(performance.now());
}

const DATASET_FILES = ['zeneca', 'movies'] as const;

const cache = new Map<string, Loaded>();

/** The cases of a file in `folder`. Long texts, which the cases write as `{"$repeat": ["a", n]}`, are written out. */
export function loadCases<Case extends GoldenCase>(folder: string, file: string): Case[] {
  return writtenOut(readJson(join(folder, file))) as Case[];
}

function writtenOut(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(writtenOut);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === '$repeat') {
    const [text, times] = entries[0][1] as [string, number];
    return text.repeat(times);
  }
  return Object.fromEntries(entries.map(([key, item]) => [key, writtenOut(item)]));
}

/** The app of a case: its data set, after its setup. Every call makes a new one. */
export function openCase(folder: string, testCase: GoldenCase): OpenCase {
  const { names, attrs, triples } = loadDataset(folder, testCase.dataset);
  const data = createAppData();
  data.undoLog.transaction(() => {
    for (const attr of attrs) data.catalog.put(attr);
    for (const triple of triples) data.triples.load(triple);
  });
  const opened = new Opened(data, { ...names, ...testCase.names }, attrIds(testCase));
  for (const op of testCase.setup ?? []) runSetup(opened, op);
  return opened;
}

class Opened implements OpenCase {
  readonly data: AppData;
  setupIsBelowGrammar = false;
  readonly #ids: ReadonlyMap<string, string>;
  readonly #names: ReadonlyMap<string, string>;
  readonly #attrIds: ReadonlyMap<string, string>;
  #transactions = 0;
  #created = 0;

  constructor(data: AppData, names: Record<string, string>, caseAttrIds: ReadonlyMap<string, string>) {
    this.data = data;
    this.#ids = new Map(Object.entries(names));
    this.#names = new Map(Object.entries(names).map(([name, id]) => [id, name]));
    this.#attrIds = caseAttrIds;
  }

  toIds(value: unknown): unknown {
    return mapStrings(repeated(value), (text) => this.#ids.get(text) ?? this.#attrId(text) ?? text);
  }

  stepsOf(steps: unknown): unknown {
    const resolved = this.toIds(steps);
    return Array.isArray(resolved) ? resolved.flatMap((step) => this.#spelledOut(step)) : resolved;
  }

  toNames(value: unknown): unknown {
    return mapStrings(value, (text) => this.#names.get(text) ?? text);
  }

  nameTriple([e, a, v]: Triple): NamedTriple {
    const attr = this.data.catalog.byId(a);
    const name = attr ? `${etypeOf(attr)}/${labelOf(attr)}` : a;
    return [this.#names.get(e) ?? e, name, this.toNames(v)];
  }

  transact(steps: unknown, access: Access): void {
    transact(this.data, steps, this.#options(access));
  }

  transactRaw(steps: unknown, access: Access): void {
    transactSteps(this.data, rawSteps(steps), this.#options(access));
  }

  #options(access: Access): TransactOptions {
    this.#transactions++;
    return {
      ...access,
      now: CASE_START + this.#transactions,
      newId: () => `00000000-0000-4000-b000-${String(++this.#created).padStart(12, '0')}`,
    };
  }

  /** `{ id, etype, … }` writes every other key, and the id. */
  #spelledOut(step: unknown): unknown[] {
    if (!isObject(step) || typeof step.id !== 'string' || typeof step.etype !== 'string') return [step];
    const { etype, ...values } = step;
    return Object.entries(values).map(([label, v]) => [
      'add-triple',
      step.id,
      this.#attrId(`attr:${etype}/${label}`),
      v,
    ]);
  }

  /** The id behind `attr:etype/label`: of an attribute that exists, or of one that the case is about to add. */
  #attrId(text: string): string | undefined {
    if (!text.startsWith('attr:')) return undefined;
    const name = text.slice('attr:'.length);
    const slash = name.indexOf('/');
    const [etype, label] = [name.slice(0, slash), name.slice(slash + 1)];
    const id = this.data.catalog.byForward(etype, label)?.id ?? this.#attrIds.get(name);
    if (id === undefined) throw new Error(`No attribute "${name}" in this case`);
    return id;
  }
}

function runSetup(opened: Opened, op: SetupOp): void {
  switch (op.op) {
    case 'transact':
      setUp(opened, opened.stepsOf(op.steps));
      return;
    case 'create-user':
      opened.transact(opened.toIds(entitySteps('$users', op.user)), { admin: true });
      return;
    case 'create-file':
      createFile(opened, op.file);
      return;
    case 'upload-file': {
      const metadata = { size: op.bytes.length, 'content-type': op['content-type'] };
      createFile(opened, { id: randomUUID(), path: op.path, 'location-id': randomUUID(), metadata });
      return;
    }
    case 'link-guest': {
      const link = systemAttrId('$users', 'linkedPrimaryUser');
      const steps = [['add-triple', op.args['guest-user-id'], link, op.args['primary-user-id']]];
      opened.transact(opened.toIds(steps), { admin: true });
      return;
    }
    default:
      throw new Error(`Unknown setup op in a golden case: ${JSON.stringify(op satisfies never)}`);
  }
}

/** The row of a file; there is no content behind it. */
function createFile(opened: Opened, { metadata, ...file }: GoldenFile): void {
  const values = { ...file, 'key-version': 1, ...metadata };
  opened.transact(opened.toIds(entitySteps('$files', values)), { admin: true, system: true });
}

/** Some sources write what only the backend itself may, such as the place of a file, or what nobody can send. */
function setUp(opened: Opened, steps: unknown): void {
  const access = { admin: true, system: true };
  try {
    opened.transact(steps, access);
  } catch (error) {
    if (!isGrammarRefusal(error)) throw error;
    opened.transactRaw(steps, access);
    opened.setupIsBelowGrammar = true;
  }
}

/** The steps that create an entity of a system namespace. */
function entitySteps(
  etype: '$users' | '$files',
  values: { id: string } & Record<string, unknown>,
): unknown[] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([label, value]) => ['add-triple', values.id, systemAttrId(etype, label), value]);
}

/** The ids of the attributes that a case itself adds, by `etype/label`. */
function attrIds({ setup = [], steps }: GoldenCase): Map<string, string> {
  const all = [...setup.map((op) => (op.op === 'transact' ? op.steps : [])), steps];
  const added = all
    .flatMap((list: unknown) => (Array.isArray(list) ? (list as unknown[]) : []))
    // Some are malformed on purpose.
    .flatMap((step) => (Array.isArray(step) && step[0] === 'add-attr' && isObject(step[1]) ? [step[1]] : []));
  return new Map(added.flatMap(({ id, 'forward-identity': identity }) => namedId(id, identity)));
}

function namedId(id: unknown, identity: unknown): [name: string, id: string][] {
  return Array.isArray(identity) && typeof id === 'string' ? [[identity.slice(1).join('/'), id]] : [];
}

/**
 * A data set as the source's tests load it: attributes and triples by transactions, one for each entity, in the order
 * of the file, so that the entities keep that order of creation; then its `$users`.
 */
function loadDataset(folder: string, variant: string): Loaded {
  const cached = cache.get(`${folder}\u0000${variant}`);
  if (cached) return cached;
  const loaded = buildDataset(folder, variant);
  cache.set(`${folder}\u0000${variant}`, loaded);
  return loaded;
}

function buildDataset(folder: string, variant: string): Loaded {
  if (variant === 'empty') return { names: {}, attrs: [], triples: [] };
  const dataset = DATASET_FILES.map(
    (name) => readJson(join(folder, 'datasets', `${name}.json`)) as Dataset,
  ).find(({ attrs }) => Object.hasOwn(attrs, variant));
  const attrs = dataset?.attrs[variant];
  if (!dataset || !attrs) throw new Error(`No data set "${variant}" in ${folder}`);
  const data = createAppData();
  const ids = new Map(attrs.map((attr) => [`${etypeOf(attr)}/${labelOf(attr)}`, attr.id]));
  let now = DATASET_START;
  const run = (steps: unknown): unknown => {
    return transact(data, steps, { admin: true, now: now++, newId: unexpectedLookup });
  };
  run(attrs.map((attr) => ['add-attr', attr]));
  for (const steps of stepsByEntity(dataset, ids)) run(steps);
  for (const user of dataset.systemUsers ?? []) run(entitySteps('$users', user));
  return {
    names: dataset.names,
    attrs: data.catalog.list().filter((attr) => attr.catalog === 'user'),
    triples: data.catalog.list().flatMap((attr) => [...data.triples.attr(attr.id)]),
  };
}

function stepsByEntity({ triples }: Dataset, ids: ReadonlyMap<string, string>): Iterable<unknown[]> {
  const byEntity = new Map<string, unknown[]>();
  for (const [e, name, v] of triples) {
    const step = ['add-triple', e, ids.get(name), v];
    const steps = byEntity.get(e);
    if (steps) steps.push(step);
    else byEntity.set(e, [step]);
  }
  return byEntity.values();
}

function unexpectedLookup(): never {
  throw new Error('A data set has no lookups');
}

/** A value with `{"$repeat": [text, n]}` written out. */
function repeated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(repeated);
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  const [first] = entries;
  if (first?.[0] !== '$repeat' || entries.length > 1) {
    return Object.fromEntries(entries.map(([key, item]) => [key, repeated(item)]));
  }
  const [text, times] = first[1] as [string, number];
  return text.repeat(times);
}

function mapStrings(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, replace));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, replace)]));
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
