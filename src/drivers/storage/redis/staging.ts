import type { RedisLink } from './redis-link.ts';
import { isPartial, RedisUnreachable } from './redis-refusal.ts';
import type { ScopeLease } from './scope-lease.ts';
import { CLEAR, STAGE, SWITCH } from './scripts.ts';

/** How much is sent to the server in one script, during which all its other clients wait. */
export const MOST_CHANGES = 1_000;
export const MOST_CHARACTERS = 1_000_000;
/** How far a single batch may exceed that before sending it in parts is worthwhile. */
const MOST_ALONE = { changes: 2 * MOST_CHANGES, characters: 4 * MOST_CHARACTERS } as const;

/** A batch in the form that the scripts take: `+` or `-`, key, and record or '', for each change. */
export interface BatchArgs {
  readonly args: readonly string[];
  readonly characters: number;
}

/** Whether a batch must be sent in parts. A change is never split. */
export function isTooLarge({ args, characters }: BatchArgs): boolean {
  return args.length > 3 * MOST_ALONE.changes || (args.length > 3 && characters > MOST_ALONE.characters);
}

/** Where a batch is staged, and who is told of the progress. */
interface Staging {
  readonly link: RedisLink;
  readonly lease: ScopeLease;
  /** Called with the number of changes that the server has received. */
  staged(changes: number): void;
}

/**
 * Sends a batch in parts and applies it as one. Replies as the script {@link SWITCH} does, and 0 also when the token
 * was given up meanwhile. Nothing of the batch is visible before that script has run.
 */
export async function writeStaged(
  { link, lease, staged }: Staging,
  token: string,
  { args }: BatchArgs,
): Promise<unknown> {
  const head = [token, ...lease.terms];
  try {
    for (let at = 0; at < args.length; ) {
      const end = endOfPart(args, at);
      const reply = await link.run(STAGE, lease.keys, [...head, String(at / 3), ...args.slice(at, end)]);
      if (reply === 0 || !lease.isCurrent(token)) return 0;
      at = end;
      staged(at / 3);
    }
    const changes = args.length / 3;
    return await link.run(SWITCH, lease.keys, [...head, String(lease.nextSeq), String(changes)], changes);
  } catch (error) {
    // In these two cases it may have been applied, and what it replaced is stored there.
    if (!(error instanceof RedisUnreachable || isPartial(error))) await clearStaged(link, lease, token);
    throw error;
  }
}

/** Discards what was staged. If the server does not answer, the next owner of the scope discards it. */
export async function clearStaged(link: RedisLink, lease: ScopeLease, token: string): Promise<void> {
  if (lease.isCurrent(token)) await link.run(CLEAR, lease.keys, [token]).catch(() => {});
}

function endOfPart(args: readonly string[], from: number): number {
  let characters = 0;
  for (let at = from; at < args.length; at += 3) {
    characters += (args[at + 1]?.length ?? 0) + (args[at + 2]?.length ?? 0);
    const isFull = at - from >= 3 * MOST_CHANGES || characters > MOST_CHARACTERS;
    if (isFull && at > from) return at;
  }
  return args.length;
}
