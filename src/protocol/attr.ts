import type { JsonValue } from './json.ts';

/** An identity of an attribute: its own id, the namespace (etype) and the label. */
export type Ident = [id: string, etype: string, label: string];

/** A type that the server enforces on an attribute's values. */
export type CheckedDataType = 'string' | 'number' | 'boolean' | 'date';

/** A kind of value that was seen under an attribute. */
export type InferredType = 'string' | 'number' | 'boolean' | 'json';

/** An attribute as it goes over the wire (`init-ok`, `refresh-ok`, `add-attr`). */
export interface Attr {
  /** A UUID. */
  id: string;
  /** A value of its own, or a link to another entity. */
  'value-type': 'blob' | 'ref';
  /** How many values an entity has at most. */
  cardinality: 'one' | 'many';
  /** Its namespace and label; for a link, those of the entity it leads from. */
  'forward-identity': Ident;
  /** For a link: the namespace it leads to, and its label there. */
  'reverse-identity'?: Ident;
  /** Whether no two entities have the same value. */
  'unique?': boolean;
  /** Whether queries may compare its values and order by them. */
  'index?': boolean;
  /** Whether every entity of the namespace has a value. Default false. */
  'required?'?: boolean;
  /** Whether the app defined it, or every app has it, such as `$users.email`. */
  catalog: 'user' | 'system';
  /** The kinds of values seen under it; null or absent when none is known. */
  'inferred-types'?: InferredType[] | null;
  /** The type that each value must have. Default: any. */
  'checked-data-type'?: CheckedDataType;
  /** For a link: the entity it leads from is deleted together with the one it leads to. */
  'on-delete'?: 'cascade';
  /** For a link: the entity it leads to is deleted together with the one it leads from. */
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
