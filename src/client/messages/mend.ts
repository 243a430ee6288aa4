import { isObject } from '../../protocol/json.ts';
import { whyNotJson } from '../values/sendable.ts';
import { isAttr } from './attrs.ts';
import { mendResult, mendRows, type Problem } from './results.ts';
import { type HoldsDates, tripleTest } from './triples.ts';

type Message = Record<string, unknown>;

/** What is left of a server's message. */
export interface Mended {
  message: Message;
  /** What was removed from it, as the end of a sentence. */
  problem: Problem;
  /** Queries whose answers were removed from it. */
  unanswered: object[];
}

type Mend = (message: Message, mending: Mending) => void;

/** What is known while a message is mended. */
interface Mending {
  isTriple(triple: unknown): boolean;
  problem(what: Problem): void;
  unanswered: object[];
}

/**
 * Removes from a server's message what core cannot use, and keeps the rest: one bad attribute, row or query is reported
 * and dropped, not everything that came with it. Required fields are not checked here.
 */
export function mend(message: Message, dates: HoldsDates | undefined): Mended {
  const problems = new Set<string>();
  const unanswered: object[] = [];
  const { op } = message;
  const mends = typeof op === 'string' && Object.hasOwn(MENDS, op) ? MENDS[op] : undefined;
  if (!mends) return { message, problem: undefined, unanswered };
  const own = { ...message };
  const fresh = dates && datesAmong(own.attrs);
  const mending: Mending = {
    isTriple: tripleTest((attrId) => fresh?.(attrId) ?? dates?.(attrId) ?? false),
    problem: (what) => what && problems.add(what),
    unanswered,
  };
  for (const one of mends) one(own, mending);
  const problem = problems.size > 0 ? `in "${op}", ${[...problems].join(', and ')}` : undefined;
  return { message: own, problem, unanswered };
}

const attrs: Mend = (message, { problem }) => {
  const list = message.attrs;
  if (!Array.isArray(list)) return;
  const sound = list.filter(isAttr);
  if (sound.length === list.length) return;
  message.attrs = sound;
  problem(`${list.length - sound.length} of "attrs" cannot be used`);
};

/** Drops an optional field whose value cannot be used. */
const optional =
  (field: string, isSound: (value: unknown) => boolean): Mend =>
  (message, { problem }) => {
    const value = message[field];
    if (value === undefined || value === null || isSound(value)) return;
    delete message[field];
    problem(`"${field}" cannot be used`);
  };

const result: Mend = (message, { isTriple, problem, unanswered }) => {
  const found = mendResult(message.result, isTriple);
  if (found !== false) problem(found);
  else if (isObject(message.q) && isQuery(message.q)) unanswered.push(message.q);
};

const computations: Mend = (message, { isTriple, problem, unanswered }) => {
  const list = message.computations;
  if (!Array.isArray(list)) return;
  const sound = list.filter((one) => {
    if (!isObject(one) || !isObject(one['instaql-query']) || !isQuery(one['instaql-query'])) return false;
    const found = mendResult(one['instaql-result'], isTriple);
    if (found === false) unanswered.push(one['instaql-query']);
    else problem(found);
    return found !== false;
  });
  if (sound.length === list.length) return;
  message.computations = sound;
  problem(`${list.length - sound.length} of "computations" cannot be used`);
};

const syncRows: Mend = (message, { isTriple, problem }) => {
  const rows = message['join-rows'];
  const left = Array.isArray(rows) ? mendRows(rows, isTriple) : 0;
  if (left > 0) problem(`${left} of "join-rows" cannot be used`);
};

const syncChanges: Mend = (message, { isTriple, problem }) => {
  if (!Array.isArray(message.txes)) return;
  message.txes = message.txes.filter((tx) => {
    const isTx = isObject(tx) && Number.isFinite(tx['tx-id']) && Array.isArray(tx.changes);
    if (!isTx) problem('"txes" holds what is no transaction');
    return isTx;
  });
  for (const tx of message.txes as { changes: unknown[] }[]) {
    const sound = tx.changes.filter((change) => isObject(change) && isTriple(change.triple));
    if (sound.length < tx.changes.length) problem('"txes" holds what is no change');
    tx.changes = sound;
  }
};

/** A refused event comes back with whatever it held. */
const originalEvent: Mend = (message) => {
  const event = message['original-event'];
  if (!isObject(event)) return;
  const { op, q, 'trace-id': traceId, ...rest } = event;
  const isOfQuery = op === 'add-query' || op === 'start-sync';
  const own = Object.fromEntries(Object.entries(rest).filter(([name]) => name !== 'hasOwnProperty'));
  message['original-event'] = {
    ...own,
    op: isOfQuery && !(isObject(q) && isQuery(q)) ? undefined : op,
    ...(isOfQuery ? { q } : {}),
    ...(typeof traceId === 'string' ? { 'trace-id': traceId } : {}),
  };
};

const MENDS: Record<string, Mend[]> = {
  'init-ok': [attrs, optional('app-status', (value) => isObject(value) && isStatus(value.status))],
  'add-query-ok': [result],
  'refresh-ok': [optional('attrs', Array.isArray), attrs, computations],
  'sync-load-batch': [syncRows],
  'sync-update-triples': [syncChanges],
  error: [
    optional('message', isText),
    optional('trace-id', isText),
    optional('type', isText),
    optional('status', Number.isFinite),
    originalEvent,
  ],
};

const STATUSES: readonly unknown[] = ['active', 'read-only', 'disabled'];

/** Whether this is a status that an app can have. */
export function isStatus(status: unknown): boolean {
  return STATUSES.includes(status);
}

/** Whether core can hash a query, which it does by recursion. */
function isQuery(q: object): boolean {
  return whyNotJson(q) === undefined;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

/** Tells which attributes in a message hold dates; undefined for those that are not in it. */
function datesAmong(list: unknown): (attrId: string) => boolean | undefined {
  const known = new Map(
    (Array.isArray(list) ? list : [])
      .filter(isAttr)
      .map((attr: Message) => [attr.id, attr['checked-data-type'] === 'date']),
  );
  return (attrId) => known.get(attrId);
}
