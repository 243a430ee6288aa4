/**
 * Joins the parts of a key into one string. Different lists of parts give different keys, and no part can reach outside
 * its own place: everything but letters, digits, `-` and `_` is written as the hexadecimal of its UTF-16 units, and `:`
 * separates the parts.
 */
export function joinKey(...parts: string[]): string {
  return parts.map(encodePart).join(':');
}

/** The last part of a key that {@link joinKey} wrote. */
export function lastPart(key: string): string {
  return decodePart(key.slice(key.lastIndexOf(':') + 1));
}

function encodePart(part: string): string {
  return part.replace(/[^A-Za-z0-9_-]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function decodePart(part: string): string {
  return part.replace(/%([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
