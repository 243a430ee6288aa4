import type { JsonValue } from './json.ts';

/** An identity of an attribute: its own id, the namespace (etype) and the label. */
export type Ident = [id: string, etype: string, label: string];

/** A type that the server enforces on an attribute's values. */
export type CheckedDataType = 'string' | 'number' | 'boolean' | 'date';

/** A kind of value that was seen under an attribute. */
export type InferredType = 'string' | 'number' | 'boolean' | 'json';

/** An attribute as it goes over the wire (`init-ok`, `refresh-ok`, `add-attr`). */
export interface Attr {
  id: string;
  'value-type': 'blob' | 'ref';
  cardinality: 'one' | 'many';
  'forward-identity': Ident;
  'reverse-identity'?: Ident;
  'unique?': boolean;
  'index?': boolean;
  'required?'?: boolean;
  catalog: 'user' | 'system';
  'inferred-types'?: InferredType[] | null;
  'checked-data-type'?: CheckedDataType;
  'on-delete'?: 'cascade';
  'on-delete-reverse'?: 'cascade';
}

/** One fact: entity id, attribute id, value (an entity id for links), time of first insertion in epoch milliseconds. */
export type Triple = [e: string, a: string, v: JsonValue, t: number];

/** The namespace that an attribute belongs to. */
export function etypeOf(attr: Attr): string {
  return attr['forward-identity'][1];
}

/** The label of an attribute in its own namespace. */
export function labelOf(attr: Attr): string {
  return attr['forward-identity'][2];
}
