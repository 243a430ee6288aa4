import { type Random, seededRandom } from '../random.ts';

/** What a client does. */
const DEEDS = ['write', 'write', 'write', 'write', 'bad write', 'join', 'leave', 'present', 'topic'] as const;
const MORE_DEEDS = ['follow', 'unfollow', 'append', 'append', 'append', 'ask'] as const;

/** What happens to a client's network; `heal` ends all of it. */
const FAULTS = [
  'reset',
  'partition up',
  'partition down',
  'partition both',
  'vanish client',
  'vanish server',
  'latency',
  'byte by byte',
  'slow',
  'twice',
  'reset before transact',
  'reset before query',
  'reset before append',
  'reset before init',
  'drop sessions',
  'door reset',
  'door silent',
  'door mute',
  'refuse',
  'reconnect',
  'heal',
  'heal',
  'heal',
] as const;

/** Something that a client does. */
export type Deed = (typeof DEEDS)[number] | (typeof MORE_DEEDS)[number];
/** Something that happens to a client's network. */
export type Fault = (typeof FAULTS)[number];

/** One step of a schedule: a deed or a fault of a client, or a pause. `n` is whatever number it takes. */
export type Step =
  | { readonly is: 'deed'; readonly client: number; readonly what: Deed; readonly n: number }
  | { readonly is: 'fault'; readonly client: number; readonly what: Fault; readonly n: number }
  | { readonly is: 'pause'; readonly ms: number };

/** What happens, to how many clients. */
export interface Schedule {
  readonly seed: number;
  readonly clients: number;
  /** Whether the last client is signed in as a user of its own. */
  readonly hasUser: boolean;
  readonly steps: readonly Step[];
}

const MAX_PAUSE_MS = 12;

/** The schedule of a seed: always the same. */
export function scheduleOf(seed: number): Schedule {
  const random = seededRandom(seed);
  const clients = 2 + random.below(2);
  const steps = Array.from({ length: 20 + random.below(30) }, () => stepOf(random, clients));
  return { seed, clients, hasUser: random.below(3) === 0, steps };
}

function stepOf({ below, pick }: Random, clients: number): Step {
  const kind = below(10);
  if (kind === 0) return { is: 'pause', ms: 1 + below(MAX_PAUSE_MS) };
  const client = below(clients);
  const n = below(1_000);
  if (kind <= 3) return { is: 'fault', client, what: pick(FAULTS), n };
  return { is: 'deed', client, what: pick([...DEEDS, ...MORE_DEEDS]), n };
}

/** A schedule in words, a line a step. */
export function described({ seed, clients, hasUser, steps }: Schedule): string {
  const lines = steps.map((step) =>
    step.is === 'pause' ? `  pause ${step.ms} ms` : `  ${step.client}: ${step.what} (${step.n})`,
  );
  const head = `seed ${seed}: ${clients} clients${hasUser ? ', the last one signed in' : ''}`;
  return [head, ...lines, `Again: SEED=${seed}`].join('\n');
}
