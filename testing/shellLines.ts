/** The commands in a page's `sh` blocks, as a shell would read them. */

export interface DocumentedCommand {
  /** Of its block, counted from 1, for messages. */
  line: number;
  words: string[];
}

/** @param page Markdown */
export function commandsIn(page: string): DocumentedCommand[] {
  return [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(({ 1: block = '', index }) => {
    const line = page.slice(0, index).split('\n').length;
    return commandsOf(block).map((words) => ({ line, words }));
  });
}

/** What people are to fill in; a fingerprint must look like one. */
function filledIn(text: string): string {
  return text
    .replaceAll('<fingerprint>', Array.from({ length: 32 }, () => 'AB').join(':'))
    .replaceAll(/<[a-z][a-z ]*>/g, 'something-of-your-own')
    .replaceAll('…', 'and-so-on');
}

/** One word or one sign of a shell; a comment goes to the end of its line. */
const token = /'([^']*)'|"([^"]*)"|\\\n|(#[^\n]*)|(&&|\||;|\n)|[^\S\n]+|([^\s'"|;&\\]+)/g;

/** @param script lines of a shell, without variables and redirections */
export function commandsOf(script: string): string[][] {
  const commands: string[][] = [[]];
  let isNewWord = true;
  for (const [text, single, double, comment, end, plain] of filledIn(script).matchAll(token)) {
    const part = single ?? double ?? plain;
    const words = commands.at(-1) ?? [];
    if (end !== undefined) commands.push([]);
    else if (part !== undefined) {
      if (isNewWord) words.push(part);
      else words.push(`${words.pop() ?? ''}${part}`);
    }
    isNewWord = part === undefined || comment !== undefined || text === '\\\n';
  }
  return commands.filter((words) => words.length > 0);
}
