import { deepStrictEqual } from 'node:assert';
import type { InstantNodeDatabase } from '@instantdb/node';
import type { Schema } from '../schema.ts';

type Room = ReturnType<InstantNodeDatabase<Schema>['joinRoom']>;
interface Seen {
  readonly isLoading: boolean;
  readonly peers: Readonly<Record<string, { readonly nickname?: string }>>;
}

/** One client's part in the room of a schedule. */
export class Lobby {
  readonly #db: InstantNodeDatabase<Schema>;
  readonly #name: string;
  #room: Room | undefined;
  readonly #subscribed: (() => void)[] = [];
  #seen: Seen | undefined;
  #nickname: string | undefined;
  #said = 0;
  /** What it has heard of each of the others, in order. */
  readonly #heard: Map<string, number[]> = new Map();

  constructor(db: InstantNodeDatabase<Schema>, name: string) {
    this.#db = db;
    this.#name = name;
  }

  /** What the others are to see of it; undefined while it is not in the room. */
  get nickname(): string | undefined {
    return this.#nickname;
  }

  join(): void {
    if (this.#room) return;
    this.#nickname = `${this.#name} came`;
    const room = this.#db.joinRoom('chat', 'lobby', { initialPresence: { nickname: this.#nickname } });
    this.#room = room;
    const unwatch = room.subscribePresence({}, (seen) => {
      this.#seen = seen as Seen;
    });
    const unlisten = room.subscribeTopic('wave', ({ hand }) => {
      const [name = '', said] = hand.split(' ');
      this.#heard.set(name, [...(this.#heard.get(name) ?? []), Number(said)]);
    });
    this.#subscribed.push(unwatch, unlisten);
  }

  leave(): void {
    // Whoever still listens stays.
    for (const unsubscribe of this.#subscribed.splice(0)) unsubscribe();
    this.#room?.leaveRoom();
    this.#room = undefined;
    this.#seen = undefined;
    this.#nickname = undefined;
  }

  present(n: number): void {
    if (!this.#room) return;
    this.#nickname = `${this.#name} is ${n}`;
    this.#room.publishPresence({ nickname: this.#nickname });
  }

  /** Says something to all others, which hear it once or, when the network is down, not at all. */
  say(): void {
    this.#room?.publishTopic('wave', { hand: `${this.#name} ${++this.#said}` });
  }

  /** Whether it sees exactly these others. */
  sees(nicknames: readonly string[]): boolean {
    if (!this.#room) return true;
    if (!this.#seen || this.#seen.isLoading) return false;
    return namesIn(this.#seen.peers).join() === [...nicknames].sort().join();
  }

  /** For messages. */
  described(): string {
    return `${this.#name} sees ${this.#seen ? namesIn(this.#seen.peers).join() : 'nothing'}`;
  }

  check(): void {
    for (const [name, heard] of this.#heard) {
      const once = [...new Set(heard)].sort((a, b) => a - b);
      deepStrictEqual(heard, once, `${this.#name}: heard of ${name} twice or out of order`);
    }
  }
}

function namesIn(peers: Seen['peers']): string[] {
  return Object.values(peers)
    .map(({ nickname = '' }) => nickname)
    .filter((nickname) => nickname !== '')
    .sort();
}
