import type {
  ConnectionStateDiagnostics,
  DiagnosticsError,
  DiagnosticsTransport,
} from './channel-payloads.ts';
import type { Diagnostics } from './database-diagnostics.ts';

/** A change of a connection's state. */
export interface ConnectionChange extends Pick<ConnectionStateDiagnostics, 'from' | 'to' | 'attempt'> {
  readonly transport?: DiagnosticsTransport | undefined;
  /** Why, when something failed; only its kind is told. */
  readonly cause?: unknown;
  /** How the connection was closed. */
  readonly close?: { readonly code: number; readonly reason: string } | undefined;
  /** How long until the next attempt, in milliseconds. */
  readonly delayMs?: number | undefined;
}

/** Tells of a change of a connection's state. `change` is called only when somebody hears it. */
export function tellConnectionChange(diagnostics: Diagnostics, change: () => ConnectionChange): void {
  diagnostics.tell('instant:connection', () => {
    const { from, to, attempt, transport, cause, close, delayMs } = change();
    return {
      event: 'state',
      from,
      to,
      attempt,
      ...(transport !== undefined && { transport }),
      ...(cause !== undefined && { cause: diagnostics.errorOf(cause) }),
      ...(close && { closeCode: close.code, closeReason: diagnostics.shown(close.reason) }),
      ...(delayMs !== undefined && { delayMs }),
    };
  });
}

/** Tells that the server has answered a probe. */
export function tellProbe(diagnostics: Diagnostics, roundTripMs: number): void {
  diagnostics.tell('instant:connection', () => ({ event: 'probe', roundTripMs }));
}

/** An attempt to get a session that is traced, or that nobody hears of. */
export interface TracedAttempt {
  /** The server has accepted the session. Only the first end counts. */
  accepted(): void;
  /** There will be no session of this attempt. */
  failed(cause: unknown): void;
}

/** Traces an attempt to get a session: call this when the connection is begun. */
export function traceAttempt(
  diagnostics: Diagnostics,
  about: () => { attempt: number; transport?: DiagnosticsTransport },
): TracedAttempt {
  const ongoing = diagnostics.begin('instant:connect', about);
  ongoing?.returned();
  const over = (error?: DiagnosticsError): void => ongoing?.over(error);
  return {
    accepted: () => over(),
    failed: (cause) => {
      if (ongoing) over(diagnostics.errorOf(cause));
    },
  };
}
