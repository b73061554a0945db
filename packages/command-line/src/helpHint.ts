import type { CommanderError } from 'commander';
import { ownCommand } from './ownCommand.ts';

/**
 * What commander says of wrong flags and arguments, and where people find the right ones.
 * @param name of the command, such as `potluck doctor`
 */
export function withHelpHint(name: string, { message }: CommanderError): string {
  const problem = message.replace(/^error: /, '').replace(/([^.?)])$/, '$1.');
  return `${problem} See \`${ownCommand} ${name.replace(/^potluck /, '')} --help\`.`;
}
