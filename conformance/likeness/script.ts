import { id, init } from '@instantdb/node';
import { type Backend, type BackendApp, startBackend } from '@instantdb/node/backend';
import { expect, onTestFinished } from 'vitest';
import { freshKey } from '../support/open.ts';
import { temporaryFolder } from '../support/sqlite.ts';
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts';
import { type Place, type Subject, subject } from './subject.ts';

/** A {@link Subject} in this process or another, whose network can be switched. */
export type Driven = {
  [Name in keyof Subject]: (...given: Parameters<Subject[Name]>) => Promise<ReturnType<Subject[Name]>>;
} & {
  /** Has its network listener say so. */
  setOnline(isOnline: boolean): Promise<void>;
};

/** What was told during each step: of each thing, what it was, in order. */
export type Told = Record<string, Record<string, readonly string[]>>;

/** The scripts, by their names. */
export const scripts = { faults: runFaults, refusal: runRefusal };

/**
 * Drives a database through what happens to a connection, and gives what it told during each step. Each step ends with
 * something that is told at its end, whatever the clock says.
 */
async function runFaults(driven: Driven): Promise<Told> {
  const world = await faultWorld();
  const script = new Script(driven, world.witness);
  const { step, untilTold, untilSeen } = script;

  await step('connect', async () => {
    await driven.open(world.place);
    await untilTold('status authenticated', 'posts ');
  });
  await step('join a room, and show oneself', async () => {
    await driven.join('Ann');
    await untilTold('room Ann with Bob');
    await untilSeen('room Bob with Ann');
    await driven.show('Anna');
    await untilTold('room Anna with Bob');
    await untilSeen('room Bob with Anna');
  });
  await step('write', async () => {
    await driven.write('one');
    await untilTold('write one synced');
    await untilSeen('posts one');
  });
  await step('the connection is cut', async () => {
    world.proxy.cut();
    await untilTold('status closed', 'status authenticated', 'room Anna with Bob');
    await untilSeen('room Bob with ', 'room Bob with Anna');
    world.witness.say('left');
    await untilTold('heard left');
  });
  await step('no network: written, shown, said', async () => {
    await driven.setOnline(false);
    await untilTold('status closed');
    for (const title of ['two', 'three', 'four']) await driven.write(title);
    await driven.show('Annabel');
    await driven.say('right');
    await untilTold('write four enqueued', 'posts four');
  });
  await step('the network is back', async () => {
    await driven.setOnline(true);
    await untilTold('status authenticated', 'room Annabel with Bob');
    await untilSeen('posts four', 'room Bob with Annabel');
    await driven.say('both');
    await untilSeen('heard both');
  });
  await step('the server is gone: written', async () => {
    world.witness.leave();
    await untilTold('room Annabel with ');
    await world.stop();
    await untilTold('status closed');
    for (const title of ['five', 'six']) await driven.write(title);
    await untilTold('write six enqueued', 'posts six');
  });
  await step('the server is back', async () => {
    await world.restart();
    await untilTold('status authenticated');
    world.witness.join('Bob');
    await untilTold('room Annabel with Bob');
    await untilSeen('posts six', 'room Bob with Annabel');
  });
  await step('the app is read-only', async () => {
    world.app().setStatus('read-only');
    await untilTold('app read-only');
    await driven.write('seven');
    await untilTold('write seven This app is in read-only mode.');
  });
  await step('the app is disabled', async () => {
    world.app().setStatus('disabled');
    await untilTold('posts error: This app is currently disabled.');
  });
  await step('the app is active', async () => {
    world.app().setStatus('active');
    await untilTold('app writable', 'status authenticated', 'posts six', 'room Annabel with Bob');
    await untilSeen('posts six', 'room Bob with Annabel');
  });
  return script.told;
}

/** The same for a session that the server refuses until there is such an app. */
async function runRefusal(driven: Driven): Promise<Told> {
  const world = await faultWorld();
  const script = new Script(driven, world.witness);
  const appId = id();
  await script.step('there is no such app', async () => {
    await driven.open({ ...world.place, appId });
    await script.untilTold('status errored');
    await driven.write('one');
    await script.untilTold(/^write one /);
  });
  await script.step('there is, and the network changes', async () => {
    world.backend().createApp({ id: appId });
    await driven.setOnline(false);
    await driven.setOnline(true);
    await script.untilTold('status authenticated');
    await driven.write('two');
    await script.untilTold('write two synced', 'posts two');
  });
  return script.told;
}

