/** How a snapshot changes by what the agent tells; pure. */
import type { Assign, BlobRef, PeerReport, StageReport } from '@potluck/protocol';
import type { TabAgentEvent } from './agent/agentApi.ts';
import type { PackView, PeerView, StageView, TabEvent, TabSnapshot } from './snapshot.ts';

const mostEvents = 100;

/** Events that end a run are for the tab to act on: only those that change what is shown are taken here. */
export type ShownEvent = Exclude<TabAgentEvent, { type: 'device-lost' | 'wrong-answers' | 'refused' }>;

/** @returns the next snapshot */
export function applyAgentEvent(snapshot: TabSnapshot, event: ShownEvent): TabSnapshot {
  switch (event.type) {
    case 'joined':
      return { ...snapshot, hub: joinedHub(event.waitsForApproval ?? false) };
    case 'hub-away': {
      const state = snapshot.hub.state === 'connecting' ? 'connecting' : 'lost';
      return { ...snapshot, hub: { state, reason: event.reason } };
    }
    case 'assigned':
      return { ...snapshot, hub: joinedHub(false), stages: withAssigned(snapshot.stages, event.message) };
    case 'stage':
      return { ...snapshot, stages: withReport(snapshot.stages, event.report) };
    case 'blobs':
      return { ...snapshot, stages: snapshot.stages.map((stage) => withBlobs(stage, event.blobs)) };
    case 'peer':
      return { ...snapshot, peers: withPeer(snapshot.peers, event.report) };
    case 'served':
      return { ...snapshot, served: event.served };
    case 'in-memory':
      return { ...snapshot, cache: { ...snapshot.cache, inMemory: true } };
    case 'log':
      return withEvent(snapshot, event.event);
  }
}

function joinedHub(waitsForApproval: boolean): TabSnapshot['hub'] {
  return { state: 'joined', reason: undefined, ...(waitsForApproval && { waitsForApproval }) };
}

/** Adds a line to the log. */
export function withEvent(snapshot: TabSnapshot, event: TabEvent): TabSnapshot {
  return { ...snapshot, events: [...snapshot.events, event].slice(-mostEvents) };
}

function withAssigned(stages: readonly StageView[], message: Assign): StageView[] {
  const { assignmentId, stage, stageIndex, stages: pipeline } = message;
  const known = stages.find((view) => view.assignmentId === assignmentId);
  const place = { stageIndex, stageCount: pipeline.length };
  // A stage that failed here makes room for the next try.
  const others = stages.filter((view) => view.assignmentId !== assignmentId && view.state !== 'failed');
  if (known && known.firstLayer === stage.firstLayer && known.lastLayer === stage.lastLayer) {
    return [...others, { ...known, ...place }];
  }
  const packs = [stage.graph, ...stage.packs].map(newPack);
  const view: StageView = {
    assignmentId,
    model: stage.model,
    firstLayer: stage.firstLayer,
    lastLayer: stage.lastLayer,
    layerCount: stage.layerCount,
    ...place,
    state: 'assigned',
    reason: undefined,
    weightBytes: stage.weightBytes,
    packs,
    ...sums(packs),
  };
  return [...others, view];
}

const newPack = ({ sha256, size }: BlobRef): PackView => ({
  sha256,
  sizeBytes: size,
  doneBytes: 0,
  cached: false,
});

function withReport(stages: readonly StageView[], report: StageReport): StageView[] {
  const { assignmentId, state, reason } = report;
  if (state === 'released') return stages.filter((view) => view.assignmentId !== assignmentId);
  return stages.map((view) => {
    if (view.assignmentId !== assignmentId) return view;
    if (state !== 'ready') return { ...view, state, reason };
    // What serves has its weights: those that nothing was told of were here.
    const packs = view.packs.map((pack) =>
      pack.doneBytes < pack.sizeBytes
        ? { ...pack, doneBytes: pack.sizeBytes, cached: pack.cached || pack.doneBytes === 0 }
        : pack,
    );
    return { ...view, state, reason, packs, ...sums(packs) };
  });
}

function withBlobs(stage: StageView, blobs: Extract<TabAgentEvent, { type: 'blobs' }>['blobs']): StageView {
  const changed = new Map(blobs.map((blob) => [blob.sha256, blob]));
  if (!stage.packs.some(({ sha256 }) => changed.has(sha256))) return stage;
  const packs = stage.packs.map((pack): PackView => {
    const change = changed.get(pack.sha256);
    if (!change) return pack;
    const doneBytes = Math.min(pack.sizeBytes, Math.max(0, change.doneBytes));
    return { ...pack, doneBytes, cached: change.cached };
  });
  return { ...stage, packs, ...sums(packs) };
}

function sums(packs: readonly PackView[]): Pick<StageView, 'doneBytes' | 'totalBytes'> {
  return {
    doneBytes: packs.reduce((sum, { doneBytes }) => sum + doneBytes, 0),
    totalBytes: packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

function withPeer(peers: readonly PeerView[], report: PeerReport): PeerView[] {
  const { peer, state, reason, roundTripMs, candidatePair } = report;
  const known = peers.find(({ workerId }) => workerId === peer);
  const view: PeerView = {
    workerId: peer,
    state,
    reason,
    roundTripMs: state === 'direct' || state === 'relayed' ? roundTripMs : undefined,
    candidatePair,
  };
  return known ? peers.map((one) => (one === known ? view : one)) : [...peers, view];
}
