import { refusalError } from './server-refusal.ts';

/** The refusal of a write to an app that takes none, as the server refuses it; core has its words alone. */
export function noWritesError(appStatus: string | undefined): Error {
  const isDisabled = appStatus === 'disabled';
  return refusalError({
    type: isDisabled ? 'app-disabled' : 'app-read-only',
    status: 400,
    message: isDisabled ? 'This app is currently disabled.' : 'This app is in read-only mode.',
    hint: { status: isDisabled ? 'disabled' : 'read-only' },
  });
}
