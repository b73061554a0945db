/** Which addresses does this machine find for peers: its own, what a router gives it, a TURN server's? */
import type { IceCandidate, IceServers } from '@potluck/protocol';
import { escapedIceServers } from '../web-rtc/escapedIceServers.ts';

const deadlineMs = 5_000;
const candidateType = /^a=candidate:.* typ (host|srflx|prflx|relay)\b/gm;

/** @returns the kinds that were found until all was gathered, or five seconds were over; without repetition */
export async function gatherCandidates(iceServers: IceServers): Promise<IceCandidate['type'][]> {
  const { RTCPeerConnection } = await import('node-datachannel/polyfill');
  const connection = new RTCPeerConnection({
    iceServers: escapedIceServers(iceServers as RTCIceServer[]),
  }) as unknown as globalThis.RTCPeerConnection;
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(resolve, deadlineMs);
      connection.onicegatheringstatechange = () => {
        if (connection.iceGatheringState === 'complete') resolve();
      };
      // Nothing is gathered for a connection without any channel.
      connection.createDataChannel('any');
      connection
        .createOffer()
        .then((offer) => connection.setLocalDescription(offer))
        .catch(reject);
    });
    // Candidates arrive as events, too, but some only after the state is complete.
    const found = (connection.localDescription?.sdp ?? '').matchAll(candidateType);
    return [...new Set([...found].map(([, type]) => type as IceCandidate['type']))];
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}
