/** What a package says of its licence. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

export interface Licence {
  /** Such as `hono 4.13.19`. */
  title: string;
  /** As the package calls it, such as `MIT`. */
  kind: string;
  /** What its files say, else who made it. */
  text: string;
}

interface Manifest {
  name: string;
  version: string;
  license?: string | { type?: string };
  author?: string | { name?: string };
  repository?: string | { url?: string };
}

/** Files that a package hands its licence out with, those of what it contains included. */
const isLicenceFile =
  /^(mit-)?(licen[cs]es?|copying|copyright|notice|third.?party.?(notices?|licen[cs]es?))([-._]\w+)*$/i;
const isProgram = /\.([cm]?[jt]s|json)$/i;

/**
 * @param folder of the package
 * @throws Error where it says nothing: whoever ships it must ask
 */
export async function licenceOf(folder: string): Promise<Licence> {
  const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as Manifest;
  const { name, version, license } = manifest;
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter(
    (entry) => entry.isFile() && isLicenceFile.test(entry.name) && !isProgram.test(entry.name),
  );
  const texts = await Promise.all(
    files.map((file) => readFile(path.join(folder, file.name), 'utf8').then((text) => text.trim())),
  );
  const kind = typeof license === 'object' ? license.type : license;
  if (kind === undefined && texts.length === 0)
    throw new Error(`${name} ${version} says nothing of its licence.`);
  return {
    title: `${name} ${version}`,
    kind: kind ?? 'see below',
    text: texts.length > 0 ? [...new Set(texts)].join('\n\n') : withoutFile(kind, manifest),
  };
}

/** Some packages name their licence and leave its text out. */
function withoutFile(kind: string | undefined, { author, repository }: Manifest): string {
  const maker = typeof author === 'object' ? author.name : author;
  const source = typeof repository === 'object' ? repository.url : repository;
  const origin = [
    maker === undefined ? '' : `Copyright (c) ${maker}`,
    source === undefined ? '' : `From ${source}`,
  ].filter((text) => text !== '');
  return [...origin, ...(kind === 'MIT' ? ['', mit] : [])].join('\n');
}

/** https://spdx.org/licenses/MIT.html */
const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
