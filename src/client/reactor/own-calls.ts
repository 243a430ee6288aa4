import type { Reactor } from '@instantdb/core';
import type { Send } from '../../drivers/requests/send.ts';
import { AuthCalls } from '../requests/auth-calls.ts';
import { FileCalls } from '../requests/file-calls.ts';

type User = Parameters<Reactor['changeCurrentUser']>[0];

/** What a call of the auth API answers. */
interface SignedIn {
  readonly user: User;
}

type Given = Readonly<Record<string, unknown>>;

/**
 * Has the calls of the HTTP APIs go the database's own way. Core makes them with the runtime's `fetch`, which takes no
 * headers, proxy or certificates of one database, and goes through the environment's proxies by rules that differ from
 * runtime to runtime. What they send, answer and throw is core's.
 */
export function replaceCalls(core: Reactor, send: Send): void {
  const { apiURI, appId } = core.config;
  Object.assign(core, authOf(core, new AuthCalls(send, { apiURI, appId })));
  Object.assign(core, storageOf(core, new FileCalls(send, { apiURI, appId })));
}

function authOf(core: Reactor, calls: AuthCalls): object {
  const signedIn = async (answer: Promise<unknown>): Promise<unknown> => {
    const result = await answer;
    await core.changeCurrentUser((result as SignedIn).user);
    return result;
  };
  const guestToken = async (): Promise<string | undefined> => {
    const user = await userOf(core);
    return user?.type === 'guest' ? user.refresh_token : undefined;
  };
  return {
    sendMagicCode: ({ email }: Given) => calls.sendMagicCode(email),
    signInWithMagicCode: async ({ email, code, extraFields }: Given) =>
      signedIn(calls.checkMagicCode({ email, code, extraFields, refreshToken: await guestToken() })),
    signInWithCustomToken: async (token: unknown) => signedIn(calls.verifyRefreshToken(token)),
    signInAsGuest: async (given?: Given) => signedIn(calls.signInAsGuest(given?.extraFields)),
    exchangeCodeForToken: async ({ code, codeVerifier, extraFields }: Given) => {
      const refreshToken = await guestToken();
      return signedIn(calls.exchangeCodeForToken({ code, codeVerifier, extraFields, refreshToken }));
    },
    signInWithIdToken: async ({ idToken, clientName, nonce, extraFields }: Given) => {
      const refreshToken = (await userOf(core))?.refresh_token;
      const given = { idToken, clientName, nonce, extraFields, refreshToken };
      return signedIn(calls.signInWithIdToken(given));
    },
    potentiallyInvalidateToken: (current: { user?: User }, { invalidateToken }: Given = {}) => {
      const token = current?.user?.refresh_token;
      if (!token) return;
      if (invalidateToken === false) {
        core._log.info('[auth-invalidate] skipped invalidateToken');
        return;
      }
      calls.signOut(token).then(
        () => core._log.info('[auth-invalidate] completed invalidateToken'),
        // As in core: the user has left in any case.
        () => {},
      );
    },
  };
}

function storageOf(core: Reactor, calls: FileCalls): object {
  const token = async (): Promise<string | undefined> => (await userOf(core))?.refresh_token;
  return {
    uploadFile: async (path: string, file: never, details?: Given) =>
      calls.upload(path, file, await token(), details),
    deleteFile: async (path: string) => calls.delete(path, await token()),
    upload: async (path: string | undefined, file: File) => {
      const url = await calls.signedUploadUrl(path || file.name, await token());
      return calls.uploadTo(url as string, file);
    },
    getDownloadUrl: async (path: string) => calls.downloadUrl(path, await token()),
  };
}

async function userOf(core: Reactor): Promise<User | undefined> {
  const { user } = (await core.getCurrentUser()) as { user?: User };
  return user;
}
