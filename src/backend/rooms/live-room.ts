import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { PresenceEntry, RoomSaid } from '../../protocol/rooms.ts';
import type { AuthUser } from '../permissions/actor.ts';
import type { ClientChannel } from '../session/client-channel.ts';
import { encode } from '../session/encode.ts';
import { diffPresence, type RoomState } from './diff-presence.ts';

interface Member {
  readonly channel: ClientChannel;
  readonly entry: PresenceEntry;
}

/** One session in a room, with all that is known of its user. For admins. */
export interface RoomSession {
  'peer-id': string;
  'instance-id': string;
  user: AuthUser | null;
  data: JsonObject;
}

/**
 * One room: who is in it, and what each shows to the others. Changes that come together are told together, by
 * {@link tell}: to those who just came the whole room, to the others what changed.
 */
export class LiveRoom {
  readonly #id: string;
  readonly #instanceId: string;
  readonly #members = new Map<string, Member>();
  readonly #newcomers = new Set<string>();
  /** What the members were told last; undefined when nothing has changed since. */
  #told: RoomState | undefined;

  constructor(id: string, instanceId: string) {
    this.#id = id;
    this.#instanceId = instanceId;
  }

  get size(): number {
    return this.#members.size;
  }

  /** Everybody in the room, by session id. */
  sessions(): Record<string, RoomSession> {
    const sessions = [...this.#members].map(([id, { channel, entry }]) => [
      id,
      { ...entry, user: channel.actor.user },
    ]);
    return Object.fromEntries(sessions);
  }

  has(sessionId: string): boolean {
    return this.#members.has(sessionId);
  }

  /** Lets a session in. One that is in already keeps what it shows. */
  join(channel: ClientChannel, data: JsonObject | undefined): void {
    const shown = this.#members.get(channel.sessionId)?.entry.data ?? data ?? {};
    this.#put(channel, shown);
    this.#newcomers.add(channel.sessionId);
  }

  /** Changes what a session shows; one that is not in the room shows nothing. */
  show(channel: ClientChannel, data: JsonObject): void {
    if (this.has(channel.sessionId)) this.#put(channel, data);
  }

  /** Takes a session out, if it is in. */
  leave(sessionId: string): void {
    if (!this.has(sessionId)) return;
    this.#remember();
    this.#members.delete(sessionId);
    this.#newcomers.delete(sessionId);
  }

  /** Passes on what a session says to all others, and gives the message that they got, for the speaker's answer. */
  say(channel: ClientChannel, topic: JsonValue | undefined, data: JsonValue | undefined): RoomSaid {
    // Who hears it finds the speaker in the room as it is now.
    this.tell();
    const said: RoomSaid = {
      'room-id': this.#id,
      topic,
      data: { 'peer-id': channel.sessionId, user: publicUser(channel), data },
    };
    const text = encode({ op: 'server-broadcast', ...said, 'trace-id': null });
    for (const [id, member] of this.#members) if (id !== channel.sessionId) member.channel.sendText(text);
    return said;
  }

  /** Tells the members what has changed since the last time. */
  tell(): void {
    const before = this.#told;
    if (before === undefined) return;
    this.#told = undefined;
    const after = this.#state();
    const edits = diffPresence(before, after);
    const patch = once(() => encode({ op: 'patch-presence', 'room-id': this.#id, edits, 'trace-id': null }));
    const whole = once(() =>
      encode({
        op: 'refresh-presence',
        'room-id': this.#id,
        data: Object.fromEntries(after),
        'trace-id': null,
      }),
    );
    for (const [id, { channel }] of this.#members) {
      if (this.#newcomers.has(id)) channel.sendText(whole());
      else if (edits.length > 0) channel.sendText(channel.features.patchPresence ? patch() : whole());
    }
    this.#newcomers.clear();
  }

  #put(channel: ClientChannel, data: JsonObject): void {
    this.#remember();
    const entry: PresenceEntry = {
      'peer-id': channel.sessionId,
      'instance-id': this.#instanceId,
      user: publicUser(channel),
      data,
    };
    this.#members.set(channel.sessionId, { channel, entry });
  }

  #remember(): void {
    this.#told ??= this.#state();
  }

  #state(): RoomState {
    return new Map([...this.#members].map(([id, { entry }]) => [id, entry]));
  }
}

/** Other people's clients learn of a user no more than the id. */
function publicUser({ actor }: ClientChannel): { id: string } | null {
  return actor.user && { id: actor.user.id };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
