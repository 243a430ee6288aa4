import type { StorageChoice, StorageKinds } from '../../drivers/storage/kinds/index.ts';
import type { GivenOptions, StorageKind, StorageOption } from '../../drivers/storage/storage-kind.ts';
import { invalidOption, refusedOption } from '../../invalid-option.ts';

/** Names of the options that only some kinds of storage have. */
export function storageOptionNames(kinds: StorageKinds): string[] {
  return [...new Set(Object.values(kinds).flatMap(namesOf))];
}

/**
 * Parses the options that say where data is kept. `Store`, core's name for a class, counts when there is no `storage`.
 */
export function parseStorage(config: GivenOptions, kinds: StorageKinds): StorageChoice {
  const rows: [name: string, kind: StorageKind][] = Object.entries(kinds);
  const { storage = storeOf(config) ?? rows[0]?.[0] } = config;
  const row = rows.find(([name, { given }]) => (given ? given.matches(storage) : storage === name));
  const given = { ...config, storage };
  checkOptions(given, rows, row?.[1]);
  if (row) return { kind: row[0], ...row[1].read(given) } as StorageChoice;
  const wanted = rows.map(([name, { given }]) => given?.what ?? `"${name}"`);
  const last = wanted.pop();
  throw refusedOption('storage', storage, `${wanted.join(', ')}, or ${last}`);
}

function storeOf({ Store }: GivenOptions): unknown {
  if (Store === undefined || typeof Store === 'function') return Store;
  throw refusedOption('Store', Store, 'a class');
}

/** Throws when an option cannot be used, or belongs only to kinds other than the `chosen` one. */
function checkOptions(
  config: GivenOptions,
  rows: readonly [name: string, kind: StorageKind][],
  chosen: StorageKind | undefined,
): void {
  const options = new Map<string, StorageOption>();
  for (const [, kind] of rows) for (const option of kind.options) options.set(option.name, option);
  const given = [...options.values()].filter(({ name }) => config[name] !== undefined);
  for (const { name, check } of given) check?.(config[name]);
  for (const { name, misplaced } of given) {
    if (chosen && namesOf(chosen).includes(name)) continue;
    const owners = rows.filter(([, kind]) => namesOf(kind).includes(name));
    // Probably meant as one of these: its own fault is then the one to name.
    if (!chosen && typeof config.storage !== 'string' && owners.every(([, { given }]) => given)) continue;
    const names = owners.map(([owner]) => owner);
    throw misplaced?.(config[name], names) ?? belongsTo(name, names);
  }
}

function belongsTo(option: string, kinds: readonly string[]): Error {
  const named = kinds.map((kind) => `"${kind}"`).join(' or ');
  return invalidOption(`option "${option}" is given, expected nothing: storage is not ${named}`);
}

function namesOf({ options }: StorageKind): string[] {
  return options.map(({ name }) => name);
}
