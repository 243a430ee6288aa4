/**
 * The person who runs a backend, who is the creator and owner of every app in it. A local backend has no other
 * accounts, so everything that belongs to an account on an Instant server belongs to this one.
 */
export interface Operator {
  readonly id: string;
  readonly email: string;
  /** Grants every right in every app, and the right to create and delete apps. */
  readonly token: string;
  /** In epoch milliseconds. */
  readonly createdAt: number;
}

/** The operator's id, the same in all backends because apps carry it. */
export const OPERATOR_ID = '00000000-0000-4000-8000-000000000000';

/** The operator of a backend that was started at `createdAt`. */
export function createOperator(token: string, createdAt: number): Operator {
  return { id: OPERATOR_ID, email: 'operator@localhost', token, createdAt };
}
