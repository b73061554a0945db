// @ts-check
/**
 * What every user of a machine reads in its list of processes (`ps`), without secrets. Plain JavaScript that any Node
 * can read, as bin/potluck.js is.
 */

const secretFlag = /^--(?!certificate-)(?:[a-z-]+-)?(?:token|key|credential|password)$/;
/** As in a join link. */
const tokenInLink = /([#&]token=)[^&]*/g;
const hidden = '***';

/**
 * @param {readonly string[]} args
 * @returns {{ shown: string[], flags: string[] }} the arguments with `***` for secrets, and the flags that had them
 */
export function hideSecrets(args) {
  /** @type {string[]} */
  const flags = [];
  const shown = args.map((arg, index) => {
    const before = args[index - 1] ?? '';
    if (secretFlag.test(before)) {
      flags.push(before);
      return hidden;
    }
    const [name = ''] = arg.split('=', 1);
    if (arg.includes('=') && secretFlag.test(name)) {
      flags.push(name);
      return `${name}=${hidden}`;
    }
    const link = arg.replaceAll(tokenInLink, `$1${hidden}`);
    if (link !== arg) flags.push(before);
    return link;
  });
  return { shown, flags };
}

/**
 * Takes secrets out of this process's command line, where the system lets a process write there (Linux, macOS).
 * @param {readonly string[]} args of `potluck`
 */
export function hideOwnSecrets(args) {
  const { shown, flags } = hideSecrets(args);
  if (flags.length === 0) return;
  process.title = `potluck ${shown.join(' ')}`;
  // npm and its shell stay, with what they were given.
  if (!/\bpotluck\.js\b/.test(process.env.npm_lifecycle_script ?? '')) return;
  process.stderr.write(`${warningOf(flags)}\n`);
}

/**
 * @param {readonly string[]} flags that had secrets, at least one; an argument that is no flag may be among them
 * @returns {string} who can read the secrets, and what to write instead
 */
export function warningOf(flags) {
  const names = [...new Set(flags)];
  const secrets = names.length === 1 ? 'the secret' : 'the secrets';
  const known = names.filter((name) => name.startsWith('--'));
  const variables = known.map((name) => `POTLUCK_${name.slice(2).replaceAll('-', '_').toUpperCase()}`);
  const files = known.map((name) => (name === '--hub' ? '--token-file' : `${name}-file`));
  const instead =
    known.length === 0
      ? ''
      : ` Give ${listed(variables)} in the environment instead, or ${known.length === 1 ? 'a file' : 'files'} (${listed(files)}).`;
  return `potluck: while npm runs, other users of this machine can read ${secrets} after ${listed(names)} in its list of processes.${instead}`;
}

/** @param {readonly string[]} names */
function listed(names) {
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter((part) => part !== '').join(' and ');
}
