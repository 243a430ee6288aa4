import { labelOf } from '../../protocol/attr.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { QuerySource } from '../query/index.ts';
import type { EntitySource } from './cel/values.ts';
import { refValues } from './refs.ts';

/** An entity as stored: its values of cardinality one. */
export function storedEntity(source: QuerySource, etype: string, e: string): EntitySource {
  const { catalog, reader } = source;
  return {
    *labels() {
      yield 'id';
      for (const attr of catalog.ofEtype(etype)) {
        if (attr.cardinality === 'one' && labelOf(attr) !== 'id') yield labelOf(attr);
      }
    },
    value(label) {
      if (label === 'id') return e;
      const attr = catalog.byForward(etype, label);
      return attr?.cardinality === 'one' ? reader.entityAttr(e, attr.id)[0]?.[2] : undefined;
    },
    ref: (path) => refValues(source, etype, e, path),
  };
}

/** An entity described by values, together with its stored links; without values it has neither. */
export function describedEntity(
  source: QuerySource,
  etype: string,
  values: Readonly<JsonObject> | undefined,
): EntitySource {
  const own = (label: string): JsonValue | undefined =>
    values && Object.hasOwn(values, label) ? values[label] : undefined;
  return {
    *labels() {
      yield 'id';
      for (const label of Object.keys(values ?? {})) if (label !== 'id') yield label;
    },
    value: own,
    ref(path) {
      const id = own('id');
      return typeof id === 'string' ? refValues(source, etype, id, path) : [];
    },
  };
}
