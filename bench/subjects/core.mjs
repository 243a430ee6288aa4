import { init, StoreInterface } from '@instantdb/core';

// What a user would have to do to make core run outside a browser. It has to stay that way: core looks for `window`
// whenever it is called, and for `WebSocket` at each connection.
globalThis.window ??= {};
// Node 20 has none. Elsewhere core gets the runtime's own, as `isows` would give it.
globalThis.WebSocket ??= (await import('ws')).WebSocket;

let opened = 0;

/** Opens a database of core alone; each call opens another one. */
export function openDatabase({ appId, apiURI, websocketURI }) {
  const config = { appId, apiURI, websocketURI, __extraDedupeKey: String(opened++) };
  const db = init(config, MemoryStore, AlwaysOnline);
  return { db, close: async () => db.shutdown() };
}

class MemoryStore extends StoreInterface {
  #items = new Map();

  async getItem(key) {
    return this.#items.get(key) ?? null;
  }

  async removeItem(key) {
    this.#items.delete(key);
  }

  async multiSet(pairs) {
    for (const [key, value] of pairs) this.#items.set(key, value);
  }

  async getAllKeys() {
    return [...this.#items.keys()];
  }
}

const AlwaysOnline = {
  getIsOnline: async () => true,
  listen: () => () => {},
};
