import type { Send } from '../../drivers/requests/send.ts';
import { jsonCall, posting } from './json-call.ts';

/** Where calls go: an app on its server. */
export interface CalledApp {
  readonly apiURI: string;
  readonly appId: string;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The calls of the auth API, as core makes them, by this database's own `fetch`. A name in a body that is undefined is
 * not sent.
 */
export class AuthCalls {
  readonly #send: Send;
  readonly #app: CalledApp;

  constructor(send: Send, app: CalledApp) {
    this.#send = send;
    this.#app = app;
  }

  sendMagicCode(email: unknown): Promise<unknown> {
    return this.#call('auth/send_magic_code', { 'app-id': this.#app.appId, email });
  }

  checkMagicCode(given: {
    email: unknown;
    code: unknown;
    refreshToken?: unknown;
    extraFields?: unknown;
  }): Promise<unknown> {
    const { email, code, refreshToken, extraFields } = given;
    return this.#call('auth/verify_magic_code', {
      'app-id': this.#app.appId,
      email,
      code,
      'refresh-token': refreshToken || undefined,
      'extra-fields': extraFields || undefined,
    });
  }

  verifyRefreshToken(refreshToken: unknown): Promise<unknown> {
    return this.#call('auth/verify_refresh_token', {
      'app-id': this.#app.appId,
      'refresh-token': refreshToken,
    });
  }

  signInAsGuest(extraFields: unknown): Promise<unknown> {
    return this.#call('auth/sign_in_guest', {
      'app-id': this.#app.appId,
      'extra-fields': extraFields || undefined,
    });
  }

  exchangeCodeForToken(given: Fields): Promise<unknown> {
    return this.#call('oauth/token', {
      app_id: this.#app.appId,
      code: given.code,
      code_verifier: given.codeVerifier,
      refresh_token: given.refreshToken,
      extra_fields: given.extraFields || undefined,
    });
  }

  signInWithIdToken(given: Fields): Promise<unknown> {
    return this.#call('oauth/id_token', {
      app_id: this.#app.appId,
      nonce: given.nonce,
      id_token: given.idToken,
      client_name: given.clientName,
      refresh_token: given.refreshToken,
      extra_fields: given.extraFields || undefined,
    });
  }

  signOut(refreshToken: unknown): Promise<unknown> {
    return this.#call('signout', { app_id: this.#app.appId, refresh_token: refreshToken });
  }

  #call(path: string, body: Fields): Promise<unknown> {
    return jsonCall(this.#send, `${this.#app.apiURI}/runtime/${path}`, posting(body));
  }
}
