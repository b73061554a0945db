/** What people enter in well-known apps, so that they use this hub. */
import type { CodeExample } from './codeExample.ts';

interface Asked {
  /** URL of the hub, without a slash at its end. */
  hub: string;
  /** An API key, or what stands for one. */
  key: string;
  /** Id of a model. */
  model: string;
  /** The hub's port for plain HTTP on its own machine; undefined where nobody has said it. */
  httpPort?: number | undefined;
}

/** A file or commands each, with a line that says where they belong. */
export function appSettings(asked: Asked): CodeExample[] {
  const { hub, key, model } = asked;
  const base = `${hub}/v1`;
  const json = (value: unknown): string => JSON.stringify(value, null, 2);
  return [
    { name: 'Open WebUI', text: openWebUi(asked) },
    {
      name: 'Continue',
      text: `# ~/.continue/config.yaml\nname: Potluck\nversion: 1.0.0\nschema: v1\nmodels:\n  - name: Potluck\n    provider: openai\n    model: ${model}\n    apiBase: ${base}\n    apiKey: ${key}`,
    },
    {
      name: 'opencode',
      text: `// opencode.json\n${json({
        provider: {
          potluck: {
            npm: '@ai-sdk/openai-compatible',
            name: 'Potluck',
            options: { baseURL: base, apiKey: key },
            models: { [model]: { name: model } },
          },
        },
      })}`,
    },
    {
      name: 'Codex',
      text: `# ~/.codex/config.toml; then: export POTLUCK_KEY=${key}\nmodel = ${JSON.stringify(model)}\nmodel_provider = "potluck"\n\n[model_providers.potluck]\nname = "Potluck"\nbase_url = ${JSON.stringify(base)}\nwire_api = "responses"\nenv_key = "POTLUCK_KEY"`,
    },
    {
      name: 'Claude Code',
      text: `export ANTHROPIC_BASE_URL=${hub}\nexport ANTHROPIC_AUTH_TOKEN=${key}\nexport ANTHROPIC_MODEL=${model}\nexport ANTHROPIC_SMALL_FAST_MODEL=${model} ANTHROPIC_DEFAULT_HAIKU_MODEL=${model}\nexport ANTHROPIC_DEFAULT_SONNET_MODEL=${model} ANTHROPIC_DEFAULT_OPUS_MODEL=${model}\nclaude`,
    },
  ];
}

/** Inside a container, this machine's own names are the container's: Docker has another one for the machine. */
function openWebUi({ hub, key, httpPort }: Asked): string {
  const url = new URL(`${hub}/v1`);
  const isHere = isLoopback(url.hostname);
  if (isHere) {
    // The hub's certificate does not have Docker's name.
    if (url.protocol === 'https:' && httpPort !== undefined) url.port = String(httpPort);
    url.protocol = 'http:';
    url.hostname = 'host.docker.internal';
  }
  return [
    '# Admin Panel > Settings > Connections > OpenAI API > +, or when you start Open WebUI:',
    ...(isHere ? ['# to the hub, a container is another machine: it needs an API key'] : []),
    'docker run -d -p 3000:8080 \\',
    ...(isHere ? ['  --add-host=host.docker.internal:host-gateway \\'] : []),
    '  -v open-webui:/app/backend/data \\',
    `  -e OPENAI_API_BASE_URL=${url.href} \\`,
    `  -e OPENAI_API_KEY=${key} \\`,
    '  ghcr.io/open-webui/open-webui:main',
  ].join('\n');
}

function isLoopback(host: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(host);
}
