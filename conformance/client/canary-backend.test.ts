import { randomBytes } from 'node:crypto';
import { type BackendLogEntry, type RequestEntry, startBackend } from '@instantdb/node/backend';
import { expect, onTestFinished, test } from 'vitest';
import { addressOf, open } from '../support/open.ts';
import { namesShownBy } from '../support/printed.ts';
import { schema } from '../support/schema.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

function canary(name: string): string {
  return `canary-${name}-${randomBytes(9).toString('hex')}`;
}

/**
 * What shows a secret because it is documented to, with which. The two tokens are properties, so whatever prints the
 * backend or an app shows the one that is its own; all else takes a call for the code of one email.
 */
const DOCUMENTED: Readonly<Record<string, readonly string[]>> = {
  backend: ['personalAccessToken'],
  'backend.personalAccessToken': ['personalAccessToken'],
  'backend.apps()': ['adminToken'],
  'backend.app(id)': ['adminToken'],
  app: ['adminToken'],
  'app.adminToken': ['adminToken'],
  'app.magicCode(email)': ['magicCode'],
  'backend.magicCode(app, email)': ['magicCode'],
  'log: Magic code': ['magicCode'],
};

const places = hasSqlite ? (['memory', 'a folder'] as const) : (['memory'] as const);

test.each(places)(
  'a backend with its apps in %s shows nobody’s secret but where it is documented',
  async (place) => {
    const logged: BackendLogEntry[] = [];
    const requests: RequestEntry[] = [];
    const personalAccessToken = canary('personal');
    const backend = await startBackend({
      personalAccessToken,
      log: (entry) => logged.push(entry),
      onRequest: (entry) => requests.push(entry),
      ...(place === 'a folder' && { data: `${temporaryFolder()}/data` }),
    });
    onTestFinished(() => backend.close());
    const clientSecret = canary('client-secret');
    const app = backend.createApp({
      schema,
      signIn: {
        oauthClients: [
          {
            name: 'c',
            discoveryEndpoint: 'http://127.0.0.1:1/',
            clientId: 'id',
            clientSecret,
            provider: 'p',
          },
        ],
        testUsers: { 'tess@example.com': '246813' },
      },
    });
    const email = 'ann@example.com';
    const guest = await open(addressOf(backend, app)).auth.signInAsGuest();
    const ann = open(addressOf(backend, app));
    await ann.auth.sendMagicCode({ email });
    const used = app.magicCode(email);
    const { user } = await ann.auth.signInWithMagicCode({ email, code: used ?? '' });
    await ann.auth.sendMagicCode({ email });
    const refused = [
      await ann.auth
        .signInWithIdToken({ clientName: 'c', idToken: canary('id-token') })
        .catch((error: unknown) => error),
      thrownBy(() => backend.createApp({ signIn: { oauthClients: [{ name: 1, clientSecret }] as never } })),
    ];
    expect(refused.every((error) => error instanceof Error)).toBe(true);

    const magicCode = app.magicCode(email);
    const secrets = {
      personalAccessToken,
      adminToken: app.adminToken,
      guestToken: guest.user.refresh_token,
      userToken: user.refresh_token,
      clientSecret,
      testCode: '246813',
      magicCode,
    };
    const surface: [string, unknown][] = [
      ['backend', backend],
      ...membersOf('backend', backend),
      ['backend.apps()', backend.apps()],
      ['backend.app(id)', backend.app(app.id)],
      ['app', app],
      ...membersOf('app', app),
      ['app.snapshot()', app.snapshot()],
      ['app.magicCode(email)', magicCode],
      ['backend.magicCode(app, email)', backend.magicCode(app, email)],
      ...logged.map((entry): [string, unknown] => [`log: ${entry.message.split(' ', 2).join(' ')}`, entry]),
      ['requests', requests],
      ...refused.map((error, index): [string, unknown] => [`refused ${index}`, error]),
    ];
    const shown = Object.fromEntries(
      surface.flatMap(([what, value]) => {
        const names = namesShownBy(value, secrets);
        return names.length > 0 ? [[what, names]] : [];
      }),
    );
    expect(shown).toEqual(DOCUMENTED);
  },
);

/** The members of an object, by name. What an accessor gives is a member. */
function membersOf(what: string, value: object): [string, unknown][] {
  return Reflect.ownKeys(value).map((key) => [`${what}.${String(key)}`, Reflect.get(value, key)]);
}

function thrownBy(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
