/** Tries every way between this machine and a hub, step by step. */
import type { IceCandidate, TestCall, TestCallStep } from '@potluck/protocol';
import { messageOf, type Log } from '@potluck/worker';
import { pinHub } from '../hub-certificate/pinnedHubs.ts';
import { gatherCandidates } from './gatherCandidates.ts';
import { reachHub, type ReachedHub } from './reachHub.ts';
import { tryPeer, type TryPeerInit } from './tryPeer.ts';

const meanings: Record<IceCandidate['type'], string> = {
  host: 'host (its own address)',
  srflx: 'srflx (what its router gives it)',
  prflx: 'prflx (what the other side sees)',
  relay: 'relay (a TURN server)',
};

/** Yields each step when it is over. What fails is a step, too; a hub that can't be reached ends the test. */
export async function* testConnection(
  components: { log: Log },
  { ways, trial, ...hub }: TestCall,
): AsyncGenerator<TestCallStep> {
  let began = performance.now();
  const step = (rest: Omit<TestCallStep, 'milliseconds'>): TestCallStep => {
    const milliseconds = Math.round(performance.now() - began);
    began = performance.now();
    return { ...rest, milliseconds };
  };

  let reached: ReachedHub;
  try {
    reached = await reachHub({ ...hub, hubUrls: ways.map((way) => way.hubUrl) });
  } catch (error) {
    yield step({ step: 'hub', state: 'failed', message: messageOf(error).slice(0, 2000) });
    return;
  }
  const { hubUrl, pinned } = reached;
  yield step({ step: 'hub', state: 'passed', message: `the worker reaches this hub at ${hubUrl}` });

  const iceServers = ways.find((way) => way.hubUrl === hubUrl)?.iceServers ?? [];
  yield step(await describeCandidates(iceServers));
  if (!trial) return;
  pinHub(hubUrl, pinned);
  yield step(await describePeer(components, { hubUrl, iceServers, trial }));
}

async function describePeer(
  components: { log: Log },
  init: TryPeerInit,
): Promise<Omit<TestCallStep, 'milliseconds'>> {
  const { name } = init.trial.peer;
  try {
    const candidatePair = await tryPeer(components, init);
    const kinds = candidatePair ? ` (${candidatePair.local.type} to ${candidatePair.remote.type})` : '';
    const message = `a direct connection to ${name}${kinds}`;
    return { step: 'peer', state: 'passed', message, ...(candidatePair && { candidatePair }) };
  } catch (error) {
    const message =
      `no direct connection to ${name}: ${messageOf(error)}. The worker would still serve, through the hub, which is ` +
      'slower. Usually a firewall drops UDP between the two; between networks, give the hub a TURN server';
    return { step: 'peer', state: 'failed', message };
  }
}

async function describeCandidates(
  iceServers: TestCall['ways'][number]['iceServers'],
): Promise<Omit<TestCallStep, 'milliseconds'>> {
  try {
    const candidateTypes = await gatherCandidates(iceServers);
    const hasStun = iceServers.length > 0;
    const found = candidateTypes.map((type) => meanings[type]).join(', ');
    const lacksStun = hasStun && !candidateTypes.some((type) => type !== 'host');
    const message =
      candidateTypes.length === 0
        ? 'the worker finds no address for connections to others: it has no network that WebRTC can use'
        : found +
          (lacksStun
            ? '; no srflx, so it is in the hub’s network, or UDP to the hub’s STUN port is blocked'
            : '');
    const state = candidateTypes.length === 0 ? 'failed' : 'passed';
    return { step: 'candidates', state, message, candidateTypes };
  } catch (error) {
    return {
      step: 'candidates',
      state: 'failed',
      message: `WebRTC does not work there: ${messageOf(error)}`,
    };
  }
}
