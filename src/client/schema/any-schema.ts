import type { InstantSchemaDef } from '@instantdb/core';

/**
 * Any schema that `i.schema` makes, be it from this package, from core or from another copy of core: what core's own
 * `init` takes. A bound that says more about the parts would be compared with them one by one: a schema of another copy
 * would not fit, and the cost of the comparison would grow with the square of the schema.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above; `unknown` is such a bound.
export type AnySchema = InstantSchemaDef<any, any, any>;
