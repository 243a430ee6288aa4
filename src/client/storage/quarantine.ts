import type { StorageChange, StorageDriver } from '../../drivers/contract.ts';
import { InstantNodeError } from '../../errors.ts';
import { damagedKey, describeKey } from './driver-keys.ts';
import type { RecordEnvelope } from './record-envelope.ts';
import { isSealedText } from './sealed-envelope.ts';

/** A text that could not be used, and where it is moved. */
export interface Quarantined {
  /** Stores the text under another key. */
  readonly change: StorageChange;
  /** To report, once that is stored. */
  readonly error: InstantNodeError;
}

/**
 * Moves the text under `driverKey` out of the way without losing any of it: a person may still recognize a write in it.
 */
export function quarantine(
  driver: StorageDriver,
  envelope: RecordEnvelope,
  driverKey: string,
  text: string,
): Quarantined {
  const place = damagedKey(driverKey);
  return {
    change: [place, quarantinedText(envelope, place, text)],
    error: new InstantNodeError(
      'storage',
      `Cannot read ${describeKey(driverKey)} in storage "${driver.name}": it was changed or cut short`,
      { hint: `It is set aside under "${shorten(place)}", and everything else goes on without it` },
    ),
  };
}

/** The text as it is, but nothing readable in a sealed storage: it may be a secret with one wrong letter. */
export function quarantinedText(envelope: RecordEnvelope, place: string, text: string): string {
  return envelope.isSealed && !isSealedText(text) ? envelope.wrap(place, JSON.stringify(text)) : text;
}

function shorten(place: string): string {
  return place.length > 160 ? `${place.slice(0, 80)}…${place.slice(-20)}` : place;
}
