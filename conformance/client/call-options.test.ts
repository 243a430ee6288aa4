import { id, isInstantNodeError } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { open } from '../support/open.ts';
import { goal } from '../support/schema.ts';

type Db = ReturnType<typeof open>;

/** What a call throws or rejects with; undefined when it works. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}

const nothing = (): void => {};
const query = { goals: { $: { limit: 1 } } };
const email = 'ann@example.com';

/** Calls with options that core, or this package, does not have; what is said of them, and what was meant. */
const MISSPELT: Record<string, (db: Db, options: never) => unknown> = {
  queryOnce: (db, options) => db.queryOnce(query, options),
  subscribeQuery: (db, options) => db.subscribeQuery(query, nothing, options),
  subscribeInfiniteQuery: (db, options) => db.subscribeInfiniteQuery(query, nothing, options),
  watch: (db, options) => db.watch(query, options),
  ready: (db, options) => db.ready(options),
  close: (db, options) => db.close(options),
  joinRoom: (db, options) => db.joinRoom('chat', 'lobby', options),
  subscribePresence: (db, options) => db.joinRoom('chat', 'lobby').subscribePresence(options, nothing),
  getPresence: (db, options) => db.joinRoom('chat', 'lobby').getPresence(options),
  createReadStream: (db, options) => db.streams.createReadStream(options),
  createWriteStream: (db, options) => db.streams.createWriteStream(options),
  uploadFile: (db, options) => db.storage.uploadFile('a.txt', new Blob(['{}']), options),
  signOut: (db, options) => db.auth.signOut(options),
  update: (db, options) => db.transact(goal(id()).update({ title: 'x' }, options)),
  merge: (db, options) => db.transact([goal(id()).merge({ title: 'x' }, options)]),
  sendMagicCode: (db, options) => db.auth.sendMagicCode(options),
  signInWithMagicCode: (db, options) => db.auth.signInWithMagicCode(options),
  signInAsGuest: (db, options) => db.auth.signInAsGuest(options),
  signInWithIdToken: (db, options) => db.auth.signInWithIdToken(options),
  exchangeOAuthCode: (db, options) => db.auth.exchangeOAuthCode(options),
  createAuthorizationURL: (db, options) => db.auth.createAuthorizationURL(options),
};

const WORDS: readonly [method: string, options: object, misspelt: string, meant: string][] = [
  ['queryOnce', { timeout: 5 }, 'timeout', 'timeoutMs'],
  ['queryOnce', { ruleParam: {} }, 'ruleParam', 'ruleParams'],
  ['subscribeQuery', { ruleparams: {} }, 'ruleparams', 'ruleParams'],
  ['subscribeInfiniteQuery', { ruleParam: {} }, 'ruleParam', 'ruleParams'],
  ['watch', { singal: undefined }, 'singal', 'signal'],
  ['ready', { signl: undefined }, 'signl', 'signal'],
  ['close', { timeout: 1 }, 'timeout', 'timeoutMs'],
  ['joinRoom', { initialPresense: {} }, 'initialPresense', 'initialPresence'],
  ['subscribePresence', { key: ['name'] }, 'key', 'keys'],
  ['getPresence', { peer: [] }, 'peer', 'peers'],
  ['createReadStream', { clientID: 'a' }, 'clientID', 'clientId'],
  ['createWriteStream', { clientId: 'a', waitUntill: nothing }, 'waitUntill', 'waitUntil'],
  ['uploadFile', { contenttype: 'text/plain' }, 'contenttype', 'contentType'],
  ['signOut', { invalidateTokens: false }, 'invalidateTokens', 'invalidateToken'],
  ['update', { upsrt: false }, 'upsrt', 'upsert'],
  ['merge', { upsrt: false }, 'upsrt', 'upsert'],
  ['sendMagicCode', { emial: email }, 'emial', 'email'],
  ['signInWithMagicCode', { email, code: '000000', extraField: {} }, 'extraField', 'extraFields'],
  ['signInAsGuest', { extrafields: {} }, 'extrafields', 'extraFields'],
  ['signInWithIdToken', { idToken: 'x', clientName: 'y', nonse: 'z' }, 'nonse', 'nonce'],
  ['exchangeOAuthCode', { code: 'x', codeVerifer: 'y' }, 'codeVerifer', 'codeVerifier'],
  ['createAuthorizationURL', { clientName: 'a', redirectUri: 'b' }, 'redirectUri', 'redirectURL'],
];

