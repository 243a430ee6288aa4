import { type ServerError, validationFailed } from '../../protocol/error.ts';
import type {
  AppendStreamMessage,
  StartStreamMessage,
  SubscribeStreamMessage,
} from '../../protocol/streams.ts';
import { RecentMap } from '../../recent-map.ts';
import type { CommitFollower } from '../app/commit-follower.ts';
import type { StreamContent } from '../app/stream-content.ts';
import { hashUuid } from '../permissions/hash-text.ts';
import type { ClientChannel } from '../session/client-channel.ts';
import type { EventId } from '../session/encode.ts';
import type { Change } from '../store/undo-log.ts';
import { upsert } from '../store/upsert.ts';
import { LiveStream } from './live-stream.ts';
import type { StreamApp } from './stream-app.ts';
import { createStream, findStream, finishStream, type StreamEntity, streamAttr } from './stream-entities.ts';
import { assertStreamAllowed } from './stream-permission.ts';
import { StreamReader } from './stream-reader.ts';

/** How many writers of deleted streams are remembered. */
const MAX_ORPHANS = 1_000;
const ID_ATTR = streamAttr('id');

/** The streams of one app. */
export class AppStreams implements CommitFollower {
  /** Stores the bytes of streams. */
  readonly content: StreamContent;
  readonly #app: StreamApp;
  readonly #live = new Map<string, LiveStream>();
  /** How many bytes of each unfinished stream are counted against the quota, if there is one. */
  readonly #counted = new Map<string, number>();
  readonly #orphans = new RecentMap<string, true>(MAX_ORPHANS);
  readonly #encoder = new TextEncoder();

  constructor(app: StreamApp, content: StreamContent) {
    this.#app = app;
    this.content = content;
  }

