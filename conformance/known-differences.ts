import type { TestRuntime } from '../runtimes/this-runtime.ts';

// What differs from runtime to runtime. Each is asserted, not skipped: the day it is gone, a test says so.

type ByRuntime<T> = Readonly<Record<TestRuntime, T>>;

function byRuntime<T>(node: T, others: Partial<Record<TestRuntime, T>> = {}): ByRuntime<T> {
  return { node20: node, node22: node, node24: node, node26: node, bun: node, deno: node, ...others };
}

/**
 * Globals that the runtime itself adds or replaces when this package is loaded. Deno does so for `import 'node:module'`
 * alone, with nothing else in the program (seen on 2.9.6; no report of it was found upstream).
 */
export const globalsChangedByRuntime: ByRuntime<string[]> = byRuntime<string[]>([], {
  deno: ['MessageChannel', 'MessagePort', 'nodeBootstrap'],
});

/** Where a script of `conformance/likeness` has this client tell something else than core in Chromium tells. */
export interface LikenessDifference {
  readonly script: 'faults' | 'refusal';
  readonly step: string;
  /** Of what it is told. */
  readonly of: string;
  readonly core: readonly string[] | undefined;
  readonly here: readonly string[] | undefined;
  readonly why: string;
}

const leftRooms =
  'Core takes a room for joined while its network is away: it shows what is published as if it were shared, and loses it. Here a room is left with its session, and what is published there waits for the next.';
const refusedSession =
  'A session that the server refuses is told to whatever waits for it, instead of letting it wait for ever (docs/differences.md).';
const askedAgain =
  'While a refused session is asked for again, the status stays `errored` until the server answers otherwise.';

export const likenessDifferences: readonly LikenessDifference[] = [
  {
    ...{ script: 'faults', step: 'no network: written, shown, said', of: 'room' },
    ...{ core: ['Annabel with Bob'], here: undefined, why: leftRooms },
  },
  {
    ...{ script: 'faults', step: 'the network is back', of: 'room' },
    ...{ core: undefined, here: ['Annabel with Bob'], why: leftRooms },
  },
  {
    ...{ script: 'faults', step: 'the network is back', of: 'heard by Bob' },
    ...{ core: ['both'], here: ['right', 'both'], why: leftRooms },
  },
  {
    ...{ script: 'refusal', step: 'there is no such app', of: 'posts' },
    core: undefined,
    here: ['error: The server refused the session: Record not found: app'],
    why: refusedSession,
  },
  {
    ...{ script: 'refusal', step: 'there is no such app', of: 'write' },
    core: ['one enqueued'],
    here: ['one The server refused the session: Record not found: app'],
    why: refusedSession,
  },
  {
    ...{ script: 'refusal', step: 'there is, and the network changes', of: 'posts' },
    ...{ core: ['one', 'two'], here: ['', 'two'], why: refusedSession },
  },
  {
    ...{ script: 'refusal', step: 'there is, and the network changes', of: 'status' },
    ...{ core: ['closed', 'opened', 'authenticated'], here: ['authenticated'], why: askedAgain },
  },
];
