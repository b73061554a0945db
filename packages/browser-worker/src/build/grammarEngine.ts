/** A plugin of Vite: the WebAssembly of the grammar engine as a file, under the name `virtual:grammar-engine`. */
import type { Plugin } from 'vite';
import { readLlguidance } from '../../../engine/src/constraint/nodeModule.ts';

/** For whoever builds a page with a tab worker: plain plugins and those of web workers need it. */
export function grammarEngine(): Plugin {
  const id = '\0virtual:grammar-engine';
  let isBuild = false;
  return {
    name: 'potluck:grammar-engine',
    enforce: 'pre',
    configResolved({ command }) {
      isBuild = command === 'build';
    },
    resolveId: (source) => (source === 'virtual:grammar-engine' ? id : undefined),
    load(loaded) {
      if (loaded !== id) return undefined;
      const wasm = readLlguidance();
      if (!isBuild) return `export default 'data:application/wasm;base64,${wasm.toString('base64')}';`;
      const file = this.emitFile({ type: 'asset', name: 'llguidance.wasm', source: wasm });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}
