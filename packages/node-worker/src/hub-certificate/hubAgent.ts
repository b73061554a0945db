/** How to connect to a hub that lies behind the proxy of the environment. */
import { Agent as PlainAgent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions } from 'node:tls';
import { openTunnel, proxyFor, proxySettings } from '@potluck/machine';

/**
 * @returns undefined where the hub is reached directly
 * @throws ProxySettingsError
 */
export function hubAgent(url: string | URL): PlainAgent | undefined {
  const proxy = proxyFor(url, proxySettings());
  if (!proxy) return undefined;
  const isSecure = /^(https|wss):$/.test(new URL(url).protocol);
  return isSecure ? new SecureTunnelAgent(proxy) : new PlainTunnelAgent(proxy);
}

type Created = (error: Error | null, socket: Duplex) => void;

class PlainTunnelAgent extends PlainAgent {
  readonly #proxy: URL;

  constructor(proxy: URL) {
    super();
    this.#proxy = proxy;
  }

  override createConnection(options: ClientRequestArgs, created?: Created): undefined {
    void handOver(tunnelTo(this.#proxy, options), created);
  }
}

class SecureTunnelAgent extends SecureAgent {
  readonly #proxy: URL;

  constructor(proxy: URL, options?: AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: ClientRequestArgs, created?: Created): undefined {
    const secured = tunnelTo(this.#proxy, options).then((socket) =>
      connect({ ...(options as ConnectionOptions), socket }),
    );
    void handOver(secured, created);
  }
}

function tunnelTo(proxy: URL, { host, port }: ClientRequestArgs): Promise<Socket> {
  return openTunnel({ proxy, host: (host ?? '').replace(/^\[(.+)\]$/, '$1'), port: Number(port) });
}

async function handOver(opening: Promise<Duplex>, created?: Created): Promise<void> {
  try {
    created?.(null, await opening);
  } catch (error) {
    created?.(error as Error, undefined as unknown as Duplex);
  }
}
