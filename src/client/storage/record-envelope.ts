import { createHash } from 'node:crypto';
import type { StorageScope } from '../../drivers/contract.ts';
import { joinKey } from '../../drivers/storage/record-key.ts';

/** Writes records as texts that reveal when they were changed, cut short, or moved to another place. */
export interface RecordEnvelope {
  /** Whether texts can only be read and made with the key. */
  readonly isSealed: boolean;
  /** The text that holds `json` under `key`. */
  wrap(key: string, json: string): string;
  /** The JSON that `wrap` was given for this very key; undefined for any other text. */
  unwrap(key: string, text: string): string | undefined;
}

const TAG = 'p1.';
/** 96 bits in base64url. */
const CHECK_LENGTH = 16;

/** Readable by anyone: `p1.`, a check over scope, key and value, and the JSON. The check finds damage, not a forger. */
export function plainEnvelope({ appId, instanceKey }: StorageScope): RecordEnvelope {
  const scope = `${joinKey(appId, instanceKey)}\n`;
  const checkOf = (key: string, json: string): string =>
    createHash('sha256').update(`${scope}${key}\n${json}`).digest('base64url').slice(0, CHECK_LENGTH);
  return {
    isSealed: false,
    wrap: (key, json) => `${TAG}${checkOf(key, json)}${json}`,
    unwrap(key, text) {
      if (!text.startsWith(TAG)) return undefined;
      const json = text.slice(TAG.length + CHECK_LENGTH);
      return text.slice(TAG.length, TAG.length + CHECK_LENGTH) === checkOf(key, json) ? json : undefined;
    },
  };
}

/** The envelope of format 1, which had none: JSON as it is. */
export const bareEnvelope: RecordEnvelope = {
  isSealed: false,
  wrap: (_, json) => json,
  unwrap(_, text) {
    try {
      JSON.parse(text);
      return text;
    } catch {
      return undefined;
    }
  },
};
