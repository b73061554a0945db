/**
 * The app's texts and their translations: `npm run texts` collects what components and modules say into
 * client/src/locales/components, modules and hub. English stands in the code; what has no translation is shown in English.
 */
import { adapter as svelte } from '@wuchale/svelte';
import { createHeuristic, defaultHeuristicOpts, defineConfig, pofile } from 'wuchale';
import { adapter as vanilla } from 'wuchale/adapter-vanilla';

/** Attributes that people read, whatever letter they begin with. */
const readAttributes = [
  'aria-label',
  'title',
  'placeholder',
  'alt',
  'label',
  'lead',
  'text',
  'action',
  'data-label',
];
/** What programs read, though it looks like a word. */
const notWords =
  /^(noopener noreferrer|input, textarea, select|Escape|Enter|Arrow\w+|Shift|Control|Meta|Alt|Tab|\w+Error|Bearer .*|Open WebUI|Continue|Codex|Claude Code|Python|JavaScript|WebGPU|WebAssembly|Potluck|English|Deutsch|中文)$/;
const ignoredCalls = [
  'fetch',
  'matches',
  'closest',
  'querySelector',
  'querySelectorAll',
  'matchMedia',
  'hubJson',
  'hubSend',
  'hubFetch',
  'setAttribute',
  'node.setAttribute',
  'Intl',
  'resolve',
  'goto',
  'replaceState',
];
/** A sentence or a part of one that begins with a small letter; `#` stands for a value. */
const words = /^\s*(?:[·,;:(] ?)?\p{Ll}[\p{L}’']*[,:;]? [\p{L}#]/u;
/** The same after a value, such as `# of #` and `, # left`. */
const wordsAfterValue = /^\s*[·,;:(]?\s*#,?(?: %)? \p{Ll}\p{L}+/u;

const usual = createHeuristic({ ...defaultHeuristicOpts, ignoreCalls: ignoredCalls });

/** @type {import('wuchale').HeuristicFunc} */
const heuristic = (message) => {
  const text = message.msgStr.join('\n');
  const { scope, attribute, call, element } = message.details;
  if (notWords.test(text) || call?.startsWith('console.') || ignoredCalls.includes(call ?? '')) return false;
  if (scope === 'markup') return usual(message);
  if (scope === 'attribute' || attribute !== undefined) {
    if (attribute !== undefined && readAttributes.includes(attribute))
      return /\p{L}/u.test(text) ? 'message' : false;
    if (
      element !== undefined &&
      attribute !== undefined &&
      /^(class|style|id|for|href|d|name|type|role|autocomplete|accept|pattern|value)$/.test(attribute)
    )
      return false;
  }
  const isMessage = usual(message);
  if (isMessage === 'message') return isMessage;
  return scope === 'script' && (words.test(text) || wordsAfterValue.test(text)) ? 'message' : false;
};

const locales = 'client/src/locales';
/** Forms of a text for numbers: `counted` of client/src/lib/format. */
const plurals = {
  name: 'counted',
  args: /** @type {['other', 'message', 'pluralFunc']} */ (['other', 'message', 'pluralFunc']),
};
const common = { heuristic, patterns: [plurals] };

/**
 * The texts of a module are found where it begins: constants outside functions have texts, too.
 * @param {import('wuchale').Adapter} adapter
 * @returns {import('wuchale').Adapter}
 */
function atBeginning(adapter) {
  return {
    ...adapter,
    async transform(context) {
      const { output, msgs } = await adapter.transform(context);
      const texts = msgs.length > 0 ? `\nconst _w_runtime_ = ${context.expr.plain};\n` : '';
      return { msgs, output: (header) => output(`${header}${texts}`) };
    },
  };
}

export default defineConfig({
  locales: ['en', 'de', 'zh'],
  localesDir: locales,
  logLevel: 'warn',
  ai: null,
  adapters: {
    main: svelte({
      ...common,
      storage: pofile({ dir: `${locales}/components` }),
      loader: 'custom',
      files: ['client/src/**/*.svelte', 'client/src/**/*.svelte.ts'],
    }),
    modules: atBeginning(
      vanilla({
        ...common,
        storage: pofile({ dir: `${locales}/modules` }),
        loader: 'custom',
        files: {
          include: [
            'client/src/lib/{chat,hub,format,live,deploy,add-model,markdown}/*.ts',
            'client/src/routes/**/*.ts',
          ],
          ignore: ['**/*.test.ts', '**/*.svelte.ts', '**/+layout.ts'],
        },
        runtime: { initReactive: () => null },
      }),
    ),
    // Apart: who reads English loads none of it.
    hub: atBeginning(
      vanilla({
        ...common,
        storage: pofile({ dir: `${locales}/hub` }),
        loader: 'custom',
        files: ['client/src/lib/hub-words/{deviceLogWords,hubWords,saidWords}.ts'],
        runtime: { initReactive: () => null },
      }),
    ),
  },
});
