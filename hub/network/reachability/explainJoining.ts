/** What the hub says at its start about joining. The join token is shown to a person only: logs are kept, and others read them. */
import type { Logger } from 'pino';
import { renderUnicodeCompact } from 'uqr';
import { hubUrls, joinLinks, workerCommands, type Reachability } from './reachability.ts';

export interface ExplainJoiningInit {
  joinToken: string;
  /** Where the join token is, in words. */
  joinTokenSource: string;
  /** Who may change things, in words. */
  administering: string;
  /** Where the API key is, in words. */
  apiKeySource: string;
}

/** @param terminal is shown links with the token, and a QR code; undefined where the log goes to a program or a file */
export function explainJoining(
  components: { logger: Logger; terminal: { write(text: string): void } | undefined },
  reach: Reachability,
  { joinToken, joinTokenSource, administering, apiKeySource }: ExplainJoiningInit,
): void {
  const { logger, terminal } = components;
  const [url = ''] = hubUrls(reach);
  if (terminal) {
    const [link = ''] = joinLinks(reach, joinToken);
    const [command = ''] = workerCommands(reach, joinToken);
    terminal.write(`A browser on another device joins with this link: ${link}\n${qrCode(link)}\n`);
    terminal.write(`A machine without a browser joins with: ${command}\n`);
  } else {
    const [command = ''] = workerCommands(reach, '<join token>');
    logger.info(
      `a browser on another device joins at ${url}/join with the join token, which is ${joinTokenSource}`,
    );
    logger.info(`a machine without a browser joins with: ${command}`);
  }
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
