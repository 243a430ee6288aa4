import { ServerError } from '../../../protocol/error.ts';

/**
 * Something that an Instant server does and this backend does not do yet. It is an explicit failure: an empty success
 * would let a program continue as if it had been done.
 */
export class NotServedError extends ServerError {
  constructor(what: string) {
    const message = `${what} is not served by this backend yet`;
    super('validation-failed', `Validation failed for ${what}: ${message}`, {
      'data-type': what,
      input: null,
      errors: [{ message }],
    });
    this.name = 'NotServedError';
  }
}
