/** Stages in a row in one process: hands boundary tensors from one to the next. */
import { SamplingDescription, type FrameTensor } from '@potluck/protocol';
import type { Stage } from '../contract/stage.ts';

export const greedy = SamplingDescription.parse({ temperature: 0, seed: 0 });

export class TestPipeline {
  readonly #stages: readonly Stage[];

  constructor(stages: readonly Stage[]) {
    this.#stages = stages;
  }

  async open(
    cacheId: string,
    prompt: readonly number[],
    capacity: number,
    sampling = greedy,
    epoch = 0,
  ): Promise<void> {
    for (const stage of this.#stages) {
      await stage.open({
        cacheId,
        epoch,
        capacity,
        promptLength: prompt.length,
        sampling,
        tokens: [...prompt],
      });
    }
  }

  /** Opens a cache with the first `length` tokens of another one. */
  async fork(
    from: string,
    to: string,
    {
      prompt,
      length,
      capacity,
      take = false,
      sampling = greedy,
    }: {
      prompt: readonly number[];
      length: number;
      capacity: number;
      take?: boolean;
      sampling?: SamplingDescription;
    },
  ): Promise<void> {
    const begin = { epoch: 0, capacity, promptLength: prompt.length, sampling, tokens: [...prompt] };
    for (const stage of this.#stages)
      await stage.open({ cacheId: to, ...begin, from: { cacheId: from, length, take } });
  }

  async each(what: (stage: Stage) => Promise<void>): Promise<void> {
    for (const stage of this.#stages) await what(stage);
  }

  /** @returns the drawn token, or -1 where `sample` is false */
  async step(
    cacheId: string,
    position: number,
    tokenIds: readonly number[],
    sample = true,
    epoch = 0,
  ): Promise<number> {
    let boundary: FrameTensor[] = [];
    for (const stage of this.#stages) {
      const result = await stage.step({
        cacheId,
        epoch,
        position,
        length: tokenIds.length,
        tokenIds,
        boundary,
        sample,
      });
      if (result.sampled) return result.sampled.token;
      boundary = result.boundary ?? [];
    }
    return -1;
  }

  /** Goes on from `position`: feeds `tokens`, then what it draws, until `count` tokens are drawn. */
  async continue(
    cacheId: string,
    position: number,
    tokens: readonly number[],
    count: number,
  ): Promise<number[]> {
    const answer = [await this.step(cacheId, position, tokens)];
    for (let next = position + tokens.length; answer.length < count; next++) {
      answer.push(await this.step(cacheId, next, answer.slice(-1)));
    }
    return answer;
  }

  /** Opens a cache, answers a prompt, releases the cache. */
  async answer(
    prompt: readonly number[],
    count: number,
    sampling = greedy,
    cacheId = 'answer',
  ): Promise<number[]> {
    await this.open(cacheId, prompt, prompt.length + count, sampling);
    try {
      return await this.continue(cacheId, 0, prompt, count);
    } finally {
      for (const stage of this.#stages) await stage.release(cacheId);
    }
  }
}
