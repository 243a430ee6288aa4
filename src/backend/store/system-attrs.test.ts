import { describe, expect, test } from 'vitest';
import { systemAttrId, systemAttrs } from './system-attrs.ts';

type Row = [etype: string, label: string, suffix: string, unique: string, index: string, required: string];

/** The table of the protocol notes (12.7), copied. */
const TABLE: Row[] = [
  ['$users', 'id', 'a4b4-81ffffffffff', 'y', 'y', ''],
  ['$users', 'email', 'a4b4-46010bffffff', 'y', 'y', ''],
  ['$users', 'type', 'a4b5-3cbc9fffffff', '', '', ''],
  ['$users', 'imageURL', 'a4b4-8600c4a457ff', '', '', ''],
  ['$users', 'linkedPrimaryUser', 'a4b4-b7d3ffffffff', '', '', ''],
  ['$magicCodes', 'id', '60b4-81ffffffffff', 'y', 'y', ''],
  ['$magicCodes', 'codeHash', '60b4-270c87048fff', '', 'y', ''],
  ['$magicCodes', 'email', '60b4-46010bffffff', '', 'y', ''],
  ['$userRefreshTokens', 'id', 'a474-81ffffffffff', 'y', 'y', ''],
  ['$userRefreshTokens', 'hashedToken', 'a474-7048e41cdcaf', 'y', 'y', ''],
  ['$userRefreshTokens', '$user', 'a475-49123fffffff', '', 'y', ''],
  ['$oauthProviders', 'id', '73f4-81ffffffffff', 'y', 'y', ''],
  ['$oauthProviders', 'name', '73f4-d0309fffffff', 'y', 'y', ''],
  ['$oauthUserLinks', 'id', '72f4-81ffffffffff', 'y', 'y', ''],
  ['$oauthUserLinks', 'sub', '72f5-2a07ffffffff', '', 'y', ''],
  ['$oauthUserLinks', '$user', '72f5-49123fffffff', '', 'y', ''],
  ['$oauthUserLinks', '$oauthProvider', '72f4-e7c5d540c91f', '', 'y', ''],
  ['$oauthUserLinks', 'sub+$oauthProvider', '72f5-2a05f175503f', 'y', 'y', ''],
  ['$oauthClients', 'id', '70b4-81ffffffffff', 'y', 'y', ''],
  ['$oauthClients', '$oauthProvider', '70b4-e7c5d540c91f', '', '', ''],
  ['$oauthClients', 'name', '70b4-d0309fffffff', 'y', 'y', ''],
  ['$oauthClients', 'clientId', '70b4-25a08d9a07ff', '', 'y', ''],
  ['$oauthClients', 'encryptedClientSecret', '70b4-46884b44882f', '', '', ''],
  ['$oauthClients', 'discoveryEndpoint', '70b4-34484ea91a3f', '', '', ''],
  ['$oauthClients', 'meta', '70b4-c24c1fffffff', '', '', ''],
  ['$oauthClients', 'redirectTo', '70b5-120d1120a6ef', '', '', ''],
  ['$oauthClients', 'useSharedCredentials', '70b5-49124704451f', '', '', ''],
  ['$oauthCodes', 'id', '13b4-81ffffffffff', 'y', 'y', ''],
  ['$oauthCodes', 'codeHash', '13b4-270c87048fff', 'y', 'y', ''],
  ['$oauthCodes', 'codeChallengeMethod', '13b4-211c0b61267f', '', '', ''],
  ['$oauthCodes', 'codeChallenge', '13b4-270c823816bf', '', '', ''],
  ['$oauthCodes', 'userInfo', '13b5-49122d2bbfff', '', '', ''],
  ['$oauthCodes', '$oauthClient', '13b4-e0504b411b3f', '', '', ''],
  ['$oauthRedirects', 'id', '7474-81ffffffffff', 'y', 'y', ''],
  ['$oauthRedirects', 'stateHash', '7475-29826438247f', 'y', 'y', ''],
  ['$oauthRedirects', 'cookieHash', '7474-27394838247f', '', '', ''],
  ['$oauthRedirects', 'redirectUrl', '7475-120d112522bf', '', '', ''],
  ['$oauthRedirects', 'redirectTo', '7475-120d1120a6ef', '', '', ''],
  ['$oauthRedirects', '$oauthClient', '7474-e0504b411b3f', '', '', ''],
  ['$oauthRedirects', 'codeChallengeMethod', '7474-211c0b61267f', '', '', ''],
  ['$oauthRedirects', 'codeChallenge', '7474-270c823816bf', '', '', ''],
  ['$files', 'id', '2a34-81ffffffffff', 'y', 'y', ''],
  ['$files', 'path', '2a34-f04cffffffff', 'y', 'y', 'y'],
  ['$files', 'size', '2a35-24609fffffff', '', 'y', 'y'],
  ['$files', 'content-type', '2a34-29e5e4ffffff', '', 'y', ''],
  ['$files', 'content-disposition', '2a34-21a24fffffff', '', 'y', ''],
  ['$files', 'location-id', '2a34-b40fffffffff', 'y', 'y', 'y'],
  ['$files', 'key-version', '2a34-aaffffffffff', '', '', ''],
  ['$files', 'url', '2a35-48afffffffff', '', '', ''],
  ['$streams', 'id', '94f4-81ffffffffff', 'y', 'y', ''],
  ['$streams', 'clientId', '94f4-25a08d9a07ff', 'y', 'y', 'y'],
  ['$streams', 'machineId', '94f4-c008e869103f', '', '', ''],
  ['$streams', '$files', '94f4-547fffffffff', 'y', '', ''],
  ['$streams', 'done', '94f4-37349fffffff', '', '', ''],
  ['$streams', 'size', '94f5-24609fffffff', '', '', ''],
  ['$streams', 'hashedReconnectToken', '94f4-7048f124dcaf', '', '', ''],
  ['$streams', 'abortReason', '94f4-00c6712024df', '', '', ''],
];

