import type { Attr } from '../../protocol/attr.ts';
import { createAppData } from '../store/app-data.ts';
import { parseDefinitions } from './definitions.ts';
import { planSchema } from './plan-schema.ts';
import type { SchemaStep } from './schema-step.ts';

/**
 * Plans the steps that turn the given attributes into a schema, as `instant-cli push` does before it contacts a server.
 *
 * @throws {ServerError} `validation-failed` when the schema cannot be pushed.
 */
export function planPush(schema: unknown, attrs: readonly Attr[]): readonly SchemaStep[] {
  const { catalog } = createAppData();
  for (const attr of attrs) catalog.put(attr);
  const options = {
    checkTypes: true,
    backgroundUpdates: false,
    asPushed: true,
    newId: () => crypto.randomUUID(),
  };
  return planSchema(parseDefinitions(schema), catalog, options).steps;
}
