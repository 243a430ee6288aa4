/**
 * How deep arrays and objects may nest in a message. Far above what queries and documents need, and far below what
 * would exhaust the stack of the code that walks over them.
 */
export const MAX_DEPTH = 512;

/**
 * How many JSON values a message may hold: each object, array, text, number, `true`, `false` and `null` is one. Small
 * ones take about twenty times their length once parsed, so a limit on bytes alone would not limit memory.
 */
export const MAX_VALUES = 4_000_000;

/** The limits on a JSON text. */
export interface JsonLimits {
  readonly depth: number;
  readonly values: number;
}

/** The limit that a JSON text exceeds. */
export type Excess = keyof JsonLimits;

const LIMITS: JsonLimits = { depth: MAX_DEPTH, values: MAX_VALUES };

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * The limit that a JSON text exceeds, or undefined. It scans the text once, up to the point where a limit is exceeded,
 * and without recursion, so a message can be refused before anything is parsed. For a text that is not JSON the result
 * means nothing.
 */
export function excessOf(
  text: string,
  { depth: maxDepth, values: maxValues }: JsonLimits = LIMITS,
): Excess | undefined {
  if (text.length <= maxDepth && text.length <= maxValues) return undefined;
  let depth = 0;
  // The text itself is one value. A non-empty array or object holds one more, and each comma stands for another.
  let values = 1;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i);
        break;
      case OPENING_BRACKET:
      case OPENING_BRACE:
        if (++depth > maxDepth) return 'depth';
        if (!closesAt(text, i + 1)) values++;
        break;
      case CLOSING_BRACKET:
      case CLOSING_BRACE:
        depth--;
        break;
      case COMMA:
        values++;
        break;
    }
    if (values > maxValues) return 'values';
  }
  return undefined;
}

/** Whether only white space comes before a closing bracket or brace. */
function closesAt(text: string, start: number): boolean {
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x20) return code === CLOSING_BRACKET || code === CLOSING_BRACE;
  }
  return false;
}

/** The index of the quote that ends the string begun at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let i = text.indexOf('"', start + 1); i >= 0; i = text.indexOf('"', i + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(i - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return i;
  }
  return text.length;
}