const REVERSE: Record<string, string> = {
  '$users.linkedGuestUsers': '96653231-03ff-ffff-a4b4-b353ffffffff',
  '$users.$userRefreshTokens': '96653231-03ff-ffff-a4b5-48ffffffffff',
  '$users.$oauthUserLinks': '96653231-03ff-ffff-a4b4-e5ffffffffff',
  '$oauthProviders.$oauthUserLinks': '96653231-03ff-ffff-73f4-e5ffffffffff',
  '$oauthProviders.$oauthClients': '96653231-03ff-ffff-73f4-e17fffffffff',
  '$oauthClients.$oauthCodes': '96653231-03ff-ffff-70b4-277fffffffff',
  '$oauthClients.$oauthRedirects': '96653231-03ff-ffff-70b4-e8ffffffffff',
  '$files.$stream': '96653231-03ff-ffff-2a35-29c48067ffff',
};

describe('systemAttrs', () => {
  test('are those of the table, no more and no fewer', () => {
    const rows = systemAttrs.map((attr): Row => {
      const [, etype, label] = attr['forward-identity'];
      const flag = (set: boolean | undefined): string => (set ? 'y' : '');
      const suffix = attr.id.replace('96653230-13ff-ffff-', '');
      return [etype, label, suffix, flag(attr['unique?']), flag(attr['index?']), flag(attr['required?'])];
    });
    expect(rows.sort()).toEqual(TABLE.sort());
  });

  test('have forward identities with the same second half', () => {
    for (const attr of systemAttrs) {
      expect(attr['forward-identity'][0]).toBe(attr.id.replace('96653230-13ff-ffff-', '96653231-03ff-ffff-'));
    }
  });

  test('have the reverse identities of the list', () => {
    const reverse = systemAttrs.flatMap((attr) =>
      attr['reverse-identity'] ? [attr['reverse-identity']] : [],
    );
    expect(Object.fromEntries(reverse.map(([id, etype, label]) => [`${etype}.${label}`, id]))).toEqual(
      REVERSE,
    );
  });

  test('cascade as the table says', () => {
    const cascading = systemAttrs
      .filter((attr) => attr['on-delete'])
      .map((attr) => attr['forward-identity'].slice(1).join('.'));
    expect(cascading.sort()).toEqual([
      '$oauthClients.$oauthProvider',
      '$oauthCodes.$oauthClient',
      '$oauthRedirects.$oauthClient',
      '$oauthUserLinks.$oauthProvider',
      '$oauthUserLinks.$user',
      '$userRefreshTokens.$user',
      '$users.linkedPrimaryUser',
    ]);
    expect(systemAttrs.filter((attr) => attr['on-delete-reverse']).map((attr) => attr.id)).toEqual([
      systemAttrId('$streams', '$files'),
    ]);
  });

  test('are cardinality one, but for the files of a stream', () => {
    const many = systemAttrs.filter((attr) => attr.cardinality === 'many');
    expect(many.map((attr) => attr.id)).toEqual([systemAttrId('$streams', '$files')]);
  });
});
