/** A request to this hub as people would write it in a program. */
import { pythonLiteral } from './pythonLiteral.ts';
import type { CodeExample } from './codeExample.ts';

/** What the openai package takes by these names; the rest is in its `extra_body`. */
const known = new Set([
  ...['model', 'messages', 'temperature', 'top_p', 'max_tokens', 'seed', 'stop'],
  ...['frequency_penalty', 'presence_penalty', 'logprobs', 'top_logprobs'],
]);

/**
 * @param baseUrl of the API, with `/v1`
 * @param key an API key, or what stands for one
 * @param body of `POST /v1/chat/completions`
 */
export function requestCode(baseUrl: string, key: string, body: Record<string, unknown>): CodeExample[] {
  const json = JSON.stringify(body, null, 2);
  const quoted = `'${json.replaceAll("'", `'\\''`)}'`;
  return [
    {
      name: 'curl',
      text: `curl ${baseUrl}/chat/completions \\\n  -H 'content-type: application/json' \\\n  -H 'authorization: Bearer ${key}' \\\n  -d ${quoted}`,
    },
    {
      name: 'Python',
      text: `from openai import OpenAI\n\nclient = OpenAI(base_url=${JSON.stringify(baseUrl)}, api_key=${JSON.stringify(key)})\nanswer = client.chat.completions.create(\n${pythonArguments(body)})\nprint(answer.choices[0].message.content)`,
    },
    {
      name: 'JavaScript',
      text: `import OpenAI from 'openai';\n\nconst client = new OpenAI({ baseURL: ${JSON.stringify(baseUrl)}, apiKey: ${JSON.stringify(key)} });\nconst { choices } = await client.chat.completions.create(${json});\nconsole.log(choices[0].message.content);`,
    },
  ];
}

/** The fields of a body as arguments, a line each. */
function pythonArguments(body: Record<string, unknown>): string {
  const fields = Object.entries(body);
  const given = fields.filter(([name]) => known.has(name));
  const more = fields.filter(([name]) => !known.has(name));
  if (more.length > 0) given.push(['extra_body', Object.fromEntries(more)]);
  return given.map(([name, value]) => `    ${name}=${pythonLiteral(value)},\n`).join('');
}
