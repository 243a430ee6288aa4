import type { EntitiesDef, InstantSchemaDef, LinksDef, RoomsDef } from '@instantdb/core';
import type { AnySchema } from './any-schema.ts';

/** What core's engine reads of a schema. */
type ReadSchema = InstantSchemaDef<EntitiesDef, LinksDef<EntitiesDef>, RoomsDef>;
type Link = ReadSchema['links'][string];

/** A link of one namespace under its label, as core's engine looks it up. */
interface IndexedLink {
  isForward: boolean;
  isSingular: boolean;
  link: Link;
}

/** Links by namespace and label. */
export type LinkIndex = Record<string, Record<string, IndexedLink>>;

/**
 * A schema in which lookups find only its own names. Core looks names up in plain objects, which inherit `constructor`,
 * `toString` and the like.
 */
export function withOwnNames<Schema extends AnySchema | undefined>(schema: Schema): Schema {
  if (!schema) return schema;
  const entities = Object.entries((schema as ReadSchema).entities).map(([name, entity]) => {
    const { attrs, links } = Object(entity) as typeof entity;
    const own = { ...entity, attrs: ownNames(attrs), links: ownNames(links) };
    return [name, Object.assign(Object.create(Object.getPrototypeOf(Object(entity))), own)];
  });
  const own = { ...schema, entities: ownNames(Object.fromEntries(entities)), links: ownNames(schema.links) };
  return Object.assign(Object.create(Object.getPrototypeOf(schema)), own);
}

/** Core's index of a schema's links, with own names only: core's would write into `Object` for some names. */
export function linkIndexOf(schema: ReadSchema | undefined): LinkIndex | null {
  if (!schema) return null;
  const index: LinkIndex = Object.create(null);
  for (const link of Object.values(schema.links)) {
    for (const end of ['forward', 'reverse'] as const) {
      const { on, label, has } = link[end];
      index[on] ??= Object.create(null) as Record<string, IndexedLink>;
      index[on][label] = { isForward: end === 'forward', isSingular: has === 'one', link };
    }
  }
  return index;
}

/** A copy of `names` that inherits none; null and undefined stay as they are. */
export function ownNames<T extends object | null | undefined>(names: T): T {
  return names && (Object.assign(Object.create(null), names) as T);
}
