import type { RedirectOrigin } from '../app/app-identity.ts';

/** Schemes that no app may claim, because browsers give them a meaning of their own. */
const RESERVED_SCHEMES: ReadonlySet<string> = new Set([
  'about',
  'blob',
  'chrome',
  'data',
  'file',
  'filesystem',
  'ftp',
  'http',
  'https',
  'javascript',
  'mailto',
  'sms',
  'tel',
  'vbscript',
  'view-source',
  'ws',
  'wss',
]);

const THIS_MACHINE: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]', '0.0.0.0']);

/** Returns what is wrong with a rule, as a message; undefined when it is valid. */
export function redirectOriginProblem(service: string, params: readonly unknown[]): string | undefined {
  const texts = params.every((param) => typeof param === 'string' && param !== '');
  switch (service) {
    case 'netlify':
      return params.length === 1 && texts ? undefined : 'Netlify takes one param, the site name.';
    case 'vercel':
      return params.length === 2 && texts
        ? undefined
        : 'Vercel takes two params, the deployment suffix and the project name.';
    case 'generic':
      return params.length === 1 && texts ? undefined : 'A website takes one param, the host.';
    case 'custom-scheme':
      if (params.length !== 1 || !texts) return 'A custom scheme takes one param, the scheme.';
      return RESERVED_SCHEMES.has(String(params[0]).toLowerCase())
        ? `The scheme \`${params[0]}\` is not allowed.`
        : undefined;
    default:
      return `Unrecognized service ${service}`;
  }
}

/** Whether a sign-in may redirect to `address`: because a rule allows it, or because it is on this machine. */
export function isAuthorizedRedirect(origins: readonly RedirectOrigin[], address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return isThisMachine(url) || origins.some((origin) => matches(origin, url));
}

// A developer's own machine needs no rule, as with the shared credentials of an Instant server.
function isThisMachine({ protocol, hostname }: URL): boolean {
  return isWeb(protocol) && THIS_MACHINE.has(hostname);
}

function isWeb(protocol: string): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

function matches({ service, params }: RedirectOrigin, { protocol, host, hostname }: URL): boolean {
  const [first = '', second = ''] = params;
  if (service === 'custom-scheme') {
    const scheme = protocol.slice(0, -1);
    return !RESERVED_SCHEMES.has(scheme) && scheme === first.toLowerCase();
  }
  if (!isWeb(protocol)) return false;
  switch (service) {
    case 'generic':
      return host === first.toLowerCase();
    case 'netlify':
      return netlifySite(hostname) === first.toLowerCase();
    case 'vercel':
      return hostname.startsWith(second.toLowerCase()) && hostname.endsWith(`.${first.toLowerCase()}`);
  }
}

/** The site behind a Netlify host, which may be a preview of it. */
function netlifySite(hostname: string): string | undefined {
  const preview = /^.+--([^.]+)\.netlify\.(?:app|live)$/.exec(hostname);
  return (preview ?? /^([^.]+)\.netlify\.app$/.exec(hostname))?.[1];
}
