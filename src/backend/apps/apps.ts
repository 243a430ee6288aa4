import type { Attr } from '../../protocol/attr.ts';
import { recordNotFound } from '../../protocol/error.ts';
import type { App } from '../app/app.ts';
import type { AppIdentity } from '../app/app-identity.ts';
import type { Place } from '../app/content-store.ts';
import type { KeptApp } from '../app/keeper.ts';
import { findRecord } from '../app/system-records.ts';
import { sizeOfAttr } from '../ephemeral/size-of.ts';
import { isSameSecret } from '../permissions/hash-text.ts';
import type { AppData } from '../store/app-data.ts';
import type { BackendHost } from './backend-host.ts';
import { type ServedApp, serveApp } from './served-app.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** How long an ephemeral app lives, from its creation. */
export const EPHEMERAL_LIFETIME_MS: number = 14 * DAY_MS;

/** A day longer than promised, so that nobody who counts in another time zone is surprised. */
const SWEEP_AFTER_MS = EPHEMERAL_LIFETIME_MS + DAY_MS;

/** An app that is not there yet. */
export type NewApp = Pick<AppIdentity, 'id' | 'title' | 'ephemeral'> &
  Partial<Pick<AppIdentity, 'adminToken' | 'trustsProviders'>>;

/** The apps of one backend, by id. */
export class Apps {
  readonly #apps = new Map<string, ServedApp>();
  readonly #host: BackendHost;

  constructor(host: BackendHost) {
    this.#host = host;
  }

  /**
   * Creates an app, with a new admin token where none is given, and with the attributes that `attrsFor` gives for it;
   * when that throws, there is no app. The id must not be in use, see {@link has}.
   *
   * @throws {ServerError} when it is an ephemeral one, and there are as many as there may be or no room for it.
   */
  create(
    { adminToken = this.#host.newId(), ...details }: NewApp,
    attrsFor: (data: AppData) => readonly Attr[] = () => [],
  ): ServedApp {
    this.#sweep();
    if (details.ephemeral) this.#host.ephemeral.assertAnother(this.#ephemeralCount);
    const identity = { ...details, adminToken, createdAt: this.#host.now() };
    const served = serveApp(identity, this.#host);
    const { app } = served;
    const attrs = this.#attrsWithRoom(app, attrsFor);
    const { status, processedTxId } = app;
    this.#host.keeper.appCreated({ identity, status, processedTxId, rules: null, initial: app.initial });
    if (attrs.length > 0) app.load({ attrs, triples: [] });
    app.keepAsInitial();
    this.#apps.set(identity.id, served);
    return served;
  }

  /** Brings back an app as it was kept. */
  revive(kept: KeptApp): void {
    this.#apps.set(kept.identity.id, serveApp(kept.identity, this.#host, kept));
  }

  has(id: string): boolean {
    return this.#apps.has(id);
  }

  /** @throws {ServerError} `record-not-found` when there is no such app. */
  get(id: string): ServedApp {
    const served = this.#apps.get(id);
    if (!served) throw recordNotFound('app', { id });
    return served;
  }

  /** All apps, in the order of their creation. */
  list(): ServedApp[] {
    return [...this.#apps.values()];
  }

  /** Whether a token is that of the operator, who may do everything in every app. */
  isOperator(token: string): boolean {
    return isSameSecret(token, this.#host.operator.token);
  }

  /** The app with this admin token. */
  withAdminToken(token: string): ServedApp | undefined {
    return this.list().find(({ app }) => isSameSecret(app.identity.adminToken, token));
  }

  /** Whether a file of an app has its content at this place. */
  usesContent({ appId, locationId }: Place): boolean {
    const served = this.#apps.get(appId);
    return served !== undefined && findRecord(served.app, '$files', 'location-id', locationId) !== undefined;
  }

  /** Removes an app and ends its sessions. */
  delete(app: App): void {
    this.#apps.delete(app.identity.id);
    const { keeper, files, report } = this.#host;
    const { id } = app.identity;
    keeper.appDeleted(id);
    app.sessions.end();
    app.account.close();
    keeper.whenSafe(() => {
      files.content.deleteApp(id).catch((error: unknown) => report('delete the files of an app', error));
    });
  }

  get #ephemeralCount(): number {
    return this.list().filter(({ app }) => app.identity.ephemeral).length;
  }

  #attrsWithRoom(app: App, attrsFor: (data: AppData) => readonly Attr[]): readonly Attr[] {
    try {
      const attrs = attrsFor(app.data);
      // Its title is counted already: there has to be room for something more.
      app.account.assertRoom(attrs.reduce((bytes, attr) => bytes + sizeOfAttr(attr), 1));
      return attrs;
    } catch (error) {
      app.account.close();
      throw error;
    }
  }

  #sweep(): void {
    const tooOld = this.#host.now() - SWEEP_AFTER_MS;
    for (const { app } of this.#apps.values()) {
      if (app.identity.ephemeral && app.identity.createdAt < tooOld) this.delete(app);
    }
  }
}
