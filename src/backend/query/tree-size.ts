import { ServerError } from '../../protocol/error.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { type EntityResult, entitiesOf, type QueryOutcome } from './outcome.ts';

/** The approximate maximum length of a tree as text. */
const MAX_TREE_CHARS = 128 * 1024 * 1024;

/** The approximate length of a label and punctuation. */
const AROUND_VALUE = 16;

/**
 * Makes sure that an answer can be written out as a tree: an entity is repeated in every place where it is reached, and
 * a few links with many targets multiply those places at each level.
 *
 * @throws {ServerError} `operation-timed-out` when the tree would be too large.
 */
export function assertTreeSize({ forms }: QueryOutcome): void {
  const known = new Map<EntityResult, number>();
  const sizeOf = (entity: EntityResult): number => {
    const before = known.get(entity);
    if (before !== undefined) return before;
    let size = 0;
    for (const [, , v] of entity.values) size += AROUND_VALUE + valueSize(v);
    for (const { linked } of entity.children) {
      size += AROUND_VALUE;
      for (const { entity: inner } of linked) size += sizeOf(inner);
    }
    known.set(entity, size);
    return size;
  };
  const size = forms.flatMap(entitiesOf).reduce((sum, entity) => sum + sizeOf(entity), 0);
  if (size <= MAX_TREE_CHARS) return;
  const message = `Operation timed out: the answer takes more than ${MAX_TREE_CHARS} characters as a tree. Follow fewer links, or ask for fewer entities or fields.`;
  throw new ServerError('operation-timed-out', message, { 'max-characters': MAX_TREE_CHARS });
}

function valueSize(value: JsonValue): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null ? JSON.stringify(value).length : 4;
}
