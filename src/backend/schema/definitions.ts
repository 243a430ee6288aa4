import { type ValidationIssue, validationFailed } from '../../protocol/error.ts';
import { isObject } from '../../protocol/json.ts';

/** A value attribute, as defined by a schema. */
export interface AttrDefinition {
  readonly etype: string;
  readonly label: string;
  readonly valueType: string;
  readonly required: boolean;
  readonly indexed: boolean;
  readonly unique: boolean;
}

/** One end of a link. */
export interface LinkEnd {
  readonly on: string;
  readonly label: string;
  readonly has: 'one' | 'many';
  readonly required: boolean;
  readonly cascades: boolean;
}

/** A link, as defined by a schema. */
export interface LinkDefinition {
  readonly forward: LinkEnd;
  readonly reverse: LinkEnd;
}

/** A validated schema. */
export interface Definitions {
  readonly etypes: readonly string[];
  readonly attrs: readonly AttrDefinition[];
  readonly links: readonly LinkDefinition[];
}

const VALUE_TYPES: ReadonlySet<unknown> = new Set(['string', 'number', 'boolean', 'date', 'json', 'any']);

/**
 * Parses a schema: the result of core's `i.schema`, or the same as JSON. Rooms do not concern the server and are
 * ignored.
 *
 * @throws {ServerError} `validation-failed` that lists each place where it is not a schema.
 */
export function parseDefinitions(schema: unknown): Definitions {
  const reader = new SchemaReader();
  const definitions = reader.read(schema);
  if (reader.issues.length > 0) throw validationFailed('schema', null, reader.issues);
  return definitions;
}

class SchemaReader {
  readonly issues: ValidationIssue[] = [];

  read(schema: unknown): Definitions {
    const { entities, links } = this.#object(schema, ['schema']);
    const etypes = Object.entries(this.#object(entities ?? {}, ['schema', 'entities']));
    return {
      etypes: etypes.map(([etype]) => etype),
      attrs: etypes.flatMap(([etype, entity]) => this.#entity(etype, entity)),
      links: Object.entries(this.#object(links ?? {}, ['schema', 'links'])).map(([name, link]) =>
        this.#link(link, ['schema', 'links', name]),
      ),
    };
  }

  #entity(etype: string, entity: unknown): AttrDefinition[] {
    const path = ['schema', 'entities', etype];
    const attrs = this.#object(this.#object(entity, path).attrs ?? {}, [...path, 'attrs']);
    return Object.entries(attrs).map(([label, attr]) => this.#attr(etype, label, attr));
  }

  #attr(etype: string, label: string, input: unknown): AttrDefinition {
    const path = ['schema', 'entities', etype, 'attrs', label];
    const attr = this.#object(input, path);
    const config = this.#object(attr.config ?? {}, [...path, 'config']);
    if (!VALUE_TYPES.has(attr.valueType)) this.#reject([...path, 'valueType'], 'a type of value');
    return {
      etype,
      label,
      valueType: String(attr.valueType),
      required: attr.required === true,
      indexed: config.indexed === true,
      unique: config.unique === true,
    };
  }

  #link(input: unknown, path: string[]): LinkDefinition {
    const { forward, reverse } = this.#object(input, path);
    return {
      forward: this.#end(forward, [...path, 'forward']),
      reverse: this.#end(reverse, [...path, 'reverse']),
    };
  }

  #end(input: unknown, path: string[]): LinkEnd {
    const end = this.#object(input, path);
    const { on, label, has } = end;
    if (typeof on !== 'string') this.#reject([...path, 'on'], 'the name of an entity');
    if (typeof label !== 'string') this.#reject([...path, 'label'], 'the name of the link');
    if (has !== 'one' && has !== 'many') this.#reject([...path, 'has'], '"one" or "many"');
    return {
      on: String(on),
      label: String(label),
      has: has === 'one' ? 'one' : 'many',
      required: end.required === true,
      cascades: end.onDelete === 'cascade',
    };
  }

  #object(value: unknown, path: string[]): Record<string, unknown> {
    if (isObject(value)) return value;
    this.#reject(path, 'an object');
    return {};
  }

  #reject(path: string[], expected: string): void {
    this.issues.push({ in: path, expected, message: `${path.join('.')} has to be ${expected}` });
  }
}
