/** A connection from the hub to a worker that listens; see call.ts of the protocol. */
import { request, type IncomingMessage } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import {
  CallRefusal,
  callIdentity,
  callKey,
  callPaths,
  callTls,
  JoinedAnswer,
  maxCallBytes,
  TestCallStep,
  WaitingWorkerInfo,
  type JoinCall,
  type TestCall,
} from '@potluck/protocol';
import type { WaitingWorker } from '@potluck/api';
import { DialError, hungUp, unauthorised, unreachable } from './dialError.ts';

const connectDeadlineMs = 6_000;
const handshakeDeadlineMs = 6_000;
/** A worker that tries a connection, or waits for its welcome, is silent for less. */
const answerDeadlineMs = 45_000;

/** A TCP connection to where a worker should listen. */
export class DialedWorker {
  readonly #socket: Socket;
  readonly #address: WaitingWorker;

  private constructor(socket: Socket, address: WaitingWorker) {
    this.#socket = socket;
    this.#address = address;
  }

  /**
   * @param signal ends the connection, whatever was asked over it
   * @throws DialError of step `reachable`
   */
  static async dial(address: WaitingWorker, signal?: AbortSignal): Promise<DialedWorker> {
    const { host, port } = address;
    const socket = connectTcp({ host, port, ...(signal && { signal }) });
    try {
      await opened(socket, 'connect', connectDeadlineMs);
    } catch (error) {
      throw unreachable(error, host, port);
    }
    return new DialedWorker(socket, address);
  }

  /** The hub's own address on the way to the worker, which likely is the worker's way back; as it stands in a URL. */
  get hubHost(): string {
    const address = (this.#socket.localAddress ?? '').replace(/^::ffff:/, '');
    return address.includes(':') ? `[${address}]` : address;
  }

  /** Ends it before anything was asked. */
  close(): void {
    this.#socket.destroy();
  }

  /** Shows that both have the token. @throws DialError of step `authorised` */
  async authorise(): Promise<AuthorisedWorker> {
    const { host, port, token } = this.#address;
    const key = Buffer.from(await callKey(token));
    // One that was closed meanwhile would never say so again.
    if (this.#socket.destroyed) throw unauthorised(closedEarly(), host, port);
    const socket = connectTls({
      socket: this.#socket,
      ...callTls,
      pskCallback: () => ({ psk: key, identity: callIdentity }),
      // There are no certificates: that the other end has the key says who it is.
      checkServerIdentity: () => undefined,
    });
    try {
      await opened(socket, 'secureConnect', handshakeDeadlineMs);
    } catch (error) {
      throw unauthorised(error, host, port);
    }
    return new AuthorisedWorker(socket);
  }
}

/** The same once both showed that they have the token: it does what the hub asks, one thing after the other. */
export class AuthorisedWorker {
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    // What fails between two calls shows in the next one.
    socket.on('error', () => undefined);
  }

  /** Who listens there. @throws DialError */
  async about(): Promise<WaitingWorkerInfo> {
    return read(await this.#ask('GET', callPaths.about), WaitingWorkerInfo, 'authorised');
  }

  /** Joins the hub; resolves when the worker was welcomed. @throws DialError with what the worker says */
  async join(call: JoinCall): Promise<JoinedAnswer> {
    return read(await this.#ask('POST', callPaths.join, call), JoinedAnswer, 'hub');
  }

  /** Yields what the worker tries, step by step. @throws DialError */
  async *test(call: TestCall): AsyncGenerator<TestCallStep> {
    const response = await this.#ask('POST', callPaths.test, call);
    let bytes = 0;
    let underWay: TestCallStep['step'] = 'hub';
    try {
      for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
        bytes += line.length;
        if (bytes > maxCallBytes) throw notUnderstood();
        const step = parse(line, TestCallStep);
        underWay = step.step === 'hub' ? 'candidates' : 'peer';
        yield step;
      }
    } catch (error) {
      throw error instanceof DialError ? error : hungUp(underWay, error);
    }
    if (!response.complete) throw hungUp(underWay);
  }

  close(): void {
    this.#socket.destroy();
  }

  async #ask(method: string, path: string, body?: object): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { connection: 'keep-alive', ...(body && { 'content-type': 'application/json' }) };
      const asked = request({ createConnection: () => this.#socket, method, path, headers });
      asked.once('response', resolve).once('error', reject);
      asked.setTimeout(answerDeadlineMs, () => {
        asked.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
      });
      asked.end(body && JSON.stringify(body));
    }).catch((cause: unknown) => {
      throw hungUp(path === callPaths.about ? 'authorised' : 'hub', cause);
    });
    if (response.statusCode === 200) return response;
    throw new DialError('hub', (await read(response, CallRefusal, 'hub')).message);
  }
}

function opened(socket: Socket, event: 'connect' | 'secureConnect', deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      fail(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    }, deadlineMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    socket.once('error', fail);
    socket.once('close', () => fail(closedEarly()));
    socket.once(event, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function closedEarly(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false };
}

/** @param step what is under way, should the worker hang up */
async function read<T>(response: IncomingMessage, schema: Schema<T>, step: DialError['step']): Promise<T> {
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      text += chunk;
      if (text.length > maxCallBytes) throw notUnderstood();
    }
  } catch (error) {
    throw error instanceof DialError ? error : hungUp(step, error);
  }
  return parse(text, schema);
}

function parse<T>(text: string, schema: Schema<T>): T {
  try {
    const result = schema.safeParse(JSON.parse(text));
    if (result.success) return result.data;
  } catch {
    // No JSON: not understood, either.
  }
  throw notUnderstood();
}

function notUnderstood(): DialError {
  return new DialError(
    'authorised',
    'the hub does not understand the worker’s answer: they may be of different versions, so update the older one',
  );
}