  /**
   * Lets a session write a stream, either a new one or one that it wrote before, and replies.
   *
   * @throws {ServerError} when it may not.
   */
  start(channel: ClientChannel, message: StartStreamMessage, id: EventId): LiveStream {
    const { clientId, reconnectToken, ruleParams } = message;
    assertStreamAllowed(this.#app, {
      action: 'create',
      actor: channel.actor,
      data: { clientId },
      ruleParams,
    });
    const hashedReconnectToken = hashUuid(reconnectToken);
    const entity = this.#reopened(channel, clientId, hashedReconnectToken);
    const stream = this.#open(entity ?? createStream(this.#app, { clientId, hashedReconnectToken }));
    channel.send({
      op: 'start-stream-ok',
      'client-id': clientId,
      'stream-id': stream.id,
      offset: stream.admit(channel),
      'client-event-id': id,
      'trace-id': null,
    });
    return stream;
  }

  /**
   * Writes to a stream.
   *
   * @throws {ServerError} when this session is not its writer, it has ended, or the offset is not its end.
   */
  append(channel: ClientChannel, { streamId, chunks, offset, done, abortReason }: AppendStreamMessage): void {
    const stream = this.#live.get(streamId);
    const input = { 'sess-id': channel.sessionId, 'stream-id': streamId };
    if (stream?.writer !== channel) throw refused('append-stream', input, 'Stream is missing.');
    if (stream.end) throw refused('append-stream', input, 'Stream is completed.');
    if (offset !== stream.size) {
      throw refused(
        'append-stream',
        { ...input, 'expected-offset': offset, offset: stream.size },
        'Invalid offset for stream.',
      );
    }
    this.#app.assertWritable();
    // Encoded one by one, since that is how the writer counts their bytes.
    const bytes = joined(chunks.map((chunk) => this.#encoder.encode(chunk)));
    this.#app.account.assertRoom(bytes.byteLength);
    try {
      stream.append(bytes);
      this.#count(streamId, bytes.byteLength);
    } catch (error) {
      this.#app.host.report('keep a stream', error);
      channel.send({ op: 'append-failed', 'stream-id': streamId, 'trace-id': null });
      return;
    }
    if (done) this.#finish(stream, abortReason);
    this.#app.host.persistence.whenDurable(() => stream.wake());
    const flushed = stream.takeAcknowledgement();
    if (flushed === undefined) return;
    channel.send({ op: 'stream-flushed', 'stream-id': streamId, offset: flushed, done, 'trace-id': null });
  }

  /**
   * Starts sending a stream to a session. `ended` is called when everything has been sent.
   *
   * @throws {ServerError} when there is no such stream, or the session may not read it.
   */
  subscribe(
    channel: ClientChannel,
    message: SubscribeStreamMessage,
    eventId: EventId,
    ended: () => void,
  ): StreamReader {
    const { streamId, clientId, offset, ruleParams } = message;
    const input = {
      'sess-id': channel.sessionId,
      'stream-id': streamId ?? null,
      'client-id': clientId ?? null,
    };
    if (streamId === undefined && clientId === undefined) {
      throw refused('subscribe-stream', input, 'Must provide either a stream-id or a client-id');
    }
    this.#app.assertReadable();
    const entity = findStream(this.#app, { streamId, clientId });
    if (!entity) throw refused('subscribe-stream', input, 'Stream is missing.');
    assertStreamAllowed(this.#app, { action: 'view', actor: channel.actor, data: entity.values, ruleParams });
    if (this.#isLost(entity)) throw refused('subscribe-stream', input, 'Stream is invalid.');
    const stream = this.#open(entity);
    return new StreamReader({
      channel,
      eventId,
      stream,
      offset,
      ended: () => {
        this.#closeIfIdle(stream);
        ended();
      },
      failed: (error) => this.#app.host.report('read a stream', error),
    });
  }

  /** Stops a reader. */
  unsubscribe(reader: StreamReader): void {
    reader.stop();
    this.#closeIfIdle(reader.stream);
  }

  /** Releases a stream from a writer that is gone; the writer may come back. */
  writerLeft(stream: LiveStream, channel: ClientChannel): void {
    if (stream.writer === channel) stream.writer = undefined;
    this.#closeIfIdle(stream);
  }

  /** Drops the streams whose entities a transaction has deleted. */
  committed(_txId: number, changes: readonly Change[]): false {
    for (const change of changes) {
      if (change.kind === 'remove' && change.triple[1] === ID_ATTR) this.#forget(change.triple[0]);
    }
    return false;
  }

  /** The stream with this name, if it exists and this writer may continue it. */
  #reopened(channel: ClientChannel, clientId: string, tokenHash: string): StreamEntity | undefined {
    const input = { 'sess-id': channel.sessionId, 'client-id': clientId };
    // After its offset is refused, core's client immediately starts over, without end: a writer of a stream that has
    // been deleted must not be given a new one.
    if (this.#orphans.has(tokenHash)) throw refused('start-stream', input, 'Stream is missing.');
    const entity = findStream(this.#app, { clientId });
    if (!entity) return undefined;
    if (entity.hashedReconnectToken !== tokenHash) {
      const message = 'A stream with that clientId already exists. Reconnect token is invalid.';
      throw refused('start-stream', input, message);
    }
    if (entity.done) throw refused('start-stream', input, 'Stream is closed.');
    if (this.#isLost(entity)) throw refused('start-stream', input, 'Stream is invalid.');
    return entity;
  }

  /** Whether the content of a stream is missing, because its entity was loaded with other data. */
  #isLost({ id, done, values }: StreamEntity): boolean {
    const size = this.content.size(id);
    return done ? values.size !== size : size === 0 && values.machineId !== this.#app.host.machineId;
  }

  #open({ id, clientId, hashedReconnectToken: tokenHash, done, abortReason }: StreamEntity): LiveStream {
    const end = done ? { abortReason } : undefined;
    return upsert(this.#live, id, () => new LiveStream({ id, clientId, tokenHash, end }, this.content));
  }

  /** Counts what was written to a stream against the quota, until its file's row is counted instead. */
  #count(streamId: string, bytes: number): void {
    if (!this.#app.account.isLimited) return;
    this.#counted.set(streamId, (this.#counted.get(streamId) ?? 0) + bytes);
    this.#app.account.grow(bytes);
  }

  #countNoMore(streamId: string): number {
    const bytes = this.#counted.get(streamId) ?? 0;
    this.#counted.delete(streamId);
    this.#app.account.grow(-bytes);
    return bytes;
  }

  #finish(stream: LiveStream, abortReason: string | undefined): void {
    const bytes = this.#countNoMore(stream.id);
    try {
      finishStream(this.#app, stream.id, stream.size, abortReason);
    } catch (error) {
      this.#count(stream.id, bytes);
      throw error;
    }
    stream.end = { abortReason };
  }

  #closeIfIdle(stream: LiveStream): void {
    if (stream.isIdle && this.#live.get(stream.id) === stream) this.#live.delete(stream.id);
  }

  #forget(streamId: string): void {
    const stream = this.#live.get(streamId);
    this.#live.delete(streamId);
    this.content.delete(streamId);
    this.#countNoMore(streamId);
    if (stream?.writer) this.#rememberOrphan(stream);
    for (const reader of [...(stream?.readers ?? [])]) reader.fail('Stream is missing.');
  }

  #rememberOrphan({ tokenHash }: LiveStream): void {
    if (tokenHash === undefined) return;
    this.#orphans.set(tokenHash, true);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}

function refused(dataType: string, input: Record<string, unknown>, message: string): ServerError {
  return validationFailed(dataType, input, [{ message }]);
}
