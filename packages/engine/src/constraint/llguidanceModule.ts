/** The WebAssembly of llguidance (MIT), as npm's transformers-llguidance carries it: one instance has all its C functions. */

/** What its JavaScript begins with, before the WebAssembly in base64. */
const marker = 'data:application/wasm;base64,';

/**
 * Finds the WebAssembly in the package's script.
 * @param script text of `dist/llguidance_wasm-*.js`
 * @returns it in base64
 * @throws Error where there is none in it
 */
export function wasmInScript(script: string): string {
  const start = script.indexOf(marker);
  const end = start < 0 ? -1 : script.indexOf('"', start);
  if (end < 0) throw new Error('the script of transformers-llguidance holds no WebAssembly');
  return script.slice(start + marker.length, end);
}

/** The C functions that are used of it (`parser/llguidance.h` of llguidance); pointers and sizes have 32 bits. */
export interface LlguidanceExports {
  memory: WebAssembly.Memory;
  __wbindgen_start(): void;
  __wbindgen_malloc(bytes: number, align: number): number;
  __wbindgen_free(pointer: number, bytes: number, align: number): void;
  __wbindgen_externrefs: WebAssembly.Table;
  __externref_table_alloc(): number;
  llg_new_tokenizer(init: number, error: number, errorBytes: number): number;
  llg_free_tokenizer(tokenizer: number): void;
  llg_tokenize_bytes(tokenizer: number, bytes: number, length: number, into: number, most: number): number;
  llg_constraint_init_set_defaults(init: number, tokenizer: number): void;
  llg_new_matcher(init: number, kind: number, text: number): number;
  llg_clone_matcher(matcher: number): number;
  llg_free_matcher(matcher: number): void;
  llg_matcher_get_error(matcher: number): number;
  llg_matcher_compute_mask_into(matcher: number, into: number, bytes: number): number;
  llg_matcher_consume_token(matcher: number, token: number): number;
  llg_matcher_validate_tokens(matcher: number, tokens: number, count: number): number;
  llg_matcher_rollback(matcher: number, count: number): number;
  llg_matcher_is_accepting(matcher: number): number;
  llg_matcher_is_stopped(matcher: number): number;
}

/** Makes an instance with a memory of its own. */
export async function instantiateLlguidance(module: WebAssembly.Module): Promise<LlguidanceExports> {
  const names = WebAssembly.Module.imports(module);
  const instance: { exports?: LlguidanceExports } = {};
  const made = (): LlguidanceExports => {
    if (!instance.exports) throw new Error('llguidance called out before it was there');
    return instance.exports;
  };
  const text = (pointer: number, bytes: number): string =>
    new TextDecoder().decode(new Uint8Array(made().memory.buffer, pointer >>> 0, bytes));
  /** By the beginnings of their names, which end in hashes. */
  const known: [beginning: string, call: (...args: never[]) => unknown][] = [
    ['now', () => performance.now()],
    [
      '__wbg_getRandomValues',
      (pointer: number, bytes: number) => {
        crypto.getRandomValues(new Uint8Array(made().memory.buffer, pointer >>> 0, bytes));
      },
    ],
    [
      '__wbg___wbindgen_throw',
      (pointer: number, bytes: number) => {
        throw new Error(text(pointer, bytes));
      },
    ],
    [
      '__wbindgen_init_externref_table',
      () => {
        const table = made().__wbindgen_externrefs;
        const offset = table.grow(4);
        table.set(0, undefined);
        for (const [index, value] of [undefined, null, true, false].entries())
          table.set(offset + index, value);
      },
    ],
  ];
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name } of names) {
    const call = known.find(([beginning]) => name.startsWith(beginning))?.[1] ?? (() => undefined);
    (imports[from] ??= {})[name] = call;
  }
  const { exports } = await WebAssembly.instantiate(module, imports);
  instance.exports = exports as unknown as LlguidanceExports;
  instance.exports.__wbindgen_start();
  return instance.exports;
}
