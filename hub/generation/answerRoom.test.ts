import { expect, test } from 'vitest';
import { chooseReplica } from './answerRoom.ts';

const idle = { running: 0, waiting: 0, answerMs: 10, hasRoom: true };
const small = { ...idle, name: 'small', largestSession: 711 };
const large = { ...idle, name: 'large', largestSession: 37_000, running: 5 };
const contextLength = 8192;

test('a prompt that one replica has room for goes there, however much that one has to do', () => {
  const asked = { promptTokens: 1725, maxTokens: undefined, contextLength };
  expect(chooseReplica([small, large], asked)).toEqual({ replica: large, maxTokens: 4096 });
});

test('of the replicas that have room for a request, the one with the least to do serves it', () => {
  const asked = { promptTokens: 100, maxTokens: 500, contextLength };
  expect(chooseReplica([large, small], asked)).toEqual({ replica: small, maxTokens: 500 });
});

test('where the request does not say how long its answer may be, a replica with room for half of it will do', () => {
  const asked = { promptTokens: 100, maxTokens: undefined, contextLength };
  expect(chooseReplica([small, { ...large, running: 0 }], asked).replica.name).toBe('large');
  const nearly = { ...idle, name: 'nearly', largestSession: 2500, running: 1 };
  expect(chooseReplica([large, nearly], asked)).toEqual({ replica: nearly, maxTokens: 2400 });
});

test('a request that is longer than the model takes is told so, whatever room there is', () => {
  for (const maxTokens of [500, undefined]) {
    expect(() => chooseReplica([small], { promptTokens: 8192, maxTokens, contextLength })).toThrow(
      "This model's maximum context length is 8192 tokens. However, you requested 8192 tokens in the prompt and at least 1 for the answer",
    );
  }
});

test('an answer that may be longer than the context ends where the context does', () => {
  const asked = { promptTokens: 8000, maxTokens: 500, contextLength };
  expect(chooseReplica([large], asked)).toEqual({ replica: large, maxTokens: 192 });
});

test('a request that only the devices have no room for is told what they have, and what to do', () => {
  expect(() => chooseReplica([small], { promptTokens: 1725, maxTokens: undefined, contextLength })).toThrow(
    'This prompt has 1725 tokens. The devices that serve the model now have room for 711 tokens of prompt and answer. ' +
      'Add a device or shorten the prompt.',
  );
  expect(() => chooseReplica([small], { promptTokens: 700, maxTokens: 50, contextLength })).toThrow(
    'This prompt has 700 tokens, and its answer may have 50. The devices that serve the model now have room for ' +
      "711 tokens of prompt and answer. Add a device or lower 'max_tokens'.",
  );
});
