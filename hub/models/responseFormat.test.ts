import { expect, test } from 'vitest';
import { findResponseFormat, marksOf, marksThoughts, takesTools } from './responseFormat.ts';

const json = { notation: 'json' };
test.each([
  ['Qwen and Hermes', "{% if tools %}{{ '<tool_call>' }}{% endif %}{{ '</think>' }}", '<tool_call>', json],
  [
    'Qwen Coder',
    '{% if tools %}<tool_call>\n<function=example>{% endif %}',
    '<tool_call>',
    { notation: 'xml' },
  ],
  ['Llama 3', '{% if tools %}Environment: ipython{% endif %}', '{"name":', { tag: '<|python_tag|>' }],
  ['Mistral', '{% if tools %}[TOOL_CALLS]{% endif %}', '[TOOL_CALLS]', { isList: true }],
  ['newer Mistral', '{{ tools }}[TOOL_CALLS]{{ name }}[ARGS]', '[TOOL_CALLS]', { isNamed: true }],
  ['Phi-4 and Granite', '{% if tools %}<|tool_call|>{% endif %}', '<|tool_call|>', { isList: true }],
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

const declared = {
  start_anchor: '<|start|>assistant',
  fields: {
    tool_calls: {
      open_pattern: String.raw`<\|channel\|>commentary to=(?P<name>\w+).*?<\|message\|>`,
      close: '<|call|>',
      content: 'json',
    },
    thinking: { open: '<think>', close: ['</think>', '[END]'] },
    content: {},
  },
};

test('what a model declares counts before what its template shows, and its marks are shown', () => {
  const format = findResponseFormat('{{ messages }}', declared);
  expect([takesTools(format), marksThoughts(format)]).toEqual([true, true]);
  expect([...marksOf(format)]).toEqual(
    expect.arrayContaining([
      '<|channel|>',
      '<|message|>',
      '<|call|>',
      '<think>',
      '</think>',
      '[END]',
      '<|start|>',
    ]),
  );
});

const field = declared.fields.tool_calls;
test.each([
  ['nothing', null],
  ['no fields', { start_anchor: 'a', fields: {} }],
  ['two fields without a beginning', { start_anchor: 'a', fields: { content: {}, more: {} } }],
  ['a pattern that is none', { fields: { tool_calls: { ...field, open_pattern: '<a(' } } }],
  ['a pattern that may begin with anything', { fields: { tool_calls: { ...field, open_pattern: '.*<a>' } } }],
  ['a pattern that may be one of two', { fields: { tool_calls: { ...field, open_pattern: '<a>|<b>' } } }],
  ['a way to read that is unknown', { fields: { tool_calls: { ...field, content: 'yaml' } } }],
])('%s is not followed: the marks of the template count', (_, value) => {
  const format = findResponseFormat("{% if tools %}{{ '<tool_call>' }}{% endif %}", value);
  expect(format).not.toHaveProperty('declared');
  expect(format.calls?.open).toBe('<tool_call>');
});
