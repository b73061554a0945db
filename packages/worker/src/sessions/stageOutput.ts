/** Where the result of a step goes: the boundary to the next stage, a token to the first one and to the hub. */
import type { StepResult } from '@potluck/engine';
import {
  scoresInMessage,
  type Frame,
  type FrameTensor,
  type FromWorkerMessage,
  type TokenScore,
  type WorkerId,
} from '@potluck/protocol';
import { unixMs } from '../clock.ts';
import { SessionError } from '../errors.ts';
import { finishAt } from './checks.ts';
import type { StageSession } from './sessionTable.ts';
import { isFirst, nextWorker, workerAt, type StagePlace } from './stagePlace.ts';

/** What left for a peer. */
export interface FrameDeparture {
  encodeMs: number;
  bytes: number;
}

export interface StageOutputComponents {
  sendToHub(message: FromWorkerMessage): void;
  /** @throws SessionError if there is no way to the peer */
  sendFrame(peer: WorkerId, frame: Frame): FrameDeparture;
}

/** Takes a token that this stage, the only one, drew itself. */
export type FeedToken = (
  session: StageSession,
  epoch: number,
  position: number,
  tokens: readonly number[],
) => void;

export class StageOutput {
  readonly #components: StageOutputComponents;
  readonly #feed: FeedToken;

  constructor(components: StageOutputComponents, feed: FeedToken) {
    this.#components = components;
    this.#feed = feed;
  }

  /** Sends the boundary on. @throws SessionError */
  forward(
    place: StagePlace,
    session: StageSession,
    { position, length, sample }: { position: number; length: number; sample: boolean },
    boundary: FrameTensor[] | undefined,
  ): void {
    if (!boundary) throw new SessionError('compute-failed', 'the stage returned no boundary');
    const { id: sessionId, epoch } = session;
    const stageIndex = place.stageIndex + 1;
    const head = { kind: 'step', sessionId, epoch, position, stageIndex, sentAt: unixMs() } as const;
    this.#send(session, nextWorker(place), { ...head, length, sample, tensors: boundary });
  }

  /** Passes on the token that was drawn for this position. @throws SessionError */
  sampled(place: StagePlace, session: StageSession, position: number, { sampled }: StepResult): void {
    if (!sampled) throw new SessionError('compute-failed', 'the stage drew no token');
    const { token } = sampled;
    const { id: sessionId, epoch } = session;
    const finish = finishAt(session.limits, position, token);
    // First what the next step waits for, then the hub.
    if (!finish && isFirst(place)) this.#feed(session, epoch, position, [token]);
    else if (!finish) {
      const head = { kind: 'token', sessionId, epoch, position, stageIndex: 0, sentAt: unixMs() } as const;
      this.#send(session, workerAt(place, 0), { ...head, tokens: [token] });
    }
    // What is sent to stages leaves at the end of this turn, with that of others who shared the run.
    queueMicrotask(() =>
      this.#components.sendToHub({
        type: 'token',
        sessionId,
        epoch,
        position,
        ...sampled,
        ...(finish && { finish }),
      }),
    );
  }

  /** Tells the hub how likely tokens of the prompt were. @param position of the first of them in the sequence */
  scored(
    place: StagePlace,
    { id: sessionId, epoch }: StageSession,
    position: number,
    scores: TokenScore[],
  ): void {
    const { assignmentId } = place;
    const size = scoresInMessage(scores[0]?.topLogprobs.length ?? 0);
    for (let start = 0; start < scores.length; start += size) {
      this.#components.sendToHub({
        ...{ type: 'prompt-scores', sessionId, assignmentId, epoch, position: position + start },
        scores: scores.slice(start, start + size),
      });
    }
  }

  #send({ timings }: StageSession, peer: WorkerId | undefined, frame: Frame): void {
    if (!peer) throw new SessionError('peer-unreachable', 'the pipeline has no such stage');
    const { encodeMs, bytes } = this.#components.sendFrame(peer, frame);
    timings.encodeMs += encodeMs;
    timings.bytesOut += bytes;
  }
}
