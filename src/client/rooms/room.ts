import { type Peers, peersOf } from './peers.ts';
import { applyEdits, type Edited } from './presence-edits.ts';
import {
  hasChanged,
  type Presence,
  type PresenceOptions,
  type PresenceSlice,
  peopleOf,
} from './presence-slice.ts';

/** Called with the presence in a room. */
export type PresenceCallback = (slice: PresenceSlice) => void;
/** Called with a message on a topic, and the sender's presence. */
export type TopicCallback = (data: unknown, peer: unknown) => void;

interface Watcher {
  readonly options: PresenceOptions | undefined;
  readonly callback: PresenceCallback;
  last: PresenceSlice | undefined;
}

/** A message on a topic. */
export interface Said {
  'peer-id'?: unknown;
  data?: unknown;
}

/** One joined room: the presence known of it, and its subscribers. */
export class Room {
  readonly type: string;
  /** Whether the server has let this session in. */
  isConnected = false;
  /** Whether this session has asked to be let in. */
  isAskedFor = false;
  /** Why the server did not. */
  error: unknown;
  readonly #sessionId: () => string;
  readonly #watchers = new Set<Watcher>();
  readonly #listeners = new Map<unknown, Set<{ callback: TopicCallback }>>();
  /** Undefined until anyone has published presence, this session included. */
  #presence: Presence | undefined;

  constructor(type: string, sessionId: () => string) {
    this.type = type;
    this.#sessionId = sessionId;
  }

  /** Whether it has any subscriber. */
  get isHeard(): boolean {
    return this.#watchers.size > 0 || this.#listeners.size > 0;
  }

  /** Whether it has subscribers to presence. */
  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  /** Whether any presence is known. */
  get isShown(): boolean {
    return this.#presence !== undefined;
  }

  /** This session's presence. */
  get user(): object | undefined {
    return this.#presence?.user;
  }

  set user(user: object | undefined) {
    this.#presence = { peers: new Map(), ...this.#presence, user };
  }

  /** The presence that is known; null when there is none. */
  slice(options: PresenceOptions | undefined): PresenceSlice | null {
    if (!this.#presence) return null;
    const people = peopleOf(this.#presence, options, this.#sessionId());
    return { ...people, isLoading: !this.isConnected, error: this.error };
  }

  /** Calls `callback` with the presence that is known, and at each change; returns a function that ends that. */
  watch(options: PresenceOptions | undefined, callback: PresenceCallback): () => void {
    const watcher: Watcher = { options, callback, last: undefined };
    this.#watchers.add(watcher);
    this.#tell(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Calls `callback` with each message on a topic; returns a function that ends that. */
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

  /** The session has ended, and what it asked for with it. */
  disconnected(): void {
    this.isConnected = false;
    this.isAskedFor = false;
  }

  /** Tells subscribers why the server does not let this session in. */
  refuse(reason: Error): void {
    this.error = reason;
    this.#presence ??= { user: undefined, peers: new Map() };
    this.notify();
  }

  /** Forgets the peers, and notifies subscribers. */
  forgetPeers(): void {
    this.error = undefined;
    if (!this.#presence) return;
    this.#setPeers(new Map());
    this.notify();
  }

  /** Takes everyone's presence from the server. */
  refresh(room: object): void {
    this.#setPeers(peersOf(room, this.#sessionId()));
  }

  /** Applies the server's edits; returns those that had to be skipped. */
  patch(edits: readonly unknown[]): Edited['skipped'] {
    const { peers, skipped } = applyEdits(this.#presence?.peers ?? new Map(), edits, this.#sessionId());
    this.#setPeers(peers);
    return skipped;
  }

  /** Passes a message on to the subscribers of its topic. */
  hear(topic: unknown, { 'peer-id': peerId, data }: Said): void {
    const listeners = this.#listeners.get(topic);
    const speaker = peerId === this.#sessionId() ? this.user : this.#presence?.peers.get(peerId as string);
    // A listener that an earlier one has removed is not called.
    for (const listener of [...(listeners ?? [])]) {
      if (listeners?.has(listener)) listener.callback(data, speaker);
    }
  }

  /** Notifies subscribers for whom something has changed. */
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
