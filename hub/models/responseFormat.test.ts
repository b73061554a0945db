import { expect, test } from 'vitest';
import { findResponseFormat, marksOf } from './responseFormat.ts';

const json = { notation: 'json' };
test.each([
  ['Qwen and Hermes', "{% if tools %}{{ '<tool_call>' }}{% endif %}{{ '</think>' }}", '<tool_call>', json],
  [
    'Qwen Coder',
    '{% if tools %}<tool_call>\n<function=example>{% endif %}',
    '<tool_call>',
    { notation: 'xml' },
  ],
  ['Llama 3', '{% if tools %}Environment: ipython{% endif %}', '<|python_tag|>', json],
  ['Mistral', '{% if tools %}[TOOL_CALLS]{% endif %}', '[TOOL_CALLS]', { notation: 'mistral' }],
  ['Phi-4 and Granite', '{% if tools %}<|tool_call|>{% endif %}', '<|tool_call|>', json],
  ['any that takes tools', '{{ tools | tojson }}', '{"name":', { ...json, onlyAtStart: true }],
])('%s is found by its template', (_, template, open, more) => {
  expect(findResponseFormat(template).calls).toMatchObject({ open, ...more });
});

test('harmony is found, and its marks are shown', () => {
  const format = findResponseFormat("{{ '<|start|>assistant<|channel|>analysis' }}{{ tools }}");
  expect(format).toEqual({ isHarmony: true });
  expect(marksOf(format)).toContain('<|channel|>');
});

test('a template without tools or thoughts has neither', () => {
  expect(findResponseFormat('{{ messages[0].content }}')).toEqual({});
  expect(findResponseFormat(undefined)).toEqual({});
});
