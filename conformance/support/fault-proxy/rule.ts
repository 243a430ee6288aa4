import { OPCODE } from '../frames.ts';
import type { Piece } from './frame-reader.ts';
import type { Direction } from './lane-faults.ts';
import type { Link } from './link.ts';

/** A message of a WebSocket on its way. */
export interface Passing {
  readonly direction: Direction;
  readonly text: string;
  readonly link: Link;
}

/**
 * What becomes of a message: it passes; it arrives twice, which TCP never does, but everyone may who sends again what
 * was not answered; the connection is reset instead of delivering it, or once it was delivered.
 */
export type Verdict = 'pass' | 'twice' | 'reset' | 'pass-and-reset';

/** Decides on each message. It is not asked about what is longer than 256 KiB, nor about what is no WebSocket's. */
export type Rule = (passing: Passing) => Verdict;

/** Everything passes. */
export const pass: Rule = () => 'pass';

/** What is let through of a piece, and whether that is the end of the connection. */
export interface Judged {
  readonly pieces: readonly Piece[];
  readonly end?: 'now' | 'after';
}

/** Asks `rule` about a piece that is a message. */
export function judge(rule: Rule, direction: Direction, piece: Piece, link: Link): Judged {
  if (piece.frame?.opcode !== OPCODE.text) return { pieces: [piece] };
  const verdict = rule({ direction, text: piece.frame.payload.toString(), link });
  switch (verdict) {
    case 'pass':
      return { pieces: [piece] };
    case 'twice':
      return { pieces: [piece, piece] };
    case 'reset':
      return { pieces: [], end: 'now' };
    case 'pass-and-reset':
      return { pieces: [piece], end: 'after' };
    default:
      return verdict satisfies never;
  }
}

/** Delivers what clients send that has `op`, twice. */
export function twice(...ops: readonly string[]): Rule {
  return ({ direction, text }) => (direction === 'up' && hasOp(text, ops) ? 'twice' : 'pass');
}

/**
 * Resets the connection when the answer comes to the next message that has `op`: the server has done what it was asked
 * for, and the client does not know. Once, then everything passes.
 */
export function resetBeforeAnswer(op: string): Rule {
  let awaited: string | undefined;
  let isDone = false;
  return ({ direction, text }) => {
    if (isDone) return 'pass';
    if (direction === 'up' && awaited === undefined && hasOp(text, [op])) awaited = eventIdIn(text);
    if (direction !== 'down' || awaited === undefined || eventIdIn(text) !== awaited) return 'pass';
    isDone = true;
    return 'reset';
  };
}

/** Ends each session once the server has accepted it. */
export const dropSessions: Rule = ({ direction, text }) =>
  direction === 'down' && hasOp(text, ['init-ok']) ? 'pass-and-reset' : 'pass';

function hasOp(text: string, ops: readonly string[]): boolean {
  const op = /"op": ?"([\w-]+)"/.exec(text)?.[1];
  return op !== undefined && ops.includes(op);
}

function eventIdIn(text: string): string | undefined {
  return /"client-event-id": ?"([^"]+)"/.exec(text)?.[1];
}
