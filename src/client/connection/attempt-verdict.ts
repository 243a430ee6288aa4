import { InstantNodeError } from '../../errors.ts';
import type { Refusal } from '../refusals/server-refusal.ts';
import type { FailedAttempts } from './failed-attempts.ts';
import { type RetryRule, ruleOfCode, ruleOfStatus } from './retry-rule.ts';
import type { SessionEnd } from './session-end.ts';

/** How a connection ended, and what it was until then. */
export interface Ending extends SessionEnd {
  readonly wasAccepted: boolean;
  /** Whether it is put down to a write, which is then another's concern. */
  readonly isOfWrite: boolean;
}

/** What is known of an attempt. */
type Known = Pick<FailedAttempts, 'handshake' | 'turnedAwayBy' | 'isOverdue'>;

/** Stands in for the end of a connection that never was. */
export const noEnding: Ending = { code: 1006, reason: '', isOurs: true, wasAccepted: true, isOfWrite: false };

/** What the end of a connection asks of the next try. */
export function ruleOf({ code, isOurs, isOfWrite }: Ending, { handshake, turnedAwayBy }: Known): RetryRule {
  if (handshake) return ruleOfStatus(handshake);
  if (!turnedAwayBy) return isOurs || isOfWrite ? { is: 'usual' } : ruleOfCode(code);
  const rule = ruleOfStatus({ status: turnedAwayBy.status ?? 0, retryAfterMs: undefined });
  // It was said that this may pass.
  return rule.is === 'refused' ? { is: 'usual' } : rule;
}

/** Whether the end of a connection says something of the host, and not only of one database. */
export function isOfHost({ wasAccepted, isOurs }: Ending, attempt: Known): boolean {
  if (attempt.isOverdue) return true;
  if (wasAccepted || isOurs || attempt.turnedAwayBy) return false;
  // A host that refuses WebSockets answers.
  const { status = 500 } = attempt.handshake ?? {};
  return status >= 500 || status === 429;
}

/** Whether the server answered an attempt by saying that it does not want it, and would not later. */
export function isDenial({ handshake }: Pick<Known, 'handshake'>): boolean {
  const { status = 0 } = handshake ?? {};
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** The refusal that the end of a connection amounts to. */
export function refusalBy({ code, reason }: Ending, { handshake }: Known): Refusal {
  const how = handshake ? `HTTP status ${handshake.status}` : `close code ${said(code, reason)}`;
  const message = `it ended the connection with ${how}`;
  return { message, ...(handshake && { status: handshake.status }) };
}

/** The error of a session that ended by itself. */
export function sessionEnded({ code, reason }: Ending): InstantNodeError {
  return new InstantNodeError('connection-failed', `The session ended with code ${said(code, reason)}`);
}

function said(code: number, reason: string): string {
  return reason ? `${code}, "${reason}"` : String(code);
}
