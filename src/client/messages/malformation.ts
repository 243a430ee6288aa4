import type { DownMessage } from '../../protocol/down.ts';
import { isObject } from '../../protocol/json.ts';
import { isStatus } from './mend.ts';
import { mendResult } from './results.ts';

/** A check of one field: says what is wrong, or nothing. */
type Check = (message: Record<string, unknown>) => string | undefined;

const array =
  (field: string): Check =>
  (message) =>
    Array.isArray(message[field]) ? undefined : `"${field}" is not an array`;

const object =
  (field: string): Check =>
  (message) =>
    isObject(message[field]) ? undefined : `"${field}" is not an object`;

const text =
  (field: string): Check =>
  (message) =>
    typeof message[field] === 'string' ? undefined : `"${field}" is not a string`;

const number =
  (field: string): Check =>
  (message) =>
    Number.isFinite(message[field]) ? undefined : `"${field}" is not a number`;

const result =
  (field: string): Check =>
  (message) =>
    mendResult(message[field], () => true) !== false ? undefined : `"${field}" is not a result tree`;

const status: Check = (message) =>
  isStatus(message.status) ? undefined : '"status" is not the status of an app';

const streamPart: Check = (message) => {
  if (message.error) return undefined;
  const { content, files } = message;
  if (content != null && typeof content !== 'string') return '"content" is not a string';
  if (files != null && !(Array.isArray(files) && files.every(isFile)))
    return '"files" is not a list of files';
  return text('stream-id')(message) ?? number('offset')(message);
};

/** Every message that a server may send, the local backend or another. */
type Op = DownMessage['op'] | 'join-room-error';

/**
 * The fields of each message that core reads without checking. Ops that no server should send are left for core to
 * ignore or refuse.
 */
const CHECKS: Readonly<Record<Op, readonly Check[]>> = {
  'init-ok': [array('attrs'), text('session-id')],
  'add-query-ok': [object('q'), result('result'), number('processed-tx-id')],
  'add-query-exists': [object('q')],
  'remove-query-ok': [],
  'refresh-ok': [number('processed-tx-id'), array('computations')],
  'app-status-changed': [status],
  'start-sync-ok': [text('subscription-id'), object('q')],
  'sync-load-batch': [text('subscription-id'), array('join-rows')],
  'sync-init-finish': [text('subscription-id'), number('tx-id')],
  'sync-update-triples': [text('subscription-id'), array('txes')],
  'transact-ok': [text('client-event-id'), number('tx-id')],
  'patch-presence': [text('room-id'), array('edits')],
  'refresh-presence': [text('room-id'), object('data')],
  'server-broadcast': [text('room-id'), object('data')],
  'join-room-ok': [text('room-id')],
  'join-room-error': [text('room-id')],
  'start-stream-ok': [text('client-event-id'), text('stream-id'), number('offset')],
  'stream-flushed': [text('stream-id'), number('offset')],
  'append-failed': [text('stream-id')],
  'stream-append': [text('client-event-id'), streamPart],
  'leave-room-ok': [text('room-id')],
  'set-presence-ok': [],
  'client-broadcast-ok': [],
  'sse-init': [],
  error: [],
};

/** What is wrong with a server's message, as the end of a sentence; undefined when core can handle it. */
export function malformation(message: unknown): string | undefined {
  if (!isObject(message)) return 'a message is not an object';
  const { op } = message;
  if (typeof op !== 'string') return 'a message has no "op"';
  const checks = Object.hasOwn(CHECKS, op) ? CHECKS[op as Op] : [];
  for (const check of checks) {
    const problem = check(message);
    if (problem) return `in "${op}", ${problem}`;
  }
  return undefined;
}

/** A file that can be fetched from a server, and not from the machine of this process. */
function isFile(file: unknown): boolean {
  return (
    isObject(file) && typeof file.url === 'string' && /^https?:/i.test(file.url) && URL.canParse(file.url)
  );
}
