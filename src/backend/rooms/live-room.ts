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

/** A session in a room, with the full user. For admins. */
export interface RoomSession {
  'peer-id': string;
  'instance-id': string;
  user: AuthUser | null;
  data: JsonObject;
}

/**
 * A room: its members, and the presence of each. Changes that occur together are sent together by {@link tell}:
 * newcomers get the whole room, the others only what changed.
 */
export class LiveRoom {
  readonly #id: string;
  readonly #instanceId: string;
  readonly #members = new Map<string, Member>();
  readonly #newcomers = new Set<string>();
  /** The state that was last sent to the members; undefined if nothing has changed since. */
  #told: RoomState | undefined;

  constructor(id: string, instanceId: string) {
    this.#id = id;
    this.#instanceId = instanceId;
  }

  get size(): number {
    return this.#members.size;
  }

  /** The sessions in the room, by id. */
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

  /** Adds a session. One that is a member already keeps its presence. */
  join(channel: ClientChannel, data: JsonObject | undefined): void {
    const shown = this.#members.get(channel.sessionId)?.entry.data ?? data ?? {};
    this.#put(channel, shown);
    this.#newcomers.add(channel.sessionId);
  }

  /** Changes the presence of a session; ignored if it is not in the room. */
  show(channel: ClientChannel, data: JsonObject): void {
    if (this.has(channel.sessionId)) this.#put(channel, data);
  }

  /** Removes a session, if it is in the room. */
  leave(sessionId: string): void {
    if (!this.has(sessionId)) return;
    this.#remember();
    this.#members.delete(sessionId);
    this.#newcomers.delete(sessionId);
  }

  /** Broadcasts a session's message to all others, and returns what they received, for the reply to the sender. */
  say(channel: ClientChannel, topic: JsonValue | undefined, data: JsonValue | undefined): RoomSaid {
    // Recipients must have the current state of the room, including the sender.
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

  /** Sends members what has changed since the last time. */
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

/** Other clients see only the id of a user. */
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
