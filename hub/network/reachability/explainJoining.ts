/** What the hub says at its start about joining: links, a QR code where a person looks, commands. */
import type { Logger } from 'pino';
import { renderUnicodeCompact } from 'uqr';
import { joinLinks, workerCommands, type Reachability } from './reachability.ts';

export interface ExplainJoiningInit {
  joinToken: string;
  /** Who may change things, in words. */
  administering: string;
  /** Where the API key is, in words. */
  apiKeySource: string;
}

/** @param terminal takes a QR code; undefined where the log goes to a program */
export function explainJoining(
  components: { logger: Logger; terminal: { write(text: string): void } | undefined },
  reach: Reachability,
  { joinToken, administering, apiKeySource }: ExplainJoiningInit,
): void {
  const { logger, terminal } = components;
  const [link = ''] = joinLinks(reach, joinToken);
  const [command = ''] = workerCommands(reach, joinToken);
  logger.info(`a browser on another device joins with this link: ${link}`);
  terminal?.write(`${qrCode(link)}\n`);
  logger.info(`a machine without a browser joins with: ${command}`);
  if (reach.httpsPort === undefined) {
    logger.info('HTTPS is off: browsers on other devices compute without their GPU');
  }
  logger.info(administering);
  logger.info(`programs on other machines need the API key, which is ${apiKeySource}`);
}

/** The blocks are the light modules; bright white on black whatever the terminal's colours are, since few cameras read inverted codes. */
function qrCode(text: string): string {
  const rows = renderUnicodeCompact(text, { border: 2 }).split('\n');
  return rows.map((row) => `\u001B[97;40m${row}\u001B[0m`).join('\n');
}
