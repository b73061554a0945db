/** How this device reaches the hub, before it joins. */
import type { HubInformation } from '@potluck/api';
import { hubFetch, hubJson } from '#lib/hub/hubFetch.ts';
import { likelyPath, type Gathered, type LikelyPath } from './likelyPath.ts';

export interface NetworkProbe {
  /** The shortest of a few, in milliseconds. */
  roundTripMs: number;
  path: LikelyPath;
}

const trips = 4;
/** Gathering is given up after this, in milliseconds. */
const patienceMs = 5000;

/** @throws HubUnreachableError */
export async function probeNetwork(): Promise<NetworkProbe> {
  const { stunPort } = await hubJson<HubInformation>('/api/hub');
  const times: number[] = [];
  for (let trip = 0; trip < trips; trip++) {
    const begun = performance.now();
    await (await hubFetch('/health')).text();
    times.push(performance.now() - begun);
  }
  const gathered = stunPort === null ? undefined : await gather(`stun:${location.hostname}:${stunPort}`);
  return { roundTripMs: Math.min(...times), path: likelyPath(gathered) };
}

/** Asks the STUN server for this device's addresses. Undefined where the browser has no WebRTC. */
async function gather(url: string): Promise<Gathered | undefined> {
  if (typeof RTCPeerConnection === 'undefined') return undefined;
  const connection = new RTCPeerConnection({ iceServers: [{ urls: url }] });
  const gathered: Gathered = { hosts: 0, reflexive: 0, errors: 0 };
  try {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      connection.addEventListener('icecandidateerror', () => gathered.errors++);
      connection.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate === null) {
          clearTimeout(timer);
          resolve();
        } else if (candidate.protocol === 'udp') {
          if (candidate.type === 'host') gathered.hosts++;
          else if (candidate.type === 'srflx') gathered.reflexive++;
        }
      });
      connection.createDataChannel('probe');
      void connection.setLocalDescription();
    });
    return gathered;
  } finally {
    connection.close();
  }
}
