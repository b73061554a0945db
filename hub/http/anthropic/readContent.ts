/** Reads the blocks that a message of Anthropic's API is made of; what is no text is refused by its name. */
import { z } from 'zod';
import { parameterName, readPart, unsupportedParameter } from '../inference/readBody.ts';

export type ReadBlock =
  | { type: 'text' | 'thinking'; text: string }
  | { type: 'tool-use'; id: string; name: string; input: unknown }
  | { type: 'tool-result'; id: string; text: string; isError: boolean };

type Path = readonly PropertyKey[];

const Block = z.looseObject({ type: z.string({ error: 'must say what the block is, such as "text"' }) });
const Text = z.looseObject({ text: z.string() });
const Thinking = z.looseObject({ thinking: z.string() });
const ToolUse = z.looseObject({ id: z.string().max(1000), name: z.string().max(1000), input: z.unknown() });
const Content = z.union([z.string(), z.array(z.unknown())], {
  error: 'must be a string or a list of blocks',
});
const ToolResult = z.looseObject({
  tool_use_id: z.string().max(1000),
  content: Content.nullish(),
  is_error: z.boolean().nullish(),
});
const Document = z.looseObject({ source: z.looseObject({ type: z.string() }), title: z.string().nullish() });
const SearchResult = z.looseObject({ source: z.string(), title: z.string(), content: z.array(z.unknown()) });

/** @throws ApiError 400 with the block's place */
export function readContent(content: string | unknown[], path: Path): ReadBlock[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return content.flatMap((block, index) => readBlock(block, [...path, index]));
}

function readBlock(value: unknown, path: Path): ReadBlock[] {
  const { type } = readPart(Block, value, path);
  switch (type) {
    case 'thinking':
      return [{ type, text: readPart(Thinking, value, path).thinking }];
    case 'redacted_thinking':
      // Only who wrote it can read it.
      return [];
    case 'tool_use': {
      const { id, name, input } = readPart(ToolUse, value, path);
      return [{ type: 'tool-use', id, name, input: input ?? {} }];
    }
    case 'tool_result': {
      const { tool_use_id: id, content, is_error: isError } = readPart(ToolResult, value, path);
      const text = textOf(content ?? '', [...path, 'content']);
      return [{ type: 'tool-result', id, text, isError: isError === true }];
    }
    default:
      return [{ type: 'text', text: blockText(value, type, path) }];
  }
}

function textOf(content: string | unknown[], path: Path): string {
  if (typeof content === 'string') return content;
  return content
    .map((block, index) => {
      const here = [...path, index];
      return blockText(block, readPart(Block, block, here).type, here);
    })
    .join('\n');
}

/** The text of a block that is one, or holds some. */
function blockText(value: unknown, type: string, path: Path): string {
  switch (type) {
    case 'text':
      return readPart(Text, value, path).text;
    case 'document': {
      const { source, title } = readPart(Document, value, path);
      return titled(title ?? '', documentText(source, path));
    }
    case 'search_result': {
      const { source, title, content } = readPart(SearchResult, value, path);
      return titled(`${title} (${source})`, textOf(content, [...path, 'content']));
    }
    case 'tool_reference':
      return readPart(z.looseObject({ tool_name: z.string() }), value, path).tool_name;
    default:
      throw unreadable(type, path);
  }
}

function documentText(source: { type: string }, path: Path): string {
  const here = [...path, 'source'];
  if (source.type === 'text') return readPart(z.looseObject({ data: z.string() }), source, here).data;
  if (source.type === 'content') {
    const { content } = readPart(z.looseObject({ content: Content }), source, here);
    return textOf(content, [...here, 'content']);
  }
  throw unreadable(`document of ${source.type}`, path);
}

function titled(title: string, text: string): string {
  return title === '' ? text : `${title}\n${text}`;
}

function unreadable(type: string, path: Path) {
  const why = `This model reads text only, and this block is of type ${type.slice(0, 100)}.`;
  return unsupportedParameter(parameterName([...path, 'type']), why);
}
