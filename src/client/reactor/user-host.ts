import type { Reactor } from '@instantdb/core';
import type { ServerSession } from '../connection/server-session.ts';
import type { AuthState, CurrentUserHost } from '../users/current-user.ts';

/** Adapts core to a {@link CurrentUserHost}. */
export function currentUserHost(core: Reactor, session: ServerSession): CurrentUserHost {
  return {
    known: () => core._currentUserCached as AuthState,
    current: () => core.getCurrentUser() as Promise<AuthState>,
    listen: (tell) => {
      core.authCbs.push(tell);
      return () => {
        core.authCbs = core.authCbs.filter((one) => one !== tell);
      };
    },
    save: (user) => {
      core._frameworkClient = null;
      return core.setCurrentUser(user);
    },
    adopt: (user) => core.updateUser(user),
    flush: () => core.kv.flush(),
    sessionAnswered: () => session.answered(),
  };
}
