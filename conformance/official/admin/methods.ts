type Target = Record<string, unknown>;

/** What a database keeps for itself, beside its methods and the namespaces that hold more of them. */
const NO_NAMESPACES = ['config', 'impersonationOpts', 'tx', 'schema'];

function isNamespace(name: string, value: unknown): value is Target {
  return typeof value === 'object' && value !== null && !NO_NAMESPACES.includes(name);
}

function namesOf(target: object): string[] {
  const names = new Set<string>();
  for (let level = target; level && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) if (name !== 'constructor') names.add(name);
  }
  return [...names];
}

/**
 * The public methods of a database by reflection, in full and by namespace: `query` under `''`, `auth.createToken` under
 * `auth`, `webhooks.manager.list` under `webhooks.manager`.
 */
export function methodsOf(database: object, namespace = ''): Record<string, string[]> {
  const target = database as Target;
  const methods: Record<string, string[]> = { [namespace]: [] };
  for (const name of namesOf(database)) {
    const value = target[name];
    const path = namespace === '' ? name : `${namespace}.${name}`;
    if (typeof value === 'function') methods[namespace].push(path);
    else if (isNamespace(name, value)) Object.assign(methods, methodsOf(value, path));
  }
  return methods;
}

/** The same database; `called` gets each method that is called through it, or through what its `asUser` gives. */
export function recorded<Database extends object>(
  database: Database,
  called: Set<string>,
  namespace = '',
): Database {
  return new Proxy(database, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof name === 'symbol') return value;
      const path = namespace === '' ? name : `${namespace}.${name}`;
      if (isNamespace(name, value)) return recorded(value, called, path);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        called.add(path);
        const result: unknown = Reflect.apply(value, target, args);
        return name === 'asUser' ? recorded(result as object, called) : result;
      };
    },
  });
}
