import { readFileSync } from 'node:fs';
import { UsageError } from './usage-error.ts';

/** @throws {UsageError} when the file cannot be read or is not JSON. */
export function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`Cannot read "${file}": ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`Cannot read "${file}": it is no JSON: ${(error as Error).message}`);
  }
}