describe('an option that a method does not have', () => {
  test('is asked of every method that takes some', () => {
    expect([...new Set(WORDS.map(([method]) => method))].sort()).toEqual(Object.keys(MISSPELT).sort());
  });

  test.each(WORDS)('%s(%o): "%s" is refused, with what was meant', async (method, options, word, meant) => {
    const asked = inbox<string>();
    const server = await fakeInstant({
      http: (path) => {
        asked.push(path);
        return { status: 200, body: {} };
      },
    });
    const db = open(server.address);
    const error = await failureOf(() => MISSPELT[method]?.(db, options as never));
    expect(isInstantNodeError(error, 'invalid-config')).toBe(true);
    expect(error).toMatchObject({
      message: `Cannot call ${method}(): there is no option "${word}"`,
      hint: `Did you mean "${meant}"?`,
    });
    expect(db.stats()).toMatchObject({ queries: 0, pendingTransactions: 0 });
    expect(asked.all).toEqual([]);
  });

  test('is refused with the names of all, when none is near', async () => {
    const db = open((await fakeInstant()).address);
    expect(await failureOf(() => db.queryOnce(query, { zzz: 1 } as never))).toMatchObject({
      hint: 'The options are ruleParams, timeoutMs, signal',
    });
  });
});

test('every option that core has is taken', async () => {
  const http = (): { status: number; body: object } => ({
    status: 200,
    body: { user: { id: id(), refresh_token: 't' }, data: { id: id() } },
  });
  const db = open((await fakeInstant({ http })).address);
  await db.ready();
  const ruleParams = { key: 'x' };
  const extraFields = { name: 'Ann' };
  for (const call of [
    () => db.subscribeQuery(query, nothing, { ruleParams })(),
    () => db.subscribeQuery(query, nothing, null as never)(),
    () => db.subscribeInfiniteQuery(query, nothing, { ruleParams }).unsubscribe(),
    () => db.watch(query, { ruleParams, signal: new AbortController().signal }).return?.(),
    () => db.ready({ signal: new AbortController().signal }),
    () => db.joinRoom('chat', 'lobby', { initialPresence: { nickname: 'Ann' } }),
    () =>
      db
        .joinRoom('chat', 'lobby')
        .subscribePresence({ user: true, peers: [], keys: ['nickname'], initialPresence: {} }, nothing),
    () => db.storage.uploadFile('a', new Blob(['{}']), { contentType: 'x/y', contentDisposition: 'inline' }),
    () => db.auth.sendMagicCode({ email, form: 'x' } as never),
    () => db.auth.signInWithMagicCode({ email, code: '1', refreshToken: 't', extraFields }),
    // As a form may have it: core reads what it needs.
    () => db.auth.signInWithMagicCode({ email, code: '1', remember: true, codes: [] } as never),
    () => db.auth.signInAsGuest({ extraFields }),
    () => db.auth.signInWithIdToken({ idToken: 'x', clientName: 'y', nonce: null, extraFields }),
    () => db.auth.exchangeOAuthCode({ code: 'x', codeVerifier: 'y', extraFields }),
    () => db.auth.createAuthorizationURL({ clientName: 'a', redirectURL: 'b', extraFields }),
    () => db.auth.signOut({ invalidateToken: false }),
    () => db.auth.signOut(new Event('leave') as never),
    () => db.transact(goal(id()).update({ title: 'x' }, { upsert: true })),
    () => db.transact([]),
  ]) {
    expect(await failureOf(call), String(call)).toBe(undefined);
  }
});