class Script {
  readonly told: Told = {};
  readonly #driven: Driven;
  readonly #witness: Subject;
  /** How much was told before the step. */
  #heardBefore = 0;
  #seenBefore = 0;
  readonly #last = new Map<string, string>();

  constructor(driven: Driven, witness: Subject) {
    this.#driven = driven;
    this.#witness = witness;
  }

  readonly step = async (name: string, perform: () => Promise<void>): Promise<void> => {
    await perform();
    const heard = await this.#heard();
    const heardByBob = this.#seen().filter((one) => one.startsWith('heard '));
    this.told[name] = {
      ...byThing(heard, this.#last),
      ...(heardByBob.length > 0 && { 'heard by Bob': heardByBob.map((one) => one.slice('heard '.length)) }),
    };
    this.#heardBefore += heard.length;
    this.#seenBefore = this.#witness.told().length;
  };

  /** Waits until each of these was told since the step began. */
  readonly untilTold = async (...wanted: (string | RegExp)[]): Promise<void> => {
    await expect.poll(() => this.#heard(), patient).toSatisfy((all: string[]) => holds(all, wanted));
  };

  /** The same of what the witness was told. */
  readonly untilSeen = async (...wanted: (string | RegExp)[]): Promise<void> => {
    await expect.poll(() => this.#seen(), patient).toSatisfy((all: string[]) => holds(all, wanted));
  };

  async #heard(): Promise<string[]> {
    return (await this.#driven.told()).slice(this.#heardBefore);
  }

  #seen(): string[] {
    return this.#witness.told().slice(this.#seenBefore);
  }
}

/** Delays between tries are no part of what is compared. */
export const eager = { firstRetryMs: 10, maxRetryMs: 50 };

/** For what hangs. */
const patient = { timeout: 120_000 };

/** Whether all were told, in their order where they are of one kind. */
function holds(all: readonly string[], wanted: readonly (string | RegExp)[]): boolean {
  const from = new Map<string, number>();
  return wanted.every((one) => {
    const kind = String(one).split(' ', 1)[0] ?? '';
    const isIt = (told: string): boolean => (typeof one === 'string' ? told === one : one.test(told));
    const found = all.findIndex((told, index) => index >= (from.get(kind) ?? 0) && isIt(told));
    from.set(kind, found + 1);
    return found >= 0;
  });
}

/**
 * What was told of each thing. How often a try fails hangs on the clock, so what is told again counts once, also where
 * it was `last` told in an earlier step.
 */
function byThing(all: readonly string[], last: Map<string, string>): Record<string, string[]> {
  const told: Record<string, string[]> = {};
  for (const one of all) {
    const [of = ''] = one.split(' ', 1);
    if (last.get(of) !== one) told[of] = [...(told[of] ?? []), one.slice(of.length + 1)];
    last.set(of, one);
  }
  return told;
}

interface FaultWorld {
  readonly proxy: TcpProxy;
  readonly place: Place;
  /** Somebody else in the same app, who is there all the time. */
  readonly witness: Subject;
  backend(): Backend;
  app(): BackendApp;
  stop(): Promise<void>;
  restart(): Promise<void>;
}

async function faultWorld(): Promise<FaultWorld> {
  const data = temporaryFolder();
  let backend = await startBackend({ data });
  const { port, url: apiURI, websocketURI } = backend;
  onTestFinished(() => backend.close());
  const appId = backend.createApp().id;
  const proxy = await tcpProxy(backend);
  const witness = subject((place) => {
    const db = init({ ...place, instanceKey: freshKey(), connection: eager });
    onTestFinished(() => db.close({ timeoutMs: 0 }));
    return db;
  });
  witness.open({ appId, apiURI, websocketURI });
  witness.join('Bob');
  return {
    proxy,
    place: { appId, apiURI: proxy.url, websocketURI: proxy.websocketURI },
    witness,
    backend: () => backend,
    app: () => {
      const app = backend.app(appId);
      if (!app) throw new Error('The app is gone');
      return app;
    },
    stop: () => backend.close(),
    restart: async () => {
      backend = await startBackend({ data, port });
    },
  };
}
