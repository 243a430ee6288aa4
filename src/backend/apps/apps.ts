import type { Attr } from '../../protocol/attr.ts';
import { recordNotFound } from '../../protocol/error.ts';
import type { App } from '../app/app.ts';
import type { AppIdentity } from '../app/app-identity.ts';
import type { KeptApp } from '../app/app-persistence.ts';
import type { Place } from '../app/content-store.ts';
import { findRecord } from '../app/system-records.ts';
import { sizeOfAttr } from '../ephemeral/size-of.ts';
import { isSameSecret } from '../permissions/hash-text.ts';
import type { AppData } from '../store/app-data.ts';
import type { BackendHost } from './backend-host.ts';
import { type ServedApp, serveApp } from './served-app.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** How long an ephemeral app is promised to live, from its creation. */
export const EPHEMERAL_LIFETIME_MS: number = 14 * DAY_MS;

/** A day longer than promised, to be safe for clients that count days in another time zone. */
const SWEEP_AFTER_MS = EPHEMERAL_LIFETIME_MS + DAY_MS;

/** An app about to be created. */
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
   * Creates an app, with a new admin token if none is given, and with the attributes that `attrsFor` returns for it;
   * when that throws, no app is created. The id must not be in use, see {@link has}.
   *
   * @throws {ServerError} when it is an ephemeral app and their number or size limit is reached.
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
    this.#host.persistence.appCreated({ identity, status, processedTxId, rules: null, initial: app.initial });
    if (attrs.length > 0) app.load({ attrs, triples: [] });
    app.keepAsInitial();
    this.#apps.set(identity.id, served);
    return served;
  }

  /** Brings back a persisted app. */
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

  /** Whether a token is the operator's, who may do everything in every app. */
  isOperator(token: string): boolean {
    return isSameSecret(token, this.#host.operator.token);
  }

  /** The app with this admin token. */
  withAdminToken(token: string): ServedApp | undefined {
    return this.list().find(({ app }) => isSameSecret(app.identity.adminToken, token));
  }

  /** Whether a file of an app refers to the content at this place. */
  usesContent({ appId, locationId }: Place): boolean {
    const served = this.#apps.get(appId);
    return served !== undefined && findRecord(served.app, '$files', 'location-id', locationId) !== undefined;
  }

  /** Removes an app and ends its sessions. */
  delete(app: App): void {
    this.#apps.delete(app.identity.id);
    const { persistence, files, report } = this.#host;
    const { id } = app.identity;
    persistence.appDeleted(id);
    app.sessions.end();
    app.account.close();
    persistence.whenDurable(() => {
      files.content.deleteApp(id).catch((error: unknown) => report('delete the files of an app', error));
    });
  }

  get #ephemeralCount(): number {
    return this.list().filter(({ app }) => app.identity.ephemeral).length;
  }

  #attrsWithRoom(app: App, attrsFor: (data: AppData) => readonly Attr[]): readonly Attr[] {
    try {
      const attrs = attrsFor(app.data);
      // Its title is counted already: there must be room for at least one more byte.
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
