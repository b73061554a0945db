/** `docs/settings.md`, made of the flags themselves. */
import type { Command, Option } from 'commander';
import { commands } from './commands.ts';

/** The whole page, as Markdown. */
export function settingsPage(): string {
  const withSettings = ['hub', 'worker', 'browsers'].flatMap((name) => commands[name]?.() ?? []);
  return [intro, ...withSettings.map(sectionOf)].join('\n\n') + '\n';
}

const intro = `# Settings

\`npm run docs\` makes this page from the program; a test checks it.

Each setting is a flag, an environment variable, and a line in a file that \`--config\` names (YAML or JSON, with the
names of the flags: \`port: 8000\`). A flag wins over its variable, and a variable over the file. A wrong setting names
itself, where it comes from and what is allowed, and nothing starts.

Secrets belong into files of their own or into the environment: every user of a machine can read command lines.`;

function sectionOf(command: Command): string {
  const options = (command.options as Option[]).filter(({ hidden }) => !hidden);
  const rows = options.map((option) => [
    code(option.flags),
    code(option.envVar ?? ''),
    textOf(option),
    defaultOf(option),
  ]);
  const lines = [['Flag', 'Environment', 'What it sets', 'Default'], ['---', '---', '---', '---'], ...rows];
  return [`## ${code(command.name())}`, command.description(), lines.map(lineOf).join('\n')].join('\n\n');
}

function textOf({ description, argChoices }: Option): string {
  return argChoices ? `${description}: ${argChoices.map(code).join(', ')}` : description;
}

function defaultOf({ defaultValue, defaultValueDescription, negate }: Option): string {
  if (negate || defaultValue === undefined || defaultValue === false) return '';
  return code(defaultValueDescription ?? String(defaultValue));
}

const code = (text: string): string => (text === '' ? '' : `\`${text}\``);
const lineOf = (cells: string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
