import { InstantNodeError } from '../../errors.ts';
import type { Refusal } from '../refusals/server-refusal.ts';
import { isRoomFrame, type RoomFrame } from '../rooms/client-rooms.ts';
import { type SoundPartHost, soundPartOf } from './sound-part.ts';

/** A server message that core can handle. */
type Sound = { op: string } & Record<string, unknown>;

/** What handles which message. */
export interface InboxHost extends SoundPartHost {
  /** The server has said something. */
  heard(): void;
  log(connectionId: string, message: Sound): void;
  /** The server has confirmed a write. */
  confirm(message: Sound): void;
  takeInRoom(frame: RoomFrame): void;
  coreTakes(connectionId: string, message: Sound): void;
  /** Core is done with a message. */
  coreTook(): void;
  /** A session has begun. */
  begun(): void;
  refuseSession(refusal: Refusal): void;
  /** Tells a room's subscribers that the server refused. Returns whether there were any. */
  refuseRoom(id: unknown, refusal: Refusal): boolean;
  /** Refuses a write, or anything else that core handles. */
  refuse(refusal: Refusal): void;
}

/**
 * Dispatches the server's messages. Core trusts its server: a message that it cannot handle would throw halfway through
 * a change of its state.
 */
export class Inbox {
  readonly #host: InboxHost;
  #isRefreshing = false;

  constructor(host: InboxHost) {
    this.#host = host;
  }

  /** Whether a refresh, the server's new answers after a change, is being handled. */
  get isRefreshing(): boolean {
    return this.#isRefreshing;
  }

  /** Handles a message of the server, whatever it is. */
  receive(connectionId: string, message: unknown): void {
    const host = this.#host;
    host.heard();
    try {
      // Inside the `try`, because a message can be nested deeper than the stack reaches.
      const sound = soundPartOf(message, host);
      if (sound) this.#take(connectionId, sound);
    } catch (cause) {
      const { op } = Object(message) as { op?: unknown };
      host.report(
        new InstantNodeError('protocol', `Cannot take a message "${String(op)}" of the server`, { cause }),
      );
    }
  }

  /**
   * Dispatches what the server refuses. Core writes the refusal of a room to the console, where no program can see it.
   */
  refused(refusal: Refusal & { 'original-event'?: unknown }): void {
    const event = Object(refusal['original-event']) as { op?: unknown; 'room-id'?: unknown };
    if (event.op === 'init') this.#host.refuseSession(refusal);
    else if (event.op === 'join-room' && this.#host.refuseRoom(event['room-id'], refusal)) return;
    else this.#host.refuse(refusal);
  }

  #take(connectionId: string, sound: Sound): void {
    const host = this.#host;
    if (sound.op === 'transact-ok') {
      host.log(connectionId, sound);
      host.confirm(sound);
    } else if (isRoomFrame(sound)) {
      if (!sound.op.endsWith('-presence')) host.log(connectionId, sound);
      host.takeInRoom(sound);
    } else this.#takeAsCore(connectionId, sound);
    if (sound.op === 'init-ok') host.begun();
  }

  #takeAsCore(connectionId: string, sound: Sound): void {
    this.#isRefreshing = sound.op === 'refresh-ok';
    try {
      this.#host.coreTakes(connectionId, sound);
    } finally {
      this.#isRefreshing = false;
      this.#host.coreTook();
    }
  }
}
