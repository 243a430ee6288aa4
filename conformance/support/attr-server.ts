import { type FakeInstant, fakeInstant, goodAnswer, refusalOf } from './fake-instant.ts';
import type { Message, Peer } from './socket-server.ts';

/** An attribute as clients send and receive it. */
export interface SentAttr {
  id: string;
  'forward-identity': [id: string, etype: string, label: string];
  'reverse-identity'?: [id: string, etype: string, label: string];
  [key: string]: unknown;
}

/** A server that keeps attributes and the steps it took, and refuses a second attribute of one name. */
export interface AttrServer extends FakeInstant {
  /** What it has, by names. */
  readonly attrs: Map<string, SentAttr>;
  /** The steps of each transaction that it took, in order. */
  readonly taken: unknown[][][];
  /** How often it refused an attribute that it had. */
  refusals: number;
  /** Has somebody else make an attribute. Sessions are not told. */
  add(attr: SentAttr): void;
}

/** How an {@link AttrServer} behaves. */
export interface AttrServerOptions {
  /** The `hint` of its refusals, by the name that is taken. */
  hint?: (etype: string, label: string) => unknown;
  /** Whether `init` tells the attributes that it has; else none. */
  tells?: boolean;
  /** Called before each transaction is looked at. */
  before?: (server: AttrServer, message: Message, peer: Peer) => void;
}

const nameOf = ([, etype, label]: readonly string[]): string => `${etype}.${label}`;

/** Starts an {@link AttrServer}, which is closed when the test ends. */
export async function attrServer(options: AttrServerOptions = {}): Promise<AttrServer> {
  const { hint = (etype, label) => ({ 'record-type': 'ident', etype, label }), tells = true } = options;
  const attrs = new Map<string, SentAttr>();
  const taken: unknown[][][] = [];
  let txId = 1;
  const namesOf = (attr: SentAttr): string[] =>
    [attr['forward-identity'], attr['reverse-identity']].flatMap((ident) => (ident ? [nameOf(ident)] : []));
  const add = (attr: SentAttr): void => {
    for (const name of namesOf(attr)) attrs.set(name, attr);
  };
  const takeSteps = (message: Message): Message | undefined => {
    const steps = message['tx-steps'] as unknown[][];
    const added = steps.filter(([op]) => op === 'add-attr').map(([, attr]) => attr as SentAttr);
    for (const attr of added) {
      const name = namesOf(attr).find((one) => (attrs.get(one)?.id ?? attr.id) !== attr.id);
      if (name === undefined) continue;
      server.refusals++;
      const [etype = '', label = ''] = name.split('.');
      // Not in English, and not about what is taken: what counts is the identity in the hint.
      const message_ = `« ${label} » existe`;
      return refusalOf(message, { type: 'record-not-unique', message: message_, hint: hint(etype, label) });
    }
    for (const attr of added) add(attr);
    taken.push(steps);
    return goodAnswer(message, () => ++txId);
  };
  const fake = await fakeInstant({
    answer(message, peer, good) {
      if (message.op === 'init')
        return { ...good, op: 'init-ok', attrs: tells ? [...new Set(attrs.values())] : [] };
      if (message.op !== 'transact') return good;
      options.before?.(server, message, peer);
      return takeSteps(message);
    },
  });
  const server: AttrServer = { ...fake, attrs, taken, refusals: 0, add };
  return server;
}
