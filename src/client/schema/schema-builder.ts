import { i as coreI, type DataAttrDef } from '@instantdb/core';

/**
 * Core's `i`, which schemas are written with. Only `string` has a different type: core's is inferred from its context,
 * and `entity` accepts anything, so that from TypeScript 6 on each `i.string()` in a schema is an `any`.
 */
export interface SchemaBuilder extends Omit<typeof coreI, 'string'> {
  /** A text; `i.string<'open' | 'done'>()` for one of those. */
  string<StringEnum extends string = string>(): DataAttrDef<NoInfer<StringEnum>, true, false>;
}

/** Core's own, with {@link SchemaBuilder.string} typed. */
export const i: SchemaBuilder = coreI;
