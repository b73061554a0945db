/** What the hub says at its start about joining. Secrets are shown to a person only: logs are kept, and others read them. */
import type { Logger } from 'pino';
import { renderUnicodeCompact } from 'uqr';
import { hubVersion } from '../hubVersion.ts';
import { hubUrls, joinLinks, workerCommands, type Reachability } from './reachability.ts';
import { startBox } from './startBox.ts';

export interface ExplainJoiningInit {
  /** Where the hub's own machine opens it. */
  ownUrl: string;
  joinToken: string;
  /** Where the join token is, in words. */
  joinTokenSource: string;
  /** Who may change things, in words. */
  administering: string;
  apiKey: string;
  /** Where the API key is, in words. */
  apiKeySource: string;
}

/** Where a person looks. */
export interface Terminal {
  columns?: number;
  write(text: string): void;
}

/** @param terminal is shown secrets, and a QR code; undefined where the log goes to a program or a file */
export function explainJoining(
  components: { logger: Logger; terminal: Terminal | undefined },
  reach: Reachability,
  init: ExplainJoiningInit,
): void {
  const { logger, terminal } = components;
  const { joinToken, joinTokenSource, administering, apiKeySource } = init;
  if (terminal) {
    const [link = ''] = joinLinks(reach, joinToken);
    const [command = ''] = workerCommands(reach, joinToken);
    terminal.write(`\n${boxOf(reach, init, terminal)}`);
    terminal.write(`\nA phone joins with this code:\n${qrCode(link)}\n`);
    terminal.write(`\nA machine with Node.js joins with this command:\n\n  ${command}\n\n`);
  } else {
    const [url = ''] = hubUrls(reach);
    const [command = ''] = workerCommands(reach, '<join token>');
    logger.info(
      `a browser on another device joins at ${url}/join with the join token, which is ${joinTokenSource}`,
    );
    logger.info(`a machine without a browser joins with: ${command}`);
    logger.info(`programs on other machines need the API key, which is ${apiKeySource}`);
  }
  if (reach.httpsPort === undefined) {
    logger.info('HTTPS is off: browsers on other devices compute without their GPU');
  }
  logger.info(administering);
}

/** The same few lines once more, below what the start has written. */
export function sayReady(terminal: Terminal, reach: Reachability, init: ExplainJoiningInit): void {
  terminal.write(`\n${boxOf(reach, init, terminal)}\n`);
}

function boxOf(
  reach: Reachability,
  { ownUrl, joinToken, apiKey }: ExplainJoiningInit,
  { columns }: Terminal,
): string {
  const [link = ''] = joinLinks(reach, joinToken);
  const rows = [
    ['Open', ownUrl],
    ['Join', link],
    ['API', `${ownUrl}/v1`],
    ['API key', apiKey],
  ] as const;
  return startBox({ title: `Potluck ${hubVersion}`, rows, columns });
}

/** The blocks are the light modules; bright white on black whatever the terminal's colours are, since few cameras read inverted codes. */
function qrCode(text: string): string {
  const rows = renderUnicodeCompact(text, { border: 2 }).split('\n');
  return rows.map((row) => `\u001B[97;40m${row}\u001B[0m`).join('\n');
}
