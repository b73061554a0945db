/** The hub's STUN port: workers that hide their address, or don't know it, learn it here. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Logger } from 'pino';
import { systemCodeOf } from '../../errors/systemCodeOf.ts';
import { messageOf } from '../../errors/messageOf.ts';
import { StartError } from '../../errors/startError.ts';
import { answerStun } from './answerStun.ts';

export interface StunServer {
  port: number;
  close(): Promise<void>;
}

const defaultStunPort = 3478;

export interface StunServerInit {
  /** 0 takes a free one; undefined takes 3478, or a free one where that is taken. */
  port?: number | 'off';
  /** Undefined listens on all addresses. */
  host?: string;
}

/**
 * Answers binding requests over UDP.
 * @returns undefined where it is turned off
 * @throws StartError if a port that was asked for can't be had
 */
export async function startStunServer(
  { logger }: { logger: Logger },
  { port, host }: StunServerInit,
): Promise<StunServer | undefined> {
  if (port === 'off') return undefined;
  const socket = await bind(port ?? defaultStunPort, host).catch((error: unknown) => {
    if (port === undefined && systemCodeOf(error) === 'EADDRINUSE') return bind(0, host);
    throw new StartError(
      `UDP port ${port ?? defaultStunPort} can't be used for STUN: ${messageOf(error)}. Choose another with --stun-port, or --stun-port off.`,
      { cause: error },
    );
  });
  socket.on('message', (datagram, sender) => {
    const answer = answerStun(datagram, sender);
    // Lost answers are asked for again; a sender that can't be reached is no fault of the hub.
    if (answer) socket.send(answer, sender.port, sender.address, () => undefined);
  });
  socket.on('error', (error) => logger.warn({ reason: error.message }, 'the STUN port failed'));
  return {
    port: socket.address().port,
    close: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

/** On all addresses, one socket for both families, where the system has IPv6. */
async function bind(port: number, host: string | undefined): Promise<Socket> {
  const kinds =
    host === undefined ? (['udp6', 'udp4'] as const) : ([host.includes(':') ? 'udp6' : 'udp4'] as const);
  let failure: unknown;
  for (const type of kinds) {
    const socket = createSocket(type);
    try {
      socket.bind(port, host);
      await once(socket, 'listening');
      return socket;
    } catch (error) {
      socket.close();
      failure = error;
      if (systemCodeOf(error) === 'EADDRINUSE') break;
    }
  }
  throw failure;
}
