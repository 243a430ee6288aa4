import type { TransactionDiagnostics } from '../diagnostics/channel-payloads.ts';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import type { Mutation } from '../transactions/transactions.ts';

/** What more is told of a write: its number, or the error that it got. */
interface About {
  txId?: number;
  error?: unknown;
}

/** Tells the diagnostics what became of a write. */
export function tellWrite(
  diagnostics: Diagnostics,
  event: TransactionDiagnostics['event'],
  [eventId, mutation]: readonly [string, Mutation | undefined],
  { txId, error }: About = {},
): void {
  if (!mutation) return;
  diagnostics.tell('instant:transaction', () => ({
    event,
    eventId,
    steps: mutation['tx-steps'].length,
    ageMs: Math.max(0, Date.now() - mutation.created),
    ...(txId !== undefined && { txId }),
    ...(error !== undefined && { error: diagnostics.errorOf(error) }),
  }));
}
