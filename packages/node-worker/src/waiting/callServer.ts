/** The port at which a worker waits for a hub to call; see call.ts of the protocol. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  callIdentity,
  callKey,
  callPaths,
  callTls,
  JoinCall,
  maxCallBytes,
  TestCall,
  type CallRefusal,
  type JoinedAnswer,
  type TestCallStep,
  type WaitingWorkerInfo,
} from '@potluck/protocol';
import { messageOf, type Log } from '@potluck/worker';
import type { z } from 'zod';
import { SettingsError } from '@potluck/command-line';
import { CallAttempts } from './callAttempts.ts';
import { CallError } from './callError.ts';
import { Strangers } from './strangers.ts';

const handshakeDeadlineMs = 10_000;

/** What a caller who has the token may ask for. */
export interface CallHandlers {
  about(): WaitingWorkerInfo;
  test(call: TestCall): AsyncIterable<TestCallStep>;
  join(call: JoinCall): Promise<JoinedAnswer>;
}

export interface CallServer {
  port: number;
  close(): Promise<void>;
}

/**
 * Listens on all addresses.
 * @param init.port 0 takes a free one
 * @throws SettingsError if the port can't be had
 */
export async function startCallServer(
  { handlers, log }: { handlers: CallHandlers; log: Log },
  init: { port: number; token: string },
): Promise<CallServer> {
  const key = await callKey(init.token);
  const attempts = new CallAttempts();
  const server = createServer(
    {
      ...callTls,
      pskCallback: (_socket, identity) => (identity === callIdentity ? key : null),
      handshakeTimeout: handshakeDeadlineMs,
    },
    (request, response) => void answer(handlers, request, response, log),
  );
  const strangers = new Strangers<Socket>();
  /** Connections before their handshake, by the port at their other end. */
  const settle = new Map<string, () => void>();
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket;
    if (attempts.mustWait(remoteAddress)) return void socket.destroy();
    const end = farEnd(socket);
    const settled = (): void => {
      strangers.left(remoteAddress, socket);
      settle.delete(end);
    };
    settle.set(end, settled);
    socket.once('close', settled);
    strangers.came(remoteAddress, socket)?.destroy();
  });
  server.on('secureConnection', (socket: TLSSocket) => settle.get(farEnd(socket))?.());
  server.on('tlsClientError', (error: NodeJS.ErrnoException, { remoteAddress = '' }: TLSSocket) => {
    if (!error.code?.startsWith('ERR_SSL')) return;
    attempts.failed(remoteAddress);
    log.warn(
      { from: remoteAddress.replace(/^::ffff:/, '') },
      'somebody called with a wrong token, or is no hub',
    );
  });
  try {
    server.listen(init.port);
    await once(server, 'listening');
  } catch (cause) {
    throw new SettingsError(`--listen ${init.port}: ${messageOf(cause)}. Give another port`, { cause });
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const farEnd = ({ remoteAddress = '', remotePort = 0 }: Socket): string => `${remoteAddress} ${remotePort}`;

async function answer(
  handlers: CallHandlers,
  request: IncomingMessage,
  response: ServerResponse,
  log: Log,
): Promise<void> {
  try {
    switch (`${request.method ?? ''} ${request.url ?? ''}`) {
      case `GET ${callPaths.about}`:
        return send(response, 200, handlers.about());
      case `POST ${callPaths.test}`: {
        const steps = handlers.test(await read(request, TestCall));
        response.writeHead(200, { 'content-type': 'application/jsonl' });
        for await (const step of steps) response.write(`${JSON.stringify(step)}\n`);
        response.end();
        return;
      }
      case `POST ${callPaths.join}`: {
        const joined = await handlers.join(await read(request, JoinCall));
        log.info({ hub: joined.hubUrl }, 'a hub called, and is served now');
        return send(response, 200, joined);
      }
      default:
        throw new CallError(404, 'this worker does not know that call; it may be of another version');
    }
  } catch (error) {
    const message = messageOf(error).slice(0, 2000);
    log.warn({ reason: message }, 'a call was not done as asked');
    if (response.headersSent) response.destroy();
    else send(response, error instanceof CallError ? error.status : 500, { message } satisfies CallRefusal);
  }
}

async function read<T extends z.ZodType>(request: IncomingMessage, schema: T): Promise<z.infer<T>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxCallBytes) throw new CallError(413, `a call has at most ${maxCallBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return schema.parse(JSON.parse(Buffer.concat(chunks).toString()));
  } catch (cause) {
    throw new CallError(400, 'the call was not understood; hub and worker may be of different versions', {
      cause,
    });
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
