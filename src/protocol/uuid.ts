const UUID_LENGTH = 36;
const UUID_SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Whether `value` is written like a UUID: 36 characters, hyphenated hexadecimal. Version and variant bits are not
 * checked, because the ids of Instant's system attributes do not carry valid ones.
 */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && value.length === UUID_LENGTH && UUID_SHAPE.test(value);
}
