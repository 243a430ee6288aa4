import { getOwn, setOwn } from './own.ts';
import type { Peers } from './peers.ts';

/** Which part of a room's presence is wanted, as in core. */
export interface PresenceOptions {
  /** Whether to include one's own presence. Default true. */
  user?: boolean;
  /** The session ids of the peers to include; all by default. */
  peers?: readonly string[];
  /** The keys to include from each presence; all by default. */
  keys?: readonly string[];
  initialPresence?: object;
  initialData?: object;
}

/**
 * Checks options early: a bad one would only fail at a notification, and other subscribers would miss that.
 *
 * @throws {TypeError} naming the method that they were passed to.
 */
export function assertPresenceOptions(method: string, options: unknown): void {
  const { keys, peers } = Object(options) as Record<string, unknown>;
  for (const [name, value] of Object.entries({ keys, peers })) {
    if (value === undefined || value === null || Array.isArray(value)) continue;
    throw new TypeError(`Cannot call ${method}(): ${name} is of type ${typeof value}, expected an array`);
  }
}

/** What is known of the presence in a room. */
export interface Presence {
  readonly user: object | undefined;
  readonly peers: Peers;
}

type Shown = object & { peerId: string };

/** What a subscriber of presence gets. It is never changed afterwards. */
export interface PresenceSlice {
  readonly peers: Readonly<Record<string, Shown>>;
  readonly user?: Shown;
  readonly isLoading: boolean;
  readonly error: unknown;
}

/** The people of a {@link PresenceSlice}. */
export function peopleOf(
  { user, peers }: Presence,
  options: PresenceOptions | undefined,
  sessionId: string,
): Pick<PresenceSlice, 'peers' | 'user'> {
  const keys = options?.keys;
  const shown = {};
  for (const [id, data] of peers) {
    if (isWanted(id, options?.peers)) setOwn(shown, id, withId(data, keys, id));
  }
  const wantsUser = options && Object.hasOwn(options, 'user') ? options.user : true;
  return { peers: shown, ...(wantsUser ? { user: withId(user ?? {}, keys, sessionId) } : {}) };
}

/** Whether to notify a subscriber: compares each person shallowly, as core does. */
export function hasChanged(before: PresenceSlice, after: PresenceSlice): boolean {
  if (before.isLoading !== after.isLoading || before.error !== after.error) return true;
  if (!isSame(before.user, after.user)) return true;
  const ids = Object.keys(before.peers);
  return (
    ids.length !== Object.keys(after.peers).length ||
    ids.some((id) => !isSame(getOwn(before.peers, id), getOwn(after.peers, id)))
  );
}

function isWanted(id: string, wanted: readonly string[] | undefined): boolean {
  return wanted === undefined || (Array.isArray(wanted) && wanted.includes(id));
}

function withId(data: unknown, keys: readonly string[] | undefined, peerId: string): Shown {
  if (!keys) return { ...(data as object | undefined), peerId };
  const picked = {};
  for (const key of keys) setOwn(picked, key, getOwn(data, key));
  return { ...picked, peerId };
}

function isSame(a: unknown, b: unknown): boolean {
  if (!a || !b) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && getOwn(a, key) === getOwn(b, key))
  );
}
