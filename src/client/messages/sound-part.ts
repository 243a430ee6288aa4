import { InstantNodeError } from '../../errors.ts';
import { isObject } from '../../protocol/json.ts';
import { malformation } from './malformation.ts';
import { mend } from './mend.ts';

/** What {@link soundPartOf} needs to know and to do. */
export interface SoundPartHost {
  /** Tells whether an attribute holds dates that core turns into objects; undefined when it turns none into objects. */
  holdsDates(): ((attrId: string) => boolean) | undefined;
  /** The answer to this query could not be used. */
  unanswered(q: object): void;
  report(error: InstantNodeError): void;
}

/** The part of a server's message that core can handle, if any. The rest is reported once and dropped. */
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
