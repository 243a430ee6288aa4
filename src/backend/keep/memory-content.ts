import { type Content, type ContentStore, limited, type Place, type Slice } from '../app/content-store.ts';

/** Stores contents in memory, in the chunks they arrived in. */
export function createMemoryContent(): ContentStore {
  const apps = new Map<string, Map<string, readonly Uint8Array[]>>();
  return {
    async write({ appId, locationId }, body, maxBytes) {
      const chunks: Uint8Array[] = [];
      // A copy, because a runtime may reuse the memory of a chunk.
      for await (const chunk of limited(body, maxBytes)) chunks.push(chunk.slice());
      const contents = apps.get(appId) ?? new Map<string, readonly Uint8Array[]>();
      apps.set(appId, contents.set(locationId, chunks));
      return sizeOf(chunks);
    },
    async read({ appId, locationId }) {
      const chunks = apps.get(appId)?.get(locationId);
      return chunks && contentOf(chunks);
    },
    async delete({ appId, locationId }) {
      apps.get(appId)?.delete(locationId);
    },
    async deleteApp(appId) {
      apps.delete(appId);
    },
    async sweep(isUsed: (place: Place) => boolean) {
      for (const [appId, contents] of apps) {
        for (const locationId of contents.keys()) {
          if (!isUsed({ appId, locationId })) contents.delete(locationId);
        }
      }
    },
  };
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}

function contentOf(chunks: readonly Uint8Array[]): Content {
  return {
    size: sizeOf(chunks),
    stream: (slice) => {
      const pieces = piecesOf(chunks, slice);
      return new ReadableStream({
        pull(controller) {
          const { done, value } = pieces.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
      });
    },
  };
}

function* piecesOf(chunks: readonly Uint8Array[], { start, end }: Slice): Generator<Uint8Array, undefined> {
  let at = 0;
  for (const chunk of chunks) {
    const piece = chunk.slice(Math.max(0, start - at), Math.max(0, end - at));
    if (piece.byteLength > 0) yield piece;
    at += chunk.byteLength;
    if (at >= end) return;
  }
}
