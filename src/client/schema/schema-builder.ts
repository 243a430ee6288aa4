import { i as coreI, type DataAttrDef } from '@instantdb/core';

/**
 * Core's `i`, by which schemas are written. Only `string` is typed anew: core's takes its type from what it stands in, and
 * `entity` is a place for anything, so that from TypeScript 6 on each `i.string()` in a schema is an `any`.
 */
export interface SchemaBuilder extends Omit<typeof coreI, 'string'> {
  /** A text; `i.string<'open' | 'done'>()` for one of those. */
  string<StringEnum extends string = string>(): DataAttrDef<NoInfer<StringEnum>, true, false>;
}

/** Core's own, with {@link SchemaBuilder.string} typed. */
export const i: SchemaBuilder = coreI;
