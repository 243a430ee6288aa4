import { readFileSync, writeFileSync } from 'node:fs';
import { StoreInterface } from '@instantdb/core';

/**
 * A class of core's `StoreInterface` that holds values as JSON in memory, so that reading one costs what it must: the
 * reader may change what it gets.
 * @param {Record<string, string>} held under `<store>:<key>`
 */
export function heldStore(held) {
  const texts = new Map(Object.entries(held));
  const Store = class extends StoreInterface {
    #prefix;

    constructor(appId, name) {
      super(appId, name);
      this.#prefix = `${name}:`;
    }

    async getItem(key) {
      return JSON.parse(texts.get(this.#prefix + key) ?? 'null');
    }

    async removeItem(key) {
      texts.delete(this.#prefix + key);
    }

    async multiSet(pairs) {
      for (const [key, value] of pairs) texts.set(this.#prefix + key, JSON.stringify(value));
    }

    async getAllKeys() {
      const keys = [...texts.keys()].filter((key) => key.startsWith(this.#prefix));
      return keys.map((key) => key.slice(this.#prefix.length));
    }
  };
  return { Store, save: (file) => writeFileSync(file, JSON.stringify(Object.fromEntries(texts))) };
}

/** What another process saved; read before any clock starts. */
export function readHeld(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

const PENDING_PREFIX = 'kv:pendingMutation:';

/** The pending writes that this package keeps in such a class, oldest first, as core has them in its one value. */
function pendingOf(held) {
  return Object.entries(held)
    .filter(([key]) => key.startsWith(PENDING_PREFIX))
    .map(([key, text]) => [key.slice(PENDING_PREFIX.length), JSON.parse(text)])
    .sort(([, a], [, b]) => a.order - b.order);
}

/** The same data for core, which keeps all pending writes as one value. */
export function forCore(held, limit = Number.POSITIVE_INFINITY) {
  const others = Object.entries(held).filter(([key]) => !key.startsWith(PENDING_PREFIX));
  const pending = pendingOf(held).slice(0, limit);
  return { ...Object.fromEntries(others), 'kv:pendingMutations': JSON.stringify(pending) };
}

/** What is kept of one write that waits, as JSON. */
export function recordOf(held) {
  return JSON.stringify(pendingOf(held).at(-1)[1]);
}
