export {
  AddressRefusedError,
  type Egress,
  type EgressOptions,
  type IncomingAnswer,
  type OutgoingMessage,
} from './contract.ts';
export { createEgress } from './create-egress.ts';
export { isLoopback } from './loopback.ts';
export { isPublicAddress } from './public-address.ts';
