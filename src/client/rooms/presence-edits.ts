import { isObject } from '../../protocol/json.ts';
import { getOwn, setOwn } from './own.ts';
import { type Peers, peersOf, shownIn } from './peers.ts';

type Key = string | number;

/** A change to the server's state of a room, at a path that begins with a session's id. */
interface Edit {
  path: readonly Key[];
  op: '+' | 'r' | '-';
  value: unknown;
}

/** The outcome of edits. */
export interface Edited {
  peers: Peers;
  /** Edits that could not be applied and were skipped: how many, and what is wrong with the first. */
  skipped: { count: number; first: string } | undefined;
}

/**
 * The peers in a room after a server's edits; edits of the session's own entry are ignored.
 *
 * `+` adds a key or inserts an item, `r` replaces, `-` removes; missing objects on the way to a new value are created.
 * Unlike in core, paths only reach own properties, and an object that loses its last key stays as an empty one, as it
 * does on the server.
 */
export function applyEdits(peers: Peers, edits: readonly unknown[], sessionId: string): Edited {
  const next = new Editing(peers, sessionId);
  let skipped: Edited['skipped'];
  for (const edit of edits) {
    const problem = isEdit(edit) ? next.apply(asEdit(edit)) : 'it is no [path, operation, value]';
    if (problem === undefined) continue;
    skipped ??= { count: 0, first: problem };
    skipped.count++;
  }
  return { peers: next.peers, skipped };
}

function isEdit(edit: unknown): edit is [Key[], Edit['op'], unknown?] {
  if (!Array.isArray(edit)) return false;
  const [path, op] = edit;
  if (!Array.isArray(path) || !path.every((key) => typeof key === 'string' || typeof key === 'number')) {
    return false;
  }
  return op === '-' || ((op === '+' || op === 'r') && edit.length > 2);
}

function asEdit([path, op, value]: [Key[], Edit['op'], unknown?]): Edit {
  return { path, op, value };
}

/** Copies what it changes, once, however many edits there are. */
class Editing {
  peers: Map<string, unknown>;
  readonly #sessionId: string;
  readonly #copies = new WeakSet<object>();

  constructor(peers: Peers, sessionId: string) {
    this.peers = new Map(peers);
    this.#sessionId = sessionId;
  }

  /** Applies an edit, or returns why that is impossible and does nothing. */
  apply(edit: Edit): string | undefined {
    const [id, field, ...rest] = edit.path;
    if (id === undefined) return this.#replaceAll(edit);
    // Nothing else of a session's entry is known here.
    if (String(id) === this.#sessionId || (field !== undefined && field !== 'data')) return undefined;
    if (field === undefined) return this.#setEntry(String(id), edit);
    const data = this.peers.get(String(id));
    const problem = whyNot(data, rest, edit.op);
    if (problem === undefined) this.#changeWithin(String(id), edit);
    return problem;
  }

  #replaceAll({ op, value }: Edit): string | undefined {
    if (op !== 'r' || !isObject(value)) return 'it has no path';
    this.peers = new Map(peersOf(value, this.#sessionId));
    return undefined;
  }

  #setEntry(id: string, { op, value }: Edit): undefined {
    if (op === '-') this.peers.delete(id);
    else this.peers.set(id, shownIn(value));
  }

  #changeWithin(id: string, { path, op, value }: Edit): void {
    const entry = { data: this.peers.get(id) };
    let place: object = entry;
    for (const [index, key] of path.entries()) {
      if (index === 0) continue;
      const known = getOwn(place, key);
      if (op === '-' && known === undefined) return;
      if (index === path.length - 1) changeAt(place, key, op, value);
      else {
        const inner = this.#copyOf(known ?? emptyFor(path[index + 1]));
        setOwn(place, key, inner);
        place = inner;
      }
    }
    this.peers.set(id, entry.data);
  }

  #copyOf(known: unknown): object {
    const value = known as object;
    if (this.#copies.has(value)) return value;
    const copy = Array.isArray(value) ? value.slice() : { ...value };
    this.#copies.add(copy);
    return copy;
  }
}

/** Why an edit cannot be applied at a path within `data`. */
function whyNot(data: unknown, path: readonly Key[], op: Edit['op']): string | undefined {
  let place = data;
  for (const key of path) {
    if (place === undefined) {
      if (op === '-') return undefined;
      place = emptyFor(key);
    }
    if (typeof place !== 'object' || place === null) return 'its path leads into what is no object';
    if (Array.isArray(place) && !isIndex(key, place.length)) return 'its path leads beside an array';
    place = getOwn(place, key);
  }
  return undefined;
}

/** One past the end counts: an item can be added there. */
function isIndex(key: Key, length: number): boolean {
  return Number.isInteger(key) && Number(key) >= 0 && Number(key) <= length;
}

function emptyFor(key: Key | undefined): object {
  return typeof key === 'number' ? [] : {};
}

function changeAt(place: object, key: Key, op: Edit['op'], value: unknown): void {
  const index = Array.isArray(place) && typeof key === 'number' ? key : undefined;
  if (op === '-' && index === undefined) Reflect.deleteProperty(place, key);
  else if (op === '-') (place as unknown[]).splice(index as number, 1);
  else if (op === '+' && index !== undefined) (place as unknown[]).splice(index, 0, value);
  else setOwn(place, key, value);
}
