/** A provider sign-in that cannot continue. The message is for the app's developer. */
export class OAuthError extends Error {
  /** Where to report the failure to the app, once that is known. */
  readonly redirectUrl: string | undefined;

  constructor(message: string, redirectUrl?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OAuthError';
    this.redirectUrl = redirectUrl;
  }
}
