import type { InstantSchemaDef } from '@instantdb/core';

/**
 * Any schema that `i.schema` makes, of this package, of core or of another copy of core: what core's own `init` takes. Any
 * bound that says more of the parts is compared with them one by one: a schema of another copy does not fit then, and the
 * cost of the comparison grows with the square of the schema.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above; `unknown` is such a bound.
export type AnySchema = InstantSchemaDef<any, any, any>;
