import { randomUUID } from 'node:crypto';
import { AssignmentId, CacheId, WorkerId, type FromHubMessage } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { Admission } from '../admission.ts';
import { KeptCaches, type KeptCachesComponents } from './keptCaches.ts';

type Stage = KeptCachesComponents['stages'][number];

/** Kept caches of a pipeline of one stage with room for so many tokens. */
function setup(tokens: number, changes: Partial<Stage> = {}) {
  const description = {
    cacheBytesPerToken: 10,
    stateBytes: 0,
    caches: [],
  } as unknown as Stage['description'];
  const stage = {
    ...{ workerId: WorkerId.parse(randomUUID()), assignmentId: AssignmentId.parse(randomUUID()) },
    ...{ replay: 'chunks' as const, description, cacheBytes: 10 * tokens },
    ...changes,
  };
  const admission = new Admission([stage]);
  const dropped: CacheId[] = [];
  const send = (_: WorkerId, message: FromHubMessage): boolean => {
    if (message.type === 'drop-caches') dropped.push(...message.cacheIds);
    return true;
  };
  const kept = new KeptCaches({ stages: [stage], admission, send, now: () => 0 }, { chunkTokens: 256 });
  const { signal } = new AbortController();
  return { kept, dropped, ask: (length: number) => admission.request(length, 'ada', signal), admission };
}

const cached = (first: number, length: number) => ({
  cacheId: CacheId.parse(randomUUID()),
  owner: 'ada',
  prompt: Array.from({ length }, (_, index) => first + index),
  answer: [1, 2],
  systemTokens: 0,
});

test('nobody waits for caches that are kept: they give way when a session opens', () => {
  const { kept, dropped, ask, admission } = setup(100);
  const [old, next] = [cached(0, 40), cached(100, 40)];
  kept.ended(old, 41);
  kept.ended(next, 41);
  expect(admission.hasRoom(100)).toBe(true);
  ask(18);
  expect(kept.begin(cached(200, 18))).toBeUndefined();
  expect(dropped).toEqual([]);
  ask(40);
  // The one that the session needs stays, though it was used least lately.
  expect(kept.begin({ ...old, prompt: [...old.prompt, 7] })).toMatchObject({ length: 40, take: false });
  expect(dropped).toEqual([next.cacheId]);
});

test('a session takes the cache that it begins with where there is no room for both', () => {
  const { kept, dropped, ask } = setup(100);
  const old = cached(0, 40);
  kept.ended(old, 41);
  ask(90);
  const start = { cacheId: old.cacheId, length: 40, take: true };
  expect(kept.begin({ ...old, prompt: [...old.prompt, 7] })).toEqual(start);
  expect(dropped).toEqual([]);
  expect(kept.reusable(old)).toBe(0);
});

test('keeps what other prompts can begin with', () => {
  expect(setup(1000).kept.worthKeeping(cached(0, 600))).toBe(601);
  expect(setup(1000, { replay: 'steps' }).kept.worthKeeping(cached(0, 600))).toBe(512);
  expect(setup(1000, { replay: 'steps' }).kept.worthKeeping(cached(0, 200))).toBeUndefined();
  expect(setup(1000).kept.worthKeeping({ ...cached(0, 600), answer: [] })).toBeUndefined();
  const description = { cacheBytesPerToken: 10, stateBytes: 5, caches: [{ kind: 'state' }] } as never;
  const { kept } = setup(1000, { description });
  kept.runs(cached(0, 600));
  expect(kept.worthKeeping(cached(0, 600))).toBeUndefined();
  expect(kept.reusable(cached(0, 600))).toBe(0);
});
