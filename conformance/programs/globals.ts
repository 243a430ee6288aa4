// Says on the last line which globals were added, changed or removed, and when.

/** What the process is given as its argument. */
export interface Input {
  appId: string;
  apiURI: string;
  websocketURI: string;
}

/** What the process says. */
export interface Changes {
  byImport: string[];
  byInit: string[];
  afterClose: string[];
}

/** The objects that globals are found on: the global object, and those it inherits from. */
function* scopes(): Generator<object> {
  for (let at: object = globalThis; at !== Object.prototype; at = Object.getPrototypeOf(at)) yield at;
}

/** The globals, with all that can be seen of each. */
function globals(): Map<PropertyKey, PropertyDescriptor> {
  // Node makes the value of some globals when they are first read, which is no change of ours.
  for (const scope of scopes()) for (const key of Reflect.ownKeys(scope)) Reflect.get(scope, key, globalThis);
  const found = new Map<PropertyKey, PropertyDescriptor>();
  for (const scope of scopes()) {
    for (const key of Reflect.ownKeys(scope)) {
      const descriptor = Object.getOwnPropertyDescriptor(scope, key);
      if (descriptor && !found.has(key)) found.set(key, descriptor);
    }
  }
  return found;
}

function differences(before: Map<PropertyKey, PropertyDescriptor>): string[] {
  const after = globals();
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.filter((key) => !isSame(before.get(key), after.get(key))).map(String);
}

function isSame(a: PropertyDescriptor | undefined, b: PropertyDescriptor | undefined): boolean {
  if (!a || !b) return a === b;
  const names = ['value', 'get', 'set', 'writable', 'enumerable', 'configurable'] as const;
  return names.every((name) => Object.is(a[name], b[name]));
}

const before = globals();
const { id, init } = await import('@instantdb/node');
const byImport = differences(before);

const imported = globals();
const db = init(JSON.parse(process.argv[2] ?? '') as Input);
const byInit = differences(imported);
await db.ready();
await db.queryOnce({ goals: {} });
await db.transact(db.tx.goals?.[id()]?.update({ title: 'Run' }) ?? []);
await db.close();
console.log(JSON.stringify({ byImport, byInit, afterClose: differences(imported) } satisfies Changes));
