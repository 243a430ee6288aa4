/** A sign-in at a provider that cannot go on. The message is for the developer of the app. */
export class OAuthError extends Error {
  /** Where to tell the app, once that is known. */
  readonly redirectUrl: string | undefined;

  constructor(message: string, redirectUrl?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OAuthError';
    this.redirectUrl = redirectUrl;
  }
}
