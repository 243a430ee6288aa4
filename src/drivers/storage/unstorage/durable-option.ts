import { refusedOption } from '../../../invalid-option.ts';
import type { StorageOption } from '../storage-kind.ts';

/** Option `durable`, for the kinds that only the user fully knows. */
export const durableOption: StorageOption = {
  name: 'durable',
  check(value) {
    if (typeof value !== 'boolean') throw refusedOption('durable', value, 'true or false');
  },
  misplaced: (value) =>
    refusedOption('durable', value, 'nothing: only a storage of yours may outlive the process or not'),
};
