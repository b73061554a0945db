/** The page's part of direct connections: RTCPeerConnection exists only here. The channels go to the agent's web worker. */
import type { WorkerId } from '@potluck/protocol';
import {
  messageOf,
  openActivationsChannel,
  peerJsSignalling,
  type Log,
  type PeerJsSignalling,
} from '@potluck/worker';
import type { DataConnection } from 'peerjs';
import { passOn } from './channelOverPort.ts';
import type { ToAgent, ToPage } from './messages.ts';
import { watchCandidatePair } from './watchCandidatePair.ts';

export interface PageConnectionsInit {
  /** The agent's end is the other one. */
  port: MessagePort;
  /** False relays slices through the page even where channels can be handed over. */
  handOver: boolean;
}

/** Serves the agent until its port says `leave`. */
export function servePageConnections({ log }: { log: Log }, { port, handOver }: PageConnectionsInit): void {
  let signalling: PeerJsSignalling | undefined;
  const connections = new Map<number, { connection: DataConnection; abort: AbortController }>();
  const calls = new Map<number, AbortController>();
  let lastIncoming = -1;

  const tell = (message: ToAgent, transfer: Transferable[] = []): void => {
    port.postMessage(message, transfer);
  };

  /** In the same task as the channel's creation: later, browsers do not hand it over. */
  function give(id: number, peer: WorkerId, incoming: boolean, connection: DataConnection): void {
    const broken = (reason: string): void => {
      if (end(id)) tell({ type: 'broken', id, reason });
    };
    try {
      const channel = openActivationsChannel(connection, broken);
      const abort = new AbortController();
      connections.set(id, { connection, abort });
      const about = { type: 'connection' as const, id, peer, incoming };
      if (!handOver || !handChannelOver(about, channel)) {
        const relay = new MessageChannel();
        passOn(channel, relay.port1);
        tell({ ...about, port: relay.port2 }, [relay.port2]);
      }
      const { peerConnection } = connection;
      watchCandidatePair(peerConnection, (pair) => tell({ type: 'path', id, pair }), abort.signal);
    } catch (error) {
      connection.close();
      tell({ type: 'broken', id, reason: messageOf(error) });
    }
  }

  /** @returns false where the browser can't do that */
  function handChannelOver(
    about: Omit<Extract<ToAgent, { type: 'connection' }>, 'channel' | 'port'>,
    channel: RTCDataChannel,
  ): boolean {
    try {
      tell({ ...about, channel }, [channel]);
      return true;
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'this browser keeps data channels in the page');
      return false;
    }
  }

  async function call(id: number, peer: WorkerId): Promise<void> {
    const abort = new AbortController();
    calls.set(id, abort);
    try {
      if (!signalling) throw new Error('the signalling server is not connected');
      give(id, peer, false, await signalling.call(peer, abort.signal));
    } catch (error) {
      tell({ type: 'broken', id, reason: messageOf(error) });
    } finally {
      calls.delete(id);
    }
  }

  function end(id: number): boolean {
    const known = connections.get(id);
    connections.delete(id);
    known?.abort.abort();
    // PeerJS's own close first tells the peer, which this must not wait for.
    known?.connection.close();
    return known !== undefined;
  }

  port.onmessage = ({ data }: MessageEvent<ToPage>) => {
    switch (data.type) {
      case 'join':
        signalling ??= peerJsSignalling({ log, loadPeer: async () => (await import('peerjs')).Peer });
        signalling
          .start({
            ...data.init,
            onConnection: (peer, connection) => give((lastIncoming += 2), peer, true, connection),
          })
          .catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'could not join the signalling'));
        return;
      case 'call':
        void call(data.id, data.peer);
        return;
      case 'close':
        calls.get(data.id)?.abort(new Error('no longer wanted'));
        end(data.id);
        return;
      case 'leave':
        for (const id of [...connections.keys()]) end(id);
        signalling?.close();
        port.close();
    }
  };
}
