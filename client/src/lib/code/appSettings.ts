/** What people enter in well-known apps, so that they use this hub. */
import type { CodeExample } from './codeExample.ts';

/**
 * A file or commands each, with a line that says where they belong.
 * @param hub URL of the hub, without a slash at its end
 * @param model id of a model
 */
export function appSettings({ hub, key, model }: { hub: string; key: string; model: string }): CodeExample[] {
  const base = `${hub}/v1`;
  const json = (value: unknown): string => JSON.stringify(value, null, 2);
  return [
    {
      name: 'Open WebUI',
      text: `# Admin Panel > Settings > Connections > OpenAI API > +, or when you start Open WebUI:\ndocker run -d -p 3000:8080 \\\n  -e OPENAI_API_BASE_URL=${base} \\\n  -e OPENAI_API_KEY=${key} \\\n  ghcr.io/open-webui/open-webui:main`,
    },
    {
      name: 'Continue',
      text: `# ~/.continue/config.yaml\nmodels:\n  - name: Potluck\n    provider: openai\n    model: ${model}\n    apiBase: ${base}\n    apiKey: ${key}`,
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
      text: `# ~/.codex/config.toml; then: export POTLUCK_KEY=${key}\nmodel = ${JSON.stringify(model)}\nmodel_provider = "potluck"\n\n[model_providers.potluck]\nname = "Potluck"\nbase_url = ${JSON.stringify(base)}\nenv_key = "POTLUCK_KEY"`,
    },
    {
      name: 'Claude Code',
      text: `export ANTHROPIC_BASE_URL=${hub}\nexport ANTHROPIC_AUTH_TOKEN=${key}\nexport ANTHROPIC_MODEL=${model}\nclaude`,
    },
  ];
}
