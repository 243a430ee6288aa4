import { type Peers, peersOf } from './peers.ts';
import { applyEdits, type Edited } from './presence-edits.ts';
import {
  hasChanged,
  type Presence,
  type PresenceOptions,
  type PresenceSlice,
  peopleOf,
} from './presence-slice.ts';

/** Is told of what the people in a room show. */
export type PresenceCallback = (slice: PresenceSlice) => void;
/** Is told of what somebody said, and of what the speaker shows. */
export type TopicCallback = (data: unknown, peer: unknown) => void;

interface Watcher {
  readonly options: PresenceOptions | undefined;
  readonly callback: PresenceCallback;
  last: PresenceSlice | undefined;
}

/** What somebody said in a room. */
export interface Said {
  'peer-id'?: unknown;
  data?: unknown;
}

/** One room that was joined: who is known to be in it, and who subscribes to that. */
export class Room {
  readonly type: string;
  /** Whether the server has let this session in. */
  isConnected = false;
  /** Why the server did not. */
  error: unknown;
  readonly #sessionId: () => string;
  readonly #watchers = new Set<Watcher>();
  readonly #listeners = new Map<unknown, Set<{ callback: TopicCallback }>>();
  /** Undefined as long as nobody has shown anything, oneself included. */
  #presence: Presence | undefined;

  constructor(type: string, sessionId: () => string) {
    this.type = type;
    this.#sessionId = sessionId;
  }

  /** Whether anybody subscribes to anything in it. */
  get isHeard(): boolean {
    return this.#watchers.size > 0 || this.#listeners.size > 0;
  }

  /** Whether anybody subscribes to its presence. */
  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  /** Whether anything is known of who shows what. */
  get isShown(): boolean {
    return this.#presence !== undefined;
  }

  /** What this session shows. */
  get user(): object | undefined {
    return this.#presence?.user;
  }

  set user(user: object | undefined) {
    this.#presence = { peers: new Map(), ...this.#presence, user };
  }

  /** What is known of who shows what; null when nothing is. */
  slice(options: PresenceOptions | undefined): PresenceSlice | null {
    if (!this.#presence) return null;
    const people = peopleOf(this.#presence, options, this.#sessionId());
    return { ...people, isLoading: !this.isConnected, error: this.error };
  }

  /** Tells `callback` of what is known, and of each change; returns what ends that. */
  watch(options: PresenceOptions | undefined, callback: PresenceCallback): () => void {
    const watcher: Watcher = { options, callback, last: undefined };
    this.#watchers.add(watcher);
    this.#tell(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Tells `callback` of what the others say on a topic; returns what ends that. */
  listen(topic: unknown, callback: TopicCallback): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners);
    const listener = { callback };
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners) this.#listeners.delete(topic);
    };
  }

  /** Tells why the server does not let this session in. */
  refuse(reason: Error): void {
    this.error = reason;
    this.#presence ??= { user: undefined, peers: new Map() };
    this.notify();
  }

  /** Knows only of this session who shows what, and tells so. */
  forgetPeers(): void {
    this.error = undefined;
    if (!this.#presence) return;
    this.#setPeers(new Map());
    this.notify();
  }

  /** Takes what the server says of everybody. */
  refresh(room: object): void {
    this.#setPeers(peersOf(room, this.#sessionId()));
  }

  /** Takes what the server says has changed, and returns what of it could not be taken. */
  patch(edits: readonly unknown[]): Edited['skipped'] {
    const { peers, skipped } = applyEdits(this.#presence?.peers ?? new Map(), edits, this.#sessionId());
    this.#setPeers(peers);
    return skipped;
  }

  /** Passes on what somebody said. */
  hear(topic: unknown, { 'peer-id': peerId, data }: Said): void {
    const listeners = this.#listeners.get(topic);
    const speaker = peerId === this.#sessionId() ? this.user : this.#presence?.peers.get(peerId as string);
    // One that an earlier one of them has removed is not told.
    for (const listener of [...(listeners ?? [])]) {
      if (listeners?.has(listener)) listener.callback(data, speaker);
    }
  }

  /** Tells those for whom something has changed. */
  notify(): void {
    for (const watcher of [...this.#watchers]) if (this.#watchers.has(watcher)) this.#tell(watcher);
  }

  #setPeers(peers: Peers): void {
    this.#presence = { user: this.user, peers };
  }

  #tell(watcher: Watcher): void {
    const slice = this.slice(watcher.options);
    if (!slice || (watcher.last && !hasChanged(watcher.last, slice))) return;
    watcher.last = slice;
    watcher.callback(slice);
  }
}
