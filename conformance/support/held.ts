import { setImmediate as turn } from 'node:timers/promises';
import { getHeapSnapshot } from 'node:v8';

/** What a process holds once its garbage was collected. */
export interface Held {
  /** Bytes of the heap. */
  heapBytes: number;
  /**
   * How many objects there are of each class, how many closures of each function, how many strings and arrays; and how
   * many sockets, timers and requests the runtime says it has under way.
   */
  counts: Record<string, number>;
}

/** Kinds of nodes that programs do not make: code that was compiled, and what the engine keeps about it. */
const OF_V8 = new Set(['code', 'hidden', 'synthetic', 'object shape', 'native', 'number']);
/** The same of Bun's engine. */
const OF_JSC = /CodeBlock|Executable|Structure|Butterfly/;
/**
 * Deno's engine writes where functions begin and end in their sources as strings, as it compiles them; and Deno keeps a
 * list for each duration that a timer has had until that has passed, also where the timer was cancelled.
 */
const OF_DENO = new Set(['string', 'object TimersList']);
/** Kinds whose nodes are named by what they are, and not by their contents. */
const BY_NAME = new Set(['object', 'closure']);

/** The part of a heap snapshot that is read here. */
interface Snapshot {
  snapshot: { meta: { node_fields: string[]; node_types: [string[], ...unknown[]] } };
  nodes: number[];
  strings: string[];
}

/** Says what the process holds; needs `gc`, by `--expose-gc`, where it is not Bun. */
export async function held(): Promise<Held> {
  const resources = resourceCounts();
  const { heapBytes, counts } = await ('Bun' in globalThis ? heldOnBun() : heldOnV8());
  return { heapBytes, counts: { ...counts, ...resources } };
}

/** What keeps the process running: sockets, timers, requests. Deno and Bun name none. */
function resourceCounts(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo?.() ?? []) {
    counts[`resource ${name}`] = (counts[`resource ${name}`] ?? 0) + 1;
  }
  return counts;
}

async function heldOnV8(): Promise<Held> {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error('Start this with --expose-gc');
  // What a collection lets go of may be what another needs to let go of more.
  for (let round = 0; round < 5; round++) {
    await turn();
    gc();
  }
  const heapBytes = process.memoryUsage().heapUsed;
  return { heapBytes, counts: await countsOfSnapshot() };
}

async function countsOfSnapshot(): Promise<Record<string, number>> {
  const chunks: Buffer[] = [];
  for await (const chunk of getHeapSnapshot()) chunks.push(Buffer.from(chunk));
  const { snapshot, nodes, strings } = JSON.parse(Buffer.concat(chunks).toString()) as Snapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, name] = [fields.indexOf('type'), fields.indexOf('name')];
  const counts: Record<string, number> = {};
  for (let node = 0; node < nodes.length; node += fields.length) {
    const kind = types[0][nodes[node + type] as number] as string;
    if (OF_V8.has(kind)) continue;
    const counted = BY_NAME.has(kind) ? `${kind} ${strings[nodes[node + name] as number]}` : kind;
    if ('Deno' in globalThis && OF_DENO.has(counted)) continue;
    counts[counted] = (counts[counted] ?? 0) + 1;
  }
  return counts;
}

async function heldOnBun(): Promise<Held> {
  const { heapStats } = (await import('bun:jsc' as string)) as {
    heapStats(): { heapSize: number; objectTypeCounts: Record<string, number> };
  };
  const { Bun } = globalThis as unknown as { Bun: { gc(isSynchronous: boolean): void } };
  for (let round = 0; round < 5; round++) {
    await turn();
    Bun.gc(true);
  }
  const { heapSize, objectTypeCounts } = heapStats();
  const counts = Object.entries(objectTypeCounts).filter(([name]) => !OF_JSC.test(name));
  return { heapBytes: heapSize, counts: Object.fromEntries(counts) };
}
