import type { PersistedObject } from '../core-internals/persisted-object.ts';

/** The key of `kv` under which core keeps the current user. */
const USER_KEY = 'currentUser';

/** A user as core's `kv` holds it: printed, it shows no token. */
class SealedUser {
  readonly #user: unknown;

  constructor(user: unknown) {
    this.#user = user;
  }

  static open(held: unknown): unknown {
    return held instanceof SealedUser ? held.#user : held;
  }
}

/** Seals a user for core's `kv`. null and undefined stay as they are, because core checks for them. */
export function sealed(user: unknown): unknown {
  return user === null || user === undefined || user instanceof SealedUser ? user : new SealedUser(user);
}

/** The user in a value of core's `kv`. Older versions of core stored it as JSON. */
export function unsealed(held: unknown): unknown {
  const user = SealedUser.open(held);
  return typeof user === 'string' ? JSON.parse(user) : user;
}

/** Makes core's `kv` hold users sealed. What is stored stays as core writes it. */
export function sealUserIn(kv: object): void {
  const state = kv as PersistedObject;
  const { parse, serialize } = state;
  state.parse = (key, stored) => {
    const held = parse(key, stored);
    return key === USER_KEY ? sealed(held) : held;
  };
  state.serialize = (key, held) => serialize(key, key === USER_KEY ? SealedUser.open(held) : held);
}
