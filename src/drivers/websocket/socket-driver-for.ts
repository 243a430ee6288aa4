import { detectRuntime } from '../../runtime/detect.ts';
import type { SocketDriver, WebSocketClass } from '../contract.ts';
import { nativeSocketDriver, standardSocketDriver } from './native.ts';
import { wsDriver } from './ws.ts';

/** The driver for the option `connection.WebSocket`. */
export function socketDriverFor(choice: 'native' | WebSocketClass | undefined): SocketDriver {
  if (choice === undefined) {
    detectRuntime();
    return wsDriver;
  }
  return choice === 'native' ? nativeSocketDriver() : standardSocketDriver('class', choice);
}
