import type { Attr, CheckedDataType, Ident } from '../../protocol/attr.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxzy/';

const ETYPE_CODES = {
  $users: 'us',
  $magicCodes: 'mc',
  $userRefreshTokens: 'ur',
  $oauthProviders: 'op',
  $oauthUserLinks: 'ol',
  $oauthClients: 'oc',
  $oauthCodes: 'co',
  $oauthRedirects: 'or',
  $files: 'fi',
  $streams: 'st',
} as const;

/** The namespaces that every app has. */
export type SystemEtype = keyof typeof ETYPE_CODES;

/** Labels encoded in ids under another name; all others are encoded in lower case. */
const LABEL_CODES: Readonly<Record<string, string>> = {
  ...ETYPE_CODES,
  $oauthClient: 'oauclient',
  $oauthProvider: 'oprovider',
  $stream: 'stream',
  $user: 'user',
  abortReason: 'abrtreasn',
  codeChallenge: 'codechall',
  codeChallengeMethod: 'cchalmeth',
  'content-disposition': 'cdisp',
  'content-type': 'ctype',
  cookieHash: 'cookihash',
  discoveryEndpoint: 'discovend',
  encryptedClientSecret: 'encclisec',
  hashedReconnectToken: 'hashretok',
  hashedToken: 'hashedtok',
  'key-version': 'kv',
  linkedGuestUsers: 'lgu',
  linkedPrimaryUser: 'lpu',
  'location-id': 'lid',
  redirectTo: 'redirecto',
  redirectUrl: 'redireurl',
  'sub+$oauthProvider': 'subprovid',
  useSharedCredentials: 'usesharcr',
  userInfo: 'usernfo',
};

/** Encodes a text in 64 bits, as 16 hexadecimal digits: five bits per character, padded with ones. */
function encode(text: string): string {
  const bits = [...text].map((char) => ALPHABET.indexOf(char).toString(2).padStart(5, '0')).join('');
  return BigInt(`0b${bits.padEnd(64, '1')}`)
    .toString(16)
    .padStart(16, '0');
}

