import type { AppRow } from '../../protocol/down.ts';
import type { App } from './app.ts';
import { OPERATOR_ID } from './operator.ts';

/** An app as clients see it, without the admin token. */
export function appRow({ identity, status }: Pick<App, 'identity' | 'status'>): AppRow {
  return {
    id: identity.id,
    title: identity.title,
    creator_id: OPERATOR_ID,
    created_at: new Date(identity.createdAt).toISOString(),
    deletion_marked_at: null,
    org_id: null,
    subscription_id: null,
    connection_string: null,
    status,
    magic_code_expiry_minutes: identity.signIn?.magicCodeMinutes ?? null,
  };
}
