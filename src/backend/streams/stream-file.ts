import type { JsonValue } from '../../protocol/json.ts';
import type { Content } from '../app/content-store.ts';
import type { StreamContent } from '../app/stream-content.ts';
import { stepsToPut } from '../app/system-records.ts';
import { systemAttrId } from '../store/system-attrs.ts';
import type { StreamApp } from './stream-app.ts';

/** How many bytes are read at a time. */
const PIECE_BYTES = 256 * 1024;

/** The steps that create the file of an ended stream, which is where an Instant server stores its bytes. */
export function stepsToFile(app: StreamApp, streamId: string, size: number): JsonValue[] {
  const { newId } = app.host;
  const fileId = newId();
  const file = stepsToPut(app, '$files', fileId, {
    path: `$stream/${streamId}/0`,
    size,
    'content-type': 'application/octet-stream',
    'location-id': newId(),
    'key-version': 1,
  });
  return [...file, ['add-triple', streamId, systemAttrId('$streams', '$files'), fileId]];
}

/** The id of the stream that a path's file belongs to; undefined if it is not a stream's. */
export function streamOfPath(path: string | undefined): string | undefined {
  return /^\$stream\/([0-9a-f-]{36})\/0$/.exec(path ?? '')?.[1];
}

/** The bytes of a stream as the content of its file; undefined unless their number matches the file's size. */
export function fileContent(content: StreamContent, streamId: string, size: unknown): Content | undefined {
  if (content.size(streamId) !== size) return undefined;
  return {
    size,
    stream: ({ start, end }) => {
      let at = start;
      return new ReadableStream({
        pull(controller) {
          const bytes = content.read(streamId, at, Math.min(PIECE_BYTES, end - at));
          at += bytes.byteLength;
          // A copy, because the memory is the stream's, and a runtime may detach what it sends.
          if (bytes.byteLength > 0) controller.enqueue(bytes.slice());
          if (bytes.byteLength === 0 || at >= end) controller.close();
        },
      });
    },
  };
}
