import { expect, test } from 'vitest';
import { readLogitScore } from './logitScore.ts';

const modules = [
  { idx: 0, name: '0', path: '', type: 'sentence_transformers.base.modules.transformer.Transformer' },
  {
    ...{ idx: 1, name: '1', path: '1_LogitScore' },
    type: 'sentence_transformers.cross_encoder.modules.logit_score.LogitScore',
  },
];
const filesOf = (files: Record<string, object>) =>
  new Map(
    Object.entries(files).map(([name, value]) => [name, new TextEncoder().encode(JSON.stringify(value))]),
  );

test('Qwen3-Reranker, as Sentence Transformers writes it', () => {
  const files = filesOf({
    'modules.json': modules,
    '1_LogitScore/config.json': { true_token_id: 9693, false_token_id: 2152 },
    'config_sentence_transformers.json': {
      model_type: 'CrossEncoder',
      prompts: { web: 'Given a web search query, retrieve relevant passages that answer the query' },
      default_prompt_name: 'web',
      activation_fn: 'torch.nn.modules.linear.Identity',
    },
  });
  expect(readLogitScore(files, 151_669)).toEqual({
    trueTokenId: 9693,
    falseTokenId: 2152,
    activation: 'identity',
    instruction: 'Given a web search query, retrieve relevant passages that answer the query',
  });
});

test('a decoder whose files say nothing of it is no reranker', () => {
  expect(readLogitScore(new Map(), 100)).toBeUndefined();
  expect(readLogitScore(filesOf({ 'modules.json': modules.slice(0, 1) }), 100)).toBeUndefined();
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ['no configuration', {}, /has no 1_LogitScore\/config.json/],
  ['one bare logit', { true_token_id: 9454, false_token_id: null }, /one bare logit.*no false_token_id/],
  ['a token that is none', { true_token_id: 1, false_token_id: 20_000 }, /names a token that its vocabulary/],
  ['a token that is no number', { true_token_id: 'yes', false_token_id: 2 }, /not understood/],
])('a reranker with %s is refused', (_, config, why) => {
  const own = Object.keys(config).length > 0 ? { '1_LogitScore/config.json': config } : {};
  expect(() => readLogitScore(filesOf({ 'modules.json': modules, ...own }), 10_000)).toThrow(why);
});
