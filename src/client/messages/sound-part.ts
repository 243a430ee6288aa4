import { InstantNodeError } from '../../errors.ts';
import { isObject } from '../../protocol/json.ts';
import { malformation } from './malformation.ts';
import { mend } from './mend.ts';

/** What it takes to tell the sound part of a message. */
export interface SoundPartHost {
  /** Whether an attribute holds dates that core makes objects of; undefined where it makes none. */
  holdsDates(): ((attrId: string) => boolean) | undefined;
  /** The answer to this query could not be taken. */
  unanswered(q: object): void;
  report(error: InstantNodeError): void;
}

/** What core can take of a message of the server, if anything. The rest is reported once, and left out. */
export function soundPartOf(
  message: unknown,
  host: SoundPartHost,
): ({ op: string } & Record<string, unknown>) | undefined {
  const mended = isObject(message) ? mend(message, host.holdsDates()) : undefined;
  const problem = malformation(mended?.message ?? message);
  for (const what of [mended?.problem, problem]) {
    if (what) host.report(new InstantNodeError('protocol', `Ignored what the server sent: ${what}`));
  }
  for (const q of mended?.unanswered ?? []) host.unanswered(q as object);
  return problem ? undefined : (mended?.message as ({ op: string } & Record<string, unknown>) | undefined);
}
