/** A request to this hub as people would write it in a program. */
import type { CodeExample } from './codeExample.ts';

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
      text: `import json\nfrom openai import OpenAI\n\nclient = OpenAI(base_url=${JSON.stringify(baseUrl)}, api_key=${JSON.stringify(key)})\nbody = json.loads(${JSON.stringify(JSON.stringify(body))})\nknown = ["model", "messages", "temperature", "top_p", "max_tokens", "seed", "stop"]\nmore = {name: body.pop(name) for name in list(body) if name not in known}\nanswer = client.chat.completions.create(**body, extra_body=more)\nprint(answer.choices[0].message.content)`,
    },
    {
      name: 'JavaScript',
      text: `import OpenAI from 'openai';\n\nconst client = new OpenAI({ baseURL: ${JSON.stringify(baseUrl)}, apiKey: ${JSON.stringify(key)} });\nconst { choices } = await client.chat.completions.create(${json});\nconsole.log(choices[0].message.content);`,
    },
  ];
}
