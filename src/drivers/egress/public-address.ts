import { isIPv4, isIPv6 } from 'node:net';

/** The IPv4 ranges that lead to this machine, to its networks or to nothing (RFC 6890 and its successors). */
const SPECIAL_V4 = [
  '0.0.0.0/8', // this network: 0.0.0.0 is this machine
  '10.0.0.0/8', // private
  '100.64.0.0/10', // behind a carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local; clouds serve a machine's credentials here
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
].map(rangeOf);

/** All IPv6 addresses that are assigned as public ones. */
const GLOBAL_V6 = rangeOf('2000::/3');

/** The exceptions within that range. Some embed an IPv4 address, whose meaning depends on where the translator is. */
const SPECIAL_V6 = [
  '2001::/23', // protocol assignments: Teredo, benchmarks, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '3fff::/20', // documentation
].map(rangeOf);

const MAPPED_V4 = rangeOf('::ffff:0:0/96');

interface Range {
  readonly bits: bigint;
  /** How many bits at the end are free. */
  readonly free: bigint;
}

/**
 * Whether an IP address, as text, belongs to the public internet: not to this machine or a private or link-local
 * network, and not another notation for such an address. A text that is not an IP address is not public.
 */
export function isPublicAddress(address: string): boolean {
  // An address with a zone is link-local.
  if (isIPv4(address)) return isPublicV4(bitsOfV4(address));
  return isIPv6(address) && !address.includes('%') && isPublicV6(bitsOfV6(address));
}

function isPublicV4(bits: bigint): boolean {
  return !SPECIAL_V4.some((range) => isWithin(bits, range));
}

function isPublicV6(bits: bigint): boolean {
  if (isWithin(bits, MAPPED_V4)) return isPublicV4(bits & 0xffff_ffffn);
  return isWithin(bits, GLOBAL_V6) && !SPECIAL_V6.some((range) => isWithin(bits, range));
}

function isWithin(bits: bigint, range: Range): boolean {
  return bits >> range.free === range.bits >> range.free;
}

function rangeOf(text: string): Range {
  const [address = '', length] = text.split('/');
  const isV4 = isIPv4(address);
  return {
    bits: isV4 ? bitsOfV4(address) : bitsOfV6(address),
    free: BigInt((isV4 ? 32 : 128) - Number(length)),
  };
}

function bitsOfV4(address: string): bigint {
  return joined(address.split('.').map(Number), 8n);
}

function bitsOfV6(address: string): bigint {
  const [head = [], tail] = address.split('::').map(groupsOf);
  const zeros = tail ? new Array<number>(8 - head.length - tail.length).fill(0) : [];
  return joined([...head, ...zeros, ...(tail ?? [])], 16n);
}

/** The groups of a part of an IPv6 address; the last two may be written as an IPv4 address. */
function groupsOf(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const v4 = Number(bitsOfV4(group));
    return [Math.floor(v4 / 0x1_0000), v4 % 0x1_0000];
  });
}

function joined(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((bits, part) => (bits << width) | BigInt(part), 0n);
}
