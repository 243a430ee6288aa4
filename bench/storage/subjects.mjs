import { storagesHere } from './storages.mjs';

/**
 * @typedef {{ id: string, label: string, kind: 'ours' | 'core' | 'bare' | 'disk', driver?: string, isSealed?: boolean }} Subject
 */

/** The storages of this package that outlive a process, each in the clear and sealed. */
function durable(has) {
  const drivers = storagesHere(has).filter((driver) => driver !== 'memory');
  return drivers.flatMap((driver) => [
    { id: driver, label: driver, kind: 'ours', driver },
    { id: `${driver}-sealed`, label: `${driver}, sealed`, kind: 'ours', driver, isSealed: true },
  ]);
}

/** What core and this package run over when they are to hold the same data in memory. */
const CLASS = { id: 'class', label: 'a StoreInterface class', kind: 'ours', driver: 'class' };
const CORE = { id: 'core', label: 'core', kind: 'core' };

/** @returns {Subject[]} those that write */
export function writers(has) {
  return [
    { id: 'memory', label: 'memory', kind: 'ours', driver: 'memory' },
    ...durable(has),
    { ...CORE, label: 'core, in memory' },
    { id: 'bare', label: 'bare SQLite', kind: 'bare' },
    { id: 'disk', label: 'write + fdatasync', kind: 'disk' },
  ];
}

/** @returns {Subject[]} those that are opened with what an earlier process left */
export function openers(has) {
  return [...durable(has), CLASS, { ...CORE, label: 'core, the same class' }];
}