function systemId(kind: 'at' | 'id', etype: SystemEtype, label: string): string {
  const hex =
    encode(`system${kind}`) + encode(`${ETYPE_CODES[etype]}/${LABEL_CODES[label] ?? label.toLowerCase()}`);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The id of a system attribute: the same in every app and on every Instant server. */
export function systemAttrId(etype: SystemEtype, label: string): string {
  return systemId('at', etype, label);
}

function ident(etype: SystemEtype, label: string): Ident {
  return [systemId('id', etype, label), etype, label];
}

type Flag = 'unique' | 'index' | 'required' | CheckedDataType;

/** A blob attribute of cardinality one. */
function blob(etype: SystemEtype, label: string, ...flags: Flag[]): Attr {
  const type = (['string', 'number', 'boolean'] as const).find((name) => flags.includes(name));
  return {
    id: systemAttrId(etype, label),
    'value-type': 'blob',
    cardinality: 'one',
    'forward-identity': ident(etype, label),
    'unique?': flags.includes('unique'),
    'index?': flags.includes('index'),
    'required?': flags.includes('required'),
    catalog: 'system',
    'inferred-types': null,
    ...(type && { 'checked-data-type': type }),
  };
}

/** A link of cardinality one whose owner is deleted together with its target. */
function ownedBy(
  etype: SystemEtype,
  label: string,
  target: SystemEtype,
  reverse: string,
  ...flags: Flag[]
): Attr {
  return {
    ...blob(etype, label, ...flags),
    'value-type': 'ref',
    'reverse-identity': ident(target, reverse),
    'on-delete': 'cascade',
  };
}

const KEY: readonly Flag[] = ['unique', 'index'];

/** The attributes that every app has. */
export const systemAttrs: readonly Attr[] = [
  blob('$users', 'id', ...KEY),
  blob('$users', 'email', ...KEY, 'string'),
  blob('$users', 'type', 'string'),
  blob('$users', 'imageURL', 'string'),
  ownedBy('$users', 'linkedPrimaryUser', '$users', 'linkedGuestUsers'),

  blob('$magicCodes', 'id', ...KEY),
  blob('$magicCodes', 'codeHash', 'index', 'string'),
  blob('$magicCodes', 'email', 'index', 'string'),

  blob('$userRefreshTokens', 'id', ...KEY),
  blob('$userRefreshTokens', 'hashedToken', ...KEY, 'string'),
  ownedBy('$userRefreshTokens', '$user', '$users', '$userRefreshTokens', 'index'),

  blob('$oauthProviders', 'id', ...KEY),
  blob('$oauthProviders', 'name', ...KEY, 'string'),

  blob('$oauthUserLinks', 'id', ...KEY),
  blob('$oauthUserLinks', 'sub', 'index', 'string'),
  ownedBy('$oauthUserLinks', '$user', '$users', '$oauthUserLinks', 'index'),
  {
    // The server defines this one as a blob with a link's reverse identity and cascade, and clients see it that way.
    ...ownedBy('$oauthUserLinks', '$oauthProvider', '$oauthProviders', '$oauthUserLinks', 'index'),
    'value-type': 'blob',
  },
  blob('$oauthUserLinks', 'sub+$oauthProvider', ...KEY, 'string'),

  blob('$oauthClients', 'id', ...KEY),
  ownedBy('$oauthClients', '$oauthProvider', '$oauthProviders', '$oauthClients'),
  blob('$oauthClients', 'name', ...KEY, 'string'),
  blob('$oauthClients', 'clientId', 'index'),
  blob('$oauthClients', 'encryptedClientSecret', 'string'),
  blob('$oauthClients', 'discoveryEndpoint', 'string'),
  blob('$oauthClients', 'meta'),
  blob('$oauthClients', 'redirectTo', 'string'),
  blob('$oauthClients', 'useSharedCredentials', 'boolean'),

  blob('$oauthCodes', 'id', ...KEY),
  blob('$oauthCodes', 'codeHash', ...KEY, 'string'),
  blob('$oauthCodes', 'codeChallengeMethod', 'string'),
  blob('$oauthCodes', 'codeChallenge', 'string'),
  blob('$oauthCodes', 'userInfo'),
  ownedBy('$oauthCodes', '$oauthClient', '$oauthClients', '$oauthCodes'),

  blob('$oauthRedirects', 'id', ...KEY),
  blob('$oauthRedirects', 'stateHash', ...KEY, 'string'),
  blob('$oauthRedirects', 'cookieHash', 'string'),
  blob('$oauthRedirects', 'redirectUrl', 'string'),
  blob('$oauthRedirects', 'redirectTo', 'string'),
  ownedBy('$oauthRedirects', '$oauthClient', '$oauthClients', '$oauthRedirects'),
  blob('$oauthRedirects', 'codeChallengeMethod', 'string'),
  blob('$oauthRedirects', 'codeChallenge', 'string'),

  blob('$files', 'id', ...KEY),
  blob('$files', 'path', ...KEY, 'required', 'string'),
  blob('$files', 'size', 'index', 'required', 'number'),
  blob('$files', 'content-type', 'index', 'string'),
  blob('$files', 'content-disposition', 'index', 'string'),
  blob('$files', 'location-id', ...KEY, 'required', 'string'),
  blob('$files', 'key-version', 'number'),
  blob('$files', 'url', 'string'),

  blob('$streams', 'id', ...KEY),
  blob('$streams', 'clientId', ...KEY, 'required', 'string'),
  blob('$streams', 'machineId', 'string'),
  {
    ...blob('$streams', '$files', 'unique'),
    'value-type': 'ref',
    cardinality: 'many',
    'reverse-identity': ident('$files', '$stream'),
    'on-delete-reverse': 'cascade',
  },
  blob('$streams', 'done', 'boolean'),
  blob('$streams', 'size', 'number'),
  blob('$streams', 'hashedReconnectToken', 'string'),
  blob('$streams', 'abortReason', 'string'),
];
