import { refusalError } from './server-refusal.ts';

/** The error of a write to an app that takes none, as the server would refuse it; core has only the message. */
export function noWritesError(appStatus: string | undefined): Error {
  const isDisabled = appStatus === 'disabled';
  return refusalError({
    type: isDisabled ? 'app-disabled' : 'app-read-only',
    status: 400,
    message: isDisabled ? 'This app is currently disabled.' : 'This app is in read-only mode.',
    hint: { status: isDisabled ? 'disabled' : 'read-only' },
  });
}
