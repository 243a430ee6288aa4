import { createEgress, type Egress, isPublicAddress } from '../../../drivers/egress/index.ts';

/** How apps reach the identity providers they name. */
export interface ProviderEgress {
  /** For apps created by the program that runs the backend: reaches everything this machine can reach. */
  readonly trusted: Egress;
  /** For all others: reaches the internet, and what the operator allows. */
  readonly guarded: Egress;
}

/**
 * A provider named by an app that is not trusted could not be reached. The message does not reveal whether anything is
 * there.
 */
export class GuardedProviderError extends Error {
  constructor(origin: string, cause: unknown) {
    super(
      `If ${origin} is on the machine or the network of this backend, its operator has to allow it: option "allowProviders", --allow-provider`,
      { cause },
    );
    this.name = 'GuardedProviderError';
  }
}

/** `allowed` are the origins of providers that every app may use, wherever they are. */
export function createProviderEgress(allowed: readonly string[]): ProviderEgress {
  const trusted = createEgress();
  const outside = createEgress({ mayReach: isPublicAddress });
  const guarded: Egress = async (address, message) => {
    const { origin } = new URL(address);
    if (allowed.includes(origin)) return trusted(address, message);
    try {
      return await outside(address, message);
    } catch (cause) {
      throw new GuardedProviderError(origin, cause);
    }
  };
  return { trusted, guarded };
}
