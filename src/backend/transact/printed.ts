import { isObject, type JsonValue } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';

/** A value as the server prints it in a message: a string unchanged, everything else in Clojure syntax. */
export function printed(v: JsonValue): string {
  return typeof v === 'string' ? v : v === null ? 'null' : printedInside(v);
}

function printedInside(v: JsonValue): string {
  if (typeof v === 'string') return isUuid(v) ? `#uuid "${v}"` : quoted(v);
  if (v === null) return 'nil';
  if (Array.isArray(v)) return `[${v.map(printedInside).join(' ')}]`;
  if (!isObject(v)) return String(v);
  return `{${Object.entries(v)
    .map(([key, item]) => `:${key} ${printedInside(item as JsonValue)}`)
    .join(', ')}}`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r')}"`;
}
