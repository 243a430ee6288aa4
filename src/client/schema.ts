import type { EntitiesDef, InstantSchemaDef, LinksDef, RoomsDef } from '@instantdb/core';

/** Any schema that `i.schema` makes. */
export type AnySchema = InstantSchemaDef<EntitiesDef, LinksDef<EntitiesDef>, RoomsDef>;
