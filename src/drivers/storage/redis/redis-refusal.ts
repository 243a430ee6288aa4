import { InstantNodeError, isFault } from '../../../errors.ts';
import { PARTIAL } from './scripts.ts';

/** The connection failed, or the server must be asked again: it is unknown whether the command was carried out. */
export class RedisUnreachable extends Error {}

interface Meaning {
  readonly reply: string;
  readonly why: string;
  readonly hint?: string;
}

/** Refusals of a server, recognized by a word in the reply. */
const MEANINGS: readonly Meaning[] = [
  {
    reply: 'OOM',
    why: 'the server is full',
    hint: 'Give it more memory (maxmemory), or remove what it keeps',
  },
  {
    reply: 'READONLY',
    why: 'the server is a replica, which takes no writes',
    hint: 'Give redis.url the primary',
  },
  {
    reply: 'WRONGTYPE',
    why: 'one of its keys is used for something else',
    hint: 'Choose another redis.prefix',
  },
  {
    reply: 'NOAUTH|unauthenticated',
    why: 'the server asks for a password',
    hint: 'Give it in redis.url or redis.options',
  },
  { reply: 'WRONGPASS', why: 'the server does not accept the user and password' },
  {
    reply: "run the 'select",
    why: 'the user may not choose a database',
    hint: 'Let it run SELECT, or name no other database than 0',
  },
  {
    reply: 'DB index is out of range|SELECT is not allowed in cluster mode',
    why: 'the server has no such database',
    hint: 'Name another in redis.url or redis.options.db, or let the server have more (databases)',
  },
  {
    reply: 'NOPERM',
    why: 'the user may not run what this needs',
    hint: 'It needs EVAL and EVALSHA, and hash, string and key commands',
  },
  { reply: 'MISCONF', why: 'the server cannot save to its disk, and takes no writes' },
  { reply: 'NOREPLICAS', why: 'the server has too few replicas, and takes no writes' },
];

/** The server is up, but cannot run the command yet. */
const LATER = /\b(?:LOADING|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|BUSY|UNBLOCKED)\b/;

/**
 * What a failed command means: `RedisUnreachable`, or an error of code `storage` when the server refused it or it
 * cannot be sent.
 */
export function refusalOf(
  error: unknown,
  subject: string,
  secrets: readonly string[],
): RedisUnreachable | InstantNodeError {
  const cause = withoutSecrets(error, secrets);
  if (isFault(error)) {
    const hint =
      'This is a fault of @instantdb/node or of ioredis: trying again would not help. Please report it';
    return new InstantNodeError('storage', `Cannot use ${subject}: the command cannot be sent`, {
      cause,
      hint,
    });
  }
  if (!isReply(error) || LATER.test(cause.message)) return new RedisUnreachable(cause.message, { cause });
  const meaning = MEANINGS.find(({ reply }) => new RegExp(`\\b(?:${reply})\\b`).test(cause.message));
  return new InstantNodeError(
    'storage',
    `Cannot use ${subject}: ${meaning?.why ?? 'the server refuses a command'}`,
    {
      cause,
      ...(meaning?.hint !== undefined && { hint: meaning.hint }),
    },
  );
}

/** Whether the server has carried out a part of what it refused. */
export function isPartial(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.message.includes(PARTIAL);
}

/**
 * The error of `ioredis` without the failed command, which it attaches with the password or the records in it, and
 * without the arguments that a server repeats when it does not know the command.
 */
export function withoutSecrets(error: unknown, secrets: readonly string[]): Error {
  const said = error instanceof Error ? error : new Error(String(error));
  // Commands in flight when the connection was lost fail with this error, whose message mentions the number of retries,
  // which is set to 0.
  if (said.name === 'MaxRetriesPerRequestError') return new Error('The connection was lost');
  const message = secrets.reduce(
    (text, secret) => text.replaceAll(secret, '…'),
    said.message.replace(/,? with args beginning with:.*/s, ''),
  );
  const clean = Object.assign(new Error(message), { name: said.name });
  return 'code' in said ? Object.assign(clean, { code: said.code }) : clean;
}

// By name, because `ioredis` may be loaded more than once.
function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
