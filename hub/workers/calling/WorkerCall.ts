/** A connection from the hub to a worker that waits; see call.ts of the protocol. */
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
import { CallFailure, hungUp, unauthorised, unreachable } from './callFailure.ts';

const connectDeadlineMs = 6_000;
const handshakeDeadlineMs = 6_000;
/** A worker that tries a connection, or waits for its welcome, is silent for less. */
const answerDeadlineMs = 45_000;

/** A TCP connection to where a worker should wait. */
export class ReachedWorker {
  readonly #socket: Socket;
  readonly #address: WaitingWorker;

  private constructor(socket: Socket, address: WaitingWorker) {
    this.#socket = socket;
    this.#address = address;
  }

  /**
   * @param signal ends the connection, whatever was called over it
   * @throws CallFailure of step `reachable`
   */
  static async connect(address: WaitingWorker, signal?: AbortSignal): Promise<ReachedWorker> {
    const { host, port } = address;
    const socket = connectTcp({ host, port, ...(signal && { signal }) });
    try {
      await opened(socket, 'connect', connectDeadlineMs);
    } catch (error) {
      throw unreachable(error, host, port);
    }
    return new ReachedWorker(socket, address);
  }

  /** The hub's own address on the way to the worker, which likely is the worker's way back; as it stands in a URL. */
  get hubHost(): string {
    const address = (this.#socket.localAddress ?? '').replace(/^::ffff:/, '');
    return address.includes(':') ? `[${address}]` : address;
  }

  /** Ends it without a call. */
  close(): void {
    this.#socket.destroy();
  }

  /** Shows that both have the token. @throws CallFailure of step `authorised` */
  async authorise(): Promise<WorkerCall> {
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
    return new WorkerCall(socket);
  }
}

/** An authorised connection: one call after the other. */
export class WorkerCall {
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    // What fails between two calls shows in the next one.
    socket.on('error', () => undefined);
  }

  /** Who waits there. @throws CallFailure */
  async about(): Promise<WaitingWorkerInfo> {
    return read(await this.#ask('GET', callPaths.about), WaitingWorkerInfo, 'authorised');
  }

  /** Joins the hub; resolves when the worker was welcomed. @throws CallFailure with what the worker says */
  async join(call: JoinCall): Promise<JoinedAnswer> {
    return read(await this.#ask('POST', callPaths.join, call), JoinedAnswer, 'hub');
  }

  /** Yields what the worker tries, step by step. @throws CallFailure */
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
      throw error instanceof CallFailure ? error : hungUp(underWay, error);
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
    throw new CallFailure('hub', (await read(response, CallRefusal, 'hub')).message);
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
async function read<T>(response: IncomingMessage, schema: Schema<T>, step: CallFailure['step']): Promise<T> {
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      text += chunk;
      if (text.length > maxCallBytes) throw notUnderstood();
    }
  } catch (error) {
    throw error instanceof CallFailure ? error : hungUp(step, error);
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

function notUnderstood(): CallFailure {
  return new CallFailure(
    'authorised',
    'the hub does not understand the worker’s answer: they may be of different versions, so update the older one',
  );
}
