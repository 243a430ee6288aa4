import type { JsonObject } from '../../protocol/json.ts';
import type { Actor } from '../permissions/actor.ts';
import { assertAllowed } from '../permissions/index.ts';
import type { StreamApp } from './stream-app.ts';

/** An action on a stream. */
interface StreamQuestion {
  readonly action: 'create' | 'view';
  readonly actor: Actor;
  readonly data: JsonObject;
  readonly ruleParams: JsonObject | undefined;
}

/** @throws {ServerError} `permission-denied` when the rules for `$streams` say no. */
export function assertStreamAllowed(app: StreamApp, question: StreamQuestion): void {
  assertAllowed(app, { etype: '$streams', ...question }, 'has-streams-permission?');
}
