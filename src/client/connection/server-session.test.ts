import { expect, test } from 'vitest';
import { InstantNodeError } from '../../errors.ts';
import { Timers } from '../timing/timers.ts';
import { FailedAttempts } from './failed-attempts.ts';
import { ServerSession, type SessionHost, type Status } from './server-session.ts';

/** A session without core, and what it asked of what is around it. */
function sessionAlone() {
  const asked: string[] = [];
  let [status, said, isShutdown]: [Status, unknown, boolean] = ['opened', undefined, false];
  const report = (error: InstantNodeError): void => void asked.push(`report ${error.code}`);
  const host: SessionHost = {
    timers: new Timers(false),
    attempts: new FailedAttempts('ws://somewhere', report),
    place: { appId: 'an app', apiURI: 'http://somewhere' },
    report,
    status: () => status,
    isOnline: () => true,
    isShutdown: () => isShutdown,
    shutDown: () => {
      isShutdown = true;
    },
    said: () => said,
    say: (what) => {
      said = what;
    },
    coreSetsStatus: (now, what) => {
      [status, said] = [now, what];
      asked.push(now);
    },
    coreRefuses: ({ message }) => session.setStatus('errored', { message }),
    listen: () => () => {},
    closeConnection: () => asked.push('close'),
    accepted: () => {},
    left: () => {},
    changed: () => {},
    refused: ({ message }) => asked.push(message),
    rejectQueries: () => asked.push('reject queries'),
    endWrites: () => asked.push('end writes'),
    tellQueries: () => asked.push('tell queries'),
    withoutSecrets: (error) => error,
  };
  const session = new ServerSession(host);
  return { session, asked };
}

const unknownApp = { type: 'record-not-found', status: 400, message: 'No such app' };

test('a session that is refused is told of once, also when it is asked for again', () => {
  const { session, asked } = sessionAlone();
  session.refuse(unknownApp);
  const told = 'The server refused the session: No such app';
  expect(asked).toEqual(['errored', 'report connection-failed', told, 'reject queries', 'close']);
  expect(session.refusal).toMatchObject({ code: 'connection-failed', message: told });
  asked.length = 0;
  session.setStatus('opened');
  session.refuse(unknownApp);
  expect(asked).toEqual(['reject queries', 'close']);
  expect(session.status).toBe('errored');
  session.setStatus('authenticated');
  expect([session.isRefused, session.refusal]).toEqual([false, undefined]);
});

test('a server that is busy is asked again', () => {
  const { session, asked } = sessionAlone();
  session.refuse({ status: 503, message: 'Too busy' });
  expect(asked).toEqual(['report connection-failed', 'close']);
  expect([session.isRefused, session.refusal]).toEqual([false, undefined]);
});

test('a refusal of a session that was accepted is ignored, and reported', () => {
  const { session, asked } = sessionAlone();
  session.setStatus('authenticated');
  session.refuse(unknownApp);
  expect(asked).toEqual(['authenticated', 'report protocol']);
});

test('a change of user asks anew, as if nothing had been refused', () => {
  const { session, asked } = sessionAlone();
  session.refuse(unknownApp);
  asked.length = 0;
  session.asksAnew();
  expect(asked).toEqual(['connecting']);
  session.asksAnew();
  expect(asked).toEqual(['connecting']);
});

test('a storage that is lost ends all, once', () => {
  const { session, asked } = sessionAlone();
  const lost = new InstantNodeError('storage', 'The storage is gone');
  const failures: InstantNodeError[] = [];
  session.onFailure = (error) => failures.push(error);
  session.fail(lost);
  session.fail(new InstantNodeError('storage', 'Gone again'));
  expect(failures).toEqual([lost]);
  expect([session.failure, session.refusal]).toEqual([lost, lost]);
  expect(asked).toEqual(['close', 'end writes', 'errored', 'tell queries', 'report storage']);
});
